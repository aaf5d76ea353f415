"""Render and run SURVEY.ipynb: what a learner knows before the course, and three questions after.

The page is made from the modules' placement questions and the scales in `survey.asked`. Its saved
output says what is asked and how; run, it asks with buttons. What answers need is imported then, so
that making the page stays quick.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from lepton_course.checks.code_marks import text_to_html
from lepton_course.checks.quiz_questions import QuizQuestion
from lepton_course.pages.start_notebook import SURVEY, page_notebook
from lepton_course.progress.database import find_workspace, load_history
from lepton_course.progress_bar import is_interactive
from lepton_course.survey.asked import (
    FEWEST_PEOPLE,
    KNOWN,
    PACE,
    SETTING,
    UNSURE_LETTER,
    UNSURE_TEXT,
    USEFUL,
    WANTED,
    NoSuchAnswer,
    Scale,
    is_on,
    valid_answers,
)
from lepton_course.survey.placement import Asked, load_placement
from lepton_course.syllabus import PACKAGED, is_ready, load_syllabus

NAME = SURVEY
HUB = "LEPTON_HUB_URL"
"""Environment variable that says where the hub is, if there is one."""

SOURCE = """\
# Run this cell (Shift+Enter) to answer with buttons.
from lepton_course.pages.survey_notebook import after, before, show

show()"""

INTRODUCTION = (
    "Voluntary, and about ten minutes: what you know already, and what your work needs. START then "
    "says where to begin and what you may skip. After a module, come back for three questions.",
    "Answers are kept in your workspace with your progress, and go along in a progress file that "
    f"you hand in. The report of your class shows sums over {FEWEST_PEOPLE} people or more of a "
    "team, and nobody's own answers. What you write in words is in that file only if you share it, "
    "and is shown without your name.",
)
TO_THE_HUB = (
    "Your team's hub can count them with your colleagues': `from lepton_course.hub import "
    "send_survey`, then `send_survey()`; `take_back_survey()` deletes them there."
)
OFF = f"The survey is switched off here ({SETTING})."


def show() -> None:
    """Ask the survey in the workspace that contains the notebook."""
    from lepton_course.checks.panel import FALLBACK, STYLE
    from lepton_course.survey.asking import show_survey

    folder = find_workspace()
    if folder is None:
        print("This page belongs in a workspace. Make one with: lepton learn DIR")
    elif not is_on():
        print(OFF)
    elif is_interactive():
        modules = asked_modules(folder)
        begun = load_history(folder).last_by_module()
        reviewed = [module for module in modules if module.id in begun]
        shown = f'{STYLE}<div class="{FALLBACK}">{_without_buttons(modules)}</div>'
        fallback = {"text/html": _head() + shown, "text/plain": render_text(folder)}
        show_survey(reviewed, modules, fallback, [_to_the_hub()] if os.environ.get(HUB) else [])
    else:
        print(render_text(folder))


def _to_the_hub() -> Any:
    """Return a button that sends all answers to the team's hub."""
    from lepton_course.checks.widgets import button_row, html_text, make_button
    from lepton_course.hub import HubError, send_survey

    said = html_text("")

    def send() -> None:
        try:
            said.value = f"✓ The hub has {send_survey()} of your answers."
        except HubError as error:
            said.value = text_to_html(str(error))

    return button_row([make_button("Send my answers to the hub", send), said])


def before(module: str, known: int, wanted: int, answers: str = "") -> None:
    """Say what you know of a module, and whether your work needs it.

        before("neural_networks", known=2, wanted=2, answers="b?a")

    known: 0 new to me, 1 heard of it, 2 have used it, 3 could teach it.
    wanted: whether your work will need it within a year: 0 no, 1 perhaps, 2 yes.
    answers: the letters of your answers to its questions, "?" for one that you do not know.

    The first answer to a question counts. Raises NoSuchAnswer for anything else.
    """
    from lepton_course.checks.widgets import show as show_panel
    from lepton_course.survey.asking import take_placement, take_scale

    asked = _module(module)
    letters = answers.replace(" ", "")
    if len(letters) > len(asked.questions):
        raise NoSuchAnswer(
            f"{asked.title} has {len(asked.questions)} questions: a letter for each."
        )
    take_scale(asked.id, KNOWN, known)
    take_scale(asked.id, WANTED, wanted)
    for question, letter in zip(asked.questions, letters, strict=False):
        show_panel(take_placement(asked.id, question, letter))


def after(module: str, useful: int, pace: str, unclear: str = "", share: bool = False) -> None:
    """Say what you think of a module that you have worked on.

        after("neural_networks", useful=4, pace="right", unclear="Why …?", share=True)

    useful: for your work, from 1 (not at all) to 5 (very).
    pace: "slow" (too slow), "right" or "fast" (too fast).
    unclear: what is still unclear, in words. share: whether it may be read, without your name.

    Raises NoSuchAnswer for anything else.
    """
    from lepton_course.checks.panel import Panel
    from lepton_course.checks.widgets import show as show_panel
    from lepton_course.survey.asking import take_scale, take_unclear

    asked = _module(module)
    take_scale(asked.id, USEFUL, useful)
    take_scale(asked.id, PACE, pace)
    if unclear:
        take_unclear(asked.id, unclear, share)
    show_panel(Panel("right", f"Kept: {asked.title}."))


