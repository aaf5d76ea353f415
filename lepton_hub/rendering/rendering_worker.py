"""Render requests from standard input, one per line; the process may be killed at any time."""

from __future__ import annotations

import json
import re
import resource
import sys
from contextlib import suppress

from lepton_hub.rendering.formulas import with_formulas
from lepton_hub.rendering.notebook_reading import NotANotebook, render_notebook
from lepton_hub.rendering.safe_markdown import render_markdown
from lepton_hub.rendering.text_differences import difference, merge
from lepton_hub.text import shown

MEMORY = 1024 * 1024 * 1024
"""The address space limit in bytes, so that a hostile text cannot exhaust memory."""

_HALF = re.compile("[\ud800-\udfff]")
"""Lone surrogates, which a notebook may contain but UTF-8 cannot encode."""

TASKS = {
    "markdown": lambda text, attachments: shown(render_markdown(text, attachments)),
    "page": lambda text, attachments: shown(with_formulas(render_markdown(text, attachments))),
    "notebook": lambda content: shown(render_notebook(content)),
    "notebook page": lambda content: shown(with_formulas(render_notebook(content))),
    "difference": lambda before, after, old, new: difference(before, after, (old, new)),
    "merge": merge,
}


def main() -> None:
    """Answer requests until standard input ends: ["ok", RESULT] or ["refused", WHY] each."""
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS does not support RLIMIT_AS
            resource.setrlimit(limit, (most, most))
    for line in sys.stdin.buffer:
        task, arguments = json.loads(line)
        try:
            answer = ["ok", _encodable(TASKS[task](*arguments))]
        except NotANotebook as error:
            answer = ["refused", str(error)]
        except (RecursionError, MemoryError):
            answer = ["failed", "it is nested too deeply or too large"]
        except Exception as error:  # malformed text can make the renderers raise anything
            answer = ["failed", type(error).__name__]
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _encodable(text: str | None) -> str | None:
    return None if text is None else _HALF.sub("\ufffd", text)


if __name__ == "__main__":
    main()
