"""Exercises from declaration to verdict: observing, comparing, judging, diagnosing."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lepton_course.checks.messages import differences_in_words
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
from lepton_course.exercises.compiled import (
    compile_exercise,
    draw_cases,
    load_questions,
    save_questions,
)
from lepton_course.exercises.judge import judge
from lepton_course.exercises.probes import Missing, Raised
from lepton_course.exercises.remote import observe_file, read_observations, write_cases
from lepton_course.exercises.values import InvalidValue


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


def problem_of(question, answer):
    """What the learner reads of the first part."""
    return differences_in_words(question, verdict_on(question, answer).parts[0].differences)


def test_right_answers_get_all_points(question):
    for answer in (moving_average, with_loop):
        verdict = verdict_on(question, answer)
        assert (verdict.status, verdict.points) == ("right", 2)


def test_a_misconception_is_named(question):
    verdict = verdict_on(question, summed)
    assert (verdict.status, verdict.points, verdict.likely) == ("wrong", 0, "summed")
    assert "divide by the width" in repr(verdict_panel(question, verdict))
    assert "Means (lesson)" in repr(verdict_panel(question, verdict))


def test_each_part_earns_its_share(question):
    def only_narrow(values, width):
        return moving_average(values, 2)

    verdict = verdict_on(question, only_narrow)
    assert (verdict.status, verdict.points, verdict.diagnoses) == ("wrong", 1, ())
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

    def method_of_a_blank(values, width):
        windows = ...
        return windows.mean()

    assert verdict_on(question, half_filled).status == "blank"
    assert verdict_on(question, method_of_a_blank).status == "blank"


def test_an_exception_is_shown_with_its_line(question):
    def crashing(values, width):
        return values[width * 1000]

    assert verdict_on(question, crashing).status == "error"
    assert "IndexError" in problem_of(question, crashing)
    assert "values[width * 1000]" in problem_of(question, crashing)


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
    assert words in problem_of(question, answer)


def test_an_answer_that_exits_does_not_end_the_check(question):
    assert verdict_on(question, lambda values, width: exit(0)).status == "error"


def test_changing_the_input_is_seen(question):
    def in_place(values, width):
        result = moving_average(values, width)
        values *= 0
        return result

    assert "changed its own input `values`;" in problem_of(question, in_place)


def test_an_answer_that_prints_in_place_of_returning_is_asked_for_its_return(question):
    said = problem_of(question, lambda values, width: print("averages"))
    assert "got None: is a `return` missing?" in said


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
    verdict = verdict_on(compiled, stopped)
    assert (verdict.likely, verdict.possible) == (None, ("stopped",)), "others stop like this, too"
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
    assert judge(question, seen).likely == "summed"


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


def test_value_probe():
    shape = Exercise(
        "shape", "Shape", 0, 1, 1, (26, 26), lambda _: [Case("shape")], Value(), exact()
    )
    question = compile_exercise(shape)
    assert verdict_on(question, (26, 26)).status == "right"
    assert verdict_on(question, (28, 28)).status == "wrong"
    assert verdict_on(question, ...).status == "blank"


def test_gradient_probe():
    def loss(x):
        return (x**2).mean()

    def cut(x):
        return (x.detach() ** 2).mean()

    def cases(rng):
        return [Case("mean square", args=(torch.tensor(rng.normal(size=4)),))]

    question = compile_exercise(Exercise("loss", "Loss", 1, 1, 1, loss, cases, Gradient(), close()))
    assert verdict_on(question, lambda x: x.pow(2).sum() / 4).status == "right"
    assert "no gradient flows back" in problem_of(question, cut)


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
    wider = problem_of(question, lambda n: Small(n + 1))
    assert wider.startswith("the shapes of the network's parameters: ")
    nothing = problem_of(question, lambda n: None)
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
    with pytest.raises(ValueError, match="share the name"):
        Exercise("f", "", 1, 1, 1, len, average_cases, Call(), close(), [mistake, mistake])
