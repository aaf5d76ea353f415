"""More mistakes in `verify_log`, which is declared beside."""

from __future__ import annotations

import hashlib

from .verify_log import START, _digest, verify_log, verifying


def _walked(digest=_digest, same=lambda mine, stored: mine == stored):
    """Walk along the log with another way to make or to compare digests."""

    def walk(entries, digests, head):
        before = START
        for index, (entry, stored) in enumerate(zip(entries, digests, strict=True)):
            if not same(digest(before, entry), stored):
                return index
            before = stored
        return -1 if before == head else len(entries)

    return walk


texts = verifying.group("The text", make=lambda slip: _walked(**slip()))


@texts.mistake(
    "Entries with letters such as İ or ē fail: encode the text in UTF-8, which is what encode() "
    "does by itself."
)
def another_encoding():
    return {
        "digest": lambda before, entry: hashlib.sha256(
            (before + entry).encode("latin-1", "replace")
        ).hexdigest()
    }


@texts.mistake(
    "You removed white space around the entries: hash each entry as it is, since a changed space "
    "is a change."
)
def stripped():
    return {"digest": lambda before, entry: _digest(before, entry.strip())}


@texts.mistake(
    "You compared only the first digits of the digests, as a printout shows them: compare them "
    "whole."
)
def first_digits():
    return {"same": lambda mine, stored: mine[:12] == stored[:12]}


ends = verifying.group("The head, and the ends")


@ends.mistake(
    "You took an empty log as sound without a look at the head: if the head is not 64 zeros, all "
    "of the log was removed, and the answer is 0, its length."
)
def empty_is_sound(right, a):
    return right() if a.entries else -1


@ends.mistake(
    "You looked for the head anywhere in the log: it is to be the last stored digest, else entries "
    "were added after it."
)
def head_anywhere(right, a):
    found = right()
    return -1 if found == len(a.entries) and a.head in [START, *a.digests] else found


@ends.mistake(
    "You looked for the head anywhere in the log, and took an empty log as sound: the head is to "
    "be the last stored digest, or 64 zeros for an empty log."
)
def head_among_the_digests(right, a):
    found = right()
    sound = not a.digests or a.head in a.digests
    return -1 if found == len(a.entries) and sound else found


@ends.mistake(
    "You looked at the head first, and gave len(entries) wherever it differs: an entry that does "
    "not match its digest comes before that."
)
def head_first(right, a):
    return len(a.entries) if [START, *a.digests][-1] != a.head else right()


@ends.mistake(
    "You trusted the log because its last digest is the head: an entry may have been rewritten "
    "without touching any digest, so check every one."
)
def head_trusted(right, a):
    return -1 if [START, *a.digests][-1] == a.head else right()


@ends.mistake(
    "You swapped the two ends: a log that verifies, head and all, is -1; if only the head differs, "
    "the answer is len(entries)."
)
def ends_swapped(right, a):
    found = right()
    return {-1: len(a.entries), len(a.entries): -1}.get(found, found)


@ends.mistake(
    "You never checked entry 0: its digest follows 64 zeros, so it can be checked like the others."
)
def first_entry_unchecked(entries, digests, head):
    befores = [START, *digests]
    for index in range(1, len(entries)):
        if _digest(befores[index], entries[index]) != digests[index]:
            return index
    return -1 if befores[-1] == head else len(entries)


searches = verifying.group("The search")


@searches.mistake(
    "You counted the entries that do not verify: give the index of the first of them."
)
def how_many(entries, digests, head):
    befores = [START, *digests]
    wrong = [i for i, e in enumerate(entries) if _digest(befores[i], e) != digests[i]]
    return len(wrong) if wrong else verify_log(entries, digests, head)


@searches.mistake(
    "You halved the log in search of the first break: entries after a break may verify again, "
    "since each is checked against the digest stored before it. Walk along all of them."
)
def halved(entries, digests, head):
    befores = [START, *digests]
    low = 0
    upper = len(entries)
    while low < upper:
        middle = (low + upper) // 2
        if _digest(befores[middle], entries[middle]) == digests[middle]:
            low = middle + 1
        else:
            upper = middle
    return low if low < len(entries) or befores[-1] != head else -1


@ends.mistake(
    "You recomputed the chain from the entries and looked at its end alone: if that is the head, "
    "a stored digest may still have been changed, so check every one."
)
def only_the_recomputed_end(right, a):
    end = START
    for entry in a.entries:
        end = _digest(end, entry)
    return -1 if end == a.head else right()
