"""An assignment of an ordinary nbgrader course."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute, IgnorePattern
from nbgrader.utils import determine_grade, find_all_files

from autograder.classroom.classroom import ClassError
from autograder.classroom.course_folders import CourseFolders
from autograder.execution.job import Job, Run, limits_beside
from autograder.judging.course import GradingTask
from autograder.judging.judge_run import Judged
from autograder.judging.nbgrader_plugins import runs_notebooks
from autograder.judging.results import ExerciseResult
from autograder.nbgrader_course.notebook_runs import run_notebooks
from autograder.nbgrader_course.stock_restoring import KnownNotebook, Rules, restore_submission
from autograder.submissions.cell_marks import is_judged, mark_of
from autograder.submissions.submission import Submission
from autograder.submissions.untrusted_files import copy_file, hash_files

LONGEST = 10**6
"""Time limit of a cell, in seconds, for a course that sets none."""


@dataclass(frozen=True)
class StockAssignment:
    """An assignment as the gradebook has it, and its course's settings for grading.

    known: its notebooks. folder: the files beside them. cell_seconds: the course's limit.
    ignored: a pattern of harmless lines on stderr. rules: the settings for restoring, not sent to
    workers.
    """

    name: str
    known: Mapping[str, KnownNotebook]
    folder: Path
    cell_seconds: int
    ignored: str
    fingerprint: str
    rules: Rules = field(repr=False)
    shares_process = True

    def __getstate__(self) -> dict[str, Any]:
        # A configuration may define classes of its own, which cannot be pickled.
        return {**self.__dict__, "rules": None}

    @property
    def max_points(self) -> dict[str, float]:
        """Return the points of each test; its notebook is in the name if there are several."""
        return {
            self._label(name, test): points
            for name, known in self.known.items()
            for test, points in known.tests.items()
        }

    def restored(self, submitted: Path) -> Submission:
        """Return the submission in a folder, ready to run. Raises NotGradable."""
        return restore_submission(submitted, self.known, self.rules)

    def grade(self, task: GradingTask) -> Judged:
        """Run the notebooks and score them as nbgrader does. Raises CannotRun."""
        limits = replace(task.limits, cell_seconds=self.cell_seconds)
        job = Job(
            notebook="",
            cases={},
            folders=(task.folder,),
            own_folders=(self.folder,),
            limits=limits_beside(limits, self.folder),
            threads=task.threads,
            walls=task.walls,
        )
        runs = run_notebooks(task.submission.notebooks, job)
        points: dict[str, float] = {}
        notebooks: dict[str, str] = {}
        troubles = list(task.submission.repairs)
        for name, run in runs.items():
            where = f"{name}.ipynb: " if len(self.known) > 1 else ""
            notebooks[name], scores, refused = self._scored(run)
            points |= {self._label(name, test): score for test, score in scores.items()}
            happened = [run.stopped] if run.stopped else []
            troubles += [f"{where}{text}" for text in (*happened, *run.incidents, *refused)]
        return Judged(
            notebooks=notebooks,
            status="partly graded" if troubles else "graded",
            reason="; ".join(troubles),
            exercises=tuple(
                ExerciseResult(test, points.get(test, 0.0), most)
                for test, most in self.max_points.items()
            ),
            seconds=sum(run.seconds for run in runs.values()),
        )

    def _scored(self, run: Run) -> tuple[str, dict[str, float], list[str]]:
        """Return the notebook, points by test, and a sentence per score that nbgrader refuses."""
        notebook = nbformat.reads(run.notebook, as_version=4)
        ignore = IgnorePattern(pattern=self.ignored)
        scores: dict[str, float] = {}
        refused = []
        for cell in filter(is_judged, notebook.cells):
            test = mark_of(cell).grade_id
            seen = nbformat.from_dict(cell)
            if self.ignored:
                seen, _ = ignore.preprocess_cell(seen, {}, 0)
            try:
                scores[test] = float(determine_grade(seen)[0])
            except (ValueError, KeyError) as error:
                why = str(error.args[0])
                refused.append(f"the test {test} has no score: {why}")
                cell.outputs = [
                    nbformat.v4.new_output("error", ename="NoScore", evalue=why, traceback=[why])
                ]
        return nbformat.writes(notebook), scores, refused

    def _label(self, notebook: str, test: str) -> str:
        return f"{notebook}/{test}" if len(self.known) > 1 else test


def load_stock_assignment(course: CourseFolders, name: str) -> StockAssignment:
    """Return an assignment of a course. Raises ClassError when it cannot be graded here."""
    rules = Rules(course.course_directory(name), course.config())
    known, cells = _in_gradebook(course, name)
    converter = Autograde(coursedir=rules.course, config=rules.config)
    if not any(map(runs_notebooks, converter.autograde_preprocessors)):
        raise ClassError(
            f"{course.config_file} takes nbgrader's Execute out of "
            "`c.Autograde.autograde_preprocessors`; this course cannot be graded here."
        )
    excluded = converter.exclude_overwriting.get(name, [])
    folder = _copy_source_files(course, rules, name, excluded)
    timeout = Execute(config=rules.config).timeout
    seconds = timeout if timeout and timeout > 0 else LONGEST
    ignore = IgnorePattern(config=rules.config)
    ignored = ignore.pattern if ignore.enabled else ""
    settings = {part: rules.config.get(part) for part in ("Autograde", *_RESTORING)}
    parts = (name, cells, hash_files(own=[folder]), str(seconds), ignored, repr(settings))
    return StockAssignment(name, known, folder, seconds, ignored, "\0".join(parts), rules)


_RESTORING = ("ClearOutput", "DeduplicateIds", "OverwriteCells", "OverwriteKernelspec")


def _in_gradebook(course: CourseFolders, name: str) -> tuple[dict[str, KnownNotebook], str]:
    """Return an assignment's notebooks, and a digest of all their cells."""
    nbgrader = course.course_directory(name)
    known: dict[str, KnownNotebook] = {}
    digest = hashlib.sha256()
    with Gradebook(nbgrader.db_url, nbgrader.course_id) as gradebook:
        try:
            notebooks = gradebook.find_assignment(name).notebooks
        except MissingEntry:
            notebooks = []
        for notebook in sorted(notebooks, key=lambda notebook: notebook.name):
            _check_language(notebook)
            answers = {cell.name for cell in notebook.solution_cells}
            tests = {
                cell.name: float(cell.max_score)
                for cell in notebook.grade_cells
                if cell.cell_type == "code" and cell.name not in answers
            }
            cells = sorted(notebook.source_cells, key=lambda cell: cell.name)
            order = [cell.name for cell in notebook.source_cells]
            tests = {test: tests[test] for test in sorted(tests, key=order.index)}
            known[notebook.name] = KnownNotebook(frozenset(order), tests)
            for cell in cells:
                about = (notebook.name, cell.name, cell.source, cell.checksum, cell.cell_type)
                digest.update(repr((about, tests.get(cell.name))).encode())
    if not known:
        raise ClassError(
            f"The gradebook knows no notebook of {name!r}. Run `nbgrader generate_assignment "
            f"{name}` in {course.root}, as before handing out."
        )
    return known, digest.hexdigest()


def _check_language(notebook: Any) -> None:
    spec = json.loads(notebook.kernelspec or "{}") or {}
    language = spec.get("language") or "python"
    if language != "python":
        raise ClassError(f"{notebook.name}.ipynb is written in {language}; only Python is graded.")


def _copy_source_files(
    course: CourseFolders, rules: Rules, name: str, excluded: Sequence[str]
) -> Path:
    """Copy the files that nbgrader puts beside each submission's notebooks; return their folder."""
    source = course.source_folder(name)
    target = course.private / "files" / name
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for found in find_all_files(str(source), [*rules.course.ignore, "*.ipynb"]):
        relative = Path(found).relative_to(source)
        if str(relative) not in excluded:
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            copy_file(Path(found), target / relative)
    return target
