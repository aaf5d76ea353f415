"""How an exercise is written down: each example declares one and looks at what comes of it."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import declare

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring import wrong_forms as forms
from lepton_course.authoring.held_out import held_out
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises import Exercise
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.exercises.judge import judge


def begun(name="rolling", **options):
    """An exercise of which only the contract is written."""
    return exercise(
        name, title="A moving mean", points=2, difficulty=1, minutes=5,
        probe=Call(), compare=close(), **options,
    )  # fmt: skip


def written(**options):
    """An exercise with its reference and its cases; mistakes are still to come."""
    averaging = begun(**options)

    @averaging.reference
    def rolling(values, width, step=1):
        means = np.convolve(values, np.ones(width) / width, mode="valid")
        return means[::step]

    @averaging.cases
    def cases(rng):
        yield Case("narrow window", (rng.normal(size=8), 2))
        yield Case("wide window", (rng.normal(size=9), 5), {"step": 2})

    return averaging


def told(built: Exercise, answer):
    """The sentence that a wrong answer is told, and where to read on."""
    question = compile_exercise(built)
    seen = [question.probe.observe(answer, case) for case in question.cases]
    diagnosis, *_ = judge(question, seen).diagnoses
    return diagnosis.mistake.sentence, diagnosis.mistake.read


def outcome(built: Exercise, name, *args):
    """What the mistake of that name makes of some arguments."""
    [mistake] = [m for m in built.misconceptions if m.name == name]
    return mistake.implementation(*args)


# --- Decorators ----------------------------------------------------------------------------------


def test_the_sentence_stands_at_the_code_that_it_is_about():
    averaging = written(read="lesson.ipynb#Means")

    @averaging.mistake("You added each window up: divide by the width.")
    def summed(values, width, step=1):
        return np.convolve(values, np.ones(width), mode="valid")[::step]

    built = averaging.build()
    assert (built.name, built.points, built.read) == ("rolling", 2, "lesson.ipynb#Means")
    assert [m.name for m in built.misconceptions] == ["summed"]
    assert told(built, summed) == ("You added each window up: divide by the width.", "")


def test_a_function_that_is_marked_can_be_called_as_before():
    averaging = begun()

    @averaging.reference
    def twice(x):
        return 2 * x

    @averaging.mistake("You doubled twice.")
    def four_times(x):
        return twice(twice(x))

    assert (twice(3), four_times(3)) == (6, 12)


def test_alternatives_and_hints_come_along():
    averaging = written()

    @averaging.alternative
    def with_a_loop(values, width, step=1):
        starts = range(0, len(values) - width + 1, step)
        return np.array([values[start : start + width].mean() for start in starts])

    averaging.hints("Look at one window.", "Average each.", "np.convolve takes weights.")
    built = averaging.build()
    question = compile_exercise(built)
    [answer] = built.alternatives
    verdict = judge(question, [question.probe.observe(answer, case) for case in question.cases])
    assert (verdict.status, verdict.points) == ("right", 2)
    assert built.hints == ("Look at one window.", "Average each.", "np.convolve takes weights.")


def test_a_list_of_cases_serves_as_well_as_a_generator():
    averaging = begun()
    averaging.reference(abs)
    averaging.cases(lambda rng: [Case("a number", (-2.0,)), Case("zero", (0.0,))])
    assert compile_exercise(averaging.build()).parts == ("a number", "zero")


def test_cases_of_held_out_data_get_the_rows_that_they_may_use(tmp_path):
    path = tmp_path / "held_out.npz"
    photos = np.arange(20 * 28 * 28, dtype=np.uint8).reshape(20, 28, 28)
    np.savez(path, images=photos, labels=np.repeat([0, 1], 10))
    sorting = begun(held_out=held_out(path, "fashion_mnist", share=0.2))
    sorting.reference(lambda images: images.mean(axis=(1, 2)))

    @sorting.cases
    def cases(rng, rows):
        yield Case("all photos", (rows.images,))

    built = sorting.build()
    assert [len(compile_exercise(built, s).cases[0].args[0]) for s in ("lepton", "x")] == [4, 16]


def test_the_name_of_a_mistake_is_its_functions_and_names_of_arguments_stay_whole():
    averaging = begun(returns=("d_image", "loss"))

    @averaging.reference
    def right(batch_size):
        return 1.0, 2.0

    @averaging.cases
    def cases(rng):
        return [Case("a batch", (3,))]

    @averaging.mistake("…")
    def no_batch_size_in_d_image(batch_size): ...

    @averaging.mistake("…", name="n - 1")
    def another(batch_size): ...

    names = [m.name for m in averaging.build().misconceptions]
    assert names == ["no batch_size in d_image", "n - 1"]


# --- Groups --------------------------------------------------------------------------------------


def test_mistakes_of_a_group_share_a_place_to_read_on():
    averaging = written()
    borders = averaging.group("Borders", read="lesson.ipynb#Padding")

    @borders.mistake("You kept the borders.")
    def borders_kept(values, width, step=1):
        return np.convolve(values, np.ones(width) / width)

    @borders.mistake("You lost the last window.", read="lesson.ipynb#Loops")
    def last_lost(right, a):
        return right()[:-1]

    @averaging.mistake("You took one mean of all.")
    def one_mean(right, a):
        return np.full_like(right(), a.values.mean())

    places = {m.name: m.read for m in averaging.build().misconceptions}
    assert places == {
        "borders kept": "lesson.ipynb#Padding",
        "last lost": "lesson.ipynb#Loops",
        "one mean": "",
    }


def test_a_group_can_make_whole_answers_of_single_steps():
    descent = begun("descend")

    def with_steps(step):
        def descend(x, steps):
            for _ in range(steps):
                x = step(x)
            return x

        return descend

    descent.reference(with_steps(lambda x: x - 0.1 * 2 * x))

    @descent.cases
    def cases(rng):
        yield Case("a walk", (rng.uniform(1.0, 2.0), 5))

    steps = descent.group("One step", make=with_steps)

    @steps.mistake("You climb: subtract the gradient.")
    def climbs(x):
        return x + 0.1 * 2 * x

    assert outcome(descent.build(), "climbs", 1.0, 2) == pytest.approx(1.44)
    assert climbs(1.0) == pytest.approx(1.2)  # still the single step


# --- Mistakes relative to the reference ----------------------------------------------------------


def test_a_mistake_of_right_and_a_is_relative_to_the_reference():
    averaging = written()

    @averaging.mistake("Your window is one too wide.")
    def one_too_wide(right, a):
        return right(width=a.width + 1)

    values = np.arange(5.0)
    assert outcome(averaging.build(), "one too wide", values, 2) == pytest.approx([1, 2, 3])


def test_a_relative_mistake_knows_defaults_and_arguments_by_name():
    averaging = written()

    @averaging.mistake("You doubled the step.")
    def step_doubled(right, a):
        return right(step=2 * a.step)

    implementation = averaging.build().misconceptions[0].implementation
    values = np.arange(9.0)
    assert implementation(values, 1) == pytest.approx([0, 2, 4, 6, 8])
    assert implementation(values, width=1, step=2) == pytest.approx([0, 4, 8])


def test_a_relative_mistake_with_an_argument_that_is_not_there_is_named():
    averaging = written()

    @averaging.mistake("…")
    def typed_wrong(right, a):
        return right(widht=2)

    with pytest.raises(TypeError, match="the reference has no argument widht"):
        outcome(averaging.build(), "typed wrong", np.ones(3), 2)


# --- Wrong forms ---------------------------------------------------------------------------------


def test_an_exercise_takes_forms_and_an_answer_of_that_form_is_told_so():
    built = written(forms=[forms.last_missing("End one later.", read="lesson.ipynb#Loops")]).build()
    assert [m.name for m in built.misconceptions] == ["last missing"]
    assert told(built, lambda *args, **named: built.reference(*args, **named)[:-1]) == (
        "End one later.",
        "lesson.ipynb#Loops",
    )


def test_a_form_can_be_about_one_of_several_values():
    both = begun("both", returns=("table", "count"), forms=[forms.transposed(of="table")])
    both.reference(lambda: (np.array([[1.0, 2.0, 3.0]]), 3))
    both.cases(lambda rng: [Case("a table")])
    [mistake] = both.build().misconceptions
    table, count = mistake.implementation()
    assert mistake.name == "transposed (table)"
    assert table.shape == (3, 1) and count == 3
    assert "numbers in your table are right" in mistake.sentence


# --- Files ---------------------------------------------------------------------------------------

FILE = """
from lepton_course.authoring import Call, Case, exact, exercise

