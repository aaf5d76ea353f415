"""Exercises from declaration to verdict: observing, comparing, judging, diagnosing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lepton_course.checks.panel import hint_panel, verdict_panel
from lepton_course.exercises import (
    Call,
    Case,
    Exercise,
    Gradient,
    Misconception,
    Model,
    Value,
    accuracy,
    close,
    exact,
    random_weights,
)
from lepton_course.exercises.compare import describe
from lepton_course.exercises.compiled import (
    compile_exercise,
    draw_cases,
    load_questions,
    save_questions,
)
from lepton_course.exercises.judge import judge
from lepton_course.exercises.probes import Missing, Raised
from lepton_course.exercises.remote import observe_file, read_observations, write_cases
from lepton_course.exercises.values import InvalidValue, Opaque


def moving_average(values, width):
    return np.convolve(values, np.ones(width) / width, mode="valid")


def padded(values, width):
    return np.convolve(values, np.ones(width) / width, mode="same")


def summed(values, width):
    return np.convolve(values, np.ones(width), mode="valid")


def with_loop(values, width):
    return np.array([values[i : i + width].mean() for i in range(len(values) - width + 1)])


def average_cases(rng):
    return [
        Case("narrow window", args=(rng.normal(size=8), 2)),
        Case("wide window", args=(rng.normal(size=9), 5)),
    ]


MOVING_AVERAGE = Exercise(
    name="moving_average",
    title="Moving average",
    points=2,
    difficulty=1,
    minutes=5,
    reference=moving_average,
    cases=average_cases,
    probe=Call(),
    compare=close(),
    misconceptions=[
        Misconception("padded", padded, "You kept the borders; average full windows only."),
        Misconception("summed", summed, "You summed; divide by the width.", "lesson.ipynb#Means"),
    ],
    alternatives=[with_loop],
    hints=("Look at one window.", "Average each window.", "Use np.convolve."),
    read="lesson.ipynb#Moving-averages",
)


@pytest.fixture(params=["declared", "compiled"])
def question(request, tmp_path):
    compiled = compile_exercise(MOVING_AVERAGE)
    if request.param == "declared":
        return compiled
    save_questions(tmp_path / "checks.npz", [compiled])
    return load_questions(tmp_path / "checks.npz")["moving_average"]


def verdict_on(question, answer):
    return judge(question, [question.probe.observe(answer, case) for case in question.cases])


def test_right_answers_get_all_points(question):
    for answer in (moving_average, with_loop):
        verdict = verdict_on(question, answer)
        assert (verdict.status, verdict.points) == ("right", 2)


def test_a_misconception_is_named(question):
    verdict = verdict_on(question, summed)
    assert (verdict.status, verdict.points, verdict.diagnosis.name) == ("wrong", 0, "summed")
    assert "divide by the width" in repr(verdict_panel(question, verdict))
    assert "Means (lesson)" in repr(verdict_panel(question, verdict))


def test_each_part_earns_its_share(question):
    def only_narrow(values, width):
        return moving_average(values, 2)

    verdict = verdict_on(question, only_narrow)
    assert (verdict.status, verdict.points, verdict.diagnosis) == ("wrong", 1, None)
    assert [part.passed for part in verdict.parts] == [True, False]


def test_untouched_and_missing_answers_are_blank(question):
    def stub(values, width):
        raise NotImplementedError

    def blanks(values, width):
        return ...

    for answer in (stub, blanks, Missing):
        verdict = verdict_on(question, answer)
        assert (verdict.status, verdict.points) == ("blank", 0)
        assert "not answered yet" in repr(verdict_panel(question, verdict))


def test_a_blank_left_inside_an_expression_is_blank(question):
    def half_filled(values, width):
        return values / ...

    assert verdict_on(question, half_filled).status == "blank"


def test_an_exception_is_shown_with_its_line(question):
    def crashing(values, width):
        return values[width * 1000]

    verdict = verdict_on(question, crashing)
    assert verdict.status == "error"
    assert "IndexError" in verdict.parts[0].problem
    assert "values[width * 1000]" in verdict.parts[0].problem


def first_torch_step(values, width):
    w = torch.zeros(2, requires_grad=True)
    w -= 0.1 * w


def first_torch_share(values, width):
    return (torch.tensor(values) > 0).mean()


@pytest.mark.parametrize(
    ("answer", "words"),
    [(first_torch_step, "with torch.no_grad()"), (first_torch_share, ".float() first")],
)
def test_a_frequent_message_of_torch_is_told_in_plain_words(question, answer, words):
    assert words in verdict_on(question, answer).parts[0].problem


def test_an_answer_that_exits_does_not_end_the_check(question):
    assert verdict_on(question, lambda values, width: exit(0)).status == "error"


def test_changing_the_input_is_seen(question):
    def in_place(values, width):
        result = moving_average(values, width)
        values *= 0
        return result

    assert "changed its own input `values`;" in verdict_on(question, in_place).parts[0].problem


def test_an_answer_that_prints_in_place_of_returning_is_asked_for_its_return(question):
    verdict = verdict_on(question, lambda values, width: print("averages"))
    assert "got None: is a `return` missing?" in verdict.parts[0].problem


def test_observing_leaves_the_learners_random_numbers_alone(question):
    def drawing(values, width):
        np.random.rand()
        torch.rand(1)
        return None

    np.random.seed(7)
    torch.manual_seed(7)
    verdict_on(question, drawing)
    after = np.random.rand(), torch.rand(1)
    np.random.seed(7)
    torch.manual_seed(7)
    assert after == (np.random.rand(), torch.rand(1))


def test_missing_observations_fail(question):
    assert judge(question, []).points == 0


def test_compiled_checks_hold_no_code(tmp_path):
    path = tmp_path / "checks.npz"
    save_questions(path, [compile_exercise(MOVING_AVERAGE)])
    tree = np.load(path, allow_pickle=False)["tree"].tobytes().decode()
    assert "divide by the width" in tree
    assert "np.convolve(values" not in tree


def test_a_mistake_that_stops_is_known_by_its_exception_and_leaves_no_line_of_its_code():
    def stopped(values, width):
        raise OverflowError("too " + "wide")

    mistake = Misconception("stopped", stopped, "It stops where the window is wide.")
    compiled = compile_exercise(replace(MOVING_AVERAGE, misconceptions=[mistake]))
    assert verdict_on(compiled, stopped).diagnosis.name == "stopped"
    assert {seen.raised for seen in compiled.mistakes[0].observations} == {Raised("OverflowError")}


def test_other_seeds_draw_other_cases_and_more_rounds_more_of_them():
    a, again, b = (draw_cases(MOVING_AVERAGE, seed)[0].args[0] for seed in "aab")
    assert (a == again).all() and (a != b).any()
    assert len(draw_cases(MOVING_AVERAGE, "a", rounds=3)) == 6


def test_cases_must_be_plain():
    strange = Exercise(
        "f", "F", 1, 1, 1, len, lambda rng: [Case("x", args=(rng,))], Call(), close()
    )
    with pytest.raises(ValueError, match="part 'x'.*type Generator"):
        compile_exercise(strange)


def test_the_judge_and_the_answer_meet_through_files_only(tmp_path, question):
    write_cases(tmp_path / "cases", question)
    observe_file(
        "moving_average",
        str(tmp_path / "cases"),
        str(tmp_path / "answers"),
        {"moving_average": summed},
    )
    seen = read_observations(tmp_path / "answers", question, 10**6)
    assert judge(question, seen).diagnosis.name == "summed"


def test_what_the_answer_sees_holds_no_expected_value(tmp_path):
    def cases(rng):
        return [Case("secret part", args=(rng.normal(size=3),), expected=np.array([42, 43]))]

    hidden = Exercise("f", "F", 1, 1, 1, lambda x: x, cases, Call(), accuracy(0.5))
    question = compile_exercise(hidden)
    write_cases(tmp_path / "cases", question)
    with np.load(tmp_path / "cases") as members:
        text = members["tree"].tobytes().decode()
        arrays = [members[name] for name in members.files if name != "tree"]
    assert "secret part" not in text and len(arrays) == 1
    assert 42 in question.expected[0].seen["result"]


def test_no_answer_file_is_an_invalid_answer(tmp_path, question):
    with pytest.raises(InvalidValue, match="no answer came back"):
        read_observations(tmp_path / "answers", question, 10**6)


@pytest.mark.parametrize(
    ("value", "expected", "words"),
    [
        (2.0, 2, "expected a whole number, got a float (2)"),
        (True, 1, "expected a whole number, got a bool"),
        ((3, 4), (4, 3), "expected (4, 3), got (3, 4)"),
        ([1], (1, 2), "expected 2 values"),
        ((3, 4.0), (3, 4), "value 1: expected a whole number, got a float (4)"),
        (np.zeros((2, 3)), np.zeros((3, 2)), "expected shape (3, 2), got shape (2, 3)"),
        (np.zeros(2, int), np.zeros(2), "expected dtype float64, got dtype int64"),
        (np.array(["a", "b"]), np.zeros(2, int), "expected dtype int64, got dtype text"),
        (np.zeros(2), torch.zeros(2), "expected a torch tensor, got a NumPy array"),
        (Opaque("an array of objects"), np.zeros(1), "got an array of objects"),
        (np.array([1.0, np.nan]), np.array([1.0, 2.0]), "at [1]: expected 2, got nan (1 of 2"),
        (np.array([0.33]), np.array([0.3333]), "(1 of 1 values differ, all by less than 1 %: is"),
        ({"a": 1}, {"b": 1}, "expected the keys ['b'], got ['a']"),
        ("cat", "dog", "expected 'dog', got 'cat'"),
        (None, 1.0, "expected a float, got None"),
    ],
)
def test_differences_in_words(value, expected, words):
    assert words in close().difference(value, expected)


def test_small_arrays_are_shown_whole_and_large_ones_by_shape():
    assert describe(np.arange(3)) == "[0, 1, 2]"
    assert describe(np.zeros((480, 196), np.uint8), limit=400) == "of shape (480, 196), uint8"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2, 2.0),
        ([1, 2], (1, 2)),
        (1.0 + 1e-9, 1.0),
        (np.float32([1, 2]), np.float64([1, 2])),
        (np.array([np.nan]), np.array([np.nan])),
        (np.array([True]), np.array([True])),
    ],
)
def test_equal_values_have_no_difference(value, expected):
    assert close().difference(value, expected) is None


def test_exact_means_exact():
    assert exact().difference(1.0 + 1e-9, 1.0)


def test_where_a_float_is_asked_for_a_whole_number_may_be_the_same_mistake():
    assert close().alike(6.0, 6, expected=2.0)
    assert not close().alike(6.0, 6, expected=2)


def test_accuracy_has_a_band_and_knows_like_answers():
    labels = np.arange(10)
    ninety = np.where(labels == 0, 5, labels)
    assert accuracy(0.9).difference(ninety, labels) is None
    assert accuracy(0.95).difference(ninety, labels) == (
        "90.0% of the labels are right; at least 95% are needed"
    )
    assert accuracy(0.95).alike(ninety, ninety[::1].copy(), labels)
    assert not accuracy(0.95).alike(ninety, labels + 1, labels)
    assert "expected shape (10,)" in accuracy(0.9).difference(np.zeros((10, 3)), labels)


def test_value_probe():
    shape = Exercise(
        "shape", "Shape", 0, 1, 1, (26, 26), lambda _: [Case("shape")], Value(), exact()
    )
    question = compile_exercise(shape)
    assert verdict_on(question, (26, 26)).status == "right"
    assert verdict_on(question, (28, 28)).status == "wrong"
    assert verdict_on(question, ...).status == "blank"


@pytest.mark.parametrize(
    ("right", "predicted", "words"),
    [
        ((26, 26), (28, 28), "(28, 28) is not it"),
        ((26, 26), (26,), "(26,) is not it"),
        ((26, 26), "26 x 26", "expected a tuple, got a string"),
        ((26, 26), (26, 26.0), "value 1: expected a whole number, got a float (26)"),
        (0.25, 4, "4 is not it"),
        ("c", "a", "'a' is not it"),
        ("c", "C", "got 'C'; write the letter small"),
        ("c", "less than half", "got 'less than half'; answer with the letter of a choice"),
        ("c", 0.5, "got 0.5; answer with the letter of a choice"),
    ],
)
def test_a_wrong_prediction_is_not_told_the_right_one(right, predicted, words):
    asked = Exercise("it", "It", 0, 1, 1, right, lambda _: [Case("it")], Value(), exact())
    verdict = verdict_on(compile_exercise(asked), predicted)
    assert verdict.parts[0].problem.startswith(words)


def test_gradient_probe():
    def loss(x):
        return (x**2).mean()

    def cut(x):
        return (x.detach() ** 2).mean()

    def cases(rng):
        return [Case("mean square", args=(torch.tensor(rng.normal(size=4)),))]

    question = compile_exercise(Exercise("loss", "Loss", 1, 1, 1, loss, cases, Gradient(), close()))
    assert verdict_on(question, lambda x: x.pow(2).sum() / 4).status == "right"
    assert "no gradient flows back" in verdict_on(question, cut).parts[0].problem


class Small(torch.nn.Module):
    def __init__(self, channels: int, softmax: bool = False):
        super().__init__()
        self.conv = torch.nn.Conv2d(1, channels, 3)
        self.norm = torch.nn.BatchNorm2d(channels)
        self.softmax = softmax

    def forward(self, x):
        out = self.norm(self.conv(x)).relu().mean(dim=(2, 3))
        return out.softmax(dim=1) if self.softmax else out


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_model_probe(mode):
    def cases(rng):
        x = torch.tensor(rng.normal(size=(2, 1, 6, 6)), dtype=torch.float32)
        return [Case("forward", args=(4,), weights=random_weights(Small(4), rng), x=x)]

    question = compile_exercise(
        Exercise("Small", "Small", 1, 1, 1, Small, cases, Model(mode, gradients=True), close(1e-4))
    )
    assert verdict_on(question, Small).status == "right"
    assert verdict_on(question, lambda n: Small(n, softmax=True)).status == "wrong"
    wider = verdict_on(question, lambda n: Small(n + 1)).parts[0].problem
    assert wider.startswith("the shapes of the network's parameters: ")
    nothing = verdict_on(question, lambda n: None).parts[0].problem
    assert nothing.startswith("expected a network")


def test_panels_escape_what_they_show(question):
    def hostile(values, width):
        raise ValueError("<script>alert(1)</script>")

    html = verdict_panel(question, verdict_on(question, hostile))._repr_html_()
    assert "<script>" not in html and "&lt;script&gt;" in html


def test_names_between_backticks_are_set_as_code(question):
    html = verdict_panel(question, verdict_on(question, Missing))._repr_html_()
    assert f"<code>{question.name}</code>" in html and "`" not in html


def test_hints_come_in_stages(question):
    stages = [repr(hint_panel(question, stage)) for stage in range(3)]
    assert "hint 1 of 3 (nudge)" in stages[0] and "Look at one window" in stages[0]
    assert "hint 3 of 3 (plan)" in stages[2]


def test_names_must_be_identifiers_and_misconceptions_unique():
    with pytest.raises(ValueError, match="identifier"):
        Exercise("two words", "", 1, 1, 1, len, average_cases, Call(), close())
    mistake = Misconception("same", len, "")
    with pytest.raises(ValueError, match="share a name"):
        Exercise("f", "", 1, 1, 1, len, average_cases, Call(), close(), [mistake, mistake])
