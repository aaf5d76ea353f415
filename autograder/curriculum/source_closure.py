"""Which files of a package a piece of code imports, directly or by way of others.

Read from the text, so nothing is run. A name that a package loads when it is first used (the
table `_HOMES` of lepton_course) leads to the file where it is at home.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

LAZY_NAMES = "_HOMES"


def imported_files(sources: Iterable[str], package: Path) -> set[Path]:
    """The files of `package` that are imported by these sources or by one another.

    package: the folder of a top-level package, such as `lepton_course`.
    """
    found: set[Path] = set()
    waiting = [file for source in sources for file in _files(source, package)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _files(path.read_text(encoding="utf-8"), package)
    return found


def without_magics(source: str) -> str:
    """A code cell as plain Python."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def _files(source: str, package: Path) -> Iterator[Path]:
    for module, name in set(_imports(source, package.name)):
        yield from _resolve(module, name, package)


def _imports(source: str, package: str) -> Iterator[tuple[str, str | None]]:
    """Pairs of a module and the name that is taken from it; None: the module itself."""
    for dotted in re.findall(rf"\b{package}(?:\.\w+)+", source):  # also in strings: `-m …`
        yield dotted, None
    for node in ast.walk(ast.parse(without_magics(source))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name == package:
                    yield package, "*"
        elif isinstance(node, ast.ImportFrom) and not node.level:
            module = node.module or ""
            if module.partition(".")[0] == package:
                yield from ((module, alias.name) for alias in node.names)


def _resolve(module: str, name: str | None, package: Path) -> Iterator[Path]:
    place = package.parent
    for part in module.split("."):
        place /= part
        if (place / "__init__.py").is_file():
            yield place / "__init__.py"
        elif place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")
            return
        else:
            return  # a name within the module before
    homes = lazy_homes(place / "__init__.py")
    for wanted in [name] if name != "*" else list(homes):
        if wanted in homes:
            yield from _resolve(f"{module}.{homes[wanted] or wanted}", None, package)
        elif wanted and (place / f"{wanted}.py").is_file():
            yield place / f"{wanted}.py"
        elif wanted and (place / wanted / "__init__.py").is_file():
            yield place / wanted / "__init__.py"


@functools.cache
def lazy_homes(init: Path) -> dict[str, str | None]:
    """The table of a package's lazily loaded names: name -> module below the package."""
    for node in ast.parse(init.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == LAZY_NAMES:
            return ast.literal_eval(node.value)
    return {}
