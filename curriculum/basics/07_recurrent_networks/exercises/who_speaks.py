"""Exercise `who_speaks`: real utterances, and what stands behind their end.

Run as a program, this file trains the stored networks, some seconds, and writes them.
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

HELD_OUT = Path(__file__).parents[1] / "held_out.npz"
WEIGHTS = Path(__file__).parents[1] / "reference_network.npz"
BUFFER = 240  # steps; the longest utterance has 34


speakers_mistakes = exercise(
    "who_speaks",
    title="Who is speaking?",
    points=3,
    difficulty=5,
    minutes=30,
    probe=Call(),
    compare=accuracy(at_least=0.85, tolerance=0.1),
    read="lesson.ipynb#Nine-speakers",
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


@speakers_mistakes.reference
def who_speaks(x, lengths):
    return _scores(x, lengths).argmax(axis=1)


@speakers_mistakes.alternative
@torch.no_grad()
def who_speaks_one_by_one(x, lengths):
    network, speakers = _trained("end"), []
    for steps, length in zip(torch.tensor(x), lengths, strict=True):
        heard = network["gru"](steps[:length])[1]
        speakers.append(network["out"](heard[0]).argmax().item())
    return np.array(speakers)


def held_out():
    """The judge's utterances, which no learner gets: a list of (length, 12), and labels."""
    with np.load(HELD_OUT, allow_pickle=False) as file:
        ends = np.cumsum(file["lengths"])[:-1]
        return np.split(file["steps"], ends), file["labels"]


@speakers_mistakes.cases
def cases(rng):
    utterances, labels = held_out()
    longest = max(map(len, utterances))
    one_of_each = [rng.choice(np.flatnonzero(labels == speaker)) for speaker in range(9)]

    def case(part, steps=None):
        """130 utterances; in a buffer of `steps`, what is left of another one follows each.

        The first one's length does not fit the others: it is the longest, or in a buffer the
        shortest.
        """
        order = rng.permutation(len(labels))
        chosen = sorted(order, key=lambda i: len(utterances[i]) < longest)[:130]
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

    return [case("zeros behind the end"), case("anything behind the end", BUFFER)]


speakers_mistakes.mistake(
    "You returned the network's nine values for each utterance: the label is the place of the "
    "largest, argmax over axis 1.",
    name="logits instead of labels",
)(_scores)


@speakers_mistakes.mistake(
    "You returned a single number: argmax without an axis looks at all utterances together; say "
    "axis=1 (dim=1 in PyTorch)."
)
def one_label_for_all(x, lengths):
    return _scores(x, lengths).argmax()


@speakers_mistakes.mistake(
    "You returned nine numbers, the best utterance for each speaker: argmax must go over the "
    "speakers, which are axis 1."
)
def argmax_over_the_utterances(x, lengths):
    return _scores(x, lengths).argmax(axis=0)


@speakers_mistakes.mistake(
    "You returned the largest logits instead of their places: in PyTorch, max gives values and "
    "places, and argmax the places alone."
)
def largest_values(x, lengths):
    return _scores(x, lengths).max(axis=1)


@speakers_mistakes.mistake(
    "Your labels stand in a column of shape (N, 1): return a flat array of shape (N,)."
)
def column_of_labels(x, lengths):
    return who_speaks(x, lengths)[:, None]


@speakers_mistakes.mistake(
    "You returned a torch tensor: a NumPy array is asked for; end with .cpu().numpy()."
)
def tensor_instead_of_array(x, lengths):
    return torch.tensor(who_speaks(x, lengths))


@speakers_mistakes.mistake("You returned a list: np.array(…) makes an array of it.")
def list_instead_of_array(x, lengths):
    return who_speaks(x, lengths).tolist()


@speakers_mistakes.mistake(
    "Your labels are floats, as from np.zeros: whole numbers are asked for, .astype(int) makes "
    "them."
)
def labels_with_a_point(x, lengths):
    return who_speaks(x, lengths).astype(float)


@speakers_mistakes.mistake("You returned texts: the labels are the whole numbers 0 to 8.")
def names_instead_of_labels(x, lengths):
    return np.array(load_dataset("japanese_vowels").classes)[who_speaks(x, lengths)]


@speakers_mistakes.mistake(
    "Almost no label is right, which is worse than guessing, and happens when speakers are "
    "counted from 1 (labels go from 0 to 8), or with argmin in place of argmax."
)
def counted_from_one(x, lengths):
    return who_speaks(x, lengths) + 1


@speakers_mistakes.mistake(
    "One label in nine is right, which is guessing: is it the trained network that you ask, did "
    "the loss fall below 2.2, and if you sorted by length, did you put the order back?"
)
def guessed(x, lengths):
    """Right for every eighth utterance, about as often as guessing is."""
    speakers = who_speaks(x, lengths)
    return np.where(np.arange(len(x)) % 8 == 0, speakers, (speakers + 1) % 9)


