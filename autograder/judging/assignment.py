"""An assignment of a class: what was released, and its secret questions."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from autograder.classroom.classroom import NOTEBOOK, ClassError, Classroom
from autograder.classroom.secret_questions import (
    class_questions,
    joint_key,
    question_inputs,
    question_keys,
)
from autograder.execution.job import Job, SubmissionLimits, limits_beside
from autograder.execution.running import run
from autograder.judging.course import GradingTask
from autograder.judging.judge_run import Judged, judge_run
from autograder.sandbox.walls import Walls
from autograder.submissions.cell_marks import judged_points
from autograder.submissions.cell_repair import restore
from autograder.submissions.submission import Submission, parse_and_repair, read_submission
from autograder.submissions.timestamps import timestamp_problem
from autograder.submissions.untrusted_files import hash_files
from lepton_course.errors import problem_in_words
from lepton_course.exercises.model import Question


@dataclass(frozen=True)
class Assignment:
    """A released notebook, the class's questions, and their inputs as files for the kernel.

    fingerprint: changes when any of these changes.
    """

    name: str
    release: NotebookNode
    folder: Path
    questions: Mapping[str, Question]
    cases: Mapping[str, bytes]
    fingerprint: str
    shares_process = False
    """The learner's process cannot change the verdict."""

    def __reduce__(self) -> tuple[Callable[[bytes], Assignment], tuple[bytes]]:
        # Torch sends each tensor to another process as an open file, of which a process can
        # send 256. As bytes there is no limit.
        values = [getattr(self, field.name) for field in fields(self)]
        return _from_bytes, (pickle.dumps(values),)

    @property
    def max_points(self) -> dict[str, float]:
        """Return the points of each exercise, by name."""
        return {name: float(question.points) for name, question in self.questions.items()}

    def restored(self, submitted: Path) -> Submission:
        """Return the submission in a folder, ready to run. Raises NotGradable."""
        data = read_submission(submitted)
        notebook, left_out = parse_and_repair(data)
        restored = restore(notebook, self.release)
        text = nbformat.writes(restored.notebook)
        time = timestamp_problem(submitted)
        late = [f"{time}; until then it counts as in time"] if time else []
        repairs = (*left_out, *restored.repairs, *late)
        return Submission({NOTEBOOK: text}, repairs, hashlib.sha256(data).hexdigest())

    def grade(self, task: GradingTask) -> Judged:
        """Run and judge a submission. Raises CannotRun."""
        notebook = nbformat.reads(task.submission.notebooks[NOTEBOOK], as_version=4)
        job = self.job(notebook, task.folder, task.limits, task.threads, task.walls)
        return judge_run(run(job), self.questions, task.submission.repairs)

    def job(
        self,
        notebook: NotebookNode,
        submitted: Path,
        limits: SubmissionLimits,
        threads: int | None,
        walls: Walls,
    ) -> Job:
        """Return what the learner's process gets: the notebook, its files and the cases' inputs."""
        return Job(
            notebook=nbformat.writes(notebook),
            cases=self.cases,
            folders=(submitted,),
            own_folders=(self.folder,),
            limits=limits_beside(limits, self.folder),
            threads=threads,
            walls=walls,
        )


def _from_bytes(data: bytes) -> Assignment:
    return Assignment(*pickle.loads(data))


def read_release(classroom: Classroom, name: str) -> NotebookNode | None:
    """Return an assignment's released notebook, or None if it is not from the curriculum.

    Raises ClassError when it cannot be read.
    """
    if name not in classroom.manifest().modules:
        return None
    try:
        return nbformat.read(classroom.release_notebook(name), as_version=4)
    except (OSError, ValueError) as error:
        raise ClassError(
            f"{classroom.release_notebook(name)} cannot be read ({problem_in_words(error)}). "
            f"`nbgrader generate_assignment {name}` in the class's folder makes it again."
        ) from error


def required_release(classroom: Classroom, name: str) -> NotebookNode:
    """Return an assignment's released notebook. Raises ClassError when there is none."""
    release = read_release(classroom, name)
    if release is None:
        known = ", ".join(sorted(classroom.manifest().modules))
        raise ClassError(f"This class has no assignment {name!r} of the course; it has: {known}.")
    return release


def load_assignment(classroom: Classroom, name: str) -> Assignment:
    """Return one of the class's assignments.

    Raises ClassError if it is unknown or cannot be judged.
    """
    release = required_release(classroom, name)
    points = judged_points(release)
    keys = question_keys(classroom, name, points)
    questions = class_questions(classroom, name, points, keys)
    with tempfile.TemporaryDirectory() as scratch:
        cases = {name: question_inputs(q, Path(scratch)) for name, q in questions.items()}
    folder = classroom.release_notebook(name).parent
    parts = (name, nbformat.writes(release), hash_files(own=[folder]), joint_key(keys))
    fingerprint = " ".join(parts)
    return Assignment(name, release, folder, questions, cases, fingerprint)
