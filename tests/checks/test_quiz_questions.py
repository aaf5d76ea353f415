"""Quizzes and predictions: with buttons where somebody sits there, as text everywhere else."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import pytest
from conftest import CLONE
from nbclient import NotebookClient

from autograder.curriculum.modules import modules_in
from autograder.curriculum.student_notebooks import QUIZ_CELL, ask_quiz
from lepton_course import progress
from lepton_course.checks.check import choice_letters, parse_prediction
from lepton_course.checks.code_marks import text_to_html
from lepton_course.checks.quiz import answer
from lepton_course.checks.quiz_questions import (
    load_quiz,
    parse_quiz,
    quiz_markdown,
    quiz_text,
    quiz_to_json,
)
from lepton_course.exercises import Call, Case, Exercise, Misconception, Value, close, exact
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.progress.standing import quiz_scores

WRITTEN = """\
## Quiz

Choose an answer and open it.

**1. Is `3 < 4`?**

<details><summary>no</summary>No. Count again.</details>
<details><summary>it is &lt;</summary>Right. 3 comes
first.</details>

**2. And 5?**

<details><summary>yes</summary>Right.</details>
"""

MODULES = list(modules_in(CLONE / "curriculum"))


def test_a_written_quiz_is_understood():
    first, second = parse_quiz(WRITTEN)
    assert (first.number, first.text) == (1, "Is `3 < 4`?")
    assert [(c.text, c.is_right) for c in first.choices] == [("no", False), ("it is <", True)]
    assert first.choices[1].explanation == "Right. 3 comes first."
    assert len(second.choices) == 1
    assert text_to_html(first.text) == "Is <code>3 &lt; 4</code>?"


@pytest.mark.parametrize("module", MODULES, ids=lambda folder: folder.name)
def test_every_quiz_of_the_course_is_understood_in_full(module):
    questions = load_quiz(module)
    assert len(questions) >= 5
    for question in questions:
        assert sum(choice.is_right for choice in question.choices) == 1, question.text
        assert len(question.choices) >= 3
    assert parse_quiz(quiz_markdown(questions))[0].text == questions[0].text


def test_a_compiled_quiz_is_the_written_one(tmp_path):
    questions = parse_quiz(WRITTEN)
    (tmp_path / "quiz.json").write_text(quiz_to_json(questions), encoding="utf-8")
    assert load_quiz(tmp_path / "checks.npz") == questions
    assert load_quiz(tmp_path / "elsewhere" / "checks.npz") == ()


def test_answers_are_explained_and_recorded(tmp_path, monkeypatch):
    (tmp_path / ".lepton").mkdir()
    monkeypatch.chdir(tmp_path)
    question = parse_quiz(WRITTEN)[0]
    assert "Count again" in repr(answer("basics/m", question, "a"))
    assert "3 comes first" in repr(answer("basics/m", question, "b"))
    with pytest.raises(LookupError, match="choices a, b, not 'c'"):
        answer("basics/m", question, "c")
    recorded = progress.load_history(tmp_path).answers
    assert [(a.question, a.choice, a.is_right) for a in recorded] == [
        ("quiz 1", "a", False),
        ("quiz 1", "b", True),
    ]
    assert quiz_scores(recorded) == {"basics/m": (0, 1)}


def test_the_learners_notebook_asks_the_quiz_and_shows_it_before_it_is_run():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(WRITTEN)])
    assert ask_quiz(notebook) == parse_quiz(WRITTEN)
    heading, asking = notebook.cells
    assert (heading.source, asking.source) == ("## Quiz", QUIZ_CELL)
    [output] = asking.outputs
    assert "<summary>b) it is &lt;</summary>" in output.data["text/markdown"]
    assert output.data["text/plain"] == quiz_text(parse_quiz(WRITTEN))
    nbformat.validate(notebook)


def test_a_heading_without_questions_stays():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("## Quiz\n\nLater.")])
    assert ask_quiz(notebook) == ()
    assert [cell.source for cell in notebook.cells] == ["## Quiz\n\nLater."]


def test_without_a_person_quiz_and_prediction_are_text(tmp_path, built_curriculum):
    """As under papermill, nbclient and graders."""
    cells = [
        'from lepton_course import begin, check, quiz\nbegin("basics/05_convolutional_networks")',
        "quiz()",
        'quiz(1, "b")',
        "predicted_shape = ...",
        'check("predicted_shape")',
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3"}
    NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [cell.outputs[0].get("data", {}) for cell in notebook.cells if cell.outputs]
    assert not any("application/vnd.jupyter.widget-view+json" in data for data in shown)
    assert "<details>" in shown[1]["text/markdown"] and "quiz(1," in shown[1]["text/plain"]
    assert "Question 1: right." in shown[2]["text/plain"]
    assert "not answered yet" in shown[3]["text/plain"]


def predicted(reference, *mistakes):
    made = [Misconception(str(m), m, "Because.") for m in mistakes]
    return compile_exercise(
        Exercise(
            "guess", "T", 0, 1, 1, reference, lambda rng: [Case("a")], Value(), exact(), made
        )
    )  # fmt: skip


def test_a_prediction_among_letters_gets_buttons():
    assert choice_letters(predicted("b", "a", "c", "B", "the second")) == ["a", "b", "c"]
    assert choice_letters(predicted((8, 14, 14), "a", "b")) == []
    numbers = Exercise("f", "T", 0, 1, 1, np.ones, lambda rng: [Case("a", (2,))], Call(), close())
    assert choice_letters(compile_exercise(numbers)) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [("(8, 14, 14)", (8, 14, 14)), ("1/4", 0.25), ("n + 1", 4), ("b", "b"), ("'b'", "b"),
     ("all of it", "all of it"), ("8 x 3", (8, 3)), ("(8×14×14)", (8, 14, 14)), ("3x", "3x")],
)  # fmt: skip
def test_what_is_written_as_a_prediction_is_read_like_a_line_of_the_notebook(text, value):
    assert parse_prediction(text, {"n": 3}) == value


def test_pages_of_the_curriculum_are_found():
    assert {Path("curriculum/basics/05_convolutional_networks")} <= {
        module.relative_to(CLONE) for module in MODULES
    }
