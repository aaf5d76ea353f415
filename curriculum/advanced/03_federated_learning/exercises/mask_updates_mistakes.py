"""More mistakes in `mask_updates`, which is declared beside: left-over masks, and remainders."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from .mask_updates import mask_updates, masking


def _total(make):
    """The right messages, and a total whose left-over masks `make(a)` gives, (P,)."""

    def mask_updates_mistaken(values, masks, arrived, bits):
        messages, _ = mask_updates(values, masks, arrived, bits)
        a = SimpleNamespace(
            pairs=np.triu(np.ones(masks.shape[:2], dtype=np.int64), k=1)[:, :, None] * masks,
            came=arrived[:, None] & ~arrived,  # the first of a pair came, the second did not
            absent=~arrived[:, None] & ~arrived,
        )
        half = 2 ** (bits - 1)
        total = (messages.sum(axis=0) - make(a) + half) % 2**bits - half
        return messages, total

    return mask_updates_mistaken


left_over = masking.group("Left-over masks", make=_total)


@left_over.mistake(
    "You subtracted all left-over masks: where the client that arrived has the larger number it "
    "had subtracted the mask, so it is added to take it out."
)
def repaired_without_signs(a):
    return a.pairs[a.came].sum(axis=0) + a.pairs[a.came.T].sum(axis=0)


@left_over.mistake(
    "You took out masks of clients that dropped out with a larger number, not those with a smaller "
    "one: a client that arrived shares a mask with both."
)
def smaller_numbers_not_repaired(a):
    return a.pairs[a.came].sum(axis=0)


@left_over.mistake(
    "You also took out masks of pairs of which both dropped out: neither of them sent anything, so "
    "these masks are not in the sum."
)
def pairs_of_two_absent_repaired(a):
    return (
        a.pairs[a.came].sum(axis=0) - a.pairs[a.came.T].sum(axis=0) + a.pairs[a.absent].sum(axis=0)
    )


remainders = masking.group("Remainders")


@remainders.mistake(
    "Some of your messages are negative: np.fmod keeps the sign of the number. The operator % "
    "gives a remainder from 0 to 2**bits - 1."
)
def remainder_with_a_sign(values, masks, arrived, bits):
    messages, total = mask_updates(values, masks, arrived, bits)
    pairs = np.triu(np.ones(masks.shape[:2], dtype=np.int64), k=1)[:, :, None] * masks
    sent = values + (pairs - pairs.transpose(1, 0, 2)).sum(axis=1)
    return np.fmod(sent, 2**bits)[arrived], total


@remainders.mistake(
    "Your modulus is 2**bits - 1, which is the largest number of a message: numbers from 0 to that "
    "are remainders modulo 2**bits."
)
def modulus_one_too_small(values, masks, arrived, bits):
    pairs = np.triu(np.ones(masks.shape[:2], dtype=np.int64), k=1)[:, :, None] * masks
    signed = pairs - pairs.transpose(1, 0, 2)
    modulus = 2**bits - 1
    messages = ((values + signed.sum(axis=1)) % modulus)[arrived]
    total = (messages.sum(axis=0) - signed[arrived][:, ~arrived].sum(axis=(0, 1))) % modulus
    return messages, np.where(total >= 2 ** (bits - 1), total - modulus, total)


@remainders.mistake(
    "After you took out the left-over masks, or added the messages up, you did not reduce modulo "
    "2**bits: do so before you look which results stand for negative numbers."
)
def total_not_reduced(values, masks, arrived, bits):
    messages, _ = mask_updates(values, masks, arrived, bits)
    pairs = np.triu(np.ones(masks.shape[:2], dtype=np.int64), k=1)[:, :, None] * masks
    signed = pairs - pairs.transpose(1, 0, 2)
    total = messages.sum(axis=0) - signed[arrived][:, ~arrived].sum(axis=(0, 1))
    return messages, np.where(total >= 2 ** (bits - 1), total - 2**bits, total)


@remainders.mistake(
    "You put zeros in place of messages that did not arrive: `messages` has a row for each client "
    "that arrived, and no others."
)
def zeros_for_missing_messages(right, a):
    messages = np.zeros(a.values.shape, dtype=np.int64)
    messages[a.arrived], total = right()
    return messages, total
