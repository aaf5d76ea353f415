"""What a lesson has its reader predict, declared in one call."""

from __future__ import annotations

from lepton_course.authoring import prediction
from lepton_course.authoring.wrong_forms import as_text
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.exercises.judge import judge


def told(predicted, value):
    """The sentence that a wrong prediction is told, and where to read on."""
    question = compile_exercise(predicted)
    [case] = question.cases
    [diagnosis] = judge(question, [question.probe.observe(value, case)]).diagnoses
    return diagnosis.mistake.sentence, diagnosis.mistake.read


def test_a_prediction_is_one_call():
    predicted = prediction(
        "predicted_side",
        "Your prediction: the side",
        14,
        read="lesson.ipynb#Stride",
        wrong={
            15: "You rounded up.",
            12: ("12 is right without padding.", "lesson.ipynb#Padding"),
        },
        forms=[as_text()],
    )
    assert (predicted.points, predicted.read) == (0, "lesson.ipynb#Stride")
    assert told(predicted, 15) == ("You rounded up.", "")
    assert told(predicted, 12) == ("12 is right without padding.", "lesson.ipynb#Padding")
    assert "the quotes make it a string" in told(predicted, "14")[0]


def test_wrong_predictions_that_are_lists_stand_in_a_list():
    ordered = prediction("order", "The order", [2, 1], wrong=[([1, 2], "Largest first.")])
    assert told(ordered, [1, 2]) == ("Largest first.", "")
