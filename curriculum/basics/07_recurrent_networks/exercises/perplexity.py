"""Exercise `perplexity`: repair a colleague's evaluation of a language model."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import tuple_order

evaluation = exercise(
    "perplexity",
    title="Repair an evaluation",
    points=2,
    difficulty=2,
    minutes=10,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#A-model-that-writes",
    returns=("bits", "perplexity"),
    forms=[
        tuple_order((1, 0), "You returned perplexity, bits: return the bits first."),
    ],
)


@evaluation.reference
def perplexity(logits, targets, lengths):
    """Return bits per character and perplexity of a language model on a padded batch.

    logits: float (N, T, V); targets: whole numbers (N, T) from 0 to V - 1; lengths: whole numbers
    (N,), from 1 to T. Both arrays may hold anything from step lengths[n] of row n on. The mean
    is over all real characters together.
    """
    rows, steps = np.nonzero(np.arange(logits.shape[1]) < lengths[:, None])
    real = logits[rows, steps]
    top = real.max(axis=1)
    log_sum = top + np.log(np.exp(real - top[:, None]).sum(axis=1))
    nats = log_sum - real[np.arange(len(real)), targets[rows, steps]]
    bits = float(nats.mean() / np.log(2))
    return bits, 2.0**bits


@evaluation.alternative
def with_torch(logits, targets, lengths):
    scores = torch.tensor(logits, dtype=torch.float64)
    wanted = torch.tensor(targets, dtype=torch.int64)
    wanted[torch.arange(scores.shape[1]) >= torch.tensor(lengths)[:, None]] = -100
    nats = torch.nn.functional.cross_entropy(scores.flatten(0, 1), wanted.flatten()).item()
    return nats / np.log(2), np.exp(nats)


@evaluation.alternative
def character_by_character(logits, targets, lengths):
    spent = []
    for row, wanted, length in zip(logits, targets, lengths, strict=True):
        for scores, target in zip(row[:length], wanted[:length], strict=True):
            spent.append(np.logaddexp.reduce(scores) - scores[target])
    mean = sum(spent) / len(spent) / np.log(2)
    return float(mean), float(np.exp2(mean))


@evaluation.cases
def cases(rng):
    def case(part, lengths, characters, spare=0, filling=0.0, shift=0.0, scale=1.5, sure=0):
        """A padded batch; sure: every second step is certain, rightly (1) or wrongly (-1)."""
        steps = max(lengths) + spare
        targets = rng.integers(characters, size=(len(lengths), steps))
        logits = scale * rng.normal(size=(len(lengths), steps, characters))
        came = np.eye(characters)[targets[:, ::2]] == 1
        if sure == 1:
            logits[:, ::2] = np.where(came, 1000.0, -1000.0)
        elif sure == -1:  # the probability is below the smallest float, its logarithm is not
            logits[:, ::2] -= np.where(came, 800.0, 0.0)
        logits += np.resize(shift, len(lengths))[:, None, None]
        for row, wanted, length in zip(logits, targets, lengths, strict=True):
            row[length:] = filling
            wanted[length:] = 0 if filling == 0 else -1
        return Case(part, (logits, targets, np.array(lengths)))

    short, middle, long = (int(n) for n in rng.permutation([2, 5, 9]))
    return [
        case("equal lengths, no padding", [6], 4),
        case("equal lengths, no padding", [5, 5, 5], 7),
        case("equal lengths, no padding", [1, 1], 3),
        case("padding of zeros", [short, middle, long], 5, spare=1),
        case("padding of anything", [long, short, middle, 1], 3, spare=2, filling=np.nan),
        case("padding of anything", [4], 6, spare=3, filling=50.0),
        case("large logits", [3, 7], 4, shift=1000.0),
        case("large logits", [6, 6], 2, shift=-1000.0),
        case("large logits", [4, 8, 3], 5, scale=12.0),
        case("large logits", [5, 2], 3, sure=1),
        case("large logits", [4, 3], 4, sure=-1),
        case("large logits", [2, 5, 3], 3, shift=[-1000.0, 1000.0, 0.0]),
    ]


def _evaluated(*, axis=2, safe=True, real_only=True, by_row=False, base=2.0, power=2.0, count=None):
    """An evaluation with some of the colleague's faults."""

    def wrong(logits, targets, lengths):
        clean = np.where(np.isfinite(logits), logits, 0.0) if real_only else logits
        with np.errstate(all="ignore"):
            top = clean.max(axis=axis, keepdims=True) if safe else 0.0
            odds = np.exp(clean - top)
            total = odds.sum(axis=axis, keepdims=True)
            log_chances = clean - top - np.log(total) if safe else np.log(odds / total)
            picked = np.take_along_axis(log_chances, targets[..., None] % logits.shape[2], axis=2)
            spent = -picked[..., 0] / np.log(base)  # (N, T)
            ends = lengths if real_only else np.full_like(lengths, logits.shape[1])
            parts = [row[:end] for row, end in zip(spent, ends, strict=True)]
            if by_row:
                mean = np.mean([part.mean() for part in parts])
            else:
                total = sum(part.sum() for part in parts)
                mean = total / (count(logits, lengths) if count else sum(map(len, parts)))
            return float(mean), float(power**mean)

    return wrong


