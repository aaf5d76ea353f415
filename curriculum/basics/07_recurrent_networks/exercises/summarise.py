"""Exercise `summarise`: last state and mean state of padded sequences."""

from __future__ import annotations

import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_column, tuple_order

PADDING = "lesson.ipynb#Padding-and-masking"


summary = exercise(
    "summarise",
    title="What padding must not change",
    points=2,
    difficulty=2,
    minutes=10,
    probe=Call(),
    compare=close(),
    read=PADDING,
    returns=("last", "mean"),
    forms=[
        as_column(
            "Your last states are right, but have the shape (N, 1, H): drop the "
            "axis of length 1, with squeeze(1) after gather.",
            of="last",
        ),
        tuple_order((1, 0), "Both are right, but in the wrong order: last first, then mean."),
        as_column(
            "Your mean has the shape (N, 1, H): leave keepdim out, or drop the axis "
            "of length 1 with squeeze(1).",
            of="mean",
        ),
    ],
)


@summary.reference
def summarise(states, lengths):
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
    return [
        case("equal lengths, no padding", [4, 4], 3),
        case("padding of zeros", [short, long, middle], 2, 0.0, spare=1),
        case("padding of any numbers", lengths, 3, spare=1),
        case("padding of any numbers", [middle, short, short, long], 2),
        case("padding that is nan", [long, 3, short], 2, torch.nan),
    ]


def _zeroed(states, lengths):
    real = torch.arange(states.shape[1])[None] < lengths[:, None]
    return torch.where(real[..., None], states, 0.0)


@summary.mistake(
    "You set the padding to 0, but divide by T: divide each sequence by its own length."
)
def divided_by_all_steps(states, lengths):
    return summarise(states, lengths)[0], _zeroed(states, lengths).mean(dim=1)


@summary.mistake("You returned a sum: divide it by the length of each sequence.")
def not_divided(states, lengths):
    return summarise(states, lengths)[0], _zeroed(states, lengths).sum(dim=1)


@summary.mistake(
    "You divided by the sum of all lengths: each sequence has a mean of its own, so divide by its "
    "own length, lengths[:, None]."
)
def divided_by_all_lengths(states, lengths):
    last, mean = summarise(states, lengths)
    return last, mean * lengths[:, None] / lengths.sum()


@summary.mistake(
    "You divided by the mean of the lengths: each sequence has its own, lengths[:, None]."
)
def divided_by_the_mean_length(states, lengths):
    last, mean = summarise(states, lengths)
    return last, mean * lengths[:, None] / lengths.float().mean()


@summary.mistake(
    "All your means are alike, over the steps of all sequences: one for each sequence is asked for."
)
def one_mean(states, lengths):
    last, mean = summarise(states, lengths)
    total = (mean * lengths[:, None]).sum(dim=0) / lengths.sum()
    return last, total.expand_as(mean).clone()


@summary.mistake(
    "You multiplied by a mask, and 0 * nan is nan: choose with torch.where or masked_fill instead."
)
def multiplied_by_the_mask(states, lengths):
    mask = (torch.arange(states.shape[1])[None] < lengths[:, None])[..., None].float()
    return summarise(states, lengths)[0], (states * mask).sum(dim=1) / mask.sum(dim=1)


@summary.mistake(
    "You multiplied by masks, and 0 * nan is nan: index the last states, and choose with "
    "torch.where for the mean."
)
def both_multiplied_by_masks(states, lengths):
    steps = torch.arange(states.shape[1])[None]
    is_last = (steps == lengths[:, None] - 1)[..., None].float()
    return (states * is_last).sum(dim=1), multiplied_by_the_mask(states, lengths)[1]


@summary.mistake(
    "states[mask] lays the real steps of all sequences in one row, so their mean has the shape "
    "(H,): each sequence needs a mean of its own; use torch.where and sum."
)
def mask_flattens(states, lengths):
    last, _ = summarise(states, lengths)
    return last, states[torch.arange(states.shape[1])[None] < lengths[:, None]].mean(dim=0)


@summary.mistake(
    "Sums (N, H) divided by lengths (N,) do not fit, or fit by chance and the wrong way when N "
    "equals H: lengths[:, None] has the shape (N, 1)."
)
def lengths_not_turned(states, lengths):
    return summarise(states, lengths)[0], _zeroed(states, lengths).sum(dim=1) / lengths