def asked_modules(folder: Path, curriculum: Path = PACKAGED) -> list[Asked]:
    """Return the modules of the course that exist, with what was answered in a workspace."""
    answers = valid_answers(load_history(folder).survey)
    return [
        Asked(
            module.id, module.title, module.about, load_placement(curriculum / module.id), answers
        )
        for module in load_syllabus(curriculum)
        if is_ready(module, curriculum)
    ]


def introduction() -> tuple[str, ...]:
    """Return what the page says first; where there is a hub, also how answers get there."""
    return (*INTRODUCTION, TO_THE_HUB) if os.environ.get(HUB) else INTRODUCTION


def notebook(folder: Path, curriculum: Path = PACKAGED) -> bytes:
    """Return SURVEY.ipynb for the workspace `folder`, with its output already there."""
    return page_notebook("survey", SOURCE, render(folder, curriculum))


def render(folder: Path, curriculum: Path = PACKAGED) -> str:
    """Return the page as HTML, as it shows before it is run."""
    run = "<p><b>To answer with buttons, run this page: Shift+Enter.</b></p>"
    return _head() + run + _without_buttons(asked_modules(folder, curriculum))


def render_text(folder: Path, curriculum: Path = PACKAGED) -> str:
    """Return the page for terminals and screen readers."""
    lines = ["Survey", *introduction(), ""]
    lines += [_scale_in_words(scale) for scale in (KNOWN, WANTED, USEFUL, PACE)]
    for module in asked_modules(folder, curriculum):
        lines += ["", f"{module.title}: {module.about}"]
        for question in module.questions:
            lines.append(f"{question.number}. {question.text}")
            lines += [f"   {letter}) {text}" for letter, text in _lettered(question)]
        lines += [_before_call(module), _after_call(module)]
    return "\n".join(lines)


def _head() -> str:
    texts = "".join(f"<p>{text_to_html(text)}</p>" for text in introduction())
    return f"<h1>What you know, and what you need</h1>{texts}"


def _without_buttons(modules: list[Asked]) -> str:
    """Return what is asked of each module, with the call that answers it."""
    scales = "".join(
        f"<li>{escape(_scale_in_words(scale))}</li>" for scale in (KNOWN, WANTED, USEFUL, PACE)
    )
    parts = [f"<p>Or answer in a cell below, a line for a module:</p><ul>{scales}</ul>"]
    for module in modules:
        asked = "".join(
            f"<li>{text_to_html(question.text)}<br>"
            + "<br>".join(f"{x}) {text_to_html(text)}" for x, text in _lettered(question))
            + "</li>"
            for question in module.questions
        )
        calls = "<br>".join(
            f"<code>{escape(call)}</code>" for call in (_before_call(module), _after_call(module))
        )
        parts.append(
            f"<details><summary><b>{text_to_html(module.title)}</b>: {text_to_html(module.about)}"
            f"</summary><ol>{asked}</ol><p>{calls}</p></details>"
        )
    return "".join(parts)


def _scale_in_words(scale: Scale) -> str:
    """Return a scale as the text form of the survey takes it."""
    choices = (
        said if said.startswith(kept) else f"{kept} ({said})" if kept != said else kept
        for kept, said in scale.answers
    )
    return f"{scale.name}: {scale.text} {', '.join(choices)}"


def _lettered(question: QuizQuestion) -> Iterator[tuple[str, str]]:
    for letter, choice in zip("abcdef", question.choices, strict=False):
        yield letter, choice.text
    yield UNSURE_LETTER, UNSURE_TEXT


def _before_call(module: Asked) -> str:
    letters = f', answers="{UNSURE_LETTER * len(module.questions)}"' if module.questions else ""
    return f'before("{_name(module.id)}", known=0, wanted=2{letters})'


def _after_call(module: Asked) -> str:
    return f'after("{_name(module.id)}", useful=3, pace="right", unclear="…", share=False)'


def _name(module: str) -> str:
    """Return a module's name without its track and number."""
    return module.rpartition("/")[2].partition("_")[2]


def _module(name: str) -> Asked:
    folder = find_workspace()
    if folder is None:
        raise NoSuchAnswer("This belongs in a workspace. Make one with: lepton learn DIR")
    if not is_on():
        raise NoSuchAnswer(OFF)
    modules = asked_modules(folder)
    for module in modules:
        if name in (module.id, _name(module.id)):
            return module
    known = ", ".join(_name(module.id) for module in modules)
    raise NoSuchAnswer(f"There is no module {name!r}. The modules: {known}.")