doubling = exercise("double", title="Twice", points=1, difficulty=1, minutes=1,
                    probe=Call(), compare=exact())

@doubling.reference
def double(x):
    return 2 * x

@doubling.cases
def cases(rng):
    yield Case("a number", (3,))
"""


def test_a_modules_list_names_files_and_a_file_declares_what_it_builds(tmp_path):
    declare(tmp_path, 'EXERCISES = ["doubling"]\n')
    (tmp_path / "exercises" / "doubling.py").write_text(FILE, encoding="utf-8")
    assert load_exercises(tmp_path)["double"].reference(4) == 8


# --- Wrong declarations say what to do -----------------------------------------------------------


def test_without_a_reference():
    with pytest.raises(ValueError, match=r"exercise rolling: mark the right answer with `.refere"):
        begun().build()


def test_without_cases():
    averaging = begun()
    averaging.reference(abs)
    with pytest.raises(ValueError, match=r"mark the function that draws cases with `.cases`"):
        averaging.build()


def test_with_two_references():
    averaging = written()
    with pytest.raises(ValueError, match=r"mark another right answer with `.alternative`"):
        averaging.reference(abs)


def test_with_cases_in_two_functions():
    averaging = written()
    with pytest.raises(ValueError, match="draw all of them in one function"):
        averaging.cases(lambda rng: [])


def test_with_two_mistakes_of_one_name():
    averaging = written()
    for sentence in ("You summed.", "You added."):

        @averaging.mistake(sentence)
        def summed(values, width, step=1): ...

    with pytest.raises(ValueError, match="two misconceptions share the name 'summed'; rename one"):
        averaging.build()


def test_with_a_mistake_without_its_sentence():
    averaging = written()
    with pytest.raises(TypeError, match="write the sentence about the mistake `summed`"):

        @averaging.mistake
        def summed(values, width, step=1): ...


def test_with_a_hint_missing():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'answer'"):
        written().hints("a nudge", "the method")


def test_with_a_form_of_a_value_that_is_not_returned():
    averaging = written(forms=[forms.transposed(of="table")])
    with pytest.raises(ValueError, match=r"transposed: no value 'table' among \[\]"):
        averaging.build()


def test_with_a_name_that_nobody_can_define():
    averaging = begun("moving mean")
    averaging.reference(abs)
    averaging.cases(lambda rng: [])
    with pytest.raises(ValueError, match="must be a Python identifier"):
        averaging.build()
