"""Secure aggregation with pairwise masks: the exercise `mask_updates`."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, exact, exercise

masking = exercise(
    "mask_updates",
    title="A sum that nobody can look into",
    points=3,
    difficulty=4,
    minutes=14,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Secure-aggregation",
    returns=("messages", "total"),
)


@masking.reference
def mask_updates(values, masks, arrived, bits):
    """Return (messages, total): what the server receives, and the sum that it finds.

    values: int array (K, P), may be negative. masks: int array (K, K, P); masks[i, j], i < j, is
    the secret of that pair, and all else is never used. arrived: bool array (K,). bits: int.
    messages: int array (A, P) of the clients that arrived, each from 0 to 2**bits - 1; total: int
    array (P,) from -2**(bits - 1) to 2**(bits - 1) - 1, the sum of their values.
    Source: Bonawitz and others (2017), without the second mask and the shares of secrets.
    """
    adds, subtracts = np.triu_indices(len(values), k=1)
    signed = np.zeros_like(masks)
    signed[adds, subtracts] = masks[adds, subtracts]
    signed[subtracts, adds] = -masks[adds, subtracts]
    messages = (values + signed.sum(axis=1))[arrived] % 2**bits
    left_over = signed[arrived].sum(axis=0)[~arrived].sum(axis=0)
    total = (messages.sum(axis=0) - left_over) % 2**bits
    return messages, np.where(total < 2 ** (bits - 1), total, total - 2**bits)


def _pair_by_pair(
    values, masks, arrived, bits, *, mask=lambda m, i, j: m[min(i, j), max(i, j)],
    sign=lambda i, j: 1 if i < j else -1, repair=1, signed=True, everybody=True,
):  # fmt: skip
    """Messages and total with loops over the pairs, and any of the usual slips."""
    clients, length = values.shape
    messages = []
    left_over = np.zeros(length, dtype=np.int64)
    for i in range(clients):
        message = values[i].copy()
        for j in range(clients):
            if i != j and (everybody or arrived[j]):
                message += sign(i, j) * mask(masks, i, j)
            if i != j and arrived[i] and not arrived[j]:
                left_over += sign(i, j) * mask(masks, i, j)
        if arrived[i]:
            messages.append(message % 2**bits)
    received = np.array(messages, dtype=np.int64).reshape(-1, length)
    total = (received.sum(axis=0) - repair * left_over) % 2**bits
    if signed:
        total = np.where(total >= 2 ** (bits - 1), total - 2**bits, total)
    return received, total


@masking.alternative
def pair_by_pair(values, masks, arrived, bits):
    return _pair_by_pair(values, masks, arrived, bits)


@masking.alternative
def in_python_numbers(values, masks, arrived, bits):
    clients, length = values.shape
    half = 2 ** (bits - 1)
    messages = []
    total = [0] * length
    for i in range(clients):
        if not arrived[i]:
            continue
        row = []
        for p in range(length):
            number = int(values[i, p])
            repaired = int(values[i, p])
            for j in range(clients):
                pair = int(masks[i, j, p]) if i < j else -int(masks[j, i, p]) if j < i else 0
                number += pair
                repaired += pair if arrived[j] else 0
            row.append(number % (1 << bits))
            total[p] += repaired
        messages.append(row)
    sums = [(t + half) % (1 << bits) - half for t in total]
    return np.array(messages, dtype=np.int64).reshape(-1, length), np.array(sums, dtype=np.int64)


@masking.cases
def cases(rng):
    def case(part, clients, length, bits, gone=(), wrap=False):
        """A round without the clients `gone`; wrap: the sum touches both ends of its range."""
        most = (2 ** (bits - 1) - 1) // clients
        values = rng.integers(-most, most + 1, (clients, length))
        arrived = np.array([k not in gone for k in range(clients)])
        masks = rng.integers(0, 2**bits, (clients, clients, length))
        if wrap and arrived.any():
            last = int(np.flatnonzero(arrived)[-1])
            rest = values[arrived].sum(axis=0) - values[last]
            ends = np.resize([-(2 ** (bits - 1)), 2 ** (bits - 1) - 1], length)
            values[last] = ends - rest
        return Case(part, (values, masks, arrived, bits))

    return [
        case("two clients", 2, 4, 16),
        case("two clients", 2, 7, 9),
        case("everybody arrives", 5, 3, 20),
        case("everybody arrives", 3, 6, 32),
        case("everybody arrives", 4, 1, 11),
        case("clients drop out", 4, 5, 24, gone={1}),
        case("clients drop out", 6, 3, 13, gone={0, 4}),
        case("clients drop out", 3, 4, 17, gone={2}),
        case("clients drop out", 7, 2, 30, gone={0, 1, 3, 6}),
        case("one client, or nobody", 1, 3, 12),
        case("one client, or nobody", 3, 5, 15, gone={0, 2}),
        case("one client, or nobody", 4, 2, 8, gone={0, 1, 2, 3}),
        case("the ends of the range", 3, 6, 10, wrap=True),
        case("the ends of the range", 5, 4, 3, gone={1, 2}, wrap=True),
        case("the ends of the range", 2, 2, 1, wrap=True),
    ]


def _slipped(make):
    """Messages and total with a slip: `make()` gives the slip's keywords."""

    def mask_updates(values, masks, arrived, bits):
        return _pair_by_pair(values, masks, arrived, bits, **make())

    return mask_updates


