"""Keys of exercises: they change with all that an exercise depends on, and with nothing else."""

import ast
from pathlib import Path

import pytest
from conftest import declare

from autograder.curriculum import content_key
from autograder.curriculum.content_key import exercise_files, exercise_keys
from autograder.curriculum.modules import (
    CURRICULUM,
    CurriculumError,
    assignments_in,
    module_id,
    modules_in,
)
from autograder.curriculum.source_closure import reachable_names
from lepton_course.declared_exercises import load_exercises

FILES = {
    "constraints.txt": "numpy==2.0\nscipy==1.0\nhttpx==0.27\n",
    "lepton_course/__init__.py": "_HOMES = {'fit': 'training', 'load_dataset': 'datasets'}",
    "lepton_course/training.py": "from lepton_course.bars import bar",
    "lepton_course/bars.py": "bar = 1",
    "lepton_course/hardware.py": "cores = 2",
    "lepton_course/exercises/__init__.py": "",
    "lepton_course/exercises/compiled.py": "import numpy",
    "lepton_course/datasets/__init__.py": "",
    "lepton_course/datasets/data/credit/rows.npz": "1",
    "lepton_course/datasets/data/austen/text.npz": "2",
}
MODULE = {
    "exercises/plain.py": 'EXERCISE = Exercise("plain", 1)',
    "exercises/trained.py": "from lepton_course import fit\nfrom .shared import scale\n"
    "import scipy.stats\nEXERCISE = Exercise(name='trained')",
    "exercises/graded.py": "from lepton_course import load_dataset\n"
    "HELD_OUT = Path(__file__).parents[1] / 'held_out.npz'\n"
    "question = exercise('graded')\nrows = load_dataset('credit')",
    "exercises/trained_mistakes.py": "from .trained import EXERCISE",
    "exercises/shared.py": "def scale(x):\n    return x",
    "exercises/unused.py": "",
    "held_out.npz": "labels",
    "reference_network.npz": "weights",
    "lesson.ipynb": "{}",
    "mutants.yml": "{}",
}
NAMES = {"plain", "trained", "graded"}


@pytest.fixture
def clone(tmp_path):
    module = {f"curriculum/basics/01_first/{name}": text for name, text in MODULE.items()}
    for name, text in {**FILES, **module}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    listing = "from . import plain, trained, graded, unused"
    declare(tmp_path / "curriculum/basics/01_first", listing)
    return tmp_path


def keys(clone):
    folder = clone / "curriculum/basics/01_first"
    return exercise_keys(folder, NAMES, clone)


@pytest.mark.parametrize(
    ("file", "changed"),
    [
        ("curriculum/basics/01_first/exercises/plain.py", {"plain"}),
        ("curriculum/basics/01_first/exercises/trained.py", {"trained"}),
        ("curriculum/basics/01_first/exercises/trained_mistakes.py", {"trained"}),  # imports it
        ("curriculum/basics/01_first/exercises/shared.py", {"trained"}),  # imported
        ("curriculum/basics/01_first/exercises/unused.py", set()),
        ("curriculum/basics/01_first/exercises/__init__.py", set()),
        ("curriculum/basics/01_first/held_out.npz", {"graded"}),  # named
        ("curriculum/basics/01_first/reference_network.npz", set()),
        ("curriculum/basics/01_first/lesson.ipynb", set()),
        ("lepton_course/training.py", {"trained"}),  # imported by its lazy name
        ("lepton_course/bars.py", {"trained"}),  # imported by training.py
        ("lepton_course/hardware.py", set()),
        ("lepton_course/exercises/compiled.py", NAMES),  # compiles them all
        ("lepton_course/datasets/data/credit/rows.npz", {"graded"}),
        ("lepton_course/datasets/data/austen/text.npz", set()),
    ],
)
def test_an_edited_file_changes_the_keys_of_the_exercises_that_use_it(clone, file, changed):
    before = keys(clone)
    (clone / file).write_text((clone / file).read_text() + "\n# edited\n")
    after = keys(clone)
    assert {name for name in NAMES if before[name] != after[name]} == changed


@pytest.mark.parametrize(
    ("library", "changed"), [("numpy", NAMES), ("scipy", {"trained"}), ("httpx", set())]
)
def test_a_pinned_version_changes_the_keys_of_the_exercises_that_import_it(clone, library, changed):
    before = keys(clone)
    pins = clone / "constraints.txt"
    pins.write_text(pins.read_text().replace(f"{library}==", f"{library}==9."))
    after = keys(clone)
    assert {name for name in NAMES if before[name] != after[name]} == changed


def test_an_installed_version_changes_the_keys_of_the_exercises_that_import_it(clone, monkeypatch):
    before = keys(clone)
    installed = content_key._version
    monkeypatch.setattr(
        content_key, "_version", lambda name: "9.9" if name == "scipy" else installed(name)
    )
    after = keys(clone)
    assert {name for name in NAMES if before[name] != after[name]} == {"trained"}


def test_another_python_changes_all_keys(clone, monkeypatch):
    before = keys(clone)
    monkeypatch.setattr(content_key.platform, "python_version", lambda: "3.99.0")
    after = keys(clone)
    assert {name for name in NAMES if before[name] != after[name]} == NAMES


def test_a_key_does_not_depend_on_where_the_clone_stands(clone, tmp_path_factory):
    moved = tmp_path_factory.mktemp("moved") / "clone"
    before = keys(clone)
    clone.rename(moved)
    assert keys(moved) == before
    moved.rename(clone)


def test_an_exercise_whose_name_is_put_together_depends_on_the_whole_package(clone):
    folder = clone / "curriculum/basics/01_first"
    text = "EXERCISES = [Exercise(f'plain_{i}') for i in (1, 2)]"
    (folder / "exercises/plain.py").write_text(text)
    files = {path.name for path in exercise_files(folder, "plain_1", clone)}
    assert {"plain.py", "trained.py", "graded.py", "unused.py", "held_out.npz"} <= files


@pytest.mark.parametrize("folder", modules_in(CURRICULUM), ids=module_id)
def test_every_exercise_of_the_course_is_found_in_a_file_of_its_own(folder):
    package = {path.name for path in (folder / "exercises").glob("*.py")}
    for name in load_exercises(folder):
        declaring = {path.name for path in content_key.declaring_files(folder, name)}
        assert declaring and declaring < package, name
        covered = {path.name for path in exercise_files(folder, name)}
        assert package & {f"{Path(file).stem}_mistakes.py" for file in declaring} <= covered, name


def test_names_reach_as_far_as_they_are_told():
    text = "def a():\n    b()\n\ndef b():\n    c()\n\ndef c():\n    a()\n\ndef d():\n    a()"
    definitions = {node.name: node for node in ast.parse(text).body}
    assert reachable_names(definitions, "a") == {"a", "b", "c"}
    assert reachable_names(definitions, "a", stop={"b"}) == {"a"}
    assert reachable_names(definitions, "unknown") == set()


def test_two_modules_of_one_assignment_id_are_refused(tmp_path):
    for name in ("01_sums", "02_sums"):
        module = tmp_path / "basics" / name
        module.mkdir(parents=True)
        declare(module, "EXERCISES = []")
        (module / "assignment.ipynb").write_text("{}")
        if name == "01_sums":
            assert assignments_in(tmp_path) == {"sums": module}
    with pytest.raises(CurriculumError, match="same assignment id 'sums'"):
        assignments_in(tmp_path)
