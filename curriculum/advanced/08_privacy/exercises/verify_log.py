"""Find where a log was tampered with: the exercise `verify_log`."""

from __future__ import annotations

import hashlib
import itertools

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import as_bool

verifying = exercise(
    "verify_log",
    title="Find where a log was tampered with",
    points=2,
    difficulty=2,
    minutes=8,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#An-audit-log-that-shows-tampering",
    forms=[as_bool("Tell where the log breaks, a whole number, and not only whether it does.")],
)

START = "0" * 64


@verifying.reference
def verify_log(entries, digests, head):
    """Return the index of the first entry whose digest is wrong, as an int.

    entries, digests: lists of strings of the same length; each digest is the hexadecimal SHA-256
    of the stored digest before it (64 zeros before the first) followed by the entry, in UTF-8.
    head: the last digest, as kept elsewhere. Return len(entries) where only the head differs, and
    -1 for a sound log.
    """
    before = START
    for index, (entry, digest) in enumerate(zip(entries, digests, strict=True)):
        if _digest(before, entry) != digest:
            return index
        before = digest
    return -1 if before == head else len(entries)


def _digest(before, entry):
    return hashlib.sha256((before + entry).encode()).hexdigest()


def _chain(entries):
    return list(itertools.accumulate(entries, _digest, initial=START))[1:]


@verifying.alternative
def against_a_chain_of_ones_own(entries, digests, head):
    mine = _chain(entries)
    wrong = [i for i, (a, b) in enumerate(zip(mine, digests, strict=True)) if a != b]
    if wrong:
        return wrong[0]
    return -1 if [START, *mine][-1] == head else len(mine)


_WHO = ["Ana", "Bo", "Célia", "Dao", "İpek", "Jörg", "Wēi", "Zoë"]
_WHAT = ["read", "exported", "deleted", "corrected"]


def _entries(rng, number):
    days = rng.integers(1, 29, number).tolist()
    return [
        f"2026-03-{day:02} {rng.choice(_WHO)} {rng.choice(_WHAT)} row {rng.integers(1000)}"
        for day in days
    ]


@verifying.cases
def cases(rng):
    def sound(number):
        entries = _entries(rng, number)
        digests = _chain(entries)
        return entries, digests, [START, *digests][-1]

    def changed(number, index, recomputed=0):
        """A log with one entry rewritten, and `recomputed` digests from there on, too."""
        entries, digests, head = sound(number)
        entries[index] = entries[index] + "0"
        for place in range(index, index + recomputed):
            digests[place] = _digest(digests[place - 1] if place else START, entries[place])
        return entries, digests, head

    def removed(number, index):
        entries, digests, head = sound(number)
        return entries[:index] + entries[index + 1 :], digests[:index] + digests[index + 1 :], head

    def exchanged(number, index):
        entries, digests, head = sound(number)
        for values in (entries, digests):
            values[index], values[index + 1] = values[index + 1], values[index]
        return entries, digests, head

    def longer(number):
        entries, digests, head = sound(number)
        entries += _entries(rng, 2)
        return entries, _chain(entries), head

    def twice():
        entries, digests, _ = sound(3)
        entries, digests = entries + entries[:1], digests + digests[:1]
        return entries, digests, digests[-1]

    def spaced(number, index):
        """A log of entries with white space around them; in one, the last space was removed."""
        entries = [
            f" {text} \t\n" if i % 2 else f"{text}  "
            for i, text in enumerate(_entries(rng, number))
        ]
        digests = _chain(entries)
        if index is not None:
            entries[index] = entries[index][:-1]
        return entries, digests, digests[-1]

    def digit(number, index, at):
        """A log in which one digit of a stored digest was changed."""
        entries, digests, head = sound(number)
        old = digests[index]
        new = "0" if old[at] != "0" else "1"
        digests[index] = old[:at] + new + (old[at + 1 :] if at != -1 else "")
        return entries, digests, head

    def shortened(number, index):
        entries, digests, head = changed(number, index)
        return entries[:-2], digests[:-2], head

    place = int(rng.integers(2, 6))
    return [
        Case("a sound log", sound(1)),
        Case("a sound log", sound(6)),
        Case("a sound log", sound(0)),
        Case("a sound log", spaced(4, None)),
        Case("an entry rewritten", changed(7, 0)),
        Case("an entry rewritten", changed(8, place)),
        Case("an entry rewritten", changed(5, 4)),
        Case("an entry rewritten", spaced(6, place)),
        Case("an entry rewritten", digit(6, 5, -1)),
        Case("an entry rewritten", digit(7, place, 40)),
        Case("its digest rewritten, too", changed(8, 3, recomputed=1)),
        Case("its digest rewritten, too", changed(9, place, recomputed=2)),
        Case("its digest rewritten, too", changed(4, 0, recomputed=3)),
        Case("entries removed or moved", removed(7, 1)),
        Case("entries removed or moved", removed(6, 0)),
        Case("entries removed or moved", exchanged(7, place)),
        Case("entries removed or moved", twice()),
        Case("entries removed or moved", shortened(8, place - 1)),
        Case("only the head tells", removed(6, 5)),
        Case("only the head tells", removed(1, 0)),
        Case("only the head tells", changed(6, 2, recomputed=4)),
        Case("only the head tells", longer(3)),
    ]


