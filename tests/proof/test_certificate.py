"""Every exercise of the curriculum is certified, and faults of an exercise are found."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import numpy as np
import pytest
from conftest import declare

from autograder.curriculum.build import CURRICULUM, modules_in
from autograder.curriculum.modules import module_id
from autograder.proof.exercises.certificate import (
    Certificate,
    certify,
    completeness_problems,
    seeds_for,
)
from autograder.proof.exercises.certificate_tables import to_json
from autograder.proof.exercises.certification import certify_modules
from autograder.proof.exercises.mutant_trials import MutantCount
from autograder.proof.mutants.code_mutants import mutants_of
from autograder.proof.mutants.equivalent_mutants import read_equivalent_mutants
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises import Call, Case, Exercise, Misconception, Value, close, exact

MODULES = list(modules_in(CURRICULUM))


@pytest.fixture(scope="module")
def certified() -> list[Certificate]:
    """The certificates of all modules, from processes that import the frameworks once."""
    return list(certify_modules(MODULES, seeds=3, jobs=1, counts_reasons=False))


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_every_exercise_of_the_module_is_certified(certified, folder):
    certificates = [c for c in certified if c.module == module_id(folder)]
    assert [f"{c.name}: {problem}" for c in certificates for problem in c.problems] == []
    assert {c.name for c in certificates} == set(load_exercises(folder))
    assert all(c.misconceptions == c.caught == c.diagnosed for c in certificates)
    for count in [count for c in certificates for count in (c.mutants, c.specialised)]:
        assert count.total == count.killed + count.argued


# --- Faults of an exercise, each found by the proof that is meant for it -----------------------


def square(x):
    return x**2


def double(x):
    return 2 * x


def twice(x):
    return x + x


def negative(x):
    return -(x**2)


def by_product(x):
    return x * x


def on_numbers(*numbers):
    return lambda _rng: [Case("numbers", args=(x,)) for x in numbers]


def exercise(*numbers: float, mistakes=(), right=(), **changes) -> Exercise:
    start = Exercise(
        name="square",
        title="Square",
        points=0,
        difficulty=1,
        minutes=1,
        reference=square,
        cases=on_numbers(*numbers),
        probe=Call(),
        compare=close(),
        misconceptions=[Misconception(m.__name__, m, "A sentence.") for m in mistakes],
        alternatives=right,
        hints=("nudge", "method", "answer"),
    )
    return replace(start, **changes)


VARIED = (3.0, -1.5, 0.25)
NO_SIGN = {"x: not negative": "A square has no sign."}
HELD_STILL = {"x: *": "The cases of this test show one fault alone."}


def problems_of(*arguments, seeds=("a",), **changes) -> tuple[str, ...]:
    tried = exercise(*arguments, **changes)
    return certify(tried, seeds, equivalent_mutants=HELD_STILL).problems


def test_a_good_exercise_passes():
    good = exercise(*VARIED, mistakes=[double, negative], right=[by_product])
    certificate = certify(good, seeds_for(3), equivalent_mutants=NO_SIGN)
    assert certificate.passed, certificate.problems
    assert (certificate.accepted, certificate.caught, certificate.diagnosed) == (1, 2, 2)
    assert certificate.mutants == MutantCount(total=4, killed=4)
    assert certificate.specialised == MutantCount(total=4, killed=3, argued=1)


def test_a_misconception_that_passes_is_found():
    found = problems_of(2.0, mistakes=[double])
    assert "seed 'a': misconception 'double' passes" in found


def test_two_misconceptions_that_nothing_tells_apart_are_found():
    found = problems_of(3.0, mistakes=[double, twice])
    assert found[:2] == (
        "seed 'a': misconception 'double' is diagnosed as 'double' and 'twice'",
        "seed 'a': misconception 'twice' is diagnosed as 'double' and 'twice'",
    )


def test_a_wrong_alternative_is_found():
    [problem] = problems_of(3.0, right=[double])
    assert problem.startswith("seed 'a': alternative double fails part 'numbers'")


def test_a_mutant_that_survives_is_found_and_can_be_argued_for():
    [name] = [m.name for m in mutants_of(exercise(2.0)) if "x * 2" in m.name]
    assert name == "square: `return x ** 2` -> `return x * 2`"
    [problem] = problems_of(0.0, 2.0)
    assert problem.startswith(f"no case notices the change {name}.")

    reasons = HELD_STILL | {name: "a reason"}
    argued = certify(exercise(0.0, 2.0), ["a"], equivalent_mutants=reasons)
    assert argued.passed
    assert argued.mutants == MutantCount(total=4, killed=3, argued=1)


def test_a_reason_for_a_change_that_is_no_longer_made_is_found():
    reasons = NO_SIGN | {"square: gone": "a reason"}
    [problem] = certify(exercise(*VARIED), ["a"], equivalent_mutants=reasons).problems
    assert problem == (
        "mutants.yml argues for a mutant that is not made or does not survive; "
        "take it out: square: gone"
    )


def test_a_slow_check_is_found(monkeypatch):
    def slow(x):
        until = time.process_time() + 0.3
        while time.process_time() < until:
            pass
        return x**2

    monkeypatch.setattr("autograder.proof.exercises.certificate.CHECK_SECONDS", 0.2)
    [problem] = problems_of(3.0, reference=slow)
    assert problem.startswith("a check takes 0.3 s of a processor; 0.2 s are allowed")


def test_a_reference_that_fails_on_its_own_cases_is_found():
    [problem] = problems_of("text")
    assert problem.startswith("it cannot be put together: exercise square, part 'numbers'")


def test_a_value_has_its_neighbours_as_mutants():
    shape = exercise(probe=Value(), reference=(8, 14), compare=exact())
    assert [m.name for m in mutants_of(shape)] == [
        "(9, 14)", "(7, 14)", "(8, 15)", "(8, 13)", "(14, 8)",
    ]  # fmt: skip


def test_an_endless_mutant_counts_as_noticed():
    certificate = certify(exercise(3.0, reference=counts_up), ["a"])
    assert certificate.mutants.total == certificate.mutants.killed, certificate.problems


def counts_up(x):
    total = 0.0
    while total < x * x:
        total += x
    return total


def test_what_is_still_to_be_written_is_a_list():
    unfinished = exercise(3.0, points=2, title="TODO: a title", hints=())
    assert completeness_problems(unfinished) == [
        "0 misconceptions: a graded exercise names at least 4 mistakes that learners really make",
        "no alternative: add another right way to solve it",
        "0 hints: write a nudge, the method, the answer",
        "still to be written: 'TODO: a title'",
    ]


def test_functions_that_the_reference_uses_are_changed_too():
    names = {m.name.partition(":")[0] for m in mutants_of(exercise(3.0, reference=norm))}
    assert names == {"norm", "square"}


def norm(x):
    return float(np.sqrt(square(x)))


def scaled_by(factor):
    def scale(x):
        return factor * x

    return scale


triple = scaled_by(3)


def test_a_reference_made_by_another_function_is_changed_too():
    names = {str(mutant) for mutant in mutants_of(exercise(3.0, reference=triple))}
    assert names == {
        "scaled_by: `return factor * x` -> `return factor + x`",
        "triple: `scaled_by(3)` -> `scaled_by(4)`",
        "triple: `scaled_by(3)` -> `scaled_by(2)`",
    }


def test_what_another_exercise_asks_for_is_not_changed(monkeypatch):
    monkeypatch.setitem(globals(), "EXERCISES", [exercise(3.0)])
    names = {m.name.partition(":")[0] for m in mutants_of(exercise(3.0, reference=norm))}
    assert names == {"norm"}


# --- Whole modules -----------------------------------------------------------------------------

MODULE = """
from lepton_course.exercises import Call, Case, Exercise, Misconception, close

