"""Save and load training checkpoints: written atomically, loaded without running code from them."""

from __future__ import annotations

import os
import pickle
import random
from pathlib import Path
from typing import Any

import numpy as np
import torch


def save_checkpoint(
    path: Path, parts: dict[str, Any], history: dict[str, Any], best: dict[str, Any] | None
) -> None:
    """Write everything that a run needs to resume as if it had never stopped.

    parts: objects with a `state_dict`, or None, by name.
    history: of the run so far, as plain data. best: the best weights so far, if any.

    The file is complete at every moment: the new one is written beside it and then replaces it.
    """
    content = {
        "parts": {name: part.state_dict() for name, part in parts.items() if part is not None},
        "history": history,
        "best": best,
        "random": random_state(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(
    path: Path, parts: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Restore `parts` and the random generators; return (history, best weights).

    Raises ValueError when the file is damaged or belongs to another model, optimizer or scheduler.
    Some of the parts may have been changed by then, but nothing else.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        states, history, best = content["parts"], content["history"], content["best"]
        generators = content["random"]
    except (RuntimeError, EOFError, pickle.UnpicklingError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is not a readable checkpoint. Delete it, or choose another path."
        ) from error
    used = {name: part for name, part in parts.items() if part is not None}
    try:
        if states.keys() != used.keys():
            raise ValueError(f"it holds {', '.join(states)}, not {', '.join(used)}")
        for name, part in used.items():
            part.load_state_dict(states[name])
    except (RuntimeError, ValueError, KeyError) as error:
        raise ValueError(
            f"{path} belongs to another model, optimizer or scheduler. Delete it, or choose "
            f"another path. ({str(error).splitlines()[0]})"
        ) from error
    restore_random_state(generators)
    return history, best


def random_state() -> dict[str, Any]:
    """Return the state of Python's, NumPy's and torch's generators as plain data and tensors."""
    kind, keys, *rest = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": (str(kind), torch.from_numpy(keys.astype(np.int64)), *rest),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }


def restore_random_state(state: dict[str, Any]) -> None:
    """Put the generators back to the state that `random_state` returned."""
    random.setstate(state["python"])
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys.numpy().astype(np.uint32), *rest))
    torch.set_rng_state(state["torch"])
    if state["cuda"] and torch.cuda.device_count() == len(state["cuda"]):
        torch.cuda.set_rng_state_all(state["cuda"])
