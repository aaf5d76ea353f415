"""Write models' weights to safetensors files, and load them back into models."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lepton_course.errors import CourseError
from lepton_course.hub.item_loading import load_shared


def is_torch_model(thing: object) -> bool:
    """Return whether a thing is a PyTorch module, without importing PyTorch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(thing, torch.nn.Module)


def is_keras_model(thing: object) -> bool:
    """Return whether a thing is a Keras model, without importing Keras."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(thing, keras.Model)


def is_arrays(thing: object) -> bool:
    """Return whether a thing is a non-empty dict of NumPy arrays by name."""
    return (
        isinstance(thing, Mapping)
        and len(thing) > 0
        and all(isinstance(n, str) and isinstance(a, np.ndarray) for n, a in thing.items())
    )


def write_weights(model: Any, path: Path) -> None:
    """Write a model's weights, or a dict of arrays, to a safetensors file."""
    if is_torch_model(model):
        from safetensors.torch import save_model

        save_model(model, str(path))
        return
    from safetensors.numpy import save_file

    arrays = model if is_arrays(model) else {w.path: np.asarray(w) for w in model.weights}
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def load_weights(reference: str, into: Any = None) -> dict[str, np.ndarray] | Any:
    """Load a model's weights from the hub, such as "hub:~ada/churn-model@1".

    into: a PyTorch or Keras model of the same architecture, which gets the weights and is
        returned; without one, the arrays are returned by name.

    Raises CourseError if the weights do not fit.
    """
    content = load_shared(reference)
    if into is None:
        return content.arrays()
    files = [name for name in content.files if name.endswith(".safetensors")]
    if len(files) != 1:
        raise CourseError(f"{reference} has {len(files)} weight files (.safetensors), not one.")
    if is_torch_model(into):
        from safetensors.torch import load_model

        try:
            load_model(into, str(content.folder / files[0]))
        except RuntimeError as error:
            raise CourseError(
                f"The weights of {reference} do not fit this model: {error}"
            ) from error
        return into
    arrays = content.arrays(files[0])
    missing = [
        w.path for w in into.weights if w.path not in arrays or arrays[w.path].shape != w.shape
    ]
    if missing or len(arrays) != len(into.weights):
        raise CourseError(f"The weights of {reference} do not fit this model: {missing[:5]}")
    for weight in into.weights:
        weight.assign(arrays[weight.path])
    return into