@summary.mistake("Your mean leaves out nan only: padding may hold anything; trust lengths.")
def nan_taken_for_padding(states, lengths):
    return summarise(states, lengths)[0], states.nanmean(dim=1)


@summary.mistake(
    "torch says above that sizes do not fit; the usual reason is torch.arange(T) < lengths: "
    "lengths[:, None] makes a column of it, and the mask gets the shape (N, T)."
)
def mask_does_not_fit(states, lengths):
    real = torch.arange(states.shape[1]) < lengths
    return summarise(states, lengths)[0], torch.where(real, states, 0.0).sum(1) / lengths[:, None]


@summary.mistake(
    "Your mean is right, but lengths[n] is the first step of the padding, or lies outside: steps "
    "count from 0, so the last real one is lengths[n] - 1."
)
def one_step_too_late(states, lengths):
    return states[torch.arange(len(states)), lengths], summarise(states, lengths)[1]


@summary.mistake(
    "Your mean is right, but your last state is the one before: it stands at lengths - 1."
)
def one_step_too_early(states, lengths):
    return states[torch.arange(len(states)), lengths - 2], summarise(states, lengths)[1]


@summary.mistake(
    "Your mask lets in the first step of the padding: steps count from 0, so step < length is "
    "real, and <= is one too many."
)
def mask_one_too_long(states, lengths):
    longer = (lengths + 1).clamp(max=states.shape[1])
    total = _zeroed(states, longer).sum(dim=1)
    return summarise(states, lengths)[0], total / lengths[:, None]


@summary.mistake(
    "Your mean takes one step too many of each sequence: steps count from 0, so the real ones are "
    "0 to length - 1."
)
def mean_of_one_step_more(states, lengths):
    longer = (lengths + 1).clamp(max=states.shape[1])
    return summarise(states, lengths)[0], summarise(states, longer)[1]


@summary.mistake(
    "The last real step is missing in your sum: step < length is real, also step length - 1."
)
def last_step_not_added(states, lengths):
    last, mean = summarise(states, lengths)
    return last, (mean * lengths[:, None] - last) / lengths[:, None]


@summary.mistake(
    "Your mean leaves out the last real step: states[n, : lengths[n]] ends with step lengths[n] - "
    "1 by itself."
)
def mean_of_one_step_less(states, lengths):
    last, mean = summarise(states, lengths)
    return last, (mean * lengths[:, None] - last) / (lengths[:, None] - 1)


@summary.mistake(
    "states[:, lengths - 1] takes every one of these steps of every sequence, (N, N, H): pair "
    "them up, with torch.arange(N) in place of the colon."
)
def all_pairs(states, lengths):
    return states[:, lengths - 1], summarise(states, lengths)[1]


@summary.mistake("You used the first sequence's length for all.")
def first_length(states, lengths):
    return summarise(states, lengths[:1].expand_as(lengths))


@summary.mistake(
    "You took the first state of each sequence: the padding stands behind, and the last real "
    "state is at lengths - 1."
)
def first_state(states, lengths):
    return states[:, 0].clone(), summarise(states, lengths)[1]


@summary.mistake("You took the largest value of each unit: the mean is asked for.")
def largest_instead_of_mean(states, lengths):
    real = torch.arange(states.shape[1])[None] < lengths[:, None]
    return summarise(states, lengths)[0], torch.where(real[..., None], states, -torch.inf).amax(1)


@summary.mistake("You also took the mean over the units: each of the H units keeps its own.")
def mean_over_units(states, lengths):
    last, _ = summarise(states, lengths)
    kept = _zeroed(states, lengths)
    return last, kept.mean(dim=2).sum(dim=1) / lengths


@summary.mistake(
    "You looked for the padding by its zeros: it may hold anything, and a real step may hold "
    "zeros; trust lengths."
)
def padding_guessed(states, lengths):
    """Finds the padding by its value, which is not always 0."""
    used = (states != 0).any(dim=2).sum(dim=1).clamp(min=1)
    return states[torch.arange(len(states)), used - 1], summarise(states, used)[1]


@summary.mistake("You joined both to one tensor: return the pair last, mean.")
def side_by_side(states, lengths):
    return torch.cat(summarise(states, lengths), dim=1)


@summary.mistake(
    "Both are right, but you set the padding to 0 in the tensor that was given: work on a new "
    "one, such as torch.where gives."
)
def written_into_states(states, lengths):
    states[:] = _zeroed(states, lengths)
    return summarise(states, lengths)