@speakers_mistakes.mistake(
    "If the message above speaks of an index out of bounds: utterances may be longer here than in "
    "training, so do not cut x at 26 steps."
)
def cut_as_in_training(x, lengths):
    return who_speaks(x[:, :26], lengths)


@speakers_mistakes.mistake(
    "If the message above speaks of numpy.ndarray: x and lengths come as NumPy arrays, and a "
    "network takes tensors, so torch.tensor(x) first."
)
def array_into_the_network(x, lengths):
    return _logits(_trained("end"), x).argmax(axis=1)


@speakers_mistakes.mistake(
    "About one label in five is wrong, as when x is scaled here but was not in training, or when "
    "training ended too early: give the network its input in the same form in both, and first "
    "reach 92 % on the course's test utterances."
)
def scaled_here_only(x, lengths):
    spread = x.std(axis=(0, 1))
    return who_speaks(((x - x.mean(axis=(0, 1))) / spread).astype(np.float32), lengths)


@speakers_mistakes.mistake(
    "You returned ten labels: is [:10] left in from a try? Every utterance of x needs one."
)
def first_ten_only(x, lengths):
    return who_speaks(x[:10], lengths[:10])


padding = speakers_mistakes.group("Padding and masking", read="lesson.ipynb#Padding-and-masking")


def _at_the_last_column(logits, lengths):
    return logits[:, -1]


@padding.mistake(
    "Your network seems to read on behind the end of an utterance, so that what is left in the "
    "buffer decides: take its state at step lengths - 1, the mean of the real steps only, or pack "
    "the batch, in training and in who_speaks.",
    name="last column read",
)
@torch.no_grad()
def last_column_read(x, lengths):
    logits = _logits(_trained("column"), torch.tensor(x))
    return _at_the_last_column(logits, lengths).argmax(dim=1).numpy()


@padding.mistake(
    "Too many are wrong, as when lengths are heeded in training but not in who_speaks: take the "
    "state at step lengths - 1 in both.",
    name="lengths heeded in training only",
)
@torch.no_grad()
def lengths_heeded_in_training_only(x, lengths):
    logits = _logits(_trained("end"), torch.tensor(x))
    return _at_the_last_column(logits, lengths).argmax(dim=1).numpy()


@padding.mistake(
    "torch stopped, and says above why; the usual reasons: pack_padded_sequence wants the longest "
    "sequence first unless you say enforce_sorted=False, and .numpy() wants torch.no_grad() "
    "around the network."
)
def packed_unsorted(x, lengths):
    packed = nn.utils.rnn.pack_padded_sequence(torch.tensor(x), lengths, batch_first=True)
    network = _trained("end")
    return network["out"](network["gru"](packed)[1][0]).argmax(dim=1).numpy()


@padding.mistake(
    "If the message above speaks of an index out of bounds: steps count from 0, so the state "
    "after the last real step is at lengths - 1.",
    name="one step too late",
)
@torch.no_grad()
def one_step_too_late(x, lengths):
    return _at_the_end(_logits(_trained("end"), torch.tensor(x)), lengths + 1).argmax(1).numpy()


@padding.mistake(
    "Too many are wrong, as when a mean takes in what stands behind the end: summarise gives the "
    "mean of the real steps, or their last state; use the same in training and in who_speaks.",
    name="mean of the whole buffer",
)
@torch.no_grad()
def mean_of_the_whole_buffer(x, lengths):
    states, _ = _trained("end")["gru"](torch.tensor(x))
    return _trained("end")["out"](states.mean(dim=1)).argmax(dim=1).numpy()


@padding.mistake(
    "Too many are wrong, as when all utterances are read at the same step, such as lengths[0] - "
    "1: each has an end of its own, lengths[n] - 1."
)
def first_length_for_all(x, lengths):
    return who_speaks(x, np.full_like(lengths, lengths[0]))


speakers_mistakes.hints(
    "First reach 92 % on the course's test utterances. Then put numbers behind the end of one of "
    "them: does its label stay?",
    "A GRU with some 30 units learns this in 20 to 40 epochs of small batches, with Adam, a "
    "learning rate near 0.01 and clipped gradients. Read its state at the last real step: your "
    "summarise does that, also for a whole batch.",
    "A module with nn.GRU(12, 32, batch_first=True) and nn.Linear(32, 9); forward(x, lengths) "
    "runs the GRU, summarises, and gives logits. In who_speaks: torch.tensor of both, "
    "torch.no_grad(), the trained network, argmax over dim 1, NumPy.",
)


READ = {"end": _at_the_end, "column": _at_the_last_column}


def train_and_save(epochs=30, size=30):
    """Trains a network for each way of reading on the course's utterances, and stores them."""
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
