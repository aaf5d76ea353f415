"""A separate process in which known answers run on cases: the learner's side of a certificate.

As in grading, cases go in as a file and observations come out as a file; the judge stays outside.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.model import Exercise, Question
from lepton_course.exercises.probes import Missing, Observation
from lepton_course.exercises.remote import observe_file, parse_observations, write_cases

MAX_BYTES = 256 * 2**20


def blank(*_args: Any, **_kwargs: Any) -> Any:
    """Raise NotImplementedError, as an untouched stub does."""
    raise NotImplementedError


@dataclass(frozen=True)
class AnswerLabel:
    """The role of a known answer, and its name."""

    role: Literal["reference", "alternative", "blank", "misconception"]
    name: str

    def __str__(self) -> str:
        match self.role:
            case "alternative":
                return f"alternative {self.name}"
            case "misconception":
                return f"misconception {self.name!r}"
        return self.name


def answers_to(exercise: Exercise) -> dict[AnswerLabel, Any]:
    """Return every answer whose verdict is known beforehand, by its label."""
    answers = {AnswerLabel("reference", "the reference"): exercise.reference}
    for index, alternative in enumerate(exercise.alternatives, start=1):
        name = getattr(alternative, "__name__", f"number {index}")
        answers[AnswerLabel("alternative", name)] = alternative
    stub = ... if exercise.probe.kind == "value" else blank
    answers[AnswerLabel("blank", "a blank answer")] = stub
    answers[AnswerLabel("blank", "no answer")] = Missing
    for misconception in exercise.misconceptions:
        answers[AnswerLabel("misconception", misconception.name)] = misconception.implementation
    return answers


def observe_apart(
    module: Path, questions: Sequence[Question]
) -> list[dict[str, tuple[Observation, ...]]]:
    """Run the known answers in another process, which sees only the inputs of the cases.

    module: the module's folder. questions: all of one exercise. Returns, for each question, the
    observations of each answer by its label in words.
    """
    with tempfile.TemporaryDirectory(prefix="lepton-") as name:
        folder = Path(name)
        for index, question in enumerate(questions):
            write_cases(folder / f"cases-{index}", question)
        answered = _ask([str(module), questions[0].name, name])
        return [
            {
                label: tuple(parse_observations((folder / file).read_bytes(), question, MAX_BYTES))
                for label, file in files.items()
            }
            for question, files in zip(questions, answered, strict=True)
        ]


def _answer(module: Path, name: str, folder: Path) -> list[dict[str, str]]:
    """Run every answer on every file of cases; return the files of observations."""
    answers = answers_to(_exercises(module)[name])
    files: list[dict[str, str]] = []
    for index in range(len(list(folder.glob("cases-*")))):
        files.append({})
        for number, (label, answer) in enumerate(answers.items()):
            files[index][str(label)] = f"answers-{index}-{number}"
            namespace = {} if answer is Missing else {name: answer}
            target = str(folder / files[index][str(label)])
            observe_file(name, str(folder / f"cases-{index}"), target, namespace)
    return files


@functools.cache
def _exercises(module: Path) -> dict[str, Exercise]:
    return load_exercises(module)


def _ask(request: list[str]) -> list[dict[str, str]]:
    """Send one request to the other process; return its reply. Raises RuntimeError if it died."""
    process = _other_process()
    assert process.stdin and process.stdout
    process.stdin.write(json.dumps(request) + "\n")
    process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        _other_process.cache_clear()
        raise RuntimeError(f"the learner's process ended with status {process.wait()}")
    return json.loads(line)


@functools.cache
def _other_process() -> subprocess.Popen[str]:
    """Start the other process, once: importing frameworks takes seconds. It ends with this one."""
    return subprocess.Popen(
        [sys.executable, "-m", "autograder.proof.exercises.isolated_learner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def main() -> None:
    """Answer requests, one a line, until there are no more."""
    replies = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # keep what answers print out of the replies
    for line in sys.stdin:
        module, name, folder = json.loads(line)
        replies.write(json.dumps(_answer(Path(module), name, Path(folder))) + "\n")
        replies.flush()


if __name__ == "__main__":
    main()
