"""Show panels, and below them buttons where a person sits at the notebook.

A verdict is always an ordinary output, which a saved notebook keeps. Buttons are widgets in another
one. Where they are alive, what stands in their place without them is hidden.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from typing import Any

from lepton_course.checks.code_marks import text_to_html
from lepton_course.checks.panel import BUTTONS, FALLBACK, PANEL_KEY, STATIC, STYLE, USED, Panel
from lepton_course.checks.quiz_questions import QuizQuestion, quiz_html

_BUTTON_STYLE = """<style>
.lepton-choice.jupyter-button { white-space: normal; height: auto; min-height: 28px; width: auto;
  max-width: 100%; text-align: left; line-height: 1.4; padding: 4px 12px; overflow: visible; }
.lepton-ask { overflow: visible; }
.lepton-ask .widget-html-content, .lepton-ask .jupyter-widget-html-content { white-space: normal;
  line-height: 1.5; font-size: var(--jp-content-font-size1, 14px); }
</style>"""


Bundle = tuple[dict[str, str], dict[str, Any]]
"""An output's data by type, and its metadata."""


def bundle(panels: Sequence[Panel]) -> Bundle:
    """Return panels, from top to bottom, as one output.

    The first panel's look also goes into the output's metadata as data, where the proofs of
    notebooks read it.
    """
    data = {
        "text/html": "".join(panel._repr_html_() for panel in panels),
        "text/plain": "\n".join(map(repr, panels)),
    }
    return data, {PANEL_KEY: {"look": panels[0].look}}


def show(panel: Panel) -> None:
    """Display a panel; in a terminal, print it."""
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    if get_ipython() is None:
        print(panel)
    else:
        data, metadata = bundle([panel])
        display(data, metadata=metadata, raw=True)


def show_with_buttons(
    panels: Sequence[Panel], rows: Sequence[Sequence[Any]]
) -> Callable[[Sequence[Panel]], None]:
    """Display panels above rows of widgets; return a function that replaces the panels.

    The new panels stand among the widgets, which live on when the page is loaded again, and in the
    output above, which is what is saved.
    """
    import ipywidgets as widgets
    from IPython.display import display

    def saved(panels: Sequence[Panel]) -> Bundle:
        data, metadata = bundle(panels)
        html = f'{STYLE}<div class="{STATIC}">{data["text/html"]}</div>'
        return {**data, "text/html": html}, metadata

    data, metadata = saved(panels)
    handle = display(data, metadata=metadata, raw=True, display_id=True)
    live = widgets.Output()
    box = show_buttons([live, *map(button_row, rows)])

    def replace(panels: Sequence[Panel]) -> None:
        put_panels(live, panels)
        box.add_class(USED)
        data, metadata = saved(panels)
        handle.update(data, metadata=metadata, raw=True)

    return replace


def put_panels(place: Any, panels: Sequence[Panel]) -> None:
    """Show panels in an output widget, where their links work as in any output."""
    data, metadata = bundle(panels)
    place.outputs = ({"output_type": "display_data", "data": data, "metadata": metadata},)


_OR_HERE = "Or answer here:"


class Asking:
    """The question for a prediction: a button for each choice, or a field to type into."""

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = choices

    def row(self, answered: Callable[[str], None]) -> list[Any]:
        """Return the widgets. answered: takes the answer as text."""
        import ipywidgets as widgets

        if self.choices:
            buttons = [
                make_button(choice, lambda choice=choice: answered(choice))
                for choice in self.choices
            ]
            return [html_text(_OR_HERE), *buttons]
        field = widgets.Text(placeholder="your prediction")
        field.layout.width = "14em"
        field.tooltip = "Your prediction"

        def take() -> None:
            if text := field.value.strip():
                answered(text)

        field.on_msg(lambda _, content, buffers: _on_enter(content, take))
        return [html_text(_OR_HERE), field, make_button("Check", take)]


def _on_enter(content: Any, take: Callable[[], None]) -> None:
    if isinstance(content, dict) and content.get("event") == "submit":
        take()


def ask_quiz(
    questions: Sequence[QuizQuestion],
    answered: Callable[[QuizQuestion, str], Panel],
    fallback: dict[str, str],
) -> None:
    """Ask all questions of a quiz, with a button for each choice and room for explanations.

    answered: takes a question and the chosen letter and returns the panel that explains the choice.
    fallback: what stands in the saved notebook, and where there are no widgets.
    """
    import ipywidgets as widgets
    from IPython.display import display

    page = f'{STYLE}<div class="{FALLBACK}">{quiz_html(questions)}</div>'
    display({**fallback, "text/html": page}, raw=True)
    blocks = []
    for question in questions:
        said = widgets.Output()

        def press(
            letter: str, button: Any, question: QuizQuestion = question, said: Any = said
        ) -> None:
            panel = answered(question, letter)
            sign = "✓" if panel.look == "right" else "✗"
            button.description = f"{sign} {button_text(question.choice(letter).text)}"
            put_panels(said, [panel])

        buttons = []
        for letter, choice in zip(string.ascii_lowercase, question.choices, strict=False):
            button = make_button(button_text(choice.text), None)
            button.on_click(lambda button, letter=letter, press=press: press(letter, button))
            buttons.append(button)
        head = html_text(f"<b>{question.number}. {text_to_html(question.text)}</b>")
        blocks.append(widgets.VBox([head, button_row(buttons), said]))
    show_buttons(blocks)


def make_button(text: str, press: Callable[[], None] | None) -> Any:
    """Return a button as wide as its text."""
    import ipywidgets as widgets

    button = widgets.Button(description=text)
    button.layout.width = button.layout.height = "auto"
    button.add_class("lepton-choice")
    if press is not None:
        button.on_click(lambda _: press())
    return button


def button_text(text: str) -> str:
    """Return a text without the signs that mark code, which a button cannot show."""
    return text.replace("`", "")


def button_row(parts: Sequence[Any]) -> Any:
    """Return widgets side by side, in as many lines as they need."""
    import ipywidgets as widgets

    row = widgets.HBox(list(parts))
    row.layout.flex_flow = "row wrap"
    row.layout.align_items = "center"
    return row


def html_text(text: str) -> Any:
    """Return a widget that shows HTML."""
    import ipywidgets as widgets

    return widgets.HTML(text)


def show_buttons(blocks: Sequence[Any]) -> Any:
    """Display widgets in an output that is empty where there are none; return their box."""
    import ipywidgets as widgets
    from IPython.display import display

    style = widgets.HTML(_BUTTON_STYLE, layout=widgets.Layout(display="none"))
    box = widgets.VBox([style, *blocks])
    box.add_class(BUTTONS)
    display({**box._repr_mimebundle_(), "text/html": "", "text/plain": ""}, raw=True)
    return box
