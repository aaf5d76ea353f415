"""A language model of a machine's log, judged on logs nobody has seen: the exercise `next_code`.

Run as a program, this file writes the log that learners train on.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lepton_course.authoring import Call, Case, accuracy, exercise

LOG = Path(__file__).parents[1] / "recorded" / "codes.npz"
TRAYS, SHELVES = 12, 8
ASK = TRAYS * SHELVES
REPLY = ASK + TRAYS
STEPS = 32
"""Codes in a row of the log."""

_CODES = np.random.default_rng(1815).permutation(REPLY + SHELVES)
"""The code of each event: tray k put on shelf s at k * SHELVES + s; ask for k; reply s."""
_EVENTS = np.argsort(_CODES)

writing = exercise(
    "next_code",
    title="A language without a manual",
    points=3,
    difficulty=5,
    minutes=16,
    probe=Call(),
    compare=accuracy(at_least=0.7, tolerance=0.08),
    read="lesson.ipynb#Training-it",
)


@writing.reference
def next_code(contexts):
    """Return the code that comes next in each row, a reply: int (N,).

    contexts: int (N, T), 2 <= T <= 32, each row the beginning of a log that ends with a question.
    """
    events = _EVENTS[contexts]
    same = events // SHELVES == events[:, -1:] - ASK  # so is no question, and no reply
    latest = contexts.shape[1] - 1 - np.argmax(same[:, ::-1], axis=1)
    return _reply(events[np.arange(len(events)), latest])


def _reply(put):
    """The reply codes (N,) to questions for trays that were put away with these events."""
    return _CODES[REPLY + put % SHELVES]


@writing.alternative
def with_a_dictionary(contexts):
    codes = []
    for row in _EVENTS[contexts].tolist():
        shelf_of = {event // SHELVES: event % SHELVES for event in row if event < ASK}
        codes.append(_CODES[REPLY + shelf_of[row[-1] - ASK]])
    return np.array(codes)


def _log(rng, steps):
    """Events of one row, a list, and where each tray is after it."""
    used = rng.permutation(TRAYS)[: rng.integers(4, TRAYS + 1)].tolist()
    events, shelf_of = [], {}
    while len(events) < steps:
        if shelf_of and len(events) < steps - 1 and rng.random() < 0.35:
            tray = rng.choice([*shelf_of]).item()
            events += [ASK + tray, REPLY + shelf_of[tray]]
        else:
            tray, shelf = rng.choice(used).item(), rng.integers(SHELVES).item()
            events.append(tray * SHELVES + shelf)
            shelf_of[tray] = shelf
    return events, shelf_of


def _contexts(rng, number, steps, fits):
    """Rows (number, steps) that end with a question, their first, and the replies (number,).

    fits(places): whether a tray may be asked for that was put away at these places, a list of
    (place, shelf).
    """
    rows, replies = [], []
    while len(rows) < number:
        events, shelf_of = _log(rng, steps - 1)
        put = {tray: [] for tray in shelf_of}
        for place, event in enumerate(events):
            if event < ASK:
                put[event // SHELVES].append((place, event % SHELVES))
        new = [tray for tray in put if ASK + tray not in events]  # or an old reply is copied
        possible = [tray for tray in new if fits(put[tray])]
        if possible:
            tray = rng.choice(possible).item()
            rows.append([*events, ASK + tray])
            replies.append(REPLY + shelf_of[tray])
    return _CODES[np.array(rows)], _CODES[np.array(replies)]


def _once(places):
    return len(places) == 1


def _moved(places):
    """Whether the last shelf is a new one."""
    return len(places) > 1 and places[-1][1] not in [shelf for _, shelf in places[:-1]]


def _long_ago(distance):
    def fits(places):
        return places[-1][0] < distance

    return fits


@writing.cases
def cases(rng):
    def case(part, number, steps, fits):
        contexts, replies = _contexts(rng, number, steps, fits)
        return Case(part, (contexts,), expected=replies)

    return [
        case("nothing changed", 160, 6, _once),
        case("nothing changed", 180, 9, _once),
        case("nothing changed", 150, 32, _once),
        case("it changed in the meantime", 170, 18, _moved),
        case("it changed in the meantime", 200, 31, _moved),
        case("it was long ago", 150, 25, _long_ago(8)),
        case("it was long ago", 190, 32, _long_ago(10)),
    ]


def _partly(contexts, known):
    """The right replies where `known` (N,), and exactly one in eight of the others."""
    right = next_code(contexts)
    wrong = _CODES[REPLY + (_EVENTS[right] - REPLY + 1) % SHELVES]
    lucky = np.cumsum(~known) % SHELVES == 0
    return np.where(known | lucky, right, wrong)


def _known_from(contexts, number):
    """Whether what a row's last code asks for is among the `number` codes before it, (N,)."""
    events = _EVENTS[contexts]
    before = events[:, -1 - number : -1]
    return ((before < ASK) & (before // SHELVES == events[:, -1:] - ASK)).any(axis=1)


@writing.mistake(
    "Nearly no code is right, which is worse than guessing: the next code is the most likely one "
    "by the logits at the last position, an index from 0 to 115."
)
def nearly_none_right(right, a):
    return a.contexts[:, -1]


@writing.mistake(
    "All rows get one and the same code: each row has its own reply, so take the logits of each, "
    "at its last position."
)
def one_code_for_all(contexts):
    right = next_code(contexts)
    replies = _CODES[REPLY:]
    shares = (right[:, None] == replies).mean(axis=0)
    return np.full_like(right, replies[np.abs(shares - 1 / SHELVES).argmin()])


@writing.mistake(
    "About one code in eight is right, as if you guessed among the replies: the model knows that "
    "a reply comes, and not which. Does it see the codes before the last one, and did the loss go "
    "on falling?"
)
def guessed_reply(contexts):
    return _partly(contexts, np.zeros(len(contexts), dtype=bool))


@writing.mistake(
    "You are about as often right as if you knew what follows the last two codes, and guessed "
    "elsewhere: the reply depends on one code at any distance, and attention can find it."
)
def from_the_last_two_codes(contexts):
    return _partly(contexts, _known_from(contexts, 1))


@writing.mistake(
    "You are about as often right as if you saw the last four codes alone: give the model the "
    "whole row, in training and here."
)
def from_the_last_four_codes(contexts):
    return _partly(contexts, _known_from(contexts, 3))


@writing.mistake(
    "Your codes look as if you counted what follows the last few codes: the reply depends on an "
    "earlier code, at any distance, and attention can find it."
)
def from_the_latest_codes(contexts):
    return _partly(contexts, _known_from(contexts, 5))


@writing.mistake(
    "Where something changed in the meantime you mostly give what was true before: the model "
    "needs positions, and training on whole rows, to learn that the latest counts."
)
def earliest_counts(contexts):
    events = _EVENTS[contexts]
    same = (events < ASK) & (events // SHELVES == events[:, -1:] - ASK)
    return _reply(events[np.arange(len(events)), np.argmax(same, axis=1)])


@writing.mistake(
    "Where something changed in the meantime you are right about half of the time, as when a "
    "model has no positions: it sees both, and not which came later."
)
def order_unknown(contexts):
    older, newer = earliest_counts(contexts), next_code(contexts)
    return np.where(np.arange(len(contexts)) % 2 == 0, older, newer)


@writing.mistake(
    "Long logs go wrong, short ones do not, as when the model was trained on short windows: train "
    "on rows of all 32 codes, with a position for each."
)
def short_windows(contexts):
    return _partly(contexts, np.full(len(contexts), contexts.shape[1] <= 12))


@writing.mistake(
    "Too few codes are right, though many are: train for longer, or with a larger learning rate, "
    "and first reach 95 % on rows that you hold out."
)
def trained_too_briefly(contexts):
    return _partly(contexts, np.arange(len(contexts)) % 5 >= 2)


writing.hints(
    "Train a causal language model on all codes of a row and look at its accuracy at the replies "
    "alone: that is what counts, and what you can measure on rows that you hold out.",
    "One block is enough: width 64, two heads, learned positions, embeddings with standard "
    "deviation 0.02 (PyTorch's 1 takes far longer). AdamW with a learning rate near 0.01, falling "
    "to 0 over some 450 batches of 32 rows, reaches 97 % at the replies of rows that you hold out.",
    "Logits (N, T, 116) of codes[:, :-1], cross-entropy against codes[:, 1:], with a causal mask. "
    "next_code: torch.tensor of the contexts, no gradients, the logits at the last position, "
    "argmax, NumPy.",
)


def write_log(rows=4000):
    """Write the log that learners train on, with a mark for each reply."""
    rng = np.random.default_rng(1817)
    events = np.array([_log(rng, STEPS)[0] for _ in range(rows)])
    np.savez_compressed(LOG, codes=_CODES[events].astype(np.uint8), is_reply=events >= REPLY)


if __name__ == "__main__":
    write_log()
