"""Content keys: two equal keys mean equal results.

The build, the run of the notebooks and the grader's questions all ask here whether anything they
depend on has changed. Everything is read from files, so a key takes milliseconds and imports no
framework.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import platform
import re
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

from autograder.curriculum.modules import CLONE
from autograder.curriculum.source_closure import (
    foreign_packages,
    imported_files,
    with_relative_imports,
)
from lepton_course.declared_exercises import DECLARATIONS

FRAMEWORKS = ("numpy", "torch", "tensorflow-cpu", "tensorflow", "keras")
DATA_SETS = Path("datasets", "data")
PINS = "constraints.txt"

_COMPILING = """
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.declared_exercises import load_exercises
"""


class SourceReader:
    """Reads each file once, for several keys among which no file changes."""

    def __init__(self) -> None:
        self.text: Callable[[Path], str] = functools.cache(read)
        self.digest: Callable[[Path], bytes] = functools.cache(file_digest)
        self.imports: dict[Path, list[Path]] = {}


def exercise_keys(folder: Path, names: Iterable[str], clone: Path = CLONE) -> dict[str, str]:
    """Return the content keys of exercises of the module in `folder`, by name.

    A key is a SHA-256 in hexadecimal. It changes with Python's version, with the installed and
    the pinned version of each library that the exercise or its helpers import, and with each of
    `exercise_files`.
    """
    reader = SourceReader()
    files = {name: exercise_files(folder, name, clone, reader) for name in names}
    return {name: _key(f"exercise {name}", folder, files[name], clone, reader) for name in files}


def exercise_files(
    folder: Path, name: str, clone: Path = CLONE, reader: SourceReader | None = None
) -> set[Path]:
    """Return the files that an exercise depends on.

    These are the file that declares it, its `…_mistakes.py`, and the files of its package that
    they import; the files of lepton_course that they, or the compiler of exercises, import; the
    files of the module's folder and the data sets of the course that they name.
    """
    reader = reader or SourceReader()
    package = clone / "lepton_course"
    declaring = declaring_files(folder, name, reader)
    declared = with_relative_imports(declaring | _further_mistakes(declaring))
    sources = [reader.text(path) for path in declared]
    helpers = imported_files([*sources, _COMPILING], package, reader.imports)
    beside = set(_named_beside(folder, "\n".join(sources)))
    return declared | helpers | beside | data_sets_named(sources, helpers, package, reader)


def declaring_files(folder: Path, name: str, reader: SourceReader | None = None) -> set[Path]:
    """Return the files of a module's package `exercises` that declare the exercise `name`.

    A file declares it if a call there has the name, as in `Exercise(name="pool", …)` or
    `exercise("pool", …)`. If none does, the name is composed at run time, and all files are
    returned, since any of them may declare it.
    """
    files = set((folder / DECLARATIONS).parent.rglob("*.py"))
    text = (reader or SourceReader()).text
    return {path for path in files if name in _names_called(text(path))} or files


def _further_mistakes(declaring: Iterable[Path]) -> set[Path]:
    """Return the files beside those that declare an exercise which declare more of its mistakes."""
    beside = (path.with_name(f"{path.stem}_mistakes.py") for path in declaring)
    return {path for path in beside if path.is_file()}


def declarations_key(folder: Path, clone: Path = CLONE) -> str:
    """Return the content key of a module's list of exercises; it changes with any of their code."""
    files = set((folder / DECLARATIONS).parent.rglob("*.py"))
    helpers = imported_files([*map(read, files), _COMPILING], clone / "lepton_course")
    return _key("declarations", folder, files | helpers, clone, SourceReader())


def key_of_files(
    title: str,
    files: Iterable[Path],
    base: Path,
    digest_of: Callable[[Path], bytes] | None = None,
) -> str:
    """Return the content key of some files: of their contents and their names below `base`."""
    digest = hashlib.sha256(f"{title}\0{platform.python_version()}\0".encode())
    for path in sorted(files):
        name = path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name
        digest.update(f"{name}\0".encode() + (digest_of or file_digest)(path))
    return digest.hexdigest()


def data_sets_named(
    sources: Iterable[str],
    helpers: set[Path],
    package: Path,
    reader: SourceReader | None = None,
) -> set[Path]:
    """Return the files of the course's data sets that these sources or their helpers name.

    helpers: the files of lepton_course that the sources import. Sources that load no data have
    no data sets.
    """
    if package / "datasets" / "__init__.py" not in helpers:
        return set()
    text_of = (reader or SourceReader()).text
    mentions = [*sources, *(text_of(path) for path in helpers if path.parent.name != "datasets")]
    text = "\n".join(mentions)
    folders = [path for path in (package / DATA_SETS).glob("*") if path.name in text]
    return {path for folder in folders for path in folder.rglob("*") if path.is_file()}


def installed_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the versions of those distributions that are installed."""
    found = {name: _version(name) for name in names}
    return {name: number for name, number in found.items() if number}


def file_digest(path: Path) -> bytes:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def read(path: Path) -> str:
    """Return a source file's text."""
    return path.read_text(encoding="utf-8")


def _key(title: str, folder: Path, files: set[Path], clone: Path, reader: SourceReader) -> str:
    sources = [reader.text(path) for path in files if path.suffix == ".py"]
    pins = _pins(clone)
    libraries = sorted(foreign_packages(sources) - {"lepton_course"})
    versions = [(name, _versions_of(name, pins)) for name in libraries]
    inside = {path for path in files if path.is_relative_to(folder)}
    # The same wherever the curriculum stands.
    own = key_of_files("own", inside, folder, reader.digest)
    return key_of_files(f"{title} {own} {versions}", files - inside, clone, reader.digest)


def _named_beside(folder: Path, text: str) -> Iterator[Path]:
    """Yield the data files of a module's folder that the text names.

    If it looks for files but names none, yield all of them.
    """
    files = [path for path in folder.rglob("*") if path.is_file() and _is_data(path)]
    named = [path for path in files if path.stem in text]
    if named or "__file__" not in text:
        yield from named
    else:
        yield from files


def _is_data(path: Path) -> bool:
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return not hidden and path.suffix not in (".py", ".pyc", ".ipynb", ".yml", ".svg")


@functools.lru_cache(maxsize=2048)
def _names_called(source: str) -> frozenset[str]:
    """Return the strings that calls in the source have as first argument or as `name`."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    values = [call.args[0] for call in calls if call.args]
    values += [word.value for call in calls for word in call.keywords if word.arg == "name"]
    constants = [node.value for node in values if isinstance(node, ast.Constant)]
    return frozenset(value for value in constants if isinstance(value, str))


def _versions_of(library: str, pins: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return the distributions of an imported package: name, installed and pinned version."""
    names = [library] if _version(library) else _distributions().get(library, [library])
    return [(name, _version(name), pins.get(_normal(name), "")) for name in sorted(set(names))]


def _pins(clone: Path) -> dict[str, str]:
    path = clone / PINS
    lines = read(path).splitlines() if path.is_file() else []
    pairs = [line.partition("==") for line in lines if "==" in line]
    return {_normal(name): number.strip() for name, _, number in pairs}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


@functools.cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


@functools.cache
def _distributions() -> dict[str, list[str]]:
    """Return the distributions by the packages they provide; cached, for it takes half a second."""
    return dict(packages_distributions())
