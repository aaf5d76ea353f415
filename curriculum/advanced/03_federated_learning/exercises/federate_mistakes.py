"""More mistakes in `federate`, which is declared beside."""

from __future__ import annotations

import functools

import numpy as np

from lepton_course import load_dataset

from .federate import FEATURES, SPEAKERS, features, federate, training


@training.mistake(
    "Each phone's model knows its own recordings only: nothing was exchanged, or nothing came of "
    "it. In every round, sum all phones' gradients or weights."
)
def each_alone(recordings, x_new, secure_sum):
    if not len(recordings[0]):
        return np.zeros(len(x_new), dtype=np.int64)
    return federate(recordings, x_new, np.array)


@training.mistake(
    "All new recordings get the same speaker. Is something nan, as the mean over a phone without "
    "recordings is? Give such a phone zeros to send."
)
def nan_from_an_empty_phone(recordings, x_new, secure_sum):
    return np.zeros(len(x_new), dtype=np.int64)


@training.mistake(
    "Where a phone has no recordings, all new recordings get the same speaker, and elsewhere you "
    "are right: the mean over no rows is nan, and so is every sum with it. Let such a phone send "
    "zeros."
)
def nan_where_a_phone_is_empty(recordings, x_new, secure_sum):
    empty = secure_sum(float(len(recordings[0]) == 0))
    speakers = federate(recordings, x_new, secure_sum)
    return np.zeros_like(speakers) if empty else speakers


@functools.cache
def _course():
    return features(load_dataset("japanese_vowels").train)


@training.mistake(
    "Your answers fit the speakers' numbers in the course's file, and each federation numbers them "
    "anew: train on what the phones have, and on nothing else."
)
def numbers_of_the_course(recordings, x_new, secure_sum):
    return federate(_course(), x_new, np.array)


@training.mistake(
    "Almost no label is right, which is worse than guessing: are speakers counted from 0 to 8, and "
    "is the answer the place of the largest logit?"
)
def counted_from_one(recordings, x_new, secure_sum):
    return (federate(recordings, x_new, secure_sum) + 1) % SPEAKERS


@training.mistake(
    "A message is too long: it takes at most 600 numbers. Recordings stay where they are, so send "
    "sums, gradients or weights, and what is longer than that in several messages."
)
def message_too_long(recordings, x_new, secure_sum):
    room = np.zeros((270, FEATURES))
    room[: len(recordings[0])] = recordings[0]
    return federate((secure_sum(room), recordings[1]), x_new, np.array)


calls = training.group("The same calls on every phone")


@calls.mistake(
    "It fails because phones send arrays of different shapes: your model has as many outputs as "
    "the phone has speakers. Use 9 everywhere."
)
def speakers_counted_by_phone(recordings, x_new, secure_sum):
    secure_sum(np.zeros((FEATURES, len(np.unique(recordings[1])))))
    return federate(recordings, x_new, secure_sum)


@calls.mistake(
    "Your phones call secure_sum as often as they have batches, and some have more than others: "
    "one waits for ever. All must call it equally often, phones without recordings, too."
)
def as_many_calls_as_own_batches(recordings, x_new, secure_sum):
    for _ in range(0, len(recordings[0]), 4):
        secure_sum(np.zeros(FEATURES))
    return federate(recordings, x_new, secure_sum)
