"""The survey in a workspace: its page, what START makes of the answers, and what leaves it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lepton_course.checks.quiz_questions import question_from, quiz_to_json
from lepton_course.pages import start_notebook, survey_notebook
from lepton_course.pages.course_map import load_map
from lepton_course.progress import load_history, record_attempt, record_survey
from lepton_course.progress.transfer import export_progress, import_progress
from lepton_course.survey.asked import NoSuchAnswer
from lepton_course.workspace.install import update_workspace

FIRST = "basics/01_first"
EVEN = question_from(1, "Which is even?", [("3", "No. It is odd."), ("`4`", "Right. It is 2 · 2.")])
ODD = question_from(
    2, "Which is odd?", [("3", "Right. It is 2 · 1 + 1."), ("4", "No. It is even.")]
)


@pytest.fixture
def curriculum(small_curriculum, monkeypatch) -> Path:
    """A curriculum of one module, whose subject two questions are asked about."""
    questions = quiz_to_json([EVEN, ODD])
    (small_curriculum.folder / FIRST / "placement.json").write_text(questions)
    asked = survey_notebook.asked_modules
    monkeypatch.setattr(
        survey_notebook,
        "asked_modules",
        lambda folder, _=None: asked(folder, small_curriculum.folder),
    )
    return small_curriculum.folder


@pytest.fixture
def workspace(curriculum, tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "lepton"
    update_workspace(folder, curriculum)
    monkeypatch.chdir(folder)
    return folder


def start(workspace: Path, curriculum: Path) -> str:
    return start_notebook.render(workspace, curriculum)


def said(workspace: Path) -> list[tuple[str, str]]:
    return [(row.question, row.answer) for row in load_history(workspace).survey]


def test_a_new_workspace_offers_the_survey(workspace, curriculum):
    page = json.loads((workspace / "SURVEY.ipynb").read_bytes())
    [cell] = page["cells"]
    html = cell["outputs"][0]["data"]["text/html"]
    assert "Which is even?" in html and "<code>4</code>" in html
    assert "Right. It is" not in html, "answers are not given away"
    assert '<a href="SURVEY.ipynb">A few questions</a> tell where to begin' in start(
        workspace, curriculum
    )


def test_who_knows_a_module_is_told_that_they_may_skip_it(workspace, curriculum, capsys):
    survey_notebook.before("first", known=2, wanted=1, answers="ba")
    assert "Question 2: right." in capsys.readouterr().out
    assert ("placement 2", "right") in said(workspace)
    page = start(workspace, curriculum)
    assert "you may skip <i>First</i>, as you answered all its questions right" in page
    assert load_map(workspace, curriculum).minutes_left == 0
    assert "You may skip First" in start_notebook.render_text(load_map(workspace, curriculum))


def test_who_does_not_begins_there(workspace, curriculum):
    survey_notebook.before("first", known=2, wanted=1, answers="b?")
    assert "suggest: begin with <i>First</i>." in start(workspace, curriculum)


def test_the_survey_is_no_work_on_a_module(workspace, curriculum):
    survey_notebook.before("first", known=0, wanted=2)
    [first, _] = load_map(workspace, curriculum).stops
    assert (first.state, first.touched, first.minutes_left) == ("open", None, 30)


def test_start_asks_three_questions_after_a_module_until_they_are_answered(workspace, curriculum):
    for exercise in ("add", "multiply"):
        record_attempt(FIRST, exercise, "right", folder=workspace)
    asks = ">Three questions</a></b> about <i>First</i>"
    assert asks in start(workspace, curriculum)
    survey_notebook.after("first", useful=4, pace="fast")
    assert asks not in start(workspace, curriculum)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: survey_notebook.before("second", 0, 0), "no module 'second'. The modules: first"),
        (lambda: survey_notebook.before("first", 4, 0), "3 (could teach it); not 4"),
        (lambda: survey_notebook.before("first", 2, 1, "abc"), "First has 2 questions"),
        (lambda: survey_notebook.after("first", 0, "right"), "useful is one of 1 (1 not at all)"),
        (lambda: survey_notebook.after("first", 1, "slowly"), "slow (too slow)"),
    ],
)
def test_what_is_no_answer_is_told(workspace, call, told):
    with pytest.raises(NoSuchAnswer) as caught:
        call()
    assert told in str(caught.value)
    assert ("known", "4") not in said(workspace)


def test_what_is_unclear_leaves_the_workspace_only_if_it_is_shared(workspace, tmp_path):
    survey_notebook.after("first", 3, "right", "why 4 is even", share=False)
    assert b"why 4 is even" not in export_progress(workspace)
    assert b'"useful"' in export_progress(workspace)
    assert b"why 4 is even" in export_progress(workspace, "all")
    assert b'"useful"' not in export_progress(workspace, "none")
    survey_notebook.after("first", 3, "right", "why 4 is even", share=True)
    copy = export_progress(workspace)
    assert b"why 4 is even" in copy
    update = tmp_path / "moved"
    (update / ".lepton").mkdir(parents=True)
    assert import_progress(update, copy) == import_progress(update, copy) + 5
    assert ("unclear", "why 4 is even") in said(update)


@pytest.mark.parametrize("later", [{"share": False}, {"unclear": " "}])
def test_a_text_that_was_taken_back_leaves_no_more(workspace, later):
    survey_notebook.after("first", 3, "right", "why 4 is even", share=True)
    survey_notebook.after("first", 3, "right", **{"unclear": "why 4 is even", **later})
    assert b"why 4 is even" not in export_progress(workspace)
    assert b"why 4 is even" in export_progress(workspace, "all")


def test_of_a_text_its_last_version_leaves(workspace):
    survey_notebook.after("first", 3, "right", "why my boss insists", share=True)
    survey_notebook.after("first", 3, "right", "why 4 is even", share=True)
    assert b"my boss" not in export_progress(workspace)
    assert b"why 4 is even" in export_progress(workspace)


def test_it_can_be_switched_off(curriculum, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LEPTON_SURVEY", "off")
    folder = tmp_path / "quiet"
    update_workspace(folder, curriculum)
    monkeypatch.chdir(folder)
    assert not (folder / "SURVEY.ipynb").exists()
    record_survey(FIRST, "known", "0", folder=folder)  # from before it was switched off
    page = start(folder, curriculum)
    assert "survey" not in page.lower() and "suggest" not in page
    survey_notebook.show()
    assert "The survey is switched off here" in capsys.readouterr().out
    with pytest.raises(NoSuchAnswer):
        survey_notebook.before("first", 1, 1)


def test_a_terminal_gets_the_survey_as_text(workspace, capsys):
    survey_notebook.show()
    text = capsys.readouterr().out
    assert 'before("first", known=0, wanted=2, answers="??")' in text
    assert "b) `4`" in text and "?) I do not know" in text
