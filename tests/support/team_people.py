"""People at their browsers on a team's hub, and what the hub has of their work."""

from __future__ import annotations

from pathlib import Path

import nbformat
from browser import Lab, picture
from conftest import CLONE
from nbgrader.api import Gradebook
from playwright.sync_api import Browser, Page
from team_hub import ASSIGNMENT, COURSE, PASSWORD, SECONDS, TeamHub, wait_for

from autograder.simulation.answer_sources import solutions

NOTEBOOK = f"{COURSE}/{ASSIGNMENT}/assignment.ipynb"
MODULE = CLONE / f"curriculum/basics/01_{ASSIGNMENT}"
SHARE = """
import numpy
from lepton_course import share
card = dict(title="Rides", licence="CC0-1.0", origin="made up", personal_data="none")
share("engines/rides", {"riders": numpy.arange(5)}, card=card)
"""
OPEN_ANSWER = "your_own_table"


class Person:
    """Somebody at a browser of their own."""

    def __init__(self, browser: Browser, hub: TeamHub, name: str) -> None:
        self.hub, self.name = hub, name
        self.workspace = hub.home(name) / "lepton"
        self.page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
        self.page.set_default_timeout(SECONDS * 1000)
        self.lab = Lab(self.page, self.workspace)

    def sign_in(self) -> None:
        self.page.goto(self.hub.url)  # as `make hub` prints it
        self.page.get_by_label("Username").fill(self.name)
        self.page.get_by_label("Password:").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/lab**")
        self.page.locator("#jupyterlab-splash").wait_for(state="detached")

    def assignment_list(self) -> None:
        self.lab.menu("Nbgrader", "Assignment List")
        self.page.locator("#released_assignments_list, #fetched_assignments_list").first.wait_for()

    def press(self, button: str, then: str) -> None:
        """Press a button of the assignment list; wait for what stands there then."""
        self.page.get_by_role("button", name=button, exact=True).click()
        self.page.locator(f"#{then} .list_item").first.wait_for()

    def submit(self) -> None:
        before = len(submissions(self.hub, self.name))
        self.page.get_by_role("button", name="Submit", exact=True).click()
        wait_for(lambda: len(submissions(self.hub, self.name)) == before + 1, "a submission")

    def write_work(self, answers: dict[str, str]) -> None:
        """Write answers into the fetched notebook, as the learner's own editor would."""
        write_answers(self.workspace / NOTEBOOK, answers)


def pictures(page: Page, path: Path, lab: Lab | None = None, shown: bool = False) -> None:
    """Save a picture in each theme: PATH-light.png and PATH-dark.png.

    lab: the JupyterLab in the page, whose theme follows a moment after the system's.
    shown: a page of the documentation shows the light one.
    """
    for theme in ("dark", "light"):
        if lab:
            lab.theme(theme)
        else:
            page.emulate_media(color_scheme=theme)
        light = theme == "light"
        picture(page, path.with_name(f"{path.name}-{theme}.png"), shown=shown and light)


def submissions(hub: TeamHub, name: str) -> list[Path]:
    """A learner's finished submissions in the exchange."""
    inbound = hub.folders.exchange / COURSE / "inbound"
    return sorted(path.parent for path in inbound.glob(f"{name}+*/submission_secret.txt"))


def answers_of_the_course() -> dict[str, str]:
    """The course's own answers, by the cell's grade id."""
    source = nbformat.read(MODULE / "assignment.ipynb", as_version=4)
    return solutions(source) | {OPEN_ANSWER: "A row is one lift in one month."}


def scores(hub: TeamHub) -> dict[str, float]:
    """Points of who has handed in."""
    with Gradebook(hub.gradebook) as gradebook:
        return {s.student_id: s.score for s in gradebook.assignment_submissions(ASSIGNMENT)}


def write_answers(file: Path, answers: dict[str, str]) -> None:
    """Write answers into the cells of a notebook with these grade ids."""
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(grade_id, cell.source)
    nbformat.write(notebook, file)
