"""Carry cases into the learner's process and observations out of it, for the grader.

The judge writes the cases' inputs to a file and has the kernel call `observe_file`. Nothing
here knows an expected value, a seed or a verdict.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lepton_course.exercises.compiled import (
    case_from_tree,
    case_to_tree,
    observation_from_tree,
    observation_to_tree,
)
from lepton_course.exercises.model import Question
from lepton_course.exercises.probes import (
    Missing,
    Observation,
    probe_from_tree,
    probe_to_tree,
)
from lepton_course.exercises.values import InvalidValue, dumps, loads


def write_cases(path: Path, question: Question) -> None:
    """Write what an answer may see of a question, its inputs alone. Runs on the trusted side."""
    tree = {
        "probe": probe_to_tree(question.probe),
        "cases": [case_to_tree(case, secret=True) for case in question.cases],
    }
    path.write_bytes(dumps(tree))


def observe_file(
    name: str, cases_path: str, answers_path: str, namespace: Mapping[str, Any]
) -> None:
    """Put the cases to `namespace[name]` and write the observations. Runs on the learner's side."""
    tree = loads(Path(cases_path).read_bytes())
    probe = probe_from_tree(tree["probe"])
    answer = namespace.get(name, Missing)
    seen = [probe.observe(answer, case_from_tree(case)) for case in tree["cases"]]
    data = dumps([observation_to_tree(observation) for observation in seen])
    partial = f"{answers_path}.part"
    Path(partial).write_bytes(data)
    os.replace(partial, answers_path)


def read_observations(path: Path, question: Question, max_bytes: int) -> Sequence[Observation]:
    """Read the observations in a file from the learner's process. Runs on the trusted side.

    Raises InvalidValue when the file is missing, too large or does not follow the schema.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise InvalidValue(f"no answer came back ({error.strerror})") from error
    return parse_observations(data, question, max_bytes)


def parse_observations(data: bytes, question: Question, max_bytes: int) -> Sequence[Observation]:
    """Parse bytes from the learner's process into observations. Runs on the trusted side.

    Raises InvalidValue when they are too large or do not follow the schema.
    """
    trees = loads(data, max_bytes)
    if type(trees) is not list or len(trees) != len(question.cases):
        raise InvalidValue("the number of answers is not the number of cases")
    try:
        return [observation_from_tree(tree) for tree in trees]
    except (TypeError, KeyError, ValueError) as error:
        raise InvalidValue(f"an answer does not follow the schema: {error}") from error
