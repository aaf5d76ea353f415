"""Describe this machine's processors and the versions of the frameworks: `device_table`."""

from __future__ import annotations

import html
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import psutil

from lepton_course.devices import tensorflow_choice, torch_choice, wanted_device

GIB = 1 << 30


@dataclass(frozen=True)
class Device:
    """One processor: `memory` in bytes; `cores` are CPU cores, or a GPU's multiprocessors."""

    name: str
    model: str
    memory: int | None
    cores: int | None
    used_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class DeviceTable:
    """The devices found, package versions by name, and notes on anything unexpected."""

    devices: tuple[Device, ...]
    versions: dict[str, str]
    notes: tuple[str, ...]

    HEADER = ("device", "model", "memory", "cores", "used by")

    def rows(self) -> list[tuple[str, ...]]:
        """Return the table's cells as text, a tuple of five for each device."""
        return [
            (
                d.name,
                d.model,
                f"{d.memory / GIB:.1f} GiB" if d.memory else "unknown",
                str(d.cores or "unknown"),
                ", ".join(d.used_by) or "nothing yet",
            )
            for d in self.devices
        ]

    def _versions(self) -> str:
        return ", ".join(f"{name} {version}" for name, version in self.versions.items())

    def __str__(self) -> str:
        table = [self.HEADER, *self.rows()]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in table
        ]
        return "\n".join([*lines, self._versions(), *self.notes])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        def row(cells: tuple[str, ...], tag: str) -> str:
            return "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells)

        body = "".join(f"<tr>{row(cells, 'td')}</tr>" for cells in self.rows())
        below = "<br>".join(html.escape(line) for line in (self._versions(), *self.notes))
        return (
            f"<table><thead><tr>{row(self.HEADER, 'th')}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{below}</p>"
        )


def device_table() -> DeviceTable:
    """List this machine's processors with their memory and cores, and who uses which.

    Return a `DeviceTable`: Jupyter shows it as a table, `print` as text. Below the table stand the
    versions of Python, NumPy, torch, TensorFlow and Keras, and a note where a GPU goes unused.

    Only frameworks that the notebook has already imported are asked. GPUs can only be found through
    a framework, so torch is imported if neither is; TensorFlow never is.
    Raises ValueError when the environment variable LEPTON_DEVICE names no known device.
    """
    wanted = wanted_device()
    used: dict[str, str] = {}
    notes: list[str] = []
    has_tensorflow, has_torch = "tensorflow" in sys.modules, "torch" in sys.modules
    if has_torch or not has_tensorflow:
        choice = torch_choice(wanted)
        used["torch"], notes = choice.name, [choice.note]
    if has_tensorflow:
        choice = tensorflow_choice(wanted)
        used["TensorFlow"] = choice.name
        notes.append(choice.note)
    notes.append(_disagreement(used, wanted))

    rows = [*_gpus(), Device("cpu", cpu_model(), psutil.virtual_memory().total, cpu_cores())]
    devices = [
        Device(d.name, d.model, d.memory, d.cores, tuple(f for f in used if _is(used[f], d.name)))
        for d in rows
    ]
    return DeviceTable(tuple(devices), _versions(), tuple(note for note in notes if note))


def _is(choice: str, name: str) -> bool:
    """Return whether the device `name` ("cuda:0") is the chosen one ("cuda" is the first)."""
    return name in (choice, f"{choice}:0")


def _disagreement(used: dict[str, str], wanted: str | None) -> str:
    """Return a sentence when only one of TensorFlow and torch computes on a GPU, otherwise ""."""
    torch, tensorflow = used.get("torch", "cpu"), used.get("TensorFlow", "cpu")
    if wanted == "cpu" or (torch == "cpu") == (tensorflow == "cpu"):
        return ""
    if tensorflow != "cpu":
        return f"torch uses the CPU while TensorFlow uses {tensorflow}: this torch finds no GPU."
    build = "tensorflow-cpu" if _distribution("tensorflow-cpu") else "this TensorFlow"
    if "TensorFlow" in used or build == "tensorflow-cpu":
        return f"{build} finds no GPU: TensorFlow uses the CPU while torch uses {torch}."
    return ""


def _gpus() -> Iterator[Device]:
    """Yield the accelerators that an imported framework can see."""
    torch, tensorflow = sys.modules.get("torch"), sys.modules.get("tensorflow")
    found = False
    if torch is not None:
        for kind in ("cuda", "xpu"):
            backend = getattr(torch, kind, None)
            if backend is None or not backend.is_available():
                continue
            for i in range(backend.device_count()):
                about = backend.get_device_properties(i)
                cores = getattr(about, "multi_processor_count", None)
                cores = cores or getattr(about, "max_compute_units", None)
                found = True
                yield Device(f"{kind}:{i}", about.name, about.total_memory, cores)
        if torch.backends.mps.is_available():
            found = True
            yield Device("mps", "Apple GPU", torch.mps.recommended_max_memory(), None)
    if tensorflow is not None and not found:
        kind = "mps" if sys.platform == "darwin" else "cuda"
        for i, gpu in enumerate(tensorflow.config.list_physical_devices("GPU")):
            about = tensorflow.config.experimental.get_device_details(gpu)
            name = kind if kind == "mps" else f"{kind}:{i}"
            yield Device(name, about.get("device_name", "GPU"), None, None)


def cpu_model() -> str:
    """Return the processor's model name, as the operating system gives it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def cpu_cores() -> int:
    """Return the number of cores this process may use, which a container may limit."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _versions() -> dict[str, str]:
    """Return package versions by name, read from metadata so that nothing is imported."""
    versions = {"Python": platform.python_version()}
    for title, names in {
        "NumPy": ("numpy",),
        "torch": ("torch",),
        "TensorFlow": ("tensorflow", "tensorflow-cpu", "tensorflow-macos"),
        "Keras": ("keras",),
    }.items():
        versions[title] = next(filter(None, map(_distribution, names)), "not installed")
    return versions


def _distribution(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
