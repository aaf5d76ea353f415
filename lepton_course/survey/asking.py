"""Ask the survey with buttons, or take its answers as text; each answer is recorded at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lepton_course.checks.code_marks import text_to_html
from lepton_course.checks.panel import Line, Panel
from lepton_course.checks.quiz_questions import QuizQuestion
from lepton_course.checks.widgets import (
    button_row,
    button_text,
    html_text,
    make_button,
    put_panels,
    show_buttons,
)
from lepton_course.progress.database import record_survey
from lepton_course.survey.asked import (
    KNOWN,
    PACE,
    RIGHT,
    TESTED_FROM,
    UNCLEAR,
    UNCLEAR_TEXT,
    UNSURE,
    UNSURE_LETTER,
    UNSURE_TEXT,
    USEFUL,
    WANTED,
    WRONG,
    NoSuchAnswer,
    Scale,
    placement_name,
    tidy,
)
from lepton_course.survey.placement import Asked


def take_scale(module: str, scale: Scale, value: object) -> None:
    """Record an answer to a question with fixed answers. Raises NoSuchAnswer."""
    if str(value) not in scale.values:
        told = ", ".join(f"{kept} ({said})" for kept, said in scale.answers)
        raise NoSuchAnswer(f"{scale.name} is one of {told}; not {value!r}.")
    record_survey(module, scale.name, str(value))


def take_placement(module: str, question: QuizQuestion, letter: str) -> Panel:
    """Record an answer to a placement question and explain it; "?" stands for not knowing.

    Raises LookupError, listing the letters that exist, for any other.
    """
    name = placement_name(question.number)
    if letter == UNSURE_LETTER:
        record_survey(module, name, UNSURE)
        right = next(choice for choice in question.choices if choice.is_right)
        lines = (Line("The answer", right.text, has_code=True),)
        return Panel("hint", "Good to know.", (*lines, _because(right.explanation)))
    chosen = question.choice(letter)
    record_survey(module, name, RIGHT if chosen.is_right else WRONG)
    lines = (Line("Your answer", chosen.text, has_code=True), _because(chosen.explanation))
    word = "right" if chosen.is_right else "not yet"
    look = "right" if chosen.is_right else "wrong"
    return Panel(look, f"Question {question.number}: {word}.", lines)


def take_unclear(module: str, text: str, share: bool) -> str:
    """Record what is still unclear in a module; return it as it is kept."""
    kept = tidy(text)
    record_survey(module, UNCLEAR, kept, share)
    return kept


def _because(text: str) -> Line:
    return Line("Because", text, has_code=True)


def show_survey(
    reviewed: Sequence[Asked], placed: Sequence[Asked], fallback: Any, first: Sequence[Any] = ()
) -> None:
    """Display the survey with buttons.

    reviewed: modules that are asked about afterwards. placed: those asked about before the course.
    fallback: an output, by type, that stands in the saved notebook and where there are no widgets.
    first: widgets above the questions.
    """
    from IPython.display import display

    display(fallback, raw=True)
    blocks = list(first)
    if reviewed:
        blocks.append(html_text("<h2>After a module</h2>"))
        blocks += map(_after, reviewed)
    blocks.append(html_text("<h2>Before the course</h2>"))
    blocks += map(_before, placed)
    show_buttons(blocks)


def _before(module: Asked) -> Any:
    """Return a module's two scales; its placement questions appear for those who know it."""
    import ipywidgets as widgets

    tested = widgets.VBox([_placement(module, question) for question in module.questions])

    def estimated(value: str) -> None:
        tested.layout.display = "" if value >= TESTED_FROM else "none"

    estimated(module.answers.get((module.id, KNOWN.name), ""))
    return _block(
        html_text(f"<b>{text_to_html(module.title)}</b>: {text_to_html(module.about)}"),
        _scale(module, KNOWN, estimated),
        tested,
        _scale(module, WANTED),
    )


def _after(module: Asked) -> Any:
    import ipywidgets as widgets

    field = widgets.Textarea(placeholder=UNCLEAR_TEXT, rows=2)
    field.layout.width, field.layout.max_width = "40em", "97%"
    field.tooltip = UNCLEAR_TEXT
    said = html_text("")

    def keep(share: bool) -> None:
        if kept := take_unclear(module.id, field.value, share):
            field.value = kept
            told = "your instructors may read it, without your name" if share else "for you alone"
            said.value = f"✓ Kept, {told}."
        else:
            said.value = "Taken back."

    buttons = [
        make_button("Share without my name", lambda: keep(True)),
        make_button("Keep for myself", lambda: keep(False)),
    ]
    return _block(
        html_text(f"<b>{text_to_html(module.title)}</b>"),
        _scale(module, USEFUL),
        _scale(module, PACE),
        html_text(UNCLEAR_TEXT),
        field,
        button_row([*buttons, said]),
    )


def _block(*parts: Any) -> Any:
    """Return what is asked of one module, with room below it."""
    import ipywidgets as widgets

    return widgets.VBox(parts, layout=widgets.Layout(margin="0 0 1.2em"))


def _scale(module: Asked, scale: Scale, answered: Callable[[str], None] | None = None) -> Any:
    """Return a question with a button for each answer, of which the chosen one has a tick."""
    buttons = {value: make_button(text, None) for value, text in scale.answers}

    def mark(chosen: str | None) -> None:
        for value, text in scale.answers:
            buttons[value].description = f"✓ {text}" if value == chosen else text

    def press(value: str) -> None:
        take_scale(module.id, scale, value)
        mark(value)
        if answered:
            answered(value)

    for value, button in buttons.items():
        button.on_click(lambda _, value=value: press(value))
    mark(module.answers.get((module.id, scale.name)))
    return button_row([html_text(scale.text), *buttons.values()])


def _placement(module: Asked, question: QuizQuestion) -> Any:
    """Return a question with its choices; the first answer counts, and is explained."""
    import ipywidgets as widgets

    said = widgets.Output()
    letters = [*"abcdef"[: len(question.choices)], UNSURE_LETTER]
    texts = [*(choice.text for choice in question.choices), UNSURE_TEXT]
    buttons = [make_button(button_text(text), None) for text in texts]

    def press(letter: str) -> None:
        put_panels(said, [take_placement(module.id, question, letter)])
        for button in buttons:
            button.disabled = True

    for letter, button in zip(letters, buttons, strict=True):
        button.on_click(lambda _, letter=letter: press(letter))
        button.disabled = (module.id, placement_name(question.number)) in module.answers
    head = html_text(f"{question.number}. {text_to_html(question.text)}")
    return widgets.VBox([head, button_row(buttons), said])