signs = masking.group("The masks of a pair", make=_slipped)


@signs.mistake(
    "Both clients of a pair add their mask, so it does not cancel: the one with the smaller number "
    "adds it, the other subtracts it."
)
def both_add():
    return {"sign": lambda i, j: 1}


@signs.mistake(
    "Your signs are the other way round: the client with the smaller number adds the pair's mask."
)
def signs_swapped():
    return {"sign": lambda i, j: -1 if i < j else 1}


@signs.mistake(
    "You read masks[i, j] also where i is the larger: a pair has one mask, in the row of the "
    "smaller number, and the other places hold nothing that counts."
)
def each_its_own_row():
    return {"mask": lambda masks, i, j: masks[i, j]}


@masking.mistake("You used the masks on the diagonal, too: a client has no secret with itself.")
def with_itself(values, masks, arrived, bits):
    own = masks[np.arange(len(values)), np.arange(len(values))]
    return _pair_by_pair(values + own, masks, arrived, bits)


repairs = masking.group("Clients that drop out", make=_slipped)


@repairs.mistake(
    "Masks that were shared with clients that dropped out are still in your total: they had nobody "
    "to cancel with, so the server asks for them and takes them out."
)
def no_repair():
    return {"repair": 0}


@repairs.mistake(
    "You repaired in the wrong direction: a mask that the client added is subtracted from the sum, "
    "and one that it subtracted is added."
)
def repaired_backwards():
    return {"repair": -1}


@repairs.mistake(
    "Your messages leave out the masks shared with clients that dropped out: when a message is "
    "made, nobody knows who will drop out."
)
def masked_with_hindsight():
    return {"everybody": False, "repair": 0}


@masking.mistake(
    "You summed the values of all clients: those that dropped out sent nothing, and the server "
    "cannot know theirs."
)
def all_values_summed(values, masks, arrived, bits):
    messages, _ = mask_updates(values, masks, arrived, bits)
    half = 2 ** (bits - 1)
    return messages, (values.sum(axis=0) + half) % 2**bits - half


@masking.mistake(
    "You returned a message for every client: only those that arrived reach the server, in the "
    "order of the clients."
)
def messages_of_all(right, a):
    everybody = right(arrived=np.ones_like(a.arrived))[0]
    return everybody, right()[1]


numbers = masking.group("Modulo", make=_slipped)


@numbers.mistake(
    "Your total is never negative: what is 2**(bits - 1) or more stands for a negative number, so "
    "subtract 2**bits."
)
def total_unsigned():
    return {"signed": False}


@masking.mistake(
    "Your messages are not reduced modulo 2**bits: without that, their size gives away something "
    "about the values."
)
def messages_not_reduced(values, masks, arrived, bits):
    pairs = np.triu(np.ones(masks.shape[:2], dtype=np.int64), k=1)[:, :, None] * masks
    sent = values + (pairs - pairs.transpose(1, 0, 2)).sum(axis=1)
    return sent[arrived], mask_updates(values, masks, arrived, bits)[1]


@masking.mistake(
    "You took the modulus bits in place of 2**bits: with 16 bits, numbers go up to 65535."
)
def modulo_bits(values, masks, arrived, bits):
    messages, total = mask_updates(values, masks, arrived, bits)
    return messages % bits, total


@masking.mistake(
    "Your messages are signed: they go from 0 to 2**bits - 1, and only the total is turned back "
    "into a signed number."
)
def messages_signed(values, masks, arrived, bits):
    messages, total = mask_updates(values, masks, arrived, bits)
    half = 2 ** (bits - 1)
    return (messages + half) % 2**bits - half, total


@masking.mistake(
    "2**(bits - 1) itself came out positive: with 8 bits, 128 stands for -128, as the range ends "
    "at 127."
)
def the_middle_positive(values, masks, arrived, bits):
    messages, total = mask_updates(values, masks, arrived, bits)
    return messages, np.where(total == -(2 ** (bits - 1)), 2 ** (bits - 1), total)


@masking.mistake(
    "You divided by the number of clients: the total is a sum, from which the server may take a "
    "mean later."
)
def a_mean(values, masks, arrived, bits):
    messages, total = mask_updates(values, masks, arrived, bits)
    return messages, total // max(1, int(arrived.sum()))


masking.hints(
    "Write down three clients and their three masks: which signs make the column sums vanish?",
    "Message of client i: its values, plus the masks of its pairs with larger numbers, minus those "
    "with smaller ones, modulo 2**bits. In the sum of the messages that came, only the masks of "
    "pairs with a dropped client are left: take them out.",
    "Loop over i and j. sign is 1 if i < j else -1; the mask is masks[min(i, j), max(i, j)]. Add "
    "sign * mask to the message; if i arrived and j did not, add it to left_over, too. total = "
    "(sum of messages - left_over) % 2**bits, minus 2**bits where it is 2**(bits - 1) or more.",
)
