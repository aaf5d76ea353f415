"""Pages of formgrader and feedback that are safe to open and complete without the internet.

What a learner wrote is shown and never run. In nbgrader's own pages an answer could hold a script,
or a link disguised as one of formgrader's buttons, and act as the instructor who opens it. Here
only plain elements pass, without classes and ids, and none reaches beyond its own box: a link with
a large padding would else lie over the buttons. Formulas become MathML, which browsers render
themselves, instead of waiting for MathJax from the network. All of it is made in a process with
limits: what takes too long to render is shown as plain text.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Mapping
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context
from traitlets.config import Config

from autograder.submissions.cell_marks import mark_of
from autograder.submissions.limited_process import LimitedProcess, RefusedWork, TooMuchWork
from autograder.submissions.rubric import rubric_html
from autograder.submissions.submission import VERDICT_KEY

CPU_SECONDS = 3
MAX_CHARACTERS = 2_000_000
MAX_TEXT = 100_000
"""Characters shown of a text that is not rendered."""

SHORT = 5_000
"""Characters of a text that is rendered even after others have taken too long."""
FEW, RECENTLY = 5, 300.0
"""So many texts that took too long within so many seconds make longer ones be shown as text."""

_took_too_long: deque[float] = deque(maxlen=FEW)
renderer = LimitedProcess("autograder.instructor.safe_html:render", CPU_SECONDS)


def nbgrader_templates() -> str:
    """Return the folder of nbgrader's own templates, without the seconds that its import takes."""
    package = find_spec("nbgrader")
    assert package is not None and package.origin is not None
    return str(Path(package.origin).parent / "server_extensions" / "formgrader" / "templates")


def page_settings() -> Config:
    """Return the settings that a class's `nbgrader_config.py` merges into its configuration."""
    settings = Config()
    # nbgrader's templates first; ours replace those of nbconvert that they extend.
    settings.HTMLExporter.extra_template_basedirs = [
        nbgrader_templates(),
        str(Path(__file__).parent / "templates"),
    ]
    settings.HTMLExporter.sanitize_html = True
    settings.HTMLExporter.filters = {
        "clean_html": "autograder.instructor.formgrader_pages.clean_html",
        "markdown2html": "autograder.instructor.formgrader_pages.markdown_to_html",
        "highlight_code": "autograder.instructor.formgrader_pages.plain_code",
        "strip_files_prefix": "autograder.instructor.formgrader_pages.unchanged",
    }
    settings.HTMLExporter.exclude_input_prompt = True
    settings.HTMLExporter.exclude_output_prompt = True
    return settings


def clean_html(html: str) -> str:
    """Return a learner's HTML with everything removed that runs or imitates a control."""
    return _rendered({"kind": "html", "source": str(html)})


@pass_context
def markdown_to_html(context: Context, source: str) -> str:
    """Return a Markdown cell as safe HTML, with formulas as MathML."""
    cell = context.get("cell") or {}
    attachments = cell.get("attachments") or {}
    html = _rendered({"kind": "markdown", "source": str(source), "attachments": attachments})
    verdict = cell.get("metadata", {}).get(VERDICT_KEY, {})
    return html + rubric_html(mark_of(cell).grade_id, verdict.get("rubric"))


def plain_code(source: str, language: str | None = None, metadata: Any = None) -> str:
    """Return a cell's source as HTML without colours, which need classes that do not pass."""
    return f"<div><pre>{escape(source)}</pre></div>"


def unchanged(text: str) -> str:
    """Return the text as it is, in place of a filter that would search it for very long."""
    return text


def _rendered(request: Mapping[str, Any]) -> str:
    source = request["source"]
    if not source.strip():
        return ""
    limit = SHORT if _many_took_too_long() else MAX_CHARACTERS
    try:
        if len(source) <= limit:
            html = renderer.do(json.dumps(request).encode()).decode()
            return f'<div style="overflow:auto">{html}</div>' if html else ""
        why = "it is too long to be rendered"
    except RefusedWork as refusal:
        why = str(refusal)
    except TooMuchWork:
        _took_too_long.append(time.monotonic())
        why = "it takes too long to render"
    return f"<p><em>(Shown as text: {escape(why)}.)</em></p><pre>{escape(source[:MAX_TEXT])}</pre>"


def _many_took_too_long() -> bool:
    return len(_took_too_long) == FEW and time.monotonic() - _took_too_long[0] < RECENTLY
