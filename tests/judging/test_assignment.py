"""An assignment on its way to the grader's workers."""

from __future__ import annotations

from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from pickle import loads

import nbformat
import torch
import torch.multiprocessing

from autograder.judging.assignment import Assignment
from lepton_course.exercises.compare import close
from lepton_course.exercises.model import Case, Question
from lepton_course.exercises.probes import Call


def test_many_tensors_take_no_open_files_to_a_worker():
    cases = tuple(Case("a vector", (torch.full((2,), float(n)),)) for n in range(600))
    question = Question(
        "double", "", 1, 1, 1, (), "", ("x",), Call(), close(), cases, (), ()
    )  # fmt: skip
    notebook = nbformat.v4.new_notebook()
    sent = Assignment("sums", notebook, Path("release"), {"double": question}, {}, "1")

    data = bytes(ForkingPickler.dumps(sent))  # as multiprocessing sends it
    assert b"rebuild_storage_fd" not in data
    received = loads(data)
    assert received.questions["double"].cases[599].args[0].tolist() == [599.0, 599.0]
    assert (received.name, received.folder) == ("sums", Path("release"))
