"""One call that seeds every random number generator of the course.

torch, TensorFlow and Keras are never imported here: those already imported are seeded at once, the
others in the moment in which the notebook imports them.
"""

from __future__ import annotations

import random
import sys
from types import ModuleType

import numpy as np
from wrapt import register_post_import_hook

_seed: int | None = None  # what a framework imported later is seeded with


def seed_everything(seed: int = 0) -> None:
    """Seed Python, NumPy, torch, TensorFlow and Keras; the last call wins.

    On a GPU, or with several threads, results may still differ in the last digits.
    Raises ValueError unless 0 <= seed < 2**32 (NumPy's range).
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
            register_post_import_hook(seed_framework, name)  # runs at once where it is imported
        elif name in sys.modules:
            seed_framework(sys.modules[name])


def _seed_torch(torch: ModuleType) -> None:
    torch.manual_seed(_seed)  # also seeds CUDA, MPS and XPU


def _seed_tensorflow(tensorflow: ModuleType) -> None:
    tensorflow.random.set_seed(_seed)


def _seed_keras(keras: ModuleType) -> None:
    """Keras seeds Python and NumPy too: their states are kept, so an import changes nothing."""
    python, numpy = random.getstate(), np.random.get_state()
    keras.utils.set_random_seed(_seed)
    random.setstate(python)
    np.random.set_state(numpy)


_FRAMEWORKS = {"torch": _seed_torch, "tensorflow": _seed_tensorflow, "keras": _seed_keras}
