"""Time the start of a kernel up to its first operation: warm kernels against ordinary ones.

    python benchmarks/kernel_start.py [--runs 10]

Each run starts a kernel, waits until it answers, and has it import a framework and run one
operation. Ordinary, warm and sandboxed warm kernels take turns, so that a slow moment of the
machine affects all three. The table shows medians, and ratios of medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

from jupyter_client.manager import KernelManager
from rich.console import Console
from rich.table import Table

from autograder.kernels.manager import BlockingWarmKernelManager
from autograder.kernels.owner import shared
from autograder.sandbox.walls import Walls, World, survey
from lepton_course import device_table

OPERATIONS = {
    "torch": "import torch; (torch.ones(64, 64) @ torch.ones(64, 64)).sum().item()",
    "TensorFlow": "import tensorflow as tf; tf.reduce_sum(tf.ones((64, 64)) @ tf.ones((64, 64)))",
}


def ordinary_manager() -> KernelManager:
    """Return the manager of an ordinary kernel: a new Python process."""
    return KernelManager(kernel_name="python3")


def sandboxed_manager() -> KernelManager:
    """Return the manager of a warm kernel in its own sandbox."""
    return BlockingWarmKernelManager(world=World(shared.make_folder()))


def seconds_to_first_operation(manager: KernelManager, operation: str) -> float:
    """Return the seconds from the start of a kernel to the end of its first operation."""
    world = getattr(manager, "world", None)
    cwd = world.scratch if world else shared.make_folder()
    began = time.perf_counter()
    manager.start_kernel(env=dict(os.environ), cwd=str(cwd))
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    reply = client.execute_interactive(operation, timeout=120, output_hook=lambda message: None)
    seconds = time.perf_counter() - began
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"the operation failed: {reply['content']['evalue']}")
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=10)
    runs = parser.parse_args().runs
    kinds = {"ordinary": ordinary_manager, "warm": BlockingWarmKernelManager}
    if survey().walls == Walls():
        kinds["warm, sandboxed"] = sandboxed_manager
    table = Table(title=f"Kernel start to first operation, seconds, median of {runs}")
    for column in ("framework", *kinds, *(f"ordinary / {kind}" for kind in list(kinds)[1:])):
        table.add_column(column, justify="right")
    for framework, operation in OPERATIONS.items():
        for make in kinds.values():  # the first of each fills caches and is not counted
            seconds_to_first_operation(make(), operation)
        times = {kind: [] for kind in kinds}
        for _ in range(runs):
            for kind, make in kinds.items():
                times[kind].append(seconds_to_first_operation(make(), operation))
        medians = {kind: statistics.median(values) for kind, values in times.items()}
        ratios = [f"{medians['ordinary'] / medians[kind]:.1f}×" for kind in list(kinds)[1:]]
        table.add_row(framework, *(f"{m:.2f}" for m in medians.values()), *ratios)
    console = Console()
    console.print(device_table())
    console.print(table)
    shared.stop()


if __name__ == "__main__":
    main()
