"""The shape of the code: where a file is, how long it is, and which way imports go."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

import lepton_course

CLONE = Path(__file__).resolve().parents[2]
PACKAGES = ("autograder", "lepton_course", "lepton_hub")
LINES = 350
FILES_IN_A_FOLDER = 13
ROOMS = 20

SHIMS = {  # short names that stand in a class's configuration, a workspace, an old installation
    "autograder/doctor.py",
    "autograder/export.py",
    "autograder/pages.py",
    "autograder/plugins.py",
    "autograder/proof/cli.py",
    "lepton_course/progress_page.py",
    "lepton_course/start_page.py",
}


def python_files(package: str) -> list[Path]:
    files = (CLONE / package).rglob("*.py")
    return sorted(
        path
        for path in files
        if "curriculum" not in path.relative_to(CLONE).parts[1:2] or package == "autograder"
    )


def imports_of(path: Path, package: str) -> Iterator[str]:
    """The files and packages of `package` that a file imports, as dotted names; also late ones."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(package))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(package):
            assert node.module
            place = CLONE / Path(*node.module.split("."))
            for alias in node.names:
                inner = place / alias.name
                is_module = inner.with_suffix(".py").is_file() or inner.is_dir()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def name_of(path: Path) -> str:
    dotted = ".".join(path.relative_to(CLONE).with_suffix("").parts)
    return dotted.removesuffix(".__init__")


def circles(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Ways that lead back to where they began; each circle once."""
    found: list[list[str]] = []
    done: set[str] = set()

    def walk(name: str, way: list[str]) -> None:
        if name in way:
            found.append([*way[way.index(name) :], name])
        elif name not in done:
            for other in sorted(arrows.get(name, ())):
                walk(other, [*way, name])
            done.add(name)

    for start in sorted(arrows):
        walk(start, [])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_files_do_not_import_each_other_in_a_circle(package):
    arrows = {
        name_of(path): {name for name in imports_of(path, package) if name != name_of(path)}
        for path in python_files(package)
    }
    assert circles(arrows) == []


@pytest.mark.parametrize("package", PACKAGES)
def test_folders_do_not_import_each_other_in_a_circle(package):
    arrows: dict[str, set[str]] = defaultdict(set)
    for path in python_files(package):
        folder = name_of(path.parent / "__init__.py")
        if path.relative_to(CLONE).as_posix() in SHIMS or folder == package:
            continue  # a shim leads into the folders; what stands on top may use all of them
        for name in imports_of(path, package):
            target = CLONE / Path(*name.split("."))
            other = name if target.is_dir() else name.rpartition(".")[0]
            if other not in (folder, package):
                arrows[folder].add(other)
    assert circles(arrows) == []


def test_a_file_name_stands_once_in_a_package_and_a_class_name_once_in_the_project():
    files, classes = defaultdict(list), defaultdict(list)
    for package in PACKAGES:
        for path in python_files(package):
            where = path.relative_to(CLONE).as_posix()
            if path.name != "__init__.py" and where not in SHIMS:
                files[package, path.name].append(where)
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef):
                    classes[node.name].append(where)
    assert {name: places for name, places in files.items() if len(places) > 1} == {}
    assert {name: places for name, places in classes.items() if len(places) > 1} == {}


def test_no_file_is_long():
    files = [
        path
        for path in CLONE.glob("*/**/*.py")
        if "curriculum" not in path.parts and ".venv" not in str(path)
    ]
    lengths = {
        path.relative_to(CLONE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in files
    }
    assert {name: length for name, length in lengths.items() if length > LINES} == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_folder_holds_a_dozen_files_at_most(package):
    counts: dict[str, int] = defaultdict(int)
    for path in python_files(package):
        counts[path.parent.relative_to(CLONE).as_posix()] += path.name != "__init__.py"
    assert {name: count for name, count in counts.items() if count > FILES_IN_A_FOLDER} == {}


def test_the_first_floor_of_the_autograder_has_few_rooms():
    rooms = [
        path
        for path in (CLONE / "autograder").iterdir()
        if path.name not in ("__init__.py", "__pycache__")
    ]
    assert len(rooms) <= ROOMS, sorted(path.name for path in rooms)


def test_every_name_that_a_notebook_imports_is_there():
    for name in lepton_course.__all__:
        assert getattr(lepton_course, name)


SCRIPTS = ("benchmarks", "deploy", "docs", "tools", "curriculum")


@pytest.mark.parametrize("folder", SCRIPTS)
def test_scripts_import_what_exists(folder):
    """Nothing else runs them all, so a moved name would be noticed by the person who needs one."""
    missing = [
        f"{path.relative_to(CLONE)}: {node.module}.{alias.name}"
        for path in sorted((CLONE / folder).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGES)
        for alias in node.names
        if not exists(node.module or "", alias.name)
    ]
    assert not missing


def exists(module: str, name: str) -> bool:
    """Whether a package's module has a name, or a module within it."""
    try:
        return hasattr(importlib.import_module(module), name) or bool(
            importlib.util.find_spec(f"{module}.{name}")
        )
    except ModuleNotFoundError:
        return False
