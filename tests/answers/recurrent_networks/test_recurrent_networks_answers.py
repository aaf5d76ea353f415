"""Answers to the exercises of basics/07_recurrent_networks, and the verdict that each must get.

Wrong ones hold something still that the statement leaves open, and earned points for it; right ones
are written in ways that no alternative is.
"""

import textwrap
from functools import cache

import numpy as np
import pytest
import torch
from conftest import CLONE

from lepton_course.declared_exercises import load_exercises
from lepton_course.exercises.compiled import compile_exercise, observe_all
from lepton_course.exercises.judge import Verdict, judge
from lepton_course.exercises.model import Exercise, Question

MODULE = CLONE / "curriculum" / "basics" / "07_recurrent_networks"

PURCHASES = """
def purchase_table(customer, day, dollars, cutoff, window):
    {rows}
    history = {{}}
    for who, when, paid in zip(customer.tolist(), day.tolist(), dollars.tolist()):
        if when < cutoff {condition}:
            history.setdefault(who, []).append((when, paid))
    known = sorted(history)
    x = [[cutoff - max(history[c])[0], len(history[c]), np.mean(history[c], axis=0)[1]]
         for c in known]
    soon = set(customer[(day >= cutoff) & (day < {end})].tolist())
    return np.array(known), np.array(x){shape}, np.array([int(c in soon) for c in known])
"""
AS_ASKED = {"rows": "pass", "condition": "", "end": "cutoff + window", "shape": ""}

CLIPPING = """
def clip_gradients(gradients, limit):
    norm = {norm}
    if not np.isfinite(norm):
        return [np.zeros_like(g) for g in gradients], norm
    if norm <= limit:
        return {short}, norm
    return [g * (limit / norm) for g in gradients], norm
"""
COPIES = "[g.copy() for g in gradients]"
SUM_OF_SQUARES = "np.sqrt(sum(np.sum(g**2) for g in gradients))"

SUMMARY = """
def summarise(states, lengths):
    n, steps, units = states.shape
    place = (lengths - 1)[:, None, None].expand(n, 1, units)
    real = (torch.arange(steps) < lengths[:, None])[..., None]
    total = torch.where(real, states, 0.0).sum(dim=1)
    return states.gather(1, place){last}, total / lengths[:, None]
"""

RIGHT = {
    "gradients in single precision": (
        "clip_gradients",
        CLIPPING.format(norm=SUM_OF_SQUARES, short=COPIES).replace(
            "def clip_gradients(gradients, limit):",
            "def clip_gradients(gradients, limit):\n"
            "    gradients = [g.astype(np.float32) for g in gradients]",
        ),
    ),
    "the norm is a number of NumPy's": (
        "clip_gradients",
        CLIPPING.format(norm=SUM_OF_SQUARES, short=COPIES),
    ),
    "gather, and one axis dropped": ("summarise", SUMMARY.format(last=".squeeze(1)")),
    "padding made finite, then masked": (
        "summarise",
        """
        def summarise(states, lengths):
            real = (torch.arange(states.shape[1]) < lengths[:, None])[..., None]
            clean = torch.nan_to_num(states) * real
            last = clean[torch.arange(len(states)), lengths - 1]
            return last, clean.sum(dim=1) / lengths[:, None]
        """,
    ),
    "a table from dictionaries": ("purchase_table", PURCHASES.format(**AS_ASKED)),
    "counted by torch": (
        "parameters_of",
        """
        def parameters_of(inputs, units, blocks):
            kind = {1: torch.nn.RNN, 3: torch.nn.GRU, 4: torch.nn.LSTM}[blocks]
            return sum(p.numel() for p in kind(inputs, units).parameters())
        """,
    ),
    "rows of ones, padded": (
        "real_steps",
        """
        def real_steps(lengths, longest):
            rows = [torch.ones(n, dtype=torch.bool) for n in lengths]
            rows.append(torch.zeros(longest, dtype=torch.bool))
            return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)[:-1]
        """,
    ),
    "a shape of torch's": ("predicted_shape", "predicted_shape = torch.Size([1, 5, 32])"),
}

