"""`lepton class grade`: judge all submissions of an assignment and write them to the gradebook."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.classroom.classroom import ClassError, add_programs_to_path, exclusive
from autograder.execution.job import CannotRun, SubmissionLimits
from autograder.grading.gradebook_connection import GradebookWriter
from autograder.grading.recording import NotRecorded, RecordedWork, clear_scratch, record
from autograder.grading.settled_files import (
    SettledFiles,
    link_rules,
    settle_files,
    staging_folder,
)
from autograder.judging.course import Batch, Course, GradableAssignment, GradingTask
from autograder.judging.judge_run import Judged
from autograder.judging.result_cache import ResultCache, grader_version, key_of
from autograder.judging.results import ExerciseResult, Grading, SubmissionResult, not_gradable
from autograder.sandbox.choice import Sandbox, choose_walls
from autograder.sandbox.walls import Walls, walls_in_words
from autograder.submissions.submission import NotGradable, Submission
from autograder.submissions.untrusted_outputs import printable
from autograder.workers.process_pool import WorkerDied
from autograder.workers.worker import LocalWorkers, Workers

MAX_REASON = 2_000
"""Characters of a line's reason."""


@dataclass(frozen=True)
class Options:
    """Options of a grading run.

    workers: notebooks that run at a time on this machine; None for one per core. force: grade
    again what has not changed. judge_only: judge and cache, but write no grade. forget: drop cached
    results that neither a submission nor the gradebook needs any more. scheduler: the address of
    a Dask cluster that does the work instead.
    """

    workers: int | None = None
    sandbox: Sandbox = "auto"
    force: bool = False
    limits: SubmissionLimits = field(default_factory=SubmissionLimits)
    judge_only: bool = False
    forget: bool = True
    scheduler: str | None = None


def grade(
    course: Course,
    batch: Batch,
    options: Options = Options(),
    report: Callable[[SubmissionResult], None] = lambda result: None,
) -> Grading:
    """Grade a batch: run the notebooks on workers, and write the results to the gradebook.

    What has not changed since it was graded is not graded again, unless forced.

    report: called with each result as it arrives.

    Raises ClassError, either before anything has changed or when a cluster is lost on the way.
    """
    add_programs_to_path()
    gc.freeze()  # spares the collector the imported modules, which stay anyway
    walls = choose_walls(options.sandbox)
    with exclusive(course), _workers(options, walls) as workers:
        clear_scratch(course)
        assignment = course.assignment(batch.assignment)
        grader = _Grader(course, assignment, batch.folders, options, walls, report)
        for student in batch.strangers:
            grader.refuse(student, "not on the roster: add a line and run `lepton class create`")
        with contextlib.closing(grader.writer):
            ran = grader.run(batch.students, workers)
        if options.forget and not options.judge_only:
            grader.result_cache.forget_all_but(grader.keys_in_use())
        clear_scratch(course)
    return Grading(
        results=tuple(grader.results[s] for s in (*batch.students, *batch.strangers)),
        unchanged=grader.unchanged,
        workers=workers.slots(ran),
        sandbox=options.sandbox,
        walls=tuple(walls_in_words(walls)),
        shares_process=assignment.shares_process,
    )


def _workers(options: Options, walls: Walls) -> contextlib.AbstractContextManager[Workers]:
    if options.scheduler is None:
        return contextlib.nullcontext(LocalWorkers(options.workers))
    try:
        from autograder.workers.cluster import Cluster
    except ModuleNotFoundError as error:
        raise ClassError(
            f"Grading on a cluster needs Dask ({error}). In the clone, here and on each machine of "
            "the cluster: .venv/bin/pip install -c constraints.txt -e '.[instructor,distributed]'"
        ) from error
    return Cluster(options.scheduler, walls, lambda told: print(told, file=sys.stderr))


