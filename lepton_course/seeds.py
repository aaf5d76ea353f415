"""Seed every random number generator of the course in one call.

Nothing is imported here: frameworks that are already imported are seeded at once, the others at
the moment the notebook imports them.
"""

from __future__ import annotations

import random
import sys
from types import ModuleType

import numpy as np
from wrapt import register_post_import_hook

_seed: int | None = None  # what a framework imported later is seeded with


def seed_everything(seed: int = 0) -> None:
    """Seed Python, NumPy, torch, TensorFlow and Keras, so that a run can be repeated.

    >>> seed_everything(7)
    >>> first = np.random.normal()
    >>> seed_everything(7)
    >>> first == np.random.normal()
    True

    seed: 0 to 2**32 - 1. The most recent call wins, also for frameworks imported after it.

    On a GPU, or with several threads, results may still differ in the last digits.
    Raises ValueError for a seed outside NumPy's range.
    """
    global _seed
    if not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to {2**32 - 1}, not {seed!r}")
    first = _seed is None
    _seed = seed
    random.seed(seed)
    np.random.seed(seed)
    for name, seed_framework in _FRAMEWORKS.items():
        if first:
            register_post_import_hook(seed_framework, name)  # runs at once if already imported
        elif name in sys.modules:
            seed_framework(sys.modules[name])


def _seed_torch(torch: ModuleType) -> None:
    torch.manual_seed(_seed)  # also seeds CUDA, MPS and XPU


def _seed_tensorflow(tensorflow: ModuleType) -> None:
    tensorflow.random.set_seed(_seed)


def _seed_keras(keras: ModuleType) -> None:
    """Seed Keras but keep the states of Python and NumPy, which Keras would seed too."""
    python, numpy = random.getstate(), np.random.get_state()
    keras.utils.set_random_seed(_seed)
    random.setstate(python)
    np.random.set_state(numpy)


_FRAMEWORKS = {"torch": _seed_torch, "tensorflow": _seed_tensorflow, "keras": _seed_keras}
