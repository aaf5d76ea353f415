"""Tables and the figure of `load.py`, and what classes of other sizes need."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

SIZES = (30, 300, 3000)
ARRIVAL_SECONDS = 300
"""A class is in its labs so many seconds after the first has come."""

BUSY = 0.7
"""How busy processors may be while a class arrives, so that nobody waits much longer."""

GREEN, SAND, BLUE, BROWN = "#2a6f4e", "#c4a35a", "#7fa7c9", "#a0522d"
COLOURS = [BROWN, GREEN, BLUE, SAND]


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of the values do not exceed."""
    return sorted(values)[max(0, math.ceil(percent / 100 * len(values)) - 1)]


def tables(rounds: Sequence[dict[str, Any]]) -> str:
    """Return the results as Markdown: times, then memory, processor and disk."""
    parts = [
        _table(
            ("arrival", "learners", "lab ready: median", "95%", "maximum", "fetch", "kernel",
             "check", "submit", "all done", "failures"),
            [_times(r) for r in rounds],
        ),
        _table(
            ("arrival", "learners", "lab", "kernel", "private", "hub and proxy",
             "memory used in total"),
            [_memory(r) for r in rounds],
        ),
        _table(
            ("arrival", "learners", "start of the lab", "fetch", "kernel", "checks",
             "submit", "hub", "proxy", "total per learner", "cores used by others"),
            [_processor(r) for r in rounds],
        ),
    ]  # fmt: skip
    largest = [r for r in rounds if r["arrival"] == "at once"][-1:]
    parts += [_table(("", *map(str, SIZES)), _needs(r)) for r in largest]
    return "\n".join(parts)


def _needs(r: dict[str, Any]) -> list[list[str]]:
    """Return what classes of `SIZES` need, computed from a round."""
    first = {"lab ready", "fetch", "kernel"}
    count, service = r["learners"], sum(r["service cpu"].values()) / r["learners"]
    start = sum(used for step, used in r["cpu"].items() if step in first) + service
    learner = sum(r["memory"][kind]["share"] for kind in ("lab", "kernel")) / count
    base = sum(used["share"] for used in r["memory"].values()) - learner * count
    hub = r["service cpu"]["hub"] / count
    disk = r["home"] + r["submission"]
    print(
        f"start {start:.2f} s, memory {base:.0f} + {learner:.0f} MiB each, "
        f"disk {disk:.1f} MiB each, hub {hub:.2f} s each"
    )
    return [
        ["processors", *(f"{n * start / ARRIVAL_SECONDS / BUSY:.1f}" for n in SIZES)],
        ["of that, the hub's one", *(f"{n * hub / ARRIVAL_SECONDS:.0%}" for n in SIZES)],
        ["memory", *(f"{(base + n * learner) / 1024:,.1f} GiB" for n in SIZES)],
        ["disk", *(f"{n * disk / 1024:,.1f} GiB" for n in SIZES)],
    ]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(header) - 1)]
    lines = ["| " + " | ".join(row) + " |" for row in (header, *rows)]
    return "\n".join([lines[0], "|" + "|".join(rule) + "|", *lines[1:], ""])


def _times(r: dict[str, Any]) -> list[str]:
    steps, ready = r["steps"], r["steps"]["lab ready"]
    most = [_seconds(median(ready)), _seconds(percentile(ready, 95)), _seconds(max(ready))]
    others = [_seconds(median(steps[name])) for name in ("fetch", "kernel")]
    others += [_seconds(median(r["checks"])), _seconds(median(steps["submit"]))]
    return [
        r["arrival"], str(r["learners"]), *most, *others, _seconds(r["seconds"]),
        str(sum(r["failures"].values()) + len(r["left behind"])),
    ]  # fmt: skip


def _memory(r: dict[str, Any]) -> list[str]:
    count, memory = r["learners"], r["memory"]
    each = [memory[kind]["share"] / count for kind in ("lab", "kernel")]
    each.append((memory["lab"]["own"] + memory["kernel"]["own"]) / count)
    hub = memory["hub"]["share"] + memory["proxy"]["share"]
    values = [f"{mib:,.0f} MiB" for mib in (*each, hub, r["memory taken"])]
    return [r["arrival"], str(count), *values]


def _processor(r: dict[str, Any]) -> list[str]:
    cpu, service = r["cpu"], r["service cpu"]
    used = [cpu[name] for name in ("lab ready", "fetch", "kernel", "checks", "submit")]
    used += [service[kind] / r["learners"] for kind in ("hub", "proxy")]
    return [
        r["arrival"], str(r["learners"]), *(f"{u:.2f} s" for u in used),
        f"{cpu_of_a_learner(r):.1f} s", f"{r['cores of others']:.1f}",
    ]  # fmt: skip


def cpu_of_a_learner(r: dict[str, Any]) -> float:
    """Return the processor seconds of a learner's visit, with the hub's and the proxy's part."""
    return sum(r["cpu"].values()) + sum(r["service cpu"].values()) / r["learners"]


def _seconds(value: float) -> str:
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def draw(rounds: Sequence[dict[str, Any]], path: Path) -> None:
    """Plot how many learners have a ready lab after how long, and where memory goes."""
    some = sorted(rounds, key=lambda r: r["learners"])
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    _draw_ready(left, some)
    _draw_memory(right, some)
    for axes in (left, right):
        axes.set_ylim(0)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(fontsize=8, loc="upper left", frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def _name(r: dict[str, Any]) -> str:
    return f"{r['learners']} {r['arrival']}"


def _draw_ready(axes: Axes, rounds: Sequence[dict[str, Any]]) -> None:
    for r, colour in zip(rounds, COLOURS * len(rounds), strict=False):
        ready = sorted(r["steps"]["lab ready"])
        axes.step([0, *ready], range(len(ready) + 1), where="post", color=colour, label=_name(r))
    axes.set_xlabel("seconds after a learner's own sign-in")
    axes.set_ylabel("learners with a ready lab")
    axes.set_title("From the sign-in to a ready lab")


def _draw_memory(axes: Axes, rounds: Sequence[dict[str, Any]]) -> None:
    kinds = {"hub, proxy, course": ("hub", "proxy", "course and culler"), "labs": ("lab",),
             "kernels": ("kernel",)}  # fmt: skip
    below = [0.0] * len(rounds)
    for (label, members), colour in zip(kinds.items(), (SAND, BLUE, GREEN), strict=True):
        heights = [sum(r["memory"][kind]["share"] for kind in members) / 1024 for r in rounds]
        axes.bar(list(map(_name, rounds)), heights, 0.6, bottom=below, color=colour, label=label)
        below = [low + height for low, height in zip(below, heights, strict=True)]
    axes.set_ylabel("GiB, shared memory counted once")
    axes.set_title("Memory, with every kernel running")
