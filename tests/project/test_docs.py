"""Documents for people: links lead somewhere, commands exist, examples in docstrings are true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
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


def test_the_assert_that_became_an_exercise_passes_its_certificate(tmp_path):
    page = (CLONE / "docs/turn-an-assert-into-an-exercise.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    imports = "from lepton_course.exercises import Call, Case, Exercise, Misconception, exact\n"
    declare(tmp_path, "\n\n".join([imports, *blocks, "EXERCISES = [EXERCISE]\n"]))
    certificate = certify_exercise(tmp_path, "squares", seeds=4)
    assert certificate.problems == ()
    assert certificate.diagnosed == 4