WRONG = {
    "two axes at most": (
        "clip_gradients",
        CLIPPING.format(
            norm="np.sqrt(sum(np.sum(np.atleast_2d(g)**2, axis=(0, 1)).max() for g in gradients))",
            short=COPIES,
        ),
        {"longer than the limit", "shorter than the limit"},
    ),
    "large limits never reached": (
        "clip_gradients",
        CLIPPING.format(norm=SUM_OF_SQUARES, short=COPIES).replace(
            "norm <= limit", "norm <= limit or limit > 5"
        ),
        {"longer than the limit"},
    ),
    "tiny gradients never clipped": (
        "clip_gradients",
        CLIPPING.format(norm=SUM_OF_SQUARES, short=COPIES).replace(
            "norm <= limit", "norm <= limit or norm < 0.1"
        ),
        {"longer than the limit"},
    ),
    "short gradients handed back": (
        "clip_gradients",
        CLIPPING.format(norm=SUM_OF_SQUARES, short="list(gradients)"),
        {"shorter than the limit"},
    ),
    "a copy of upstream forgotten": (
        "through_time",
        """
        def through_time(states, w_hh, upstream):
            d_states, d_w = upstream, np.zeros_like(w_hh)
            for t in range(len(states) - 1, 0, -1):
                a = d_states[t] * (1 - states[t] ** 2)
                d_w += np.outer(a, states[t - 1])
                d_states[t - 1] += a @ w_hh
            return d_states, d_w
        """,
        {"one step back", "several steps back", "a loss at every step"},
    ),
    "no state below 0": (
        "gru_step",
        """
        def gru_step(x, h, w_ih, w_hh, b_ih, b_hh):
            def cell(h):
                grown = torch.nn.GRUCell(x.shape[1], h.shape[1], dtype=torch.float64)
                for slot, weight in zip(grown.parameters(), (w_ih, w_hh, b_ih, b_hh)):
                    slot.data = torch.tensor(weight)
                return grown(torch.tensor(x), torch.tensor(h)).detach().numpy()
            return cell(np.abs(h))
        """,
        {"one unit, no biases", "several units, no biases", "with biases"},
    ),
    "every axis of length 1 dropped from the last states": (
        "summarise",
        SUMMARY.format(last=".squeeze()"),
        {"equal lengths, no padding", "padding of any numbers"},
    ),
    "free purchases left out": (
        "purchase_table",
        PURCHASES.format(**AS_ASKED | {"condition": "and paid > 0"}),
        {"what was known"},
    ),
    "no customer who never paid": (
        "purchase_table",
        PURCHASES.format(**AS_ASKED).replace(
            "sorted(history)", "sorted(c for c in history if sum(p for _, p in history[c]) > 0)"
        ),
        {"what was known"},
    ),
    "no customer with the number 0": (
        "purchase_table",
        PURCHASES.format(**AS_ASKED | {"condition": "and who"}),
        {"what was known", "what came after"},
    ),
    "a table of one customer laid flat": (
        "purchase_table",
        PURCHASES.format(**AS_ASKED | {"shape": ".squeeze()"}),
        {"what was known"},
    ),
    "a window of ten days": (
        "purchase_table",
        PURCHASES.format(**AS_ASKED | {"end": "cutoff + 10"}),
        {"on the boundary days"},
    ),
    "rows as long as the longest": (
        "real_steps",
        """
        def real_steps(lengths, longest):
            rows = [torch.ones(n, dtype=torch.bool) for n in lengths]
            return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        """,
        {"room beyond all", "one sequence"},
    ),
    "always 130 speakers": (
        "who_speaks",
        "def who_speaks(x, lengths): return np.arange(130) % 9",
        {"zeros beyond the end", "anything beyond the end"},
    ),
}

TOLD_NOTHING = {
    "two weights for each unit of the state": (
        "parameters_of",
        "def parameters_of(inputs, units, blocks): return blocks * units * 2 * (inputs + units)",
    ),
    "three biases": (
        "parameters_of",
        "def parameters_of(inputs, units, blocks): return blocks * units * (inputs + units + 3)",
    ),
    "labels that depend on nothing": (
        "who_speaks",
        "def who_speaks(x, lengths): return np.arange(len(x)) % 9",
    ),
    "frequency of days, and a longer window": (
        "purchase_table",
        PURCHASES.format(**AS_ASKED | {"end": "cutoff + window + 1"}).replace(
            "len(history[c])", "len({when for when, _ in history[c]})"
        ),
    ),
}
"""Wrong in a way that no known mistake is: none may be told as a fact."""


@cache
def exercises() -> dict[str, Exercise]:
    return load_exercises(MODULE)


@cache
def question(name: str) -> Question:
    return compile_exercise(exercises()[name], seed="answers")


def verdict(name: str, code: str) -> Verdict:
    namespace = {"np": np, "torch": torch}
    exec(textwrap.dedent(code), namespace)
    asked = question(name)
    return judge(asked, observe_all(exercises()[name], namespace[name], asked.cases))


@pytest.mark.parametrize("name, code", RIGHT.values(), ids=RIGHT)
def test_a_right_answer_gets_full_points(name, code):
    assert verdict(name, code).passed


@pytest.mark.parametrize("name, code, parts", WRONG.values(), ids=WRONG)
def test_a_wrong_answer_loses_the_parts_that_it_does_not_meet(name, code, parts):
    result = verdict(name, code)
    assert {part.part for part in result.parts if not part.passed} >= parts
    assert result.points < result.max_points or result.max_points == 0


@pytest.mark.parametrize("name, code", TOLD_NOTHING.values(), ids=TOLD_NOTHING)
def test_no_reason_is_told_as_a_fact_that_is_none(name, code):
    result = verdict(name, code)
    assert not result.passed
    assert [d.mistake.name for d in result.diagnoses if d.evidence != "weak"] == []
