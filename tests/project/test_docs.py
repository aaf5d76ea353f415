"""Documents for people: links lead somewhere, commands exist, examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import textwrap
import tomllib
from pathlib import Path

import pytest
from conftest import CLONE, declare

import lepton_course
from autograder.proof.exercises.certification import certify_exercise

PAGES = sorted([*CLONE.glob("*.md"), *(CLONE / "docs").rglob("*.md")])
LEARNERS = {"learn", "progress", "changes", "devices", "data"}
ENTRY_POINTS = tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]["entry-points"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_lead_somewhere(page):
    text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for picture, words, target in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", text):
        if not re.match(r"https?:|mailto:|#", target):
            assert (page.parent / target.partition("#")[0]).exists(), target
        assert not picture or len(words) > 20, f"{target} needs an alternative text"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_that_are_named_exist(page):
    known = LEARNERS | ENTRY_POINTS["lepton_course.commands"].keys()
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|bin/)lepton ([a-z]+)", text)) <= known
    targets = set(re.findall(r"^([a-z]+):", (CLONE / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)", text)) <= targets


def test_commands_of_a_clone_can_be_loaded():
    for target in ENTRY_POINTS["lepton_course.commands"].values():
        module, _, name = target.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


PACKAGE = pkgutil.walk_packages(lepton_course.__path__, "lepton_course.")


@pytest.mark.parametrize("name", [module.name for module in PACKAGE])
def test_examples_in_docstrings_are_true(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_pages_are_found():
    assert {Path("README.md"), Path("docs/proof.md")} <= {p.relative_to(CLONE) for p in PAGES}


@pytest.mark.parametrize(
    ("page", "heading", "exercise", "mistakes"),
    [
        ("CONTRIBUTING.md", "## An exercise in ten minutes", "moving_average", 5),
        ("docs/turn-an-assert-into-an-exercise.md", "## 1. The contract", "squares", 4),
    ],
)
def test_the_exercise_that_a_page_writes_passes_its_certificate(
    tmp_path, page, heading, exercise, mistakes
):
    declare(tmp_path, exercise_of_page(page, heading))
    certificate = certify_exercise(tmp_path, exercise, seeds=4)
    assert certificate.problems == ()
    assert certificate.diagnosed == mistakes


def exercise_of_page(page, heading):
    """The file of exercises whose parts stand below a heading, in the order of the page."""
    text = (CLONE / page).read_text(encoding="utf-8").partition(heading)[2]
    blocks = re.findall(r"^ *```python\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)
    parts = [textwrap.dedent(block) for block in blocks]
    begins = next(part for part in parts if " = exercise(" in part)
    ends = next(part for part in parts if ".hints(" in part)
    builder = begins.partition(" = exercise(")[0].split()[-1]
    return "\n\n".join([*parts[: parts.index(ends) + 1], f"EXERCISES = [{builder}]\n"])


def test_the_prediction_in_ten_minutes_can_be_declared(tmp_path):
    text = (CLONE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```python\n(prediction\(.*?)```", text, re.DOTALL)
    imports = "from lepton_course.authoring import prediction\n"
    declare(tmp_path, f"{imports}EXERCISES = [\n{block.strip()}\n]\n")
    certificate = certify_exercise(tmp_path, "predicted_length", seeds=2)
    assert certificate.problems == ()
