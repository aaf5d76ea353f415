"""Time mini-batches by index against torch.utils.data.DataLoader, in one run.

    python benchmarks/batches.py

One pass over 10000 images, float32 (1, 28, 28), in shuffled batches of 64, with nothing computed
on them. The ways take turns, so that anything else the machine does affects all of them alike.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Iterable

import torch
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, TensorDataset

from lepton_course import load_dataset
from lepton_course.hardware import cpu_cores, cpu_model
from lepton_course.training.minibatches import batches

BATCH_SIZE = 64
ROUNDS = 15


def loaders(x: torch.Tensor, y: torch.Tensor) -> dict[str, Callable[[], Iterable]]:
    """Return each way to make the batches of one pass, by title."""
    data = TensorDataset(x, y)

    def loader(workers: int) -> DataLoader:
        return DataLoader(data, BATCH_SIZE, shuffle=True, num_workers=workers)

    def kept_workers() -> DataLoader:
        return DataLoader(data, BATCH_SIZE, shuffle=True, num_workers=2, persistent_workers=True)

    kept = kept_workers()
    sampler = BatchSampler(RandomSampler(data), BATCH_SIZE, drop_last=False)
    return {
        "batches(x, y, 64)": lambda: batches(x, y, BATCH_SIZE),
        "DataLoader, 0 workers": lambda: loader(0),
        "DataLoader, 2 workers": lambda: loader(2),
        "DataLoader, 2 workers, kept between passes": lambda: kept,
        "DataLoader, 0 workers, batch sampler": lambda: DataLoader(
            data, sampler=sampler, batch_size=None
        ),
    }


def seconds_of_one_pass(make: Callable[[], Iterable]) -> float:
    """Return the seconds that one pass takes. Raises RuntimeError when images are missing."""
    began = time.perf_counter()
    count = sum(len(y) for _, y in make())
    elapsed = time.perf_counter() - began
    if count != 10_000:
        raise RuntimeError(f"a pass over 10000 images gave {count}")
    return elapsed


def main() -> None:
    """Measure and print."""
    x, y = load_dataset("fashion_mnist").train.torch()
    every_way = loaders(x, y)
    times: dict[str, list[float]] = {name: [] for name in every_way}
    for round_ in range(ROUNDS + 1):
        for name, make in every_way.items():
            seconds = seconds_of_one_pass(make)
            if round_:  # the first round warms up
                times[name].append(seconds)
    base = statistics.median(times["batches(x, y, 64)"])
    print(f"{cpu_cores()} cores of {cpu_model()}, {torch.get_num_threads()} torch threads;")
    print(f"Python {platform.python_version()}, torch {torch.__version__}; {ROUNDS} rounds\n")
    print("| one pass over 10000 images | median | min … max | time relative to `batches` |")
    print("|---|---:|---:|---:|")
    for name, values in times.items():
        middle, low, high = statistics.median(values), min(values), max(values)
        cells = f"{middle * 1e3:.1f} ms | {low * 1e3:.1f} … {high * 1e3:.1f} ms"
        print(f"| {name} | {cells} | {middle / base:.1f} × |")


if __name__ == "__main__":
    main()
