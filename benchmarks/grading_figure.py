"""Draw the figure of `grading.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

COLOURS = {
    "nbgrader": "#9a9a9a",
    "nbgrader, side by side": "#c4a35a",
    "otter": "#7fa7c9",
    "lepton": "#2a6f4e",
}


def draw(results: dict[str, Any], path: Path) -> None:
    """Plot seconds per submission by grader, and seconds by class size, in one figure."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    _draw_graders(left, results)
    _draw_sizes(right, results.get("sizes", {}))
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _draw_graders(axes: Axes, results: dict[str, Any]) -> None:
    groups = dict(results.get("nbgrader", {}))
    if "otter" in results:
        groups["torch, also by Otter"] = results["otter"]
    ticks, named = [], set()
    for number, (kind, row) in enumerate(groups.items()):
        graders = [name for name in COLOURS if name in row]
        ticks.append(f"{kind}\n({row['submissions']})")
        for place, name in enumerate(graders):
            each = row[name]["seconds"] / row["submissions"]
            x = number + (place - (len(graders) - 1) / 2) * 0.26
            label = None if name in named else name
            named.add(name)
            axes.bar(x, each, 0.24, color=COLOURS[name], label=label)
            axes.text(x, each, f" {each:.2f}", ha="center", va="bottom", fontsize=8)
    axes.set_yscale("log")
    axes.set_xticks(range(len(ticks)), ticks)
    axes.set_ylabel("seconds per submission")
    axes.set_title("Grading a class (shorter is better)")
    axes.set_ylim(0.05, 40)
    axes.legend(fontsize=8, ncols=2, loc="upper left", frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_sizes(axes: Axes, sizes: dict[str, Any]) -> None:
    count = [int(size) for size in sizes]
    axes.plot(
        count, [row["seconds"] for row in sizes.values()], "o-",
        color=COLOURS["lepton"], label="seconds",
    )  # fmt: skip
    axes.set_xlabel("submissions")
    axes.set_ylabel("seconds")
    axes.set_ylim(0)
    axes.set_title("By size of the class")
    memory = axes.twinx()
    memory.plot(
        count, [row["peak bytes"] / 2**20 for row in sizes.values()], "s--",
        color="#a0522d", label="peak memory, MiB",
    )  # fmt: skip
    memory.set_ylabel("peak memory, MiB")
    memory.set_ylim(0, 1.3 * memory.get_ylim()[1])
    lines = [*axes.get_lines(), *memory.get_lines()]
    axes.legend(lines, [line.get_label() for line in lines], fontsize=8, loc="lower right")
    axes.spines["top"].set_visible(False)
    memory.spines["top"].set_visible(False)