class _Grader:
    """The state of a grading run: it collects one result per student, and alone writes them."""

    def __init__(
        self,
        course: Course,
        assignment: GradableAssignment,
        folders: Mapping[str, Path],
        options: Options,
        walls: Walls,
        report: Callable[[SubmissionResult], None],
    ) -> None:
        self.course = course
        self.assignment = assignment
        self.folders = dict(folders)
        self.options = options
        self.walls = walls
        self.report = report
        self.result_cache = ResultCache(course.private / "results" / assignment.name)
        self.results: dict[str, SubmissionResult] = {}
        self.running: dict[str, Submission] = {}
        self.keys: dict[str, str] = {}
        self.unchanged = 0
        self.link_rules = link_rules(course, assignment.name)
        directory = course.course_directory(assignment.name)
        self.due, self.in_gradebook = _due_dates(directory)
        self.writer = GradebookWriter(directory.db_url)
        self.settings = hashlib.sha256(course.settings()).hexdigest()[:16]

    def folder(self, student: str) -> Path:
        """Return the folder of a student's submission."""
        usual = self.course.submitted_folder(student, self.assignment.name)
        return self.folders.get(student, usual)

    def run(self, students: Sequence[str], workers: Workers) -> int:
        """Run each uncached submission and record its result on arrival. Return the number run."""
        tasks = self.tasks(students)
        first = next(tasks, None)
        if first is None:
            return 0
        ran = 0
        folders = [self.folder(student) for student in students]
        for student, outcome in workers.grade(self.assignment, chain([first], tasks), folders):
            ran += 1
            submission = self.running.pop(student)
            if isinstance(outcome, (CannotRun, WorkerDied)):
                self.refuse(student, str(outcome))
                continue
            self.result_cache.keep(self.keys[student], outcome)
            self.finish(student, submission, outcome)
        return ran

    def tasks(self, students: Sequence[str]) -> Iterator[tuple[str, GradingTask]]:
        """Yield the task of each student whose submission must be run.

        Ungradable submissions and cached results are finished on the way.
        """
        for student in students:
            notes: tuple[str, ...] = ()
            try:
                settled = settle_files(
                    self.folder(student),
                    self.assignment.folder,
                    self.link_rules,
                    staging_folder(self.course, student),
                )
                self.folders[student], notes = settled.folder, settled.notes
                with self.writer.transaction():  # restoring reads the gradebook
                    submission = self.assignment.restored(self.folder(student))
            except NotGradable as error:
                self.refuse(student, "; ".join([*notes, str(error)]))
                continue
            submission = replace(submission, repairs=(*submission.repairs, *settled.notes))
            self.keys[student] = self._key(submission, settled)
            judged = None if self.options.force else self.result_cache.judged(self.keys[student])
            if judged:
                self.unchanged += 1
                self.finish(student, submission, judged)
                continue
            self.running[student] = submission
            yield (
                student,
                GradingTask(
                    submission=submission,
                    folder=self.folder(student),
                    limits=self.options.limits,
                    threads=None,
                    walls=self.walls,
                ),
            )

    def refuse(self, student: str, reason: str) -> None:
        """Record that a submission could not be graded, and why."""
        exercises = [
            ExerciseResult(name, 0.0, points) for name, points in self.assignment.max_points.items()
        ]
        self._take(not_gradable(student, self.assignment.name, reason, exercises))

    def finish(self, student: str, submission: Submission, judged: Judged) -> None:
        """Write a judged submission to the gradebook, unless it is there already, and report it."""
        try:
            if not self.options.judge_only:
                self._record(student, submission, judged)
        except NotRecorded as error:
            self.refuse(student, f"nbgrader could not record it: {error}")
            return
        self._take(
            SubmissionResult(
                student=student,
                assignment=self.assignment.name,
                status=judged.status,
                score=judged.score,
                max_score=judged.max_score,
                reason=judged.reason,
                exercises=judged.exercises,
                seconds=judged.seconds,
            )
        )

    def keys_in_use(self) -> set[str]:
        """Return the keys of results that a submission or the gradebook still needs."""
        return {*self.keys.values(), *self.result_cache.all_recorded()}

    def _record(self, student: str, submission: Submission, judged: Judged) -> None:
        name, key = self.assignment.name, self.keys[student]
        graded = self.course.autograded_folder(student, name)
        mark = f"{key} {self.settings} {self.in_gradebook.get(student, self.due)}"
        if (
            not self.options.force
            and self.result_cache.recorded(student) == mark
            and student in self.in_gradebook
            and all((graded / f"{notebook}.ipynb").is_file() for notebook in judged.notebooks)
        ):
            return
        work = RecordedWork(student, self.folder(student), submission, judged)
        record(self.writer, self.course, self.assignment, work)
        self.result_cache.mark_recorded(student, mark)

    def _key(self, submission: Submission, files: SettledFiles) -> str:
        return key_of(
            self.assignment.fingerprint,
            submission.digest,
            files.digest,
            *files.notes,
            repr((self.options.limits, self.walls)),
            grader_version(),
        )

    def _take(self, result: SubmissionResult) -> None:
        reason = printable(result.reason)
        if len(reason) > MAX_REASON:
            reason = f"{reason[:MAX_REASON]} …"
        result = replace(result, reason=reason)
        self.results[result.student] = result
        self.report(result)


def _due_dates(course: CourseDirectory) -> tuple[str, dict[str, str]]:
    """Return the assignment's due date, and by student the due date with any extension.

    Only students with a submission in the gradebook are listed.
    """
    assignment = course.assignment_id
    with Gradebook(course.db_url, course.course_id) as gradebook:
        due = [known.duedate for known in gradebook.assignments if known.name == assignment]
        submissions = gradebook.assignment_submissions(assignment)
        return str(due[0] if due else None), {s.student_id: str(s.duedate) for s in submissions}