chains = verifying.group("The chain")


@chains.mistake(
    "The first entry fails in every log, so you hash something else: the stored digest before it "
    "(64 zeros at first) comes first, then the entry, as one text."
)
def something_else_hashed(entries, digests, head):
    for index, (entry, digest) in enumerate(zip(entries, digests, strict=True)):
        if _digest("", entry) != digest:
            return index
    return -1 if [START, *digests][-1] == head else len(entries)


@chains.mistake("Your chain starts from an empty string: the digest before the first is 64 zeros.")
def empty_start(entries, digests, head):
    before = ""
    for index, (entry, digest) in enumerate(zip(entries, digests, strict=True)):
        if _digest(before, entry) != digest:
            return index
        before = digest
    return -1 if before == head else len(entries)


heads = verifying.group("The head")


@heads.mistake(
    "You did not compare the head: nothing else shows that a log was shortened, or that all of "
    "its digests were computed anew."
)
def head_ignored(right, a):
    return right(head=[START, *a.digests][-1])


@heads.mistake("You compared the head alone: it says that something is wrong, and not where.")
def only_the_head(entries, digests, head):
    return -1 if [START, *_chain(entries)][-1] == head else len(entries)


@heads.mistake(
    "Where only the head differs you gave the last entry: give len(entries), since all entries "
    "that are there verify."
)
def last_entry_blamed(right, a):
    found = right()
    return found - 1 if found == len(a.entries) else found


@heads.mistake("Your code fails on an empty log: the head is then 64 zeros, the start.")
def empty_log_fails(right, a):
    a.digests[-1]
    return right()


places = verifying.group("The place")


@places.mistake("You counted entries from 1: the first one has index 0.")
def counted_from_one(right, a):
    found = right()
    return found + 1 if 0 <= found < len(a.entries) else found


@places.mistake("You gave the last entry that does not verify: give the first.")
def the_last_break(entries, digests, head):
    befores = [START, *digests]
    wrong = [i for i, e in enumerate(entries) if _digest(befores[i], e) != digests[i]]
    if wrong:
        return wrong[-1]
    return -1 if befores[-1] == head else len(entries)


@places.mistake("You gave the number of the entry before the one that does not verify.")
def one_before(right, a):
    found = right()
    return found - 1 if 0 < found < len(a.entries) else found


verifying.hints(
    "Recompute each digest from the one before it and the entry; where do they part?",
    "Walk along both lists. Keep the digest before, 64 zeros at first. At the end, compare what "
    "you keep with the head.",
    "For each entry, hash one text: the stored digest before it, then the entry. The first entry "
    "whose stored digest differs from that hash is the answer. If none does, compare the last "
    "stored digest with the head, and return what the statement says for each outcome.",
)
