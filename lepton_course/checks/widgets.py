"""Ask predictions and quizzes through small widgets when a person sits at the notebook.

Each widget is displayed together with a fallback for front ends without widgets. Its content is
the panels' HTML, which suits light and dark themes.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

from lepton_course.checks.panel import PANEL_KEY, Panel, text_to_html
from lepton_course.checks.quizzes import QuizQuestion

_STYLE = """<style>
.lepton-choice.jupyter-button { white-space: normal; height: auto; min-height: 28px; width: auto;
  max-width: 100%; text-align: left; line-height: 1.4; padding: 4px 12px; overflow: visible; }
.lepton-ask { overflow: visible; }
.lepton-ask .widget-html-content, .lepton-ask .jupyter-widget-html-content { white-space: normal;
  line-height: 1.5; font-size: var(--jp-content-font-size1, 14px); }
</style>"""


def is_interactive() -> bool:
    """Return whether a front end with a person in front of it sent the running cell.

    Such a front end lets a cell ask for input; papermill, nbclient and graders do not.
    """
    from IPython.core.getipython import get_ipython

    shell = get_ipython()
    return bool(getattr(getattr(shell, "kernel", None), "_allow_stdin", False))


def show(panel: Panel) -> None:
    """Display a panel; in a terminal, print it.

    Its look also goes into the output's metadata as data, where the proofs of notebooks read it.
    """
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(panel)
    else:
        display(panel, metadata={PANEL_KEY: {"look": panel.look}})


def ask_prediction(
    label: str, choices: Sequence[str], judge: Callable[[str], Panel], fallback: Panel
) -> None:
    """Ask for a prediction, with a button for each choice or a field to type into.

    judge: takes the answer as text and returns the panel that explains it.
    fallback: shown where there are no widgets.
    """
    import ipywidgets as widgets

    verdict = widgets.Output()
    _put(verdict, fallback)

    def answered(text: str) -> None:
        if text.strip():
            _put(verdict, judge(text.strip()))

    if choices:
        row = [_button(choice, lambda choice=choice: answered(choice)) for choice in choices]
    else:
        field = widgets.Text(placeholder="your prediction")
        field.layout.width = "14em"
        field.tooltip = label
        field.on_msg(lambda _, content, buffers: _on_enter(content, field, answered))
        row = [field, _button("Check", lambda: answered(field.value))]
    line = widgets.HBox([_html(label), *row])
    line.layout.flex_flow = "row wrap"
    line.layout.align_items = "center"
    bundle = {"text/html": fallback._repr_html_(), "text/plain": repr(fallback)}
    _display([verdict, line], bundle)


def ask_quiz(
    questions: Sequence[QuizQuestion],
    answered: Callable[[QuizQuestion, str], Panel],
    fallback: dict[str, str],
) -> None:
    """Ask all questions of a quiz, with a button for each choice and room for explanations.

    answered: takes a question and the chosen letter and returns the panel that explains the choice.
    """
    import ipywidgets as widgets

    blocks = []
    for question in questions:
        said = widgets.Output()

        def press(
            letter: str, button: Any, question: QuizQuestion = question, said: Any = said
        ) -> None:
            panel = answered(question, letter)
            sign = "✓" if panel.look == "right" else "✗"
            button.description = f"{sign} {question.choice(letter).text}"
            _put(said, panel)

        buttons = []
        for letter, choice in zip(string.ascii_lowercase, question.choices, strict=False):
            button = _button(choice.text, None)
            button.on_click(lambda button, letter=letter, press=press: press(letter, button))
            buttons.append(button)
        row = widgets.HBox(buttons)
        row.layout.flex_flow = "row wrap"
        head = _html(f"<b>{question.number}. {text_to_html(question.text)}</b>")
        blocks.append(widgets.VBox([head, row, said]))
    _display(blocks, fallback)


def _on_enter(content: Any, field: Any, answered: Callable[[str], None]) -> None:
    if isinstance(content, dict) and content.get("event") == "submit":
        answered(field.value)


def _button(text: str, press: Callable[[], None] | None) -> Any:
    import ipywidgets as widgets

    button = widgets.Button(description=text)
    button.layout.width = button.layout.height = "auto"
    button.add_class("lepton-choice")
    if press is not None:
        button.on_click(lambda _: press())
    return button


def _put(place: Any, panel: Panel) -> None:
    """Show a panel in an output widget, where its links work as in any output."""
    data = {"text/html": panel._repr_html_(), "text/plain": repr(panel)}
    place.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)


def _html(text: str) -> Any:
    import ipywidgets as widgets

    return widgets.HTML(text)


def _display(blocks: Sequence[Any], fallback: dict[str, str]) -> None:
    import ipywidgets as widgets
    from IPython.display import display

    box = widgets.VBox([widgets.HTML(_STYLE, layout=widgets.Layout(display="none")), *blocks])
    box.add_class("lepton-ask")
    display({**box._repr_mimebundle_(), **fallback}, raw=True)
