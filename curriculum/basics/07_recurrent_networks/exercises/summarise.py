"""Exercise `summarise`: last state and mean state of padded sequences."""

from __future__ import annotations

import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

summary = exercise(
    "summarise",
    title="What padding must not change",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Padding-and-masking",
    returns=("last", "mean"),
    forms=[tuple_order((1, 0), "You returned mean, last: return last first, then mean.")],
)


@summary.reference
def summarise(states, lengths):
    """Return the last real state and the mean of the real states of each sequence, (N, H) each.

    states: float (N, T, H), which may hold anything from step lengths[n] of row n on;
    lengths: whole numbers (N,), from 1 to T.
    """
    rows = torch.arange(len(states))
    real = torch.arange(states.shape[1]) < lengths[:, None]
    known = states.masked_fill(~real[..., None], 0.0)
    return known[rows, lengths - 1], known.sum(dim=1) / lengths[:, None]


@summary.alternative
def summarise_one_by_one(states, lengths):
    parts = [sequence[:length] for sequence, length in zip(states, lengths, strict=True)]
    return torch.stack([p[-1] for p in parts]), torch.stack([p.mean(dim=0) for p in parts])


@summary.alternative
def summarise_by_gather(states, lengths):
    last = (lengths - 1)[:, None, None].expand(-1, 1, states.shape[2])
    weight = (torch.arange(states.shape[1])[None] < lengths[:, None]) / lengths[:, None]
    clean = torch.where(weight[..., None] > 0, states, torch.zeros(()))
    return states.gather(1, last).squeeze(1), torch.einsum("nt,nth->nh", weight, clean)


@summary.cases
def cases(rng):
    def states(rows, steps, units):
        size = rng.uniform(0.2, 0.9, (rows, steps, units))
        return torch.tensor(size * rng.choice([-1, 1], size.shape), dtype=torch.float32)

    def case(part, lengths, units, filling=None, spare=0):
        steps = max(lengths) + spare
        values, lengths = states(len(lengths), steps, units), torch.tensor(lengths)
        if filling is not None:
            real = torch.arange(steps)[None] < lengths[:, None]
            values = torch.where(real[..., None], values, filling)
        return Case(part, (values, lengths))

    short, middle, long = (int(n) for n in rng.permutation([2, 3, 4]) + [0, 3, 6])
    lengths = [int(n) for n in rng.permutation([1, 3, 6])]
    silent = case("padding of any numbers", [middle, short, short, long], 2)
    silent.args[0][0, middle - 1] = 0.0  # a real state may be 0, too
    return [
        case("equal lengths, no padding", [7, 7], 3),
        case("equal lengths, no padding", [1], 1),
        case("padding of zeros", [short, long, middle], 2, 0.0, spare=1),
        case("padding of any numbers", lengths, 3, spare=1),
        case("padding of any numbers", [middle], 4, spare=3),
        silent,
        case("padding that is nan", [long, 3, short], 2, torch.nan, spare=2),
        case("padding that is nan", [5, short], 3, torch.inf, spare=2),
    ]


def _total(states, lengths):
    """The sum of the real states, (N, H)."""
    return summarise(states, lengths)[1] * lengths[:, None]


both = summary.group("Padding")


@both.mistake(
    "You ignore lengths, so both results see the padding: the last state is at lengths - 1, and "
    "only real states count in the mean."
)
def lengths_ignored(states, lengths):
    return states[:, -1], states.mean(dim=1)


@both.mistake(
    "states[:, -1] is padding for every sequence shorter than T: the last state of row n is at "
    "step lengths[n] - 1."
)
def last_column(right, a):
    return a.states[:, -1], right()[1]


@both.mistake(
    "Your mean counts the padding: add up the real states only, and divide by their number."
)
def padding_in_the_mean(right, a):
    return right()[0], a.states.mean(dim=1)


@both.mistake(
    "You recognised the padding by its zeros: it may hold anything, and a real state may be 0; "
    "trust lengths."
)
def padding_guessed(states, lengths):
    used = (states != 0).any(dim=2).sum(dim=1).clamp(min=1)
    return summarise(states, used)


@both.mistake("Your mean leaves out only nan: padding may hold anything; trust lengths.")
def nan_taken_for_padding(right, a):
    return right()[0], a.states.nanmean(dim=1)


@both.mistake(
    "You multiplied by a mask, but 0 * nan is nan: choose with torch.where or masked_fill instead."
)
def multiplied_by_the_mask(right, a):
    mask = (torch.arange(a.states.shape[1])[None] < a.lengths[:, None])[..., None].float()
    return right()[0], (a.states * mask).sum(dim=1) / a.lengths[:, None]


number = summary.group("The number of steps")


@number.mistake(
    "You set the padding to 0, but divide by T: divide each sum by the sequence's own length."
)
def divided_by_all_steps(right, a):
    return right()[0], _total(a.states, a.lengths) / a.states.shape[1]


@number.mistake("Your mean is a sum: divide it by the length of each sequence.")
def not_divided(right, a):
    return right()[0], _total(a.states, a.lengths)


@number.mistake(
    "Sums (N, H) divided by lengths (N,) do not fit, or fit by chance and the wrong way when N "
    "equals H: lengths[:, None] has the shape (N, 1)."
)
def lengths_not_turned(right, a):
    return right()[0], _total(a.states, a.lengths) / a.lengths


@number.mistake(
    "Your mask includes the first step of the padding: steps count from 0, so step < length is "
    "real, and <= is one too many."
)
def mask_one_too_long(right, a):
    longer = (a.lengths + 1).clamp(max=a.states.shape[1])
    return right()[0], _total(a.states, longer) / a.lengths[:, None]


@number.mistake(
    "Your mean leaves out the last real step: states[n, : lengths[n]] already ends with step "
    "lengths[n] - 1."
)
def mean_of_one_step_less(right, a):
    last, mean = right()
    return last, (mean * a.lengths[:, None] - last) / (a.lengths[:, None] - 1)


@number.mistake(
    "lengths[n] is the first step after the sequence: steps count from 0, so the last real one "
    "is lengths[n] - 1."
)
def one_step_too_late(right, a):
    behind = a.lengths.clamp(max=a.states.shape[1] - 1)
    return a.states[torch.arange(len(a.states)), behind], right()[1]


@number.mistake("Your last state is the one before the last real one, which is at lengths - 1.")
def one_step_too_early(right, a):
    return a.states[torch.arange(len(a.states)), a.lengths - 2], right()[1]


summary.hints(
    "Which (n, t) are real? Write the mask of shape (N, T) on paper, for lengths 1 and 3.",
    "torch.arange(T) < lengths[:, None] is that mask. Set the rest to 0 with torch.where, add up "
    "over the steps, divide by the lengths. The last state needs one index for each row.",
    "Index with two tensors at once: torch.arange(N) for the row and lengths - 1 for the step. "
    "For the mean, mask[..., None] broadcasts over the H units; divide by lengths[:, None].",
)
