"""What a class is asked stands in nothing that ships; a pool that both sides share is found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pytest

from autograder.curriculum.modules import CURRICULUM, modules_in
from autograder.proof.exercises.certificate import ROWS_NOT_FOUND, certify, seeds_for
from autograder.proof.exercises.held_out_rows import (
    as_vectors,
    held_out_problems,
    scaling_of,
    shared_rows,
)
from autograder.proof.exercises.look_ups import LookUp, look_up, look_up_problems
from autograder.proof.exercises.row_vectors import nearest, vectors_of
from autograder.proof.lint.held_out_form import lines_that_open
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises import Call, Case, Exercise, HeldOut, accuracy
from lepton_course.exercises.compare import Accuracy
from lepton_course.exercises.compiled import PUBLIC_SEED, compile_exercise, draw_cases
from lepton_course.exercises.model import public_rows

COLUMNS = 40


@dataclass(frozen=True)
class Signals:
    """Rows whose label is the sign of their first column; the other 39 are noise."""

    x: np.ndarray
    labels: np.ndarray

    def __getitem__(self, index):
        return Signals(self.x[index], self.labels[index])

    def numpy(self):
        return self.x, self.labels


def drawn(seed: int, count: int = 400) -> Signals:
    x = np.random.default_rng(seed).normal(size=(count, COLUMNS))
    return Signals(x, (x[:, 0] > 0).astype(np.int64))


TRAIN, TEST, POOL = drawn(1), drawn(2), drawn(3)


def sign(x):
    return (x[:, 0] > 0).astype(np.int64)


def some_of(rows: Signals, rng) -> list[Case]:
    chosen = rng.choice(len(rows.labels), len(rows.labels) // 2, replace=False)
    return [Case("all kinds", (rows.x[chosen],), expected=rows.labels[chosen])]


def from_the_rows_it_gets(rng, rows):
    return some_of(rows, rng)


def from_the_whole_pool(rng, rows):
    return some_of(POOL, rng)


def from_the_whole_pool_but_brighter(rng, rows):
    brightness = rng.uniform(1, 9)
    return some_of(replace(POOL, x=3 + brightness * POOL.x), rng)


def exercise(cases, pool: Signals = POOL) -> Exercise:
    return Exercise(
        name="sign",
        title="Tell the sign",
        points=2,
        difficulty=1,
        minutes=1,
        reference=sign,
        cases=cases,
        probe=Call(),
        compare=accuracy(at_least=0.8),
        held_out=HeldOut(lambda: pool, lambda: (TRAIN, TEST)),
    )


def looked_up(cases) -> LookUp:
    asked = exercise(cases)
    return look_up(compile_exercise(asked), compile_exercise(asked, "a class's seed"))


def rows_asked(asked: Exercise, seed: str) -> set[bytes]:
    return {row.tobytes() for case in draw_cases(asked, seed) for row in case.args[0]}


# --- How rows are divided ----------------------------------------------------------------------


def test_a_check_has_a_minority_of_each_label_and_graders_have_the_rest():
    held_out = HeldOut(lambda: POOL, lambda: (TRAIN, TEST), share=0.25)
    check, graders = held_out.rows(public=True), held_out.rows(public=False)
    assert len(check.labels) + len(graders.labels) == len(POOL.labels)
    for label in (0, 1):
        assert (check.labels == label).mean() == pytest.approx((POOL.labels == label).mean(), 0.02)
    assert np.array_equal(check.x, held_out.rows(public=True).x)  # always the same


def test_of_rows_in_the_order_of_recording_the_first_are_the_checks():
    labels = np.repeat([0, 1], 10)
    mask = public_rows(labels, share=0.2, in_order=True)
    assert np.flatnonzero(mask).tolist() == [0, 1, 10, 11]


def test_the_learners_seed_has_some_rows_and_every_other_seed_has_others():
    asked = exercise(from_the_rows_it_gets)
    check = rows_asked(asked, PUBLIC_SEED)
    for seed in ("a class", "another class", "certificate 1"):
        assert check.isdisjoint(rows_asked(asked, seed))


# --- A pool that both sides share is found -----------------------------------------------------


def test_a_look_up_is_worth_nothing_where_no_row_is_shared():
    result = looked_up(from_the_rows_it_gets)
    assert (result.points, result.guess, result.found) == (0, 0, 0)
    assert list(look_up_problems(result)) == []
    assert str(result) == "0 ≤ 0"


@pytest.mark.parametrize("cases", [from_the_whole_pool, from_the_whole_pool_but_brighter])
def test_rows_of_the_learners_check_are_found_in_a_classs_cases(cases):
    result = looked_up(cases)
    assert result.found > 50
    assert "rows of a class's cases stand in the learner's check" in next(look_up_problems(result))


def test_a_look_up_that_pays_is_found_even_if_no_row_is_the_same():
    with_noise = replace(POOL, x=POOL.x + 0.1 * drawn(4).x)  # as of a second recording

    def cases(rng, rows):
        whole = POOL if rows.labels.size < 100 else with_noise
        return [Case("all", (whole.x,), expected=whole.labels)]

    result = looked_up(cases)
    assert (result.points, result.guess) == (2, 0)
    assert "earns 2 points and a guess 0" in list(look_up_problems(result))[-1]


def test_a_look_up_that_pays_by_what_most_rows_of_a_case_look_like_is_found():
    """No row is shared, and few are found rightly; but all rows of a case have one label."""

    def of_one_label(rng, rows):
        return [
            Case(f"label {label}", (rows.x[rows.labels == label],), expected=np.full(count, label))
            for label, count in enumerate(np.bincount(rows.labels))
        ]

    def with_a_mixed_case(rng, rows):
        return [*of_one_label(rng, rows), Case("label 1", (rows.x,), expected=rows.labels)]

    alone, mixed = looked_up(of_one_label), looked_up(with_a_mixed_case)
    assert (alone.points, alone.guess, alone.found) == (2, 1, 0)
    assert "earns 2 points and a guess 1" in next(look_up_problems(alone))
    assert (mixed.points, mixed.guess) == (1, 1)


def test_the_certificate_fails_when_the_pool_is_shared():
    shared = certify(exercise(from_the_whole_pool), seeds_for(2))
    apart = certify(exercise(from_the_rows_it_gets), seeds_for(2))
    told = "stand in the learner's check"
    assert any(told in problem for problem in shared.problems)
    assert not any(told in problem for problem in apart.problems)
    assert apart.look_up == LookUp(0, 0)


def test_held_out_rows_that_the_look_up_cannot_see_are_a_problem():
    def cases(rng, rows):
        return [Case("one by one", (rows.x[0][None],), expected=None)]

    asked = replace(exercise(cases), reference=lambda x: float(x[0, 0]))
    assert ROWS_NOT_FOUND in certify(asked, seeds_for(2)).problems


# --- Rows that ship as data --------------------------------------------------------------------


def with_some(rows: np.ndarray) -> Signals:
    """The pool, with other rows in the place of its last ones."""
    x = np.concatenate([POOL.x[: -len(rows)], rows])
    return Signals(x, sign(x))


@pytest.mark.parametrize(
    ("pool", "told"),
    [
        (with_some(TRAIN.x[:20]), "rows of a class's cases stand in the course's data"),
        (with_some(TEST.x[:20]), "rows of a class's cases stand in the course's data"),
        (replace(TEST, x=TEST.x + 0.2 * drawn(5).x), "as if they were made from them"),
    ],
    ids=["training rows", "test rows", "test rows with noise"],
)
def test_shipped_rows_are_found_in_the_pool(pool, told):
    [problem] = held_out_problems(exercise(from_the_rows_it_gets, pool).held_out)
    assert told in problem


def test_rows_of_their_own_are_not_taken_for_shipped_ones():
    assert list(held_out_problems(exercise(from_the_rows_it_gets).held_out)) == []


def test_a_module_ships_no_row_beside_its_notebooks(tmp_path):
    (tmp_path / "recorded").mkdir()
    np.savez(tmp_path / "recorded" / "photos.npz", seen=POOL.x[::2], curve=np.arange(9.0))
    [problem] = held_out_problems(exercise(from_the_rows_it_gets).held_out, tmp_path)
    assert "stand in photos.npz, seen" in problem


def test_a_sequence_at_another_pace_is_the_same_sequence():
    places = np.linspace(0, 6, 20)
    tune = np.stack([np.sin(places), np.cos(places)], axis=1)
    faster = np.stack([np.sin(places[::2]), np.cos(places[::2])], axis=1)
    first, second = vectors_of([tune]), vectors_of([faster])
    assert np.abs(first - second).max() < 0.5 < np.abs(first + second).max()
    padded = np.concatenate([tune, np.full((5, 2), 7.0)])[None]
    np.testing.assert_array_equal(vectors_of(padded, lengths=np.array([20])), first)


# --- A case generator that opens the file itself -----------------------------------------------

PATH = 'HELD_OUT = Path(__file__).parents[1] / "held_out.npz"\n'
OPENED = {
    "in the generator": PATH + "def cases(rng):\n    return np.load(HELD_OUT)",
    "by another name": PATH + "FILE = HELD_OUT\nROWS = np.load(FILE)",
    "without a name": 'def cases(rng):\n    return np.load(FOLDER / "held_out.npz")',
    "when imported": 'FOLDER = Path()\nROWS = np.load(FOLDER / "held_out.npz")',
}


@pytest.mark.parametrize("source", OPENED.values(), ids=OPENED)
def test_a_file_that_opens_held_out_rows_is_refused(source):
    assert len(lines_that_open(source)) == 1


def test_a_field_without_a_value_is_no_complaint():
    assert lines_that_open("class Kind(NamedTuple):\n    truth: int") == []


def test_a_declared_pool_is_no_complaint():
    assert lines_that_open(PATH + 'a = exercise("a", held_out=held_out(HELD_OUT, "credit"))') == []
    assert lines_that_open('"""Rows of held_out.npz."""\npool = held_out(F / "held_out.npz")') == []


# --- The course --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def judged_by_labels() -> dict[str, Exercise]:
    found = {}
    for folder in modules_in(CURRICULUM):
        for name, declared in load_exercises(folder).items():
            if isinstance(declared.compare, Accuracy) or declared.held_out:
                found[f"{folder.name}: {name}"] = declared
    return found


def test_every_exercise_that_asks_for_labels_declares_its_rows_or_draws_them(judged_by_labels):
    drawn = {name: asked for name, asked in judged_by_labels.items() if not asked.held_out}
    assert len(judged_by_labels) - len(drawn) >= 4
    for name, asked in drawn.items():
        public, secret = (rows_drawn(asked, seed) for seed in (PUBLIC_SEED, "a class"))
        assert public and public.isdisjoint(secret), name


def rows_drawn(asked: Exercise, seed: str) -> set[bytes]:
    """The rows of the cases: what stands at one place of all arguments."""
    return {
        b"".join(argument[place].tobytes() for argument in case.args)
        for case in draw_cases(asked, seed)
        for place in range(min(map(len, case.args)))
    }


def test_no_row_is_held_out_by_one_module_and_in_the_check_of_another(judged_by_labels):
    declared = [asked for asked in judged_by_labels.values() if asked.held_out]
    for one, other in combinations(declared, 2):
        train, *_ = one.held_out.shipped()
        if type(one.held_out.load()) is not type(other.held_out.load()):
            continue
        scale = scaling_of(one.held_out.load(), as_vectors(train))
        for class_, check in ((one, other), (other, one)):
            a = scale(as_vectors(class_.held_out.rows(public=False)))
            b = scale(as_vectors(check.held_out.rows(public=True)))
            usual = nearest(a[::2], a[1::2])[1]
            assert list(shared_rows(a, b, usual, check.name)) == []
