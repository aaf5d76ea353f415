"""Choose the compute device: the best of cuda, mps, xpu and cpu, the same for torch and TensorFlow.

LEPTON_DEVICE overrides the choice: cuda, cuda:1, mps, xpu, cpu, or auto. A device is used only if
a first operation on it gives the right result; one that fails in one framework is avoided in both.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from wrapt import register_post_import_hook

from lepton_course.checks.kernel.quiet_imports import quiet_tensorflow

if TYPE_CHECKING:
    import torch

KINDS = ("cuda", "mps", "xpu", "cpu")  # best first

_failed: dict[str, str] = {}  # devices whose first operation went wrong, and how


@dataclass(frozen=True)
class DeviceChoice:
    """The device that a framework uses, with a note when it is not the one you would expect."""

    name: str  # "cuda", "cuda:1", "mps", "xpu" or "cpu"
    note: str = ""


def device() -> torch.device:
    """Return the device for torch: the best that works, or the one that LEPTON_DEVICE names.

        network.to(device())
        x = torch.zeros(3, device=device())

    The order of preference is cuda, mps, xpu, cpu. Imports torch. Prints one sentence, once, when a
    device was found but did not work.
    Raises ValueError when LEPTON_DEVICE names no known device.
    """
    import torch

    return torch.device(torch_choice(wanted_device()).name)


def tensorflow_device() -> str:
    """Return the name of the device for TensorFlow: "GPU:0" or "CPU:0".

        with tf.device(tensorflow_device()):
            model.fit(x, y)

    Imports TensorFlow and lets it take GPU memory as needed, so that torch can share the GPU. Of
    several GPUs TensorFlow sees only the chosen one, so the number is always 0.
    Raises ValueError when LEPTON_DEVICE names no known device.
    """
    return _tensorflow_name(tensorflow_choice(wanted_device()).name)


def prepare_tensorflow() -> None:
    """Make TensorFlow follow LEPTON_DEVICE and share GPU memory as soon as it is imported.

    By default TensorFlow places operations on its first GPU and takes all of its memory, which can
    be changed only before the first operation. On import it also logs the processor's features on
    a red background, which looks like a failure: that log is silenced, unless TF_CPP_MIN_LOG_LEVEL
    is set. Safe to call twice; imports nothing.
    Raises ValueError when LEPTON_DEVICE names no known device.
    """
    global _prepared
    wanted_device()
    if not _prepared:
        _prepared = True
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
        quiet_tensorflow()
        register_post_import_hook(_configure, "tensorflow")


_prepared = False


def wanted_device() -> str | None:
    """Return the device that LEPTON_DEVICE names, or None to choose the best.

    Raises ValueError when it names no known device.
    """
    value = os.environ.get("LEPTON_DEVICE", "").strip().lower()
    if value in ("", "auto"):
        return None
    if not re.fullmatch(r"cpu|mps|(cuda|xpu)(:\d+)?", value):
        raise ValueError(
            f"LEPTON_DEVICE is {value!r}, which is not a device. Set it to one of: auto, "
            f"{', '.join(KINDS)} (cuda:1 is the second GPU), or unset it."
        )
    return value


def choose(
    framework: str, found: Sequence[str], wanted: str | None, probe: Callable[[str], None]
) -> DeviceChoice:
    """Choose the wanted device if it was found and works, else the best that works, else cpu.

    found: every name the framework can address, best first ("cuda", "cuda:0", "cuda:1", …).
    probe: runs a first operation on the named device and raises when it fails. cpu is not probed.
    """
    notes = []
    if wanted is not None and wanted != "cpu" and wanted not in found:
        has = ", ".join(found) or "none"
        notes.append(f"LEPTON_DEVICE asks for {wanted}, but {framework} finds only: {has}.")
    candidates = [name for name in found if name == wanted or (wanted is None and ":" not in name)]
    for name in (*candidates, "cpu"):
        if name == "cpu":
            break
        if name not in _failed:
            try:
                probe(name)
                break
            except Exception as error:  # drivers fail with every kind of exception
                _failed[name] = (str(error).strip() or type(error).__name__).splitlines()[0]
        notes.append(f"{name} failed its first operation ({_failed[name]}).")
    note = f"{' '.join(notes)} {framework} uses {name} instead." if notes else ""
    return DeviceChoice(name, note)


# --- torch ---


@cache
def torch_choice(wanted: str | None) -> DeviceChoice:
    """Choose torch's device. Imports torch; prints the choice's note once."""
    import torch

    return _announce(choose("torch", _found_by_torch(torch), wanted, probe_torch))


def probe_torch(name: str) -> None:
    """Multiply two matrices on a torch device; raise when that fails or is wrong."""
    import torch

    ones = torch.ones(16, 16, device=name)
    _check_product((ones @ ones).sum().item())


def _found_by_torch(torch: ModuleType) -> list[str]:
    """List every device that torch can address by name, best first."""
    found: list[str] = []
    for kind in ("cuda", "xpu"):
        backend = getattr(torch, kind, None)
        if backend is not None and backend.is_available():
            found += [kind, *(f"{kind}:{i}" for i in range(backend.device_count()))]
        if kind == "cuda" and torch.backends.mps.is_available():
            found.append("mps")
    return [*found, "cpu"]


# --- TensorFlow ---


def _tensorflow_name(name: str) -> str:
    kinds = {"cuda": "GPU", "mps": "GPU", "xpu": "XPU", "cpu": "CPU"}
    return f"{kinds[name.partition(':')[0]]}:0"


@cache
def tensorflow_choice(wanted: str | None) -> DeviceChoice:
    """Choose TensorFlow's device. Imports TensorFlow; prints the choice's note once."""
    import tensorflow

    _configure(tensorflow)
    found = _found_by_tensorflow(tensorflow)
    return _announce(choose("TensorFlow", found, wanted, probe_tensorflow))


def probe_tensorflow(name: str) -> None:
    """Multiply two matrices on a TensorFlow device; raise when that fails or is wrong."""
    import tensorflow as tf

    with tf.device(_tensorflow_name(name)):
        ones = tf.ones((16, 16))
        _check_product(float(tf.reduce_sum(ones @ ones)))


def _found_by_tensorflow(tf: ModuleType) -> list[str]:
    found: list[str] = []
    for type_ in ("GPU", "XPU"):
        devices = tf.config.list_physical_devices(type_)
        kind = "xpu" if type_ == "XPU" else "mps" if sys.platform == "darwin" else "cuda"
        if devices:
            found += [kind, *(f"{kind}:{i}" for i in range(len(devices)))]
    return [*found, "cpu"]


def _configure(tf: ModuleType) -> None:
    """Show TensorFlow only the chosen GPU, or none, and let it take memory as needed."""
    kind, _, index = (wanted_device() or "").partition(":")
    gpus = tf.config.list_physical_devices("GPU")
    use_cpu = kind == "cpu" or not _failed.keys().isdisjoint(("cuda", "mps"))
    chosen = [] if use_cpu else gpus[int(index or 0) :][:1]
    try:
        if gpus:
            tf.config.set_visible_devices(chosen, "GPU")
        for gpu in chosen:
            tf.config.experimental.set_memory_growth(gpu, True)
        # Full float32 products, as in PyTorch: otherwise the two agree to three digits only.
        tf.config.experimental.enable_tensor_float_32_execution(False)
    except RuntimeError:  # too late: TensorFlow has already started
        print(
            "TensorFlow was in use before the course could set it up, so it may hold the whole "
            "GPU memory. Restart the kernel and run the setup cell first."
        )


# --- both ---


def _check_product(total: float) -> None:
    if total != 16**3:
        raise RuntimeError(f"a product of matrices gave {total} instead of {16**3}")


def _announce(choice: DeviceChoice) -> DeviceChoice:
    if choice.note:
        print(choice.note)
    return choice
