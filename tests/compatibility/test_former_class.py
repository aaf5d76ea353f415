"""A class that a former version made still works; `tests/data/README.md` says how it was made."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from conftest import CLONE
from tiny_course import DOUBLE, TOTAL, answered, gradebook, hand_in, write_curriculum
from typer.testing import CliRunner

from autograder.classroom.classroom import open_classroom
from autograder.cli.class_commands import class_app

PRELOAD = ()
pytestmark = pytest.mark.usefixtures("small_zygote")


@pytest.fixture(scope="module")
def former(tmp_path_factory) -> Path:
    """The class, unpacked somewhere else than where it was made."""
    folder = tmp_path_factory.mktemp("former")
    with tarfile.open(CLONE / "tests" / "data" / "former_class.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    manifest = folder / "class" / "private" / "class.json"
    data = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**data, "curriculum": str(write_curriculum(folder))}))
    return folder / "class"


def lepton_class(command: str, former: Path, *arguments: str) -> str:
    done = CliRunner().invoke(class_app, [command, str(former), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_its_grades_stay_when_it_is_graded_again(former):
    assert "0 of 2 grades would change" in lepton_class("grade", former, "small_sums", "--dry-run")
    before = gradebook(former)
    lepton_class("grade", former, "small_sums")
    assert gradebook(former) == before
    assert {name: line["score"] for name, line in before.items()} == {"ada": 5, "grace": 3}


def test_a_new_submission_is_graded_with_feedback_and_export(former):
    hand_in(former, "linus", answered(former, {"double": DOUBLE, "total": TOTAL}))
    lepton_class("grade", former, "small_sums", "--student", "linus")
    assert gradebook(former)["linus"]["score"] == 5
    lepton_class("feedback", former, "small_sums")
    page = former / "feedback" / "grace" / "small_sums" / "assignment.html"
    assert "You squared the numbers" in page.read_text()
    lepton_class("export", former)
    lines = (former / "grades.csv").read_text().splitlines()
    assert [line for line in lines if line.startswith("ada") and "Engines, Analytical" in line]


def test_nbgrader_grades_with_the_configuration_of_then(former):
    hand_in(former, "linus", answered(former, {"double": DOUBLE}))
    command = ["autograde", "small_sums", "--student", "linus", "--force"]
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *command], cwd=former, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert gradebook(former)["linus"]["score"] == 2


def test_formgraders_pages_find_their_filters(former):
    filters = open_classroom(former).config().HTMLExporter.filters
    from traitlets.utils.importstring import import_item

    clean = import_item(filters["clean_html"])("<script>alert(1)</script>a")
    assert "a</" in clean and "script" not in clean
