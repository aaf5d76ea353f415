"""Files that uploads.js uploaded before sending their form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_UPLOAD = re.compile(r"([0-9a-f]{32}) (.+)", re.DOTALL)


@dataclass(frozen=True)
class ArrivedFile:
    """A file whose content is in an upload that nothing uses yet."""

    upload: str
    path: str

    @property
    def told(self) -> str:
        """Its name in a form."""
        return f"{self.upload} {self.path}"


def arrived_files(values: Sequence[str]) -> list[ArrivedFile]:
    """Return the files that a form names, ignoring malformed names."""
    found = (_UPLOAD.fullmatch(value) for value in values)
    return [ArrivedFile(one[1], one[2]) for one in found if one]