def double(x):
    return x + x

def squared(x):
    return x**2

EXERCISES = [
    Exercise(
        name="double", title="Twice", points=0, difficulty=1, minutes=1, reference=double,
        cases=lambda rng: [
            Case("numbers", args=(sign * rng.uniform(3, 9, size=shape),))
            for sign, shape in [(1, 4), (-1, 1), (1, (2, 3)), (1, (2, 3, 2))]
        ],
        probe=Call(), compare=close(), hints=("a", "b", "c"),
        misconceptions=[Misconception("squared", squared, "You squared the numbers.")],
    ),
]
"""


@pytest.fixture
def module(tmp_path):
    folder = tmp_path / "basics" / "01_first"
    folder.mkdir(parents=True)
    declare(folder, MODULE)
    return folder


def test_a_module_is_certified_through_the_judge_in_another_process(module):
    [certificate] = certify_modules([module], seeds=2, jobs=1)
    assert certificate.passed, certificate.problems
    tree = to_json([certificate])
    assert tree["passed"]
    [entry] = json.loads(json.dumps(tree))["exercises"]
    assert entry == {
        "module": "basics/01_first",
        "name": "double",
        "points": 0,
        "reference": True,
        "blank": True,
        "alternatives": {"total": 0, "accepted": 0},
        "misconceptions": {"total": 1, "caught": 1, "diagnosed": 1},
        "mutants": {"total": 1, "killed": 1, "argued": 0},
        "specialised": {"total": 4, "killed": 4, "argued": 0},
        "reasons": {"rightly": 1, "wrongly": 0, "silent": 1},
        "look_up": None,
        "seeds": 2,
        "seconds": entry["seconds"],
        "passed": True,
        "problems": [],
    }
    assert entry["seconds"] < 2


def test_a_verdict_that_differs_between_processes_is_found(module):
    code = MODULE.replace("x + x", "x + x + (__name__ == 'x') + _extra()")
    code += "\nimport sys\n\ndef _extra():\n"
    code += "    return 'autograder.proof.exercises.isolated_learner' in sys.orig_argv\n"
    declare(module, code)
    [certificate] = certify_modules([module], seeds=1, jobs=1)
    assert any("through the judge the verdict is another" in p for p in certificate.problems)


def test_a_module_that_cannot_be_loaded_is_a_failure(module):
    declare(module, "import nothing_of_that_name")
    [certificate] = certify_modules([module], seeds=1, jobs=1)
    assert not certificate.passed
    assert "nothing_of_that_name" in certificate.problems[0]


def test_reasons_for_an_exercise_that_is_not_there_are_found(module):
    (module / "mutants.yml").write_text("gone:\n  'a change': a reason\n")
    found = {c.name: c.problems for c in certify_modules([module], seeds=1, jobs=1)}
    assert found["gone"] == ("mutants.yml speaks of an exercise that is not there",)
    assert found["double"] == ()


def test_an_equivalent_mutant_needs_a_reason(module):
    (module / "mutants.yml").write_text("double:\n  'a change':\n")
    with pytest.raises(ValueError, match="double: write `mutant: reason`"):
        read_equivalent_mutants(module)


def test_a_certificate_without_problems_has_passed():
    assert Certificate("m", "e", 1, 5).passed
    assert not Certificate("m", "e", 1, 5, problems=("one",)).passed
