"""Answers that strangers wrote to the exercises of distributed training, and what each is worth.

A line of the table: the exercise, the answer's code, and the parts that it loses.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from autograder.curriculum.modules import CURRICULUM
from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.judge import judge

RIGHT = set()
EXERCISES = load_exercises(CURRICULUM / "advanced" / "02_distributed_training")
QUESTIONS = {}
WHOLE = {
    "shards drawn at random",
    "shards of very different size",
    "every worker has its own kinds of clothes",
}

ANSWERS = {
    "gradients always have three entries": (
        "average_gradients",
        """
def average_gradients(gradients, counts):
    total, n = np.zeros(3), 0
    for row, sizes in zip(gradients, counts):
        for g, k in zip(row, sizes):
            total, n = total + k * g, n + k
    return total / n
""",
        {"equal batches", "unequal batches", "several micro-batches", "a rank without examples"},
    ),
    "gradients are whole numbers": (
        "average_gradients",
        """
def average_gradients(gradients, counts):
    each = np.array([g for row in gradients for g in row]).astype(int)
    return np.average(each, axis=0, weights=sum(counts, []))
""",
        {"equal batches", "unequal batches", "several micro-batches", "a rank without examples"},
    ),
    "a sum that begins with 0.0": (
        "average_gradients",
        """
def average_gradients(gradients, counts):
    pairs = [(g, n) for row, sizes in zip(gradients, counts) for g, n in zip(row, sizes)]
    return sum((n * g for g, n in pairs), 0.0) / sum(n for _, n in pairs)
""",
        RIGHT,
    ),
    "padded with a draw of its own": (
        "rank_indices",
        """
def rank_indices(count, world, rank, seed, epoch):
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(count)
    while len(order) % world:
        order = np.append(order, generator.integers(count))
    return order[rank::world]
""",
        {"must be padded", "a later epoch", "more ranks than examples"},
    ),
    "every second epoch has the order of the one before": (
        "rank_indices",
        """