@summary.mistake("You returned lists: torch.stack makes a tensor of shape (N, H) of each.")
def as_lists(states, lengths):
    return tuple(list(part) for part in summarise(states, lengths))


@summary.mistake("Your mean is rounded down, as // does: divide with a single /.")
def rounded_down(states, lengths):
    last, _ = summarise(states, lengths)
    return last, _zeroed(states, lengths).sum(dim=1) // lengths[:, None]


@summary.mistake(
    "You cut the batch at its longest sequence, and the shorter ones keep their padding: each has "
    "an end of its own, lengths[n]."
)
def cut_at_the_longest(states, lengths):
    cut = states[:, : lengths.max()]
    return cut[:, -1].clone(), cut.mean(dim=1)


@summary.mistake(
    "Your last states have one unit only, (N, 1), since gather takes as much as its index holds: "
    "expand the index over the H units, or use states[torch.arange(N), lengths - 1]."
)
def one_unit_gathered(states, lengths):
    last = states.gather(1, (lengths - 1)[:, None, None]).squeeze(1)
    return last, summarise(states, lengths)[1]


@summary.mistake(
    "Your means are too small by the factor H, as when a mask is expanded over the units before "
    "it is counted: divide by lengths[:, None] alone."
)
def divided_by_the_units_too(states, lengths):
    last, mean = summarise(states, lengths)
    return last, mean / states.shape[2]


@summary.mistake("You added up over the sequences, dim=0: the steps of one sequence are on dim=1.")
def summed_over_the_sequences(states, lengths):
    return summarise(states, lengths)[0], _zeroed(states, lengths).sum(dim=0) / len(states)


@summary.mistake(
    "Your last states are right, but your mean adds up the padding and leaves out what is real: "
    "turn the mask around."
)
def mask_upside_down(states, lengths):
    padding = torch.where(_zeroed(torch.ones_like(states), lengths) > 0, 0.0, states)
    return summarise(states, lengths)[0], padding.sum(dim=1) / lengths[:, None]


@summary.mistake("Your last sequence holds zeros: range(N) ends with N - 1 by itself.")
def last_sequence_left_out(states, lengths):
    last, mean = (part.clone() for part in summarise(states, lengths))
    last[-1:], mean[-1:] = 0, 0
    return last, mean


@summary.mistake(
    "Your last states are right, but your mean is over the last two real steps: take all real "
    "steps of the sequence, from step 0 on."
)
def mean_of_the_last_two(states, lengths):
    last, _ = summarise(states, lengths)
    before = states[torch.arange(len(states)), (lengths - 2).clamp(min=0)]
    return last, (last + before) / 2


forgotten = summary.group("Padding and masking", read="lesson.ipynb#Padding-and-masking")


@forgotten.mistake(
    "Your mean is right, but states[:, -1] is padding for every sequence shorter than the "
    "longest: the last state of row n stands at step lengths[n] - 1."
)
def last_column(states, lengths):
    return states[:, -1], summarise(states, lengths)[1]


@forgotten.mistake(
    "Your last states are right, but the mean counts the padding: add up the real steps only, and "
    "divide by their number."
)
def padding_in_the_mean(states, lengths):
    return summarise(states, lengths)[0], states.mean(dim=1)


@forgotten.mistake("You did not use lengths: both results see the padding.")
def lengths_ignored(states, lengths):
    return states[:, -1], states.mean(dim=1)


padding_mistakes = summary.group("Padding and masking", read=PADDING)


@padding_mistakes.mistake(
    "Your mean is right, but you take the last step of the longest sequence for all: the last "
    "state of row n stands at step lengths[n] - 1."
)
def last_of_the_longest(states, lengths):
    return states[:, lengths.max() - 1], summarise(states, lengths)[1]


summary.hints(
    "Which (n, t) are real? Write the mask of shape (N, T) on paper, for lengths 1 and 3.",
    "torch.arange(T) < lengths[:, None] is that mask. Set the rest to 0 with torch.where, add up "
    "over the steps, divide by the lengths. The last state needs one index for each row.",
    "Index with two tensors at once: torch.arange(N) for the row and lengths - 1 for the step. "
    "For the mean, mask[..., None] lies over the H units; lengths[:, None] divides.",
)
