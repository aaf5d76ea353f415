"""The code that a piece of code uses: files by their imports, definitions by their names.

All of it is read from the source text; nothing is run. A name that a package loads lazily (the
table `_HOMES` of lepton_course) leads to the file that defines it.
"""

from __future__ import annotations

import ast
import functools
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

LAZY_NAMES = "_HOMES"


def imported_files(
    sources: Iterable[str], package: Path, known: dict[Path, list[Path]] | None = None
) -> set[Path]:
    """Return the files of `package` that these sources import, directly or indirectly.

    package: the folder of a top-level package, such as `lepton_course`.
    known: what files import directly, filled here; for several calls among which none changes.
    """
    known = {} if known is None else known
    found: set[Path] = set()
    waiting = [file for source in sources for file in _files(source, package)]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            if path not in known:
                known[path] = list(_files(path.read_text(encoding="utf-8"), package))
            waiting += known[path]
    return found


def with_relative_imports(files: Iterable[Path]) -> set[Path]:
    """Return these files and all that they import relatively, directly or indirectly."""
    found: set[Path] = set()
    waiting = list(files)
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _relative_files(path)
    return found


def foreign_packages(sources: Iterable[str]) -> set[str]:
    """Return the top-level packages that these sources import, without the standard library."""
    named = {name for source in sources for name in _packages(source)}
    return named - sys.stdlib_module_names


def reachable_names(
    definitions: Mapping[str, ast.AST], start: str, stop: Collection[str] = ()
) -> set[str]:
    """Return the names of `definitions` that `start` uses, directly or indirectly, with `start`.

    definitions: a file's top-level definitions by name. stop: names at which to stop.
    """
    found: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name in definitions and name not in found and name not in stop:
            found.add(name)
            nodes = ast.walk(definitions[name])
            waiting += [node.id for node in nodes if isinstance(node, ast.Name)]
    return found


def without_magics(source: str) -> str:
    """Replace the IPython magics in a code cell's source by `pass`, so that Python can parse it."""
    return re.sub(r"^(\s*)[%!].*$", r"\1pass", source, flags=re.MULTILINE)


def _files(source: str, package: Path) -> Iterator[Path]:
    for module, name in _imports(source, package.name):
        yield from _resolve(module, name, package)


@functools.lru_cache(maxsize=2048)
def _imports(source: str, package: str) -> frozenset[tuple[str, str | None]]:
    """Return pairs of an imported module and the name taken from it (None: the module itself)."""
    found: set[tuple[str, str | None]] = {
        (dotted, None)  # also in strings: `-m …`
        for dotted in re.findall(rf"\b{package}(?:\.\w+)+", source)
    }
    for node in _import_statements(source):
        if isinstance(node, ast.Import):
            found |= {(package, "*") for alias in node.names if alias.name == package}
        elif not node.level:
            module = node.module or ""
            if module.partition(".")[0] == package:
                found |= {(module, alias.name) for alias in node.names}
    return frozenset(found)


@functools.lru_cache(maxsize=2048)
def _packages(source: str) -> frozenset[str]:
    found: set[str] = set()
    for node in _import_statements(source):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return frozenset(found)


@functools.lru_cache(maxsize=2048)
def _import_statements(source: str) -> tuple[ast.Import | ast.ImportFrom, ...]:
    nodes = ast.walk(ast.parse(without_magics(source)))
    return tuple(node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


def _relative_files(path: Path) -> Iterator[Path]:
    for level, module, names in _relative_imports(path.read_text(encoding="utf-8")):
        place = path.parents[level - 1].joinpath(*module.split("."))
        if module and place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")
            continue
        for name in names:
            files = (place / f"{name}.py", place / name / "__init__.py", place / "__init__.py")
            yield from [file for file in files if file.is_file()][:1]


@functools.lru_cache(maxsize=2048)
def _relative_imports(source: str) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """Return level, module and names of each `from .module import names`."""
    return tuple(
        (node.level, node.module or "", tuple(alias.name for alias in node.names))
        for node in _import_statements(source)
        if isinstance(node, ast.ImportFrom) and node.level
    )


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
    """Return the table of a package's lazily loaded names: name -> module below the package."""
    for node in ast.parse(init.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == LAZY_NAMES:
            return ast.literal_eval(node.value)
    return {}