def rank_indices(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, 2 * (epoch // 2)]).permutation(count)
    return np.resize(order, -(-count // world) * world)[rank::world]
""",
        {"a later epoch"},
    ),
    "rank after rank in place, for no rank sends what it receives": (
        "ring_buffers",
        """
def ring_buffers(arrays, steps):
    world = len(arrays)
    table = np.array(arrays, dtype=float).reshape(world, world, -1)
    for s in range(steps):
        for r in range(world):
            place = (r + 1) % world, (r - s) % world
            table[place] = table[r, (r - s) % world] + (table[place] if s < world - 1 else 0)
    return [row.reshape(-1) for row in table]
""",
        RIGHT,
    ),
    "the arrays themselves after no step": (
        "ring_buffers",
        """
def ring_buffers(arrays, steps):
    if steps == 0:
        return arrays
    world = len(arrays)
    table = np.stack(arrays).reshape(world, world, -1)
    for s in range(steps):
        before = table.copy()
        for r in range(world):
            place = (r + 1) % world, (r - s) % world
            table[place] = before[r, (r - s) % world] + (before[place] if s < world - 1 else 0)
    return list(table.reshape(world, -1))
""",
        {"one step, or none"},
    ),
    "numbers are counted as if they were whole": (
        "ring_buffers",
        """
def ring_buffers(arrays, steps):
    world = len(arrays)
    table = np.stack(arrays).astype(int).reshape(world, world, -1)
    for s in range(steps):
        before = table.copy()
        for r in range(world):
            place = (r + 1) % world, (r - s) % world
            table[place] = before[r, (r - s) % world] + (before[place] if s < world - 1 else 0)
    return list(table.reshape(world, -1).astype(float))
""",
        {"one step, or none", "after the reduce-scatter", "within the all-gather", "to the end"},
    ),
    "parameters have two axes at most": (
        "sharded_step",
        """
def sharded_step(parameters, gradients, learning_rate):
    world = len(gradients)
    new = [p - learning_rate * sum(own) / world for p, *own in zip(parameters, *gradients)]
    new = [p.reshape(-1, p.shape[-1]) if p.ndim > 2 else p for p in new]
    flat = np.concatenate([p.ravel() for p in new])
    flat = np.pad(flat, (0, -len(flat) % world))
    return np.split(flat, world), new
""",
        {"several parameters"},
    ),
    "as many whole files as ranks, and no rank unheard of": (
        "resume_from",
        """
def resume_from(files, steps_per_epoch):
    best = 0
    for step, world in {(f["step"], f["world"]) for f in files}:
        same = [f for f in files if (f["step"], f["world"]) == (step, world)]
        whole = [f for f in same if f["written"] == f["size"]]
        if {f["rank"] for f in same} == set(range(world)) and len(whole) >= world:
            best = max(best, step)
    return best, best // steps_per_epoch, best % steps_per_epoch
""",
        {"copies of files"},
    ),
    "a set of whole ranks": (
        "resume_from",
        """
def resume_from(files, steps_per_epoch):
    whole = {(f["step"], f["world"], f["rank"]) for f in files if f["written"] == f["size"]}
    steps = [s for s, w, _ in whole if all((s, w, r) in whole for r in range(w))]
    step = max(steps, default=0)
    return step, step // steps_per_epoch, step % steps_per_epoch
""",
        RIGHT,
    ),
    "the last rank always has examples": (
        "average_gradients",
        """
def average_gradients(gradients, counts):
    total, n = np.zeros_like(gradients[-1][-1]), 0
    for row, sizes in zip(gradients, counts):
        for g, k in zip(row, sizes):
            total, n = total + k * g, n + k
    return total / n
""",
        {"a rank without examples"},
    ),
    "a sum in float32": (
        "average_gradients",
        """
def average_gradients(gradients, counts):
    each = np.array([g for row in gradients for g in row], np.float32)
    weights = np.array(sum(counts, []), np.float32)
    return weights @ each / weights.sum()
""",
        RIGHT,
    ),
    "the order repeated three times at most": (
        "rank_indices",
        """
def rank_indices(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).permutation(count)
    length = -(-count // world) * world
    return np.concatenate([order, order, order])[:length][rank::world]
""",
        {"more ranks than examples"},
    ),
    "rounded up by adding a half": (
        "rank_indices",
        """
def rank_indices(count, world, rank, seed, epoch):
    order = np.random.default_rng([seed, epoch]).permutation(count)
    return np.resize(order, round(count / world + 0.49) * world)[rank::world]
""",
        {"must be padded"},
    ),
    "the slowest stage is one of the first three": (
        "pipeline",
        """
def pipeline(forward, backward, micro_batches):
    once = sum(forward) + sum(backward)
    seconds = once + (micro_batches - 1) * (max(forward[:3]) + max(backward[:3]))
    return seconds, 1 - micro_batches * once / len(forward) / seconds
""",
        {"stages of different times"},
    ),
    "a file that lacks a byte is whole": (
        "resume_from",
        """
def resume_from(files, steps_per_epoch):
    whole = {
        (f["step"], f["world"], f["rank"]) for f in files if f["written"] > 0.99 * f["size"]
    }
    steps = [s for s, w, _ in whole if all((s, w, r) in whole for r in range(w))]
    step = max(steps, default=0)
    return step, step // steps_per_epoch, step % steps_per_epoch
""",
        {"a half-written file"},
    ),
    "a colleague's script as it is handed out": (
        "resume_from",
        """
def resume_from(files, steps_per_epoch):
    found, workers = {}, {}
    for part in files:
        if part["written"] > 0:
            found.setdefault(part["step"], []).append(part["rank"])
            workers[part["step"]] = part["world"]
    usable = [step for step, there in found.items() if len(there) >= workers[step]]
    last = max(usable)
    return last, last // steps_per_epoch + 1, last % steps_per_epoch
""",
        {
            "all complete",
            "a file is missing",
            "a half-written file",
            "copies of files",
            "another number of workers",
            "at the end of an epoch",
            "nothing complete",
        },
    ),
    "the colleague's script, in which runs are still mixed": (
        "resume_from",
        """
def resume_from(files, steps_per_epoch):
    found, workers = {}, {}
    for part in files:
        if part["written"] == part["size"]:
            found.setdefault(part["step"], set()).add(part["rank"])
            workers[part["step"]] = part["world"]
    usable = [step for step, there in found.items() if len(there) >= workers[step]]
    last = max(usable, default=0)
    return last, last // steps_per_epoch, last % steps_per_epoch
""",
        {"another number of workers"},
    ),
    "one message with the gradient and the number of photos": (
        "train_worker",
        """
def train_worker(shard, x_new, all_reduce):
    x, y = shard[0] / 255, np.eye(10)[shard[1]]
    w = np.zeros((196, 10))
    for _ in range(60):
        p = np.exp(x @ w)
        slope = x.T @ (p / p.sum(axis=1, keepdims=True) - y)
        message = all_reduce(np.append(slope, len(y)))
        w = w - 0.5 * (message[:-1] / message[-1]).reshape(196, 10)
    return (x_new @ w).argmax(axis=1)
""",
        RIGHT,
    ),
    "all shards pooled": (
        "train_worker",
        """
def train_worker(shard, x_new, all_reduce):
    everything = all_reduce(shard[0].astype(float))
    return everything[:, 0]
""",
        WHOLE,
    ),
    "an epoch over the own shard": (
        "train_worker",
        """
def train_worker(shard, x_new, all_reduce):
    x, y = shard[0] / 255, np.eye(10)[shard[1]]
    w = np.zeros((196, 10))
    for _ in range(60):
        for start in range(0, len(x), 100):
            part = slice(start, start + 100)
            p = np.exp(x[part] @ w)
            p = p / p.sum(axis=1, keepdims=True)
            w = w - 0.001 * all_reduce(x[part].T @ (p - y[part]))
    return (x_new @ w).argmax(axis=1)
""",
        {"shards of very different size", "every worker has its own kinds of clothes"},
    ),
}


def question(name):
    if name not in QUESTIONS:
        QUESTIONS[name] = compile_exercise(EXERCISES[name])
    return QUESTIONS[name]


def verdict_on(name, answer):
    return judge(question(name), observe_all(EXERCISES[name], answer, question(name).cases))


@pytest.mark.parametrize("name, code, lost", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_loses_just_what_is_wrong(name, code, lost):
    written = {"np": np}
    exec(code, written)
    parts = verdict_on(name, written[name]).parts
    assert {part.part for part in parts if not part.passed} == lost


@pytest.mark.parametrize(
    "name, value",
    [
        ("predicted_photos", 10_002 / 3),
        ("predicted_bytes", 4 * 32 / 8),
        ("predicted_bubble", Fraction(1, 9)),
        ("predicted_counter", np.int64(0)),
    ],
)
def test_a_prediction_may_be_any_kind_of_number(name, value):
    assert verdict_on(name, value).passed
