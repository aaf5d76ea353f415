"""Exercise `who_speaks`: real utterances, and whatever follows their end in the buffer.

Run as a program, this file trains the stored networks in a few seconds and writes them.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lepton_course import load_dataset
from lepton_course.authoring import Call, Case, accuracy, exercise
from lepton_course.authoring.held_out import held_out

WEIGHTS = Path(__file__).parents[1] / "reference_network.npz"
BUFFER = 240  # steps; the longest utterance has 29


listening = exercise(
    "who_speaks",
    title="Who is speaking?",
    points=3,
    difficulty=5,
    minutes=18,
    probe=Call(),
    compare=accuracy(at_least=0.9, tolerance=0.1),
    read="lesson.ipynb#Nine-speakers",
    held_out=held_out(
        Path(__file__).parents[1] / "held_out.npz", "japanese_vowels", share=0.2, in_order=True
    ),
)


def _logits(network, x):
    """The logits of all states, step by step: (N, T, 12) to (N, T, 9)."""
    return network["out"](network["gru"](x)[0])


def _at_the_end(logits, lengths):
    return logits[torch.arange(len(logits)), lengths - 1]


def _listener():
    return nn.ModuleDict({"gru": nn.GRU(12, 32, batch_first=True), "out": nn.Linear(32, 9)})


@functools.cache
def _trained(name):
    network = _listener()
    with np.load(WEIGHTS, allow_pickle=False) as file:
        stored = {key: torch.tensor(file[f"{name}.{key}"]) for key in network.state_dict()}
    network.load_state_dict(stored)
    return network


@torch.no_grad()
def _scores(x, lengths):
    return _at_the_end(_logits(_trained("end"), torch.tensor(x)), torch.tensor(lengths)).numpy()


@listening.reference
def who_speaks(x, lengths):
    """Return the speakers, 0 to 8, of a batch of utterances: whole numbers (N,).

    x: float32 (N, T, 12), cepstral coefficients, where anything may follow an utterance's
    end; lengths: whole numbers (N,). Runs the network that `train_and_save` stored.
    """
    return _scores(x, lengths).argmax(axis=1)


@listening.alternative
@torch.no_grad()
def who_speaks_one_by_one(x, lengths):
    network, speakers = _trained("end"), []
    for steps, length in zip(torch.tensor(x), lengths, strict=True):
        heard = network["gru"](steps[:length])[1]
        speakers.append(network["out"](heard[0]).argmax().item())
    return np.array(speakers)


@listening.cases
def cases(rng, rows):
    utterances, labels = rows.numpy()
    longest = max(map(len, utterances))
    one_of_each = [rng.choice(np.flatnonzero(labels == speaker)) for speaker in range(9)]

    def case(part, number, steps=None):
        """`number` utterances; in a buffer of `steps`, what is left of another one follows each.

        The first one's length does not fit the others: it is the longest, or in a buffer the
        shortest.
        """
        order = rng.permutation(len(labels))
        chosen = sorted(order, key=lambda i: len(utterances[i]) < longest)[:number]
        if steps:
            shortest = min(len(utterances[i]) for i in chosen)
            chosen.sort(key=lambda i: len(utterances[i]) > shortest)
        lengths = np.array([len(utterances[i]) for i in chosen])
        x = np.zeros((len(chosen), steps or lengths.max(), 12), dtype=np.float32)
        for row, i in zip(x, chosen, strict=True):
            if steps:
                row[:] = np.resize(utterances[rng.choice(one_of_each)], row.shape)
            row[: len(utterances[i])] = utterances[i]
        return Case(part, (x, lengths), expected=labels[chosen])

    most = len(labels) * 19 // 20
    first, second = (int(n) for n in rng.choice(np.arange(most * 4 // 5, most), 2, replace=False))
    return [
        case("zeros beyond the end", first),
        case("anything beyond the end", second, BUFFER),
    ]


@listening.mistake(
    "Almost no label is right, which is worse than guessing: are speakers numbered 0 to 8, and is "
    "each label the index of the largest logit, argmax?"
)
def counted_from_one(right, a):
    return right() + 1


@listening.mistake(
    "About one label in nine is right, as in guessing: does who_speaks use the trained network, "
    "did the loss fall well below 2.2 = ln 9, and if you sorted by length, did you restore the "
    "order?"
)
def guessed(right, a):
    speakers = right()
    return np.where(np.arange(len(a.x)) % 8 == 0, speakers, (speakers + 1) % 9)


@listening.mistake(
    "Too few labels are right, as when x is scaled here but was not in training, or training ended "
    "too early: treat x the same way in both, and first reach 93 % on utterances that you hold "
    "out from the 270."
)
def scaled_here_only(right, a):
    spread = a.x.std(axis=(0, 1))
    return right(x=((a.x - a.x.mean(axis=(0, 1))) / spread).astype(np.float32))


padding = listening.group("Padding and masking", read="lesson.ipynb#Padding-and-masking")


def _at_the_last_column(logits, lengths):
    return logits[:, -1]


@padding.mistake(
    "With anything beyond the end your answers change: the network reads on. Take the "
    "state at step lengths - 1, the mean of the real steps only, or pack the batch, in training "
    "and in who_speaks."
)
@torch.no_grad()
def last_column_read(x, lengths):
    logits = _logits(_trained("column"), torch.tensor(x))
    return _at_the_last_column(logits, lengths).argmax(dim=1).numpy()


@padding.mistake(
    "Too few labels are right in both batches, as when lengths are used in training but not in "
    "who_speaks: take the state at step lengths - 1 in both."
)
@torch.no_grad()
def lengths_heeded_in_training_only(x, lengths):
    logits = _logits(_trained("end"), torch.tensor(x))
    return _at_the_last_column(logits, lengths).argmax(dim=1).numpy()


@padding.mistake(
    "The usual reasons for a RuntimeError here: pack_padded_sequence wants the longest sequence "
    "first unless you say enforce_sorted=False, and .numpy() wants torch.no_grad() around the "
    "network."
)
def packed_unsorted(x, lengths):
    packed = nn.utils.rnn.pack_padded_sequence(torch.tensor(x), lengths, batch_first=True)
    network = _trained("end")
    return network["out"](network["gru"](packed)[1][0]).argmax(dim=1).numpy()


@padding.mistake(
    "Too few labels are right, as when all utterances are read at the same step, such "
    "as lengths[0] - 1: each has its own last step, lengths[n] - 1."
)
def first_length_for_all(right, a):
    return right(lengths=np.full_like(a.lengths, a.lengths[0]))


listening.hints(
    "First reach 93 % on utterances that you hold out from the 270. Then put numbers beyond the "
    "end of one of them: does its label stay?",
    "A GRU with some 30 units learns this in 20 to 40 epochs of small batches, with Adam, a "
    "learning rate near 0.01 and clipped gradients. Read its state at the last real step: your "
    "summarise does that, also for a whole batch.",
    "A module with nn.GRU(12, 32, batch_first=True) and nn.Linear(32, 9); forward(x, lengths) "
    "runs the GRU, summarises, and gives logits. In who_speaks: torch.tensor of both, "
    "torch.no_grad(), the trained network, argmax over dim 1, NumPy.",
)


READ = {"end": _at_the_end, "column": _at_the_last_column}


def train_and_save(epochs=30, size=30):
    """Train a network for each way of reading on the course's utterances, and store them."""
    x, lengths, y = load_dataset("japanese_vowels").train.torch()
    stored = {}
    for name, read in READ.items():
        torch.manual_seed(1999)
        network = _listener()
        adam = torch.optim.Adam(network.parameters(), 0.01)
        for _ in range(epochs):
            for chosen in torch.randperm(len(x)).split(size):
                adam.zero_grad()
                logits = read(_logits(network, x[chosen]), lengths[chosen])
                functional.cross_entropy(logits, y[chosen]).backward()
                nn.utils.clip_grad_norm_(network.parameters(), 1.0)
                adam.step()
        stored |= {f"{name}.{key}": v.numpy() for key, v in network.state_dict().items()}
    np.savez_compressed(WEIGHTS, **stored)


if __name__ == "__main__":
    train_and_save()
