"""seed_everything: same numbers again, without importing a framework that nobody asked for."""

import random
import subprocess
import sys

import numpy as np
import pytest

from lepton_course.seeds import seed_everything


def run(code: str) -> list[str]:
    """What `code` prints, line by line, in a fresh Python."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split("\n")[:-1]


def draw() -> tuple:
    import torch

    return random.random(), np.random.rand(), torch.rand(1).item()


def test_the_same_seed_gives_the_same_numbers():
    seed_everything(3)
    first = draw()
    seed_everything(3)
    assert draw() == first
    seed_everything(4)
    assert draw() != first


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "0", None])
def test_an_impossible_seed_is_refused_before_anything_is_seeded(seed):
    random.seed(0)
    state = random.getstate()
    with pytest.raises(ValueError, match="seed must be a whole number"):
        seed_everything(seed)
    assert random.getstate() == state


def test_seeding_imports_no_framework():
    code = """
import sys
from lepton_course.seeds import seed_everything
seed_everything(1)
print([name for name in ("torch", "tensorflow", "keras") if name in sys.modules])
"""
    assert run(code) == ["[]"]


def test_torch_imported_later_is_seeded_and_does_not_bring_tensorflow():
    code = """
import sys
from lepton_course.seeds import seed_everything
seed_everything(1)
seed_everything(2)
import torch
print(torch.initial_seed(), "tensorflow" in sys.modules)
seed_everything(3)
print(torch.initial_seed())
"""
    assert run(code) == ["2 False", "3"]


def test_torch_imported_before_is_seeded_at_once():
    code = """
import torch
from lepton_course.seeds import seed_everything
seed_everything(5)
print(torch.initial_seed())
"""
    assert run(code) == ["5"]


def test_calling_often_does_not_pile_up_hooks():
    code = """
from lepton_course.seeds import seed_everything
from wrapt import importer
for seed in range(5):
    seed_everything(seed)
print({name: len(hooks) for name, hooks in importer._post_import_hooks.items()})
"""
    assert run(code) == ["{'torch': 1, 'tensorflow': 1, 'keras': 1}"]


def test_tensorflow_and_keras_imported_later_are_seeded_without_torch():
    code = """
import os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import numpy as np
from lepton_course.seeds import seed_everything
def draw():
    weights = keras.layers.Dense(3)
    weights.build((None, 2))
    seen = tf.random.uniform(()), keras.random.uniform(()), weights.kernel
    return [float(np.sum(value)) for value in seen]
seed_everything(7)
expected = np.random.RandomState(7).rand(2)
before = np.random.rand()
import tensorflow as tf
import keras
print((before, np.random.rand()) == tuple(expected), "torch" in sys.modules)
at_import = draw()
draws = []
for seed in (7, 7, 8):
    seed_everything(seed)
    draws.append(draw())
print(at_import[0] == draws[0][0], draws[0] == draws[1], draws[0] == draws[2])
"""
    assert run(code) == ["True False", "True True False"]
