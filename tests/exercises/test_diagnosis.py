"""The diagnosis: what failing cases tell of known mistakes, and when it says nothing."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from lepton_course.checks.messages import diagnoses_in_words
from lepton_course.exercises import Call, Case, Exercise, Misconception, Value, accuracy, close
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.exercises.diagnosis import Diagnosis, diagnose
from lepton_course.exercises.judge import judge


def scaled(train, test):
    """test (n, d) scaled by the columns of train (m, d); constant columns become 0."""
    spread = train.std(axis=0)
    return (test - train.mean(axis=0)) / np.where(spread == 0, 1, spread)


def with_test_statistics(train, test):
    return scaled(test, test)


def without_guard(train, test):
    with np.errstate(all="ignore"):
        return (test - train.mean(axis=0)) / train.std(axis=0)


def both_mistakes(train, test):
    with np.errstate(all="ignore"):
        return (test - test.mean(axis=0)) / test.std(axis=0)


def not_centred(train, test):
    return test / train.std(axis=0).clip(1e-9)


def constant_column(rng, rows):
    values = rng.normal(size=(rows, 3))
    values[:, 1] = 5.0
    return values


def scaling_cases(rng):
    return [
        Case("plain columns", (rng.normal(size=(9, 3)), rng.normal(size=(4, 3)))),
        Case("a constant column", (constant_column(rng, 9), constant_column(rng, 4))),
    ]


def question_of(reference, cases, *mistakes, probe=None, compare=None, **options):
    known = [Misconception(f.__name__, f, f"You wrote {f.__name__}.") for f in mistakes]
    declared = Exercise(
        "answer", "A title", 1, 1, 1, reference, cases, probe or Call(), compare or close(), known,
        **options,
    )  # fmt: skip
    return compile_exercise(declared)


def observations_of(question, answer):
    return [question.probe.observe(answer, case) for case in question.cases]


def found(question, answer):
    """(mistake, evidence, cases) of each diagnosis."""
    diagnoses = diagnose(question, observations_of(question, answer))
    return [(d.mistake.name, d.evidence, d.cases) for d in diagnoses]


@pytest.fixture
def scaling():
    return question_of(scaled, scaling_cases, with_test_statistics, without_guard)


def test_an_answer_that_is_a_known_mistake_is_told_as_likely(scaling):
    assert found(scaling, with_test_statistics) == [("with_test_statistics", "every case", (0, 1))]
    assert found(scaling, without_guard) == [("without_guard", "every case", (1,))]


def test_of_two_mistakes_at_once_one_is_told_from_the_case_that_shows_it(scaling):
    assert found(scaling, both_mistakes) == [("with_test_statistics", "some cases", (0,))]


def test_a_right_answer_and_one_that_is_wrong_in_another_way_have_no_diagnosis(scaling):
    assert found(scaling, scaled) == []
    assert found(scaling, not_centred) == []


def test_a_mistake_in_some_cases_is_worded_for_the_case_that_the_reader_sees(scaling):
    [diagnosis] = diagnose(scaling, observations_of(scaling, both_mistakes))
    told = "You wrote with_test_statistics."
    assert diagnoses_in_words(scaling, [diagnosis], case=0) == [("Fits this case", told)]
    elsewhere = f"{told} (Seen in “plain columns”.)"
    assert diagnoses_in_words(scaling, [diagnosis], case=1) == [("Fits another case", elsewhere)]


def test_the_verdict_tells_apart_what_is_likely_and_what_is_possible(scaling):
    verdict = judge(scaling, observations_of(scaling, both_mistakes))
    assert (verdict.likely, verdict.possible) == (None, ("with_test_statistics",))
    verdict = judge(scaling, observations_of(scaling, without_guard))
    assert (verdict.likely, verdict.possible) == ("without_guard", ())


def sums_and_products(a, b):
    return a + b, a * b


def difference_and_product(a, b):
    return a - b, a * b


def sum_and_quotient(a, b):
    return a + b, a / b


def test_two_mistakes_in_different_values_of_a_result_are_both_told():
    def cases(rng):
        return [Case("vectors", (rng.normal(size=4), rng.normal(size=4))) for _ in range(3)]

    asked = question_of(sums_and_products, cases, difference_and_product, sum_and_quotient)
    told = found(asked, lambda a, b: (a - b, a / b))
    assert told == [
        ("difference_and_product", "some cases", (0, 1, 2)),
        ("sum_and_quotient", "some cases", (0, 1, 2)),
    ]


def test_a_changed_input_does_not_hide_the_mistake_beside_it(scaling):
    def in_place(train, test):
        result = with_test_statistics(train, test)
        test *= 0
        return result

    assert found(scaling, in_place)[0][:2] == ("with_test_statistics", "some cases")


def test_of_mistakes_that_explain_a_case_equally_well_none_is_told():
    def doubled(x):
        return x * 2

    def doubled_where_long(x):
        return x * 2 if len(x) > 3 else x + 7

    def doubled_where_short(x):
        return x * 2 if len(x) > 3 else x - 7

    def cases(rng):
        return [Case("short", (rng.normal(size=3),)), Case("long", (rng.normal(size=6),))]

    asked = question_of(lambda x: x + 1, cases, doubled_where_long, doubled_where_short)
    assert found(asked, doubled) == []


def test_mistakes_that_are_told_in_the_same_sentence_are_no_rivals():
    def below(limit, x):
        return np.where(x < limit, 3 * x, x)

    def up_to(limit, x):
        return np.where(x <= limit, 3 * x, x)

    def cases(rng):
        return [Case("clear", (0.0, rng.normal(size=6))) for _ in range(3)] + [
            Case("equal", (2.0, np.array([1.5, 2.0, 2.5])))
        ]

    sentence = "You took three times the smaller ones."
    known = [Misconception(f.__name__, f, sentence) for f in (below, up_to)]
    exercise = Exercise(
        "answer", "A title", 1, 1, 1, lambda limit, x: x, cases, Call(), close(), known
    )
    asked = compile_exercise(exercise)
    told = found(asked, lambda limit, x: below(limit, x) if limit == 0 else x * 9)
    assert told == [("below", "some cases", (0, 1, 2))]


def test_a_mistake_that_the_passing_cases_speak_against_is_not_told():
    def always_doubled(x):
        return x * 2

    def cases(rng):
        return [Case(f"{n} numbers", (rng.normal(size=n),)) for n in (3, 4, 5)]

    asked = question_of(lambda x: x + 1, cases, always_doubled)
    assert found(asked, lambda x: x * 2 if len(x) == 3 else x + 1) == []


def raising(x):
    raise OverflowError("too wide")


def zero(x):
    return 0


def signs_of_sums(x):
    return (x.sum(axis=1) > 0).astype(int)


def signs_of_the_first(x):
    return (x[:, 0] > 0).astype(int)


def all_ones(x):
    return np.ones(len(x), int)


@pytest.fixture
def signs():
    def cases(rng):
        return [Case("rows", (rng.normal(size=(200, 3)),)) for _ in range(2)]

    return question_of(
        signs_of_sums, cases, signs_of_the_first, all_ones, compare=accuracy(0.9, tolerance=0.001)
    )


def test_who_makes_nearly_the_same_wrong_predictions_possibly_made_the_same_mistake(signs):
    [diagnosis] = diagnose(signs, observations_of(signs, lambda x: (x[:, 0] > 0.05).astype(int)))
    assert (diagnosis.mistake.name, diagnosis.evidence) == ("signs_of_the_first", "weak")


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: (x[:, 1] > 0).astype(int),
        lambda x: np.zeros(len(x), int),
        lambda x: (x[:, 0] > 0.05).astype(float),
        lambda x: (x[:-1, 0] > 0.05).astype(int),
        lambda x: 1 // 0,
    ],
    ids=["another", "constant", "floats", "length", "exception"],
)
def test_who_makes_other_wrong_predictions_is_told_no_mistake(signs, answer):
    assert found(signs, answer) == []


def none_right(x):
    return np.zeros(50, int)


def twos(x):
    return np.full(2, 1.0)


@pytest.mark.parametrize(
    ("mistake", "reference", "compare"),
    [
        (raising, lambda x: x.sum(), close()),
        (zero, lambda x: len(x), close()),
        (lambda x: True, lambda x: False, close()),
        (lambda x: None, lambda x: x, close()),
        (none_right, lambda x: np.ones(50, int), accuracy(0.9)),
        (twos, lambda x: np.full(3, 1.0), close()),
    ],
    ids=["exception", "count", "bool", "nothing", "accuracy", "shape"],
)
def test_where_others_look_the_same_a_mistake_is_possible_at_most(mistake, reference, compare):
    def cases(rng):
        return [Case("one", (rng.normal(size=4),))]

    asked = question_of(reference, cases, mistake, compare=compare)
    [diagnosis] = diagnose(asked, observations_of(asked, mistake))
    assert diagnosis.evidence == "weak"
    [(label, _)] = diagnoses_in_words(asked, [diagnosis], case=0)
    assert label == "Possible reason"


def test_a_count_that_is_right_by_chance_in_some_cases_tells_nothing():
    def cases(rng):
        return [Case("sizes", (n,)) for n in (1000, 2000, 3000)]

    def squared(n):
        return n * n

    asked = question_of(lambda n: n + 1, cases, squared)
    assert found(asked, lambda n: n * n if n < 3000 else 0) == []
    assert found(asked, squared) == [("squared", "every case", (0, 1, 2))]


def test_giving_the_input_back_is_no_sign_of_a_mistake_in_some_cases():
    def forgot_to_double(x):
        return x

    def cases(rng):
        return [Case("numbers", (rng.normal(size=4),)) for _ in range(2)]

    asked = question_of(lambda x: 2 * x, cases, forgot_to_double)
    first = asked.cases[0].args[0]
    assert found(asked, lambda x: x if np.array_equal(x, first) else x * 9) == []


def test_a_chosen_letter_is_the_mistake_that_chooses_it():
    asked = compile_exercise(
        Exercise(
            "choice", "Choice", 0, 1, 1, "c", lambda rng: [Case("choice")], Value(), close(),
            [Misconception("slower", "a", "It is faster.")],
        )
    )  # fmt: skip
    assert found(asked, "a") == [("slower", "every case", (0,))]
    assert found(asked, "b") == []


def test_whatever_comes_back_the_diagnosis_stands(scaling):
    for answer in (lambda *_: {"a": [1]}, lambda *_: ["x"] * 3, lambda *_: np.array(["a"] * 4)):
        assert found(scaling, answer) == []


def test_a_diagnosis_says_how_many_cases_fail(scaling):
    [diagnosis] = diagnose(scaling, observations_of(scaling, both_mistakes))
    assert isinstance(diagnosis, Diagnosis) and diagnosis.failing == 2


def test_what_one_answer_was_told_changes_nothing_for_the_next(scaling):
    answers = [both_mistakes, without_guard, not_centred, with_test_statistics, scaled]
    alone = [found(replace(scaling), answer) for answer in answers]
    for _ in range(2):
        assert [found(scaling, answer) for answer in answers] == alone
    sent = pickle.loads(pickle.dumps(scaling))
    assert [found(sent, answer) for answer in reversed(answers)] == alone[::-1]