colleague = evaluation.group("What the colleague left behind")
batch = evaluation.group("Which characters count", read="lesson.ipynb#Padding-and-masking")

colleague.mistake(
    "Your softmax sums to 1 over the steps: it must do so over the characters, the last axis, "
    "because at each step one of them comes next.",
    name="softmax over the steps",
)(_evaluated(axis=1))

colleague.mistake(
    "np.exp of a large logit overflows, and inf / inf is nan (and where all are small, 0 / 0): "
    "subtract each step's largest logit first, or use logaddexp.",
    name="overflow",
)(_evaluated(safe=False))

colleague.mistake(
    "Your bits are nats: divide by ln 2, or take np.log2. Your perplexity is right.",
    name="nats for bits",
)(_evaluated(base=np.e, power=np.e))

colleague.mistake(
    "Your bits are right, but your perplexity is e to that power: with bits the base is 2.",
    name="e to the power of bits",
)(_evaluated(power=np.e))

colleague.mistake(
    "You took the natural logarithm and then 2 to that power: with nats the base is e, with bits "
    "it is 2.",
    name="2 to the power of nats",
)(_evaluated(base=np.e))

batch.mistake(
    "Your mean counts the padding: only the first lengths[n] characters of row n are real.",
    name="padding counted",
)(_evaluated(real_only=False))

batch.mistake(
    "You took the mean of each row and then the mean of the rows, which gives a character of a "
    "short row more weight: add up over all real characters, and divide once.",
    name="mean of the rows",
)(_evaluated(by_row=True))

batch.mistake(
    "You left the padding out of the sum, but divide by all N · T steps: divide by the number of "
    "real characters, lengths.sum().",
    name="divided by all places",
)(_evaluated(count=lambda logits, lengths: lengths.size * logits.shape[1]))

batch.mistake(
    "You divide by the number of sequences: for bits per character, divide by the number of real "
    "characters.",
    name="per sequence",
)(_evaluated(count=lambda logits, lengths: len(lengths)))


@batch.mistake(
    "You leave out the last real character of each row: steps count from 0, so step < length is "
    "real."
)
def last_character_left_out(logits, targets, lengths):
    return perplexity(logits, targets, np.maximum(lengths - 1, 1))


@evaluation.mistake(
    "Your bits are rounded up for rare characters: you added a small number inside the logarithm. "
    "Take the logarithm of the softmax directly: logit minus the logarithm of the sum."
)
def small_number_added(logits, targets, lengths):
    rows, steps = np.nonzero(np.arange(logits.shape[1]) < lengths[:, None])
    real = logits[rows, steps]
    odds = np.exp(real - real.max(axis=1, keepdims=True))
    softmax = odds / odds.sum(axis=1, keepdims=True)
    bits = -np.log2(softmax[np.arange(len(real)), targets[rows, steps]] + 1e-9).mean()
    return float(bits), float(2**bits)


@evaluation.mistake(
    "You take the logarithm of a softmax: a probability below 1e-308 is rounded to 0, and its "
    "logarithm is -inf. Take the logarithm of the softmax directly: logit minus the logarithm of "
    "the sum."
)
def logarithm_of_zero(logits, targets, lengths):
    rows, steps = np.nonzero(np.arange(logits.shape[1]) < lengths[:, None])
    odds = np.exp(logits[rows, steps] - logits[rows, steps].max(axis=1, keepdims=True))
    softmax = odds / odds.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        bits = -np.log2(softmax[np.arange(len(rows)), targets[rows, steps]]).mean()
        return float(bits), float(2**bits)


evaluation.hints(
    "Take two rows of lengths 1 and 3, all logits 0 and two characters: each costs one bit. What "
    "does the colleague's function give? Then put something else into the padding.",
    "Four things are wrong: the axis of the softmax, the padding, the mean over rows of unequal "
    "length, and the base of the logarithm. And np.exp(1000) is inf.",
    "For each real character: logaddexp.reduce over its logits, minus the target's logit. Collect "
    "them all in one list, take the mean, divide by ln 2. The perplexity is 2 to that power.",
)
