"""Keep what TensorFlow's libraries log while they are imported out of notebooks and terminals.

They write it to file descriptor 2 before any of their settings is read: that oneDNN is on, that the
log is not initialised. On a red background this looks like a failure. Other lines are handed on.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

NOISE = re.compile(
    r"^(I\d{4} |WARNING: All log messages before absl|To enable the following instructions)"
    r"|Unable to register cu\w+ factory|computation placer already registered"
)
"""Lines that tell a learner nothing: information, and the registration of GPU libraries."""


def quiet_tensorflow() -> None:
    """Have the import of TensorFlow keep silent. Safe to call twice; imports nothing."""
    if not any(isinstance(finder, _QuietFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _QuietFinder())


@contextmanager
def without_noise(folder: Path | None = None) -> Iterator[None]:
    """Hold back what is written to file descriptor 2; hand on what is no noise.

    folder: where it is held; the usual place for temporary files, unless given.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile(dir=folder) as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            held.seek(0)
            lines = held.read().decode(errors="replace").splitlines()
            for line in lines:
                if line.strip() and not NOISE.search(line):
                    print(line, file=sys.stderr)


class _QuietLoader(Loader):
    """Loads a module without its noise."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        with without_noise():
            self.loader.exec_module(module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)


class _QuietFinder(MetaPathFinder):
    """Finds TensorFlow as the other finders do, and gives it a loader that is quiet."""

    def __init__(self) -> None:
        self.is_asking = False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "tensorflow" or self.is_asking:
            return None
        self.is_asking = True
        try:
            spec = importlib.util.find_spec(name)
        finally:
            self.is_asking = False
        if spec is not None and spec.loader is not None:
            spec.loader = _QuietLoader(spec.loader)
        return spec
