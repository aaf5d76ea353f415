"""Cases that hold something still are found: a narrower right answer gets full marks for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from autograder.proof.exercises.certificate import certify
from autograder.proof.mutants.specialised_mutants import specialised_mutants, unrefuted_assumptions
from lepton_course.exercises import Call, Case, Exercise, Gradient, Model, accuracy, close
from lepton_course.exercises.compiled import compile_exercise


def exercise(reference, *cases, probe=None, compare=None) -> Exercise:
    """An ungraded exercise with these cases: tuples of arguments, dicts of them, or `Case`s."""
    return Exercise(
        name=reference.__name__, title="Title", points=0, difficulty=1, minutes=1,
        reference=reference, cases=lambda _rng: [_case(case) for case in cases],
        probe=probe or Call(), compare=compare or close(), hints=("nudge", "method", "answer"),
    )  # fmt: skip


def _case(case) -> Case:
    if isinstance(case, Case):
        return case
    args, kwargs = ((), case) if isinstance(case, dict) else (case, {})
    return Case("a part", args, kwargs)


def names_held_still(reference, *cases, **changes) -> set[str]:
    tried = exercise(reference, *cases, **changes)
    questions = [compile_exercise(tried, "a")]
    found = unrefuted_assumptions(tried, specialised_mutants(tried, questions), questions)
    return {mutant.assumption.name for mutant in found}


# --- The certificate says what to vary ---------------------------------------------------------


def padded(image, padding=0):
    """image (H, W) to (H + 2 * padding, W + 2 * padding)."""
    rows, columns = image.shape
    framed = np.zeros((rows + 2 * padding, columns + 2 * padding))
    framed[padding : padding + rows, padding : padding + columns] = image
    return framed


def numbers(*shape):
    return np.linspace(3.3, -1.7, int(np.prod(shape))).reshape(shape)


STILL = [(numbers(2, 3), 1), (numbers(3, 2), 1), (numbers(1, 4), 1)]
VARIED = [(numbers(2, 3),), (numbers(3, 2), 1), (numbers(1, 4), 2)]


def test_an_argument_that_never_changes_is_found():
    [problem] = certify(exercise(padded, *STILL), ["a"]).problems[-1:]
    assert problem == (
        "`padding` is 1 in every case: use three values; or argue in mutants.yml: "
        "'padding: one value'"
    )


def test_varied_cases_pass():
    certificate = certify(exercise(padded, *VARIED), ["a"])
    assert certificate.passed, certificate.problems
    assert certificate.specialised.killed == certificate.specialised.total > 10


def test_what_the_statement_rules_out_is_argued_for_by_name_or_by_pattern():
    for entry in ("padding: one value", "padding: *", "*: one value"):
        reasons = {entry: "The statement says that there is always one pixel."}
        certificate = certify(exercise(padded, *STILL), ["a"], equivalent_mutants=reasons)
        assert not any("`padding`" in problem for problem in certificate.problems)
        assert certificate.specialised.argued == 1


def test_a_reason_that_excuses_nothing_is_a_failure():
    reasons = {"image: *": "It was once square."}
    [problem] = certify(exercise(padded, *VARIED), ["a"], equivalent_mutants=reasons).problems
    assert problem == (
        "mutants.yml argues for a mutant that is not made or does not survive; take it out: "
        "image: *"
    )


def test_every_seed_has_to_vary():
    drawn = exercise(padded)
    kinds = {"held still": STILL, "varied": VARIED}

    def cases(rng):
        return [_case(case) for case in kinds["varied" if rng.random() < 0.5 else "held still"]]

    object.__setattr__(drawn, "cases", cases)
    questions = [compile_exercise(drawn, seed) for seed in map(str, range(8))]
    found = unrefuted_assumptions(drawn, specialised_mutants(drawn, questions), questions)
    assert [mutant.assumption.name for mutant in found] == ["padding: one value"]


# --- What is asked of which kind of argument ---------------------------------------------------


def area(width, height=2):
    return width * height


@pytest.mark.parametrize(
    ("cases", "missing"),
    [
        ([(2, 3), (3, 4), (4, 5)], {"height: given"}),
        ([(2,), (3, 5), (5, 5)], {"width: never 1", "height: two values"}),
        ([(2,), (4, 3), (6, 5)], {"width: even"}),
        ([(3,), (5, 3), (7, 4)], {"width: odd"}),
        ([(1,), (2, 3), (5, 0)], {"width: never 0", "height: never 1"}),
    ],
)
def test_whole_numbers_are_odd_and_even_0_and_1_and_take_three_values(cases, missing):
    found = names_held_still(area, *cases)
    assert missing <= found
    assert all(name not in found for name in ("width: whole", "height: default"))


def scaled(x, factor):
    return x * factor


def test_floats_are_not_whole_and_arrays_have_negative_numbers():
    found = names_held_still(
        scaled, (np.array([4.0, 2.0]), 1.0), (np.array([1.0]), 2.0), (np.array([3.0, 3, 5]), 3.0)
    )
    assert found == {
        "x: not negative", "x: whole", "x: one rank", "x: at most 2 axes", "factor: whole",
    }  # fmt: skip


def column_means(table):
    return table.mean(axis=0)


def test_sides_differ_batches_hold_one_item_and_lengths_change():
    assert names_held_still(column_means, (numbers(3, 3),), (numbers(4, 4),)) == {
        "table: axis 1 as long as axis 0 of table",
        "table: never one item",
    }
    assert names_held_still(column_means, (numbers(1, 3),), (numbers(2, 3),)) == {
        "table: one length of axis 1"
    }


def residuals(x, w, y):
    return x @ w - y


def test_axes_that_belong_together_are_changed_together():
    varied = [(numbers(n, d), numbers(d), numbers(n) * 2) for n, d in [(1, 2), (4, 3), (3, 1)]]
    assert names_held_still(residuals, *varied) == set()


def norm(arrays):
    return float(np.sqrt(sum((array**2).sum() for array in arrays)))


def test_lists_of_arrays_change_their_length_and_their_ranks():
    found = names_held_still(norm, ([numbers(2), numbers(3)],), ([numbers(4), numbers(1)],))
    assert {
        "arrays: one rank",
        "arrays: one length of axis 0",
        "arrays: never one item",
    } <= found


def at_the_median(values):
    return sorted(values)[len(values) // 2]


def test_an_order_is_asked_for_where_the_answer_depends_on_it():
    assert "values: sorted" in names_held_still(at_the_median, ([1, 2, 5],))
    assert "values: no repeats" in names_held_still(at_the_median, ([3, 1, 2],))


def known(x):
    return np.nan_to_num(x, nan=-1.0)


def test_non_finite_numbers_are_asked_for_where_some_case_has_them():
    with_nan = np.array([np.nan, 1.5, -2.5])
    every_name = {a.name for a in specialised_mutants(*compiled(exercise(known, (with_nan,))))}
    assert "x: finite" in every_name
    without = {a.name for a in specialised_mutants(*compiled(exercise(known, (numbers(3),))))}
    assert "x: finite" not in without


def compiled(tried):
    return tried, [compile_exercise(tried, "a")]


def weighted(x, y):
    return (x * y).sum()


def test_gradients_are_asked_about_tensors():
    cases = [(torch.ones(2), torch.tensor([1.0, 2.0])), (torch.ones(3), torch.arange(3.0))]
    assert "x: first item only" in names_held_still(weighted, *cases, probe=Gradient())


def linear(units=1):
    return nn.Linear(2, units)


def test_a_network_is_asked_about_its_options_and_its_input():
    weights = [np.ones((3, 2), np.float32), np.zeros(3, np.float32)]
    case = Case(
        "a part", (3,), weights=weights, x=torch.tensor([[1.0, 2.0], [3.0, 5.0], [0.5, 4.0]])
    )
    found = names_held_still(linear, case, probe=Model())
    assert {"units: one value", "network input: never one item"} <= found


def test_what_a_band_is_asked_of_may_hold_any_contents():
    def labels(x):
        return (x[:, 0] > 0).astype(np.int64)

    found = names_held_still(labels, (np.ones((4, 2)),), compare=accuracy(0.8))
    assert "x: whole" not in found
    assert "x: first item only" in found
