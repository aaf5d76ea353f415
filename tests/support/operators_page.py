"""The commands of docs/operators.md, which tests run."""

from __future__ import annotations

import re

from conftest import CLONE

PAGE = (CLONE / "docs/operators.md").read_text(encoding="utf-8")


def commands(heading: str) -> list[str]:
    """Return the commands below a heading of the page."""
    part = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    blocks = re.findall(r"^```sh\n(.+?)\n```$", part, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]
