"""Train on phones that keep their recordings, judged on new ones: the exercise `federate`."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from scipy.special import softmax

from lepton_course import load_dataset
from lepton_course.authoring import Case, Ranks, accuracy, exercise
from lepton_course.authoring.held_out import held_out

SPEAKERS, FEATURES = 9, 36
ROUNDS, RATE = 60, 1.0
RARE = 3  # speakers heard least in the last situation, and the number of recordings of each

training = exercise(
    "federate",
    title="Nine voices, and no recording leaves its phone",
    points=3,
    difficulty=5,
    minutes=18,
    probe=Ranks(most=600),
    compare=accuracy(at_least=0.9, tolerance=0.08),
    read="lesson.ipynb#Federated-averaging,-by-hand",
    # As in Recurrent networks: what ships there stays out of a class's cases.
    held_out=held_out(
        Path(__file__).parents[1] / "held_out.npz", "japanese_vowels", share=0.2, in_order=True
    ),
)


def _statistics(x, secure_sum):
    """Mean and deviation (36,) of all recordings, and their number."""
    count = secure_sum(float(len(x)))
    mean = secure_sum(x.sum(axis=0)) / count
    return mean, np.sqrt(secure_sum(np.square(x - mean).sum(axis=0)) / count)


def _inputs(x, mean, deviation):
    return np.column_stack([(x - mean) / deviation, np.ones(len(x))])


def _importance(y, secure_sum):
    """A weight for each recording (n,), such that every speaker counts alike; all add up to 1."""
    heard = secure_sum(np.bincount(y, minlength=SPEAKERS).astype(float))
    return 1 / (heard * np.count_nonzero(heard))[y]


def _slope(table, rows, y, importance):
    """Gradient (37, 9) of the weighted cross-entropy of these recordings."""
    chances = softmax(rows @ table, axis=1) - np.eye(SPEAKERS)[y]
    return rows.T @ (importance[:, None] * chances)


def _descended(rows, y, importance, secure_sum, rounds=ROUNDS, rate=RATE):
    """Table (37, 9) after gradient descent on slopes summed over all phones."""
    table = np.zeros((FEATURES + 1, SPEAKERS))
    for _ in range(rounds):
        table = table - rate * secure_sum(_slope(table, rows, y, importance))
    return table


@training.reference
def federate(recordings, x_new, secure_sum=None):
    """Return the speakers (N,) of int64 that this phone's model hears in `x_new`.

    recordings: this phone's features (n, 36) of float64 and speakers (n,) from 0 to 8; n may be 0.
    x_new: (N, 36). secure_sum: returns the sum of all phones' arrays.
    Softmax regression on features scaled by all phones' statistics, every speaker weighted alike.
    """
    x, y = recordings
    mean, deviation = _statistics(x, secure_sum)
    rows = _inputs(x, mean, deviation)
    table = _descended(rows, y, _importance(y, secure_sum), secure_sum)
    return np.argmax(_inputs(x_new, mean, deviation) @ table, axis=1)


def _averaged(
    recordings, x_new, secure_sum, *, rounds=30, local=5, rate=0.5, balanced=True, own=False,
    scaled=True, guarded=True,
):  # fmt: skip
    """Federated averaging with a few steps on each phone, and any of the usual slips."""
    x, y = recordings
    mean, deviation = _statistics(x, secure_sum)
    if own and len(x):
        mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-6
    if not scaled:
        mean, deviation = 0.0, 1.0
    rows = _inputs(x, mean, deviation)
    shares = _importance(y, secure_sum) if balanced else np.ones(len(y))
    mine = shares.sum()
    table = np.zeros((FEATURES + 1, SPEAKERS))
    for _ in range(rounds):
        moved = table
        for _ in range(local):
            if len(x) or not guarded:
                with np.errstate(all="ignore"):
                    moved = moved - rate * _slope(moved, rows, y, shares) / mine
        message = secure_sum(np.append(mine * moved, mine))
        table = (message[:-1] / message[-1]).reshape(table.shape)
    return np.argmax(_inputs(x_new, mean, deviation) @ table, axis=1)


@training.alternative
def averaged_models(recordings, x_new, secure_sum):
    return _averaged(recordings, x_new, secure_sum)


@training.alternative
def adam_on_every_phone(recordings, x_new, secure_sum):
    """A torch model on each phone, kept equal by summing gradients of the same weighted loss."""
    x, y = recordings
    mean, deviation = _statistics(x, secure_sum)
    heard = secure_sum(np.bincount(y, minlength=SPEAKERS).astype(float))
    weight = torch.tensor(1 / np.maximum(heard, 1))
    rows = torch.tensor((x - mean) / deviation)
    labels = torch.tensor(y)
    network = torch.nn.Linear(FEATURES, SPEAKERS, dtype=torch.float64)
    for parameter in network.parameters():
        parameter.data.zero_()
    adam = torch.optim.Adam(network.parameters(), 0.05)
    for _ in range(40):
        adam.zero_grad()
        logits = network(rows)
        torch.nn.functional.cross_entropy(logits, labels, weight, reduction="sum").backward()
        for parameter in network.parameters():
            parameter.grad = torch.tensor(secure_sum(parameter.grad.numpy())) / SPEAKERS
        adam.step()
    return network(torch.tensor((x_new - mean) / deviation)).argmax(dim=1).numpy()


def features(split):
    """Means of the first, second and last third of each utterance: float64 (N, 36), and labels."""
    utterances, labels = split.numpy()
    rows = [
        np.concatenate([part.mean(axis=0) for part in np.array_split(steps, 3)])
        for steps in utterances
    ]
    return np.array(rows, dtype=np.float64), labels


@functools.cache
def _known():
    return features(load_dataset("japanese_vowels").train)


def _itself(values):
    """Return a copy: the sum of a phone that talks to nobody."""
    return np.array(values, dtype=float)


def _margin(recordings, x_new, truth, balanced, rounds=ROUNDS):
    """How far the true speaker is ahead (N,), for one model of all recordings together."""
    x, y = recordings
    mean, deviation = _statistics(x, _itself)
    importance = _importance(y, _itself) if balanced else np.full(len(y), 1 / len(y))
    table = _descended(_inputs(x, mean, deviation), y, importance, _itself, rounds)
    logits = _inputs(x_new, mean, deviation) @ table
    right = np.eye(SPEAKERS, dtype=bool)[truth]
    return logits[right] - np.where(right, -np.inf, logits).max(axis=1)


@training.cases
def cases(rng, rows):
    known, owners = _known()
    new, truth = features(rows)
    (naming,) = rng.spawn(1)
    clear = np.argsort(-_margin((known, owners), new, truth, True))[: len(truth) * 24 // 25]

    def heard(sizes):
        """Positions of sizes[s] recordings of each speaker s, one array for each."""
        return [
            rng.choice(np.flatnonzero(owners == speaker), size, replace=False)
            for speaker, size in enumerate(sizes)
        ]

    def case(part, by_phone, asked):
        """A federation that numbers its speakers anew, so that the course's file helps nobody."""
        moved = naming.permutation(SPEAKERS)[:6]
        numbers = np.arange(SPEAKERS)
        numbers[moved] = np.roll(moved, 1)
        shards = [(known[chosen], numbers[owners[chosen]]) for chosen in by_phone]
        right = np.tile(numbers[truth[asked]], (len(shards), 1))
        return Case(part, (shards, new[asked]), expected=right)

    def some(fraction):
        return rng.choice(clear, round(fraction * len(clear)), replace=False)

    def shared(phones, alpha):
        """All recordings, dealt to phones by speaker; the second phone has none."""
        by_phone = [[] for _ in range(phones)]
        for of_one in heard(rng.integers(22, 31, SPEAKERS)):
            ends = np.cumsum(rng.dirichlet([alpha] * phones))[:-1] * len(of_one)
            for phone, part in enumerate(np.split(of_one, ends.astype(int))):
                by_phone[phone].extend(part.tolist())
        by_phone.insert(1, [])
        return [np.array(chosen, dtype=int) for chosen in by_phone]

    def hardly_heard(rare):
        """Recordings by phone, three of each rare speaker, with which it matters how these count.

        Of their new recordings those are asked that a fair model is surest of, and a few others'.
        """
        sizes = np.full(SPEAKERS, 30)
        sizes[rare] = RARE
        places = np.flatnonzero(np.isin(truth, rare))
        tries = []
        for _ in range(6):
            by_phone = heard(sizes)
            together = np.concatenate(by_phone)
            fair, longer, plain = (
                _margin((known[together], owners[together]), new[places], truth[places], *how)
                for how in ((True,), (True, 5 * ROUNDS), (False,))
            )
            fair = np.minimum(fair, longer)
            surest = np.argsort(-fair)[: min(len(places) * 9 // 10, np.count_nonzero(fair > 0))]
            lost = np.mean(plain[surest] < 0)
            tries.append((len(surest) / len(places) + min(lost, 0.3), by_phone, places[surest]))
        _, by_phone, asked = max(tries, key=lambda attempt: attempt[0])
        others = rng.choice(np.setdiff1d(clear, places), len(asked) // 2, replace=False)
        return by_phone, rng.permutation([*asked, *others])

    one_each, unequal, rare = "one speaker on each phone", "shared phones", "speakers hardly heard"
    return [
        case(one_each, heard(rng.integers(20, 31, SPEAKERS)), some(0.97)),
        case(unequal, shared(4, 0.4), some(0.93)),
        case(unequal, shared(2, 1.0), some(0.9)),
        *(case(rare, *hardly_heard(three)) for three in rng.permutation(SPEAKERS).reshape(3, 3)),
    ]


@training.mistake(
    "You averaged the models once, after long training alone: models of unlike phones have drifted "
    "apart. Take a few steps between averages, and many rounds.",
    read="lesson.ipynb#Client-drift",
)
def averaged_once(recordings, x_new, secure_sum):
    return _averaged(recordings, x_new, secure_sum, rounds=1, local=150, rate=1.0, balanced=False)


@training.mistake(
    "Your model serves the many, and fails speakers that have hardly been heard: the mean loss "
    "over recordings is nearly that of the others. Let every speaker count alike: weight a "
    "recording by 1 / the number of its speaker's recordings on all phones."
)
def every_recording_counts_alike(recordings, x_new, secure_sum):
    return _averaged(recordings, x_new, secure_sum, rounds=60, local=1, rate=1.0, balanced=False)


@training.mistake(
    "Right with shared phones, and hardly ever right with one speaker on each: as when every phone "
    "scales by its own mean, which takes away just what tells speakers apart. Sum x and its "
    "squares over all phones.",
    read="lesson.ipynb#The-scale-of-the-inputs-is-a-round,-too",
)
def scaled_by_its_own_mean(recordings, x_new, secure_sum):
    return _averaged(recordings, x_new, secure_sum, own=True)


@training.mistake(
    "Your phones agree but have learned too little: take more rounds or a larger learning rate "
    "until the loss hardly falls any more."
)
def trained_too_little(recordings, x_new, secure_sum):
    return _averaged(recordings, x_new, secure_sum, rounds=5, local=1, rate=0.01, scaled=False)


training.hints(
    "With one speaker on each phone, what does a phone's own mean tell? And whose loss is the mean "
    "loss, if three speakers have nine recordings of 189?",
    "Begin with sums over all phones: the number of recordings, their mean, their deviation, and "
    "how often each speaker was heard. Then sum gradients of a softmax regression, a recording "
    "weighted by one over its speaker's number, and step: 60 rounds with a learning rate of 1.",
    "With a column of ones and p the probabilities: gradient rows.T @ (weight[:, None] * (p - "
    "onehot)), where weight adds up to 1 over all phones. Use 9 outputs everywhere, 0 as the "
    "start, and the argmax over x_new, scaled in the same way.",
)
