"""Byte-pair encoding, learned and applied: the exercise `merge_pairs`."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from lepton_course.authoring import Call, Case, exact, exercise
from lepton_course.authoring.wrong_forms import tuple_order

merging = exercise(
    "merge_pairs",
    title="Learn a tokenizer, and use it",
    points=3,
    difficulty=4,
    minutes=14,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Tokens",
    returns=("merges", "encoded"),
    forms=[tuple_order((1, 0), "Your values are swapped: first the merges, then the texts.")],
)


@merging.reference
def merge_pairs(counts, number, texts):
    """Return (merges, encoded): a list of pairs of strings, and a list of tokens for each text.

    counts: dict from word (a string of at least one character) to how often it occurs (an int from
    1 on). number: an int from 0 on. texts: list of strings, which may be empty. The most frequent
    pair is merged, of equally frequent ones the smallest as a tuple; fewer than `number` merges
    where no pair is left. Source: Sennrich and others (2016).
    """
    split = {word: list(word) for word in counts}
    merges = []
    while len(merges) < number:
        pairs_seen = frequencies(split, counts)
        if not pairs_seen:
            break
        best = min(pairs_seen, key=lambda pair: (-pairs_seen[pair], pair))
        merges.append(best)
        split = {word: merged(tokens, best) for word, tokens in split.items()}
    return merges, [_encoded(text, merges) for text in texts]


def frequencies(split, counts):
    how_often = Counter()
    for word, tokens in split.items():
        for pair in pairwise(tokens):
            how_often[pair] += counts[word]
    return how_often


def merged(tokens, pair):
    """Return the tokens with each occurrence of the pair joined, from left to right."""
    joined = []
    for token in tokens:
        if joined and (joined[-1], token) == pair:
            joined[-1] += token  # longer than pair[0], so it is not joined again
        else:
            joined.append(token)
    return joined


def _encoded(text, merges):
    tokens = list(text)
    for pair in merges:
        tokens = merged(tokens, pair)
    return tokens


@merging.alternative
def with_places(counts, number, texts):
    """Words as lists that are changed in place; texts by the best rank of any pair."""
    words = [(list(word), times) for word, times in counts.items()]
    merges = []
    for _ in range(number):
        totals = {}
        for tokens, times in words:
            for i in range(len(tokens) - 1):
                key = tokens[i], tokens[i + 1]
                totals[key] = totals.get(key, 0) + times
        if not totals:
            break
        most = max(totals.values())
        merges.append(min(key for key, total in totals.items() if total == most))
        for tokens, _ in words:
            _join_in_place(tokens, merges[-1])
    rank = {pair: place for place, pair in enumerate(merges)}
    encoded = []
    for text in texts:
        tokens = list(text)
        while known := [pair for pair in pairwise(tokens) if pair in rank]:
            _join_in_place(tokens, min(known, key=rank.get))
        encoded.append(tokens)
    return merges, encoded


def _join_in_place(tokens, pair):
    i = 0
    while i < len(tokens) - 1:
        if (tokens[i], tokens[i + 1]) == pair:
            tokens[i : i + 2] = ["".join(pair)]
        i += 1


@merging.cases
def cases(rng):
    def word(alphabet, least=2, most=7):
        return "".join(rng.choice([*alphabet], rng.integers(least, most)))

    def table(alphabet, number, most=30, **sizes):
        return {word(alphabet, **sizes): int(rng.integers(1, most)) for _ in range(number)}

    def texts(alphabet, number, **sizes):
        return [word(alphabet, **sizes) for _ in range(number)]

    tied = dict.fromkeys(rng.permutation(["cab", "bca", "dab", "bad", "cd"]).tolist(), 3)
    last = {"zy": 2, "yx": 2, "ba": 2, "zx": 1}
    joined = {"ab": int(rng.integers(4, 9)), "aba": 3, "az": 3}  # "aba" < "az", the tuples are not
    order = {"abc": 5, "bcd": 4, "cde": 6, "ab": 3, "xbc": 2}
    return [
        Case("one merge", ({"low": 5, "lower": 2, "new": 6}, 1, ["lowest", "renew", "owl"])),
        Case("one merge", (table("abcd", 6), 1, texts("abcd", 3, most=9))),
        Case("one merge", (table("ehnrt", 9), 1, texts("ehnrt", 2, least=5, most=9))),
        Case("several merges", (table("abcdef", 9), 6, texts("abcdef", 4, least=4, most=12))),
        Case("several merges", (table("enst", 12), 9, texts("enst", 3, least=8, most=15))),
        Case("several merges", (table("aeimrst", 14), 12, texts("aeimrst", 5, least=6, most=14))),
        Case("equally frequent pairs", (tied, 2, ["abcabd", "dabcab"])),
        Case("equally frequent pairs", (last, 3, ["zyxba", "yxzy"])),
        Case("equally frequent pairs", (joined, 2, ["abazaba", "azab"])),
        Case("equally frequent pairs", (table("abc", 8, most=3), 4, texts("abc", 3, least=6))),
        Case("a repeated character", ({"aaaa": 2, "aaa": 1, "ba": 6, "b": 9}, 2, ["aaaa", "ba"])),
        Case("a repeated character", ({"ooo": 3, "woo": 4, "wo": 1}, 3, ["ooooooo", "wooo", "ow"])),
        Case("a repeated character", (table("ab", 7), 5, texts("ab", 4, least=5, most=11))),
        Case("texts unlike the words", (order, 4, ["abcde", "bcdcde", "cdeabc", "xabcd", "abcde"])),
        Case("texts unlike the words", (table("lnor", 8), 5, ["né oré l–n", "", "LORN", "o"])),
        Case("texts unlike the words", (table("aht", 7), 8, ["that hat, a hat that", "t h a t"])),
        Case("few pairs, or none", ({"ab": 4, "c": 7}, 5, ["abcab", "ba"])),
        Case("few pairs, or none", ({"a": 3}, 2, ["aa"])),
        Case("few pairs, or none", (table("xyz", 4), 0, ["xyzzy"])),
        Case("few pairs, or none", ({"moon": 1}, 3, [])),
    ]  # fmt: skip


def learned(
    counts, number, texts, *,
    count=frequencies, best=lambda found: min(found, key=lambda pair: (-found[pair], pair)),
    join=merged, encode=None, least=1, stop=True,
):  # fmt: skip
    """Learn and apply, with any of the usual slips."""
    split = {word: [*word] for word in counts}
    merges = []
    for _ in range(number):
        found = count(split, counts)
        if stop and (not found or max(found.values()) < least):
            break
        merges.append(best(found))
        split = {word: join(tokens, merges[-1]) for word, tokens in split.items()}
    encode = encode or (lambda text, merges: encoded_by(join, text, merges))
    return merges, [encode(text, merges) for text in texts]


def encoded_by(join, text, merges):
    tokens = [*text]
    for pair in merges:
        tokens = join(tokens, pair)
    return tokens


def slipped(make):
    def merge_pairs(counts, number, texts):
        return learned(counts, number, texts, **make())

    return merge_pairs


counting = merging.group("Counting pairs", make=slipped)


@counting.mistake("You counted each word once: a pair counts as often as its word occurs.")
def words_counted_once():
    def count(split, counts):
        return frequencies(split, dict.fromkeys(counts, 1))

    return {"count": count}


@counting.mistake(
    "You took whichever of the equally frequent pairs came first: take the smallest, as Python "
    "compares tuples of strings."
)
def first_of_equals():
    return {"best": lambda found: max(found, key=found.get)}


@counting.mistake("Of equally frequent pairs you took the largest: take the smallest.")
def largest_of_equals():
    return {"best": lambda found: max(found, key=lambda pair: (found[pair], pair))}


@counting.mistake(
    "You counted a pair of equal characters only where its occurrences do not overlap: count "
    "every neighbouring pair, two of them in aaa."
)
def overlaps_left_out():
    def count(split, counts):
        found = Counter()
        for word, tokens in split.items():
            free = {}  # where the next occurrence of a pair may begin
            for place, pair in enumerate(pairwise(tokens)):
                if place >= free.get(pair, 0):
                    found[pair] += counts[word]
                    free[pair] = place + 2
        return found

    return {"count": count}


@counting.mistake("You counted pairs across the ends of words: a token never spans two words.")
def across_words():
    def count(split, counts):
        found = frequencies(split, counts)
        words = [*split.items()]
        for (word, tokens), (_, others) in pairwise(words):
            found[tokens[-1], others[0]] += counts[word]
        return found

    return {"count": count}


@counting.mistake(
    "You counted a pair once in each word that has it: it counts as often as it stands there, "
    "times the count of the word."
)
def once_in_each_word():
    def count(split, counts):
        found = Counter()
        for word, tokens in split.items():
            found.update(dict.fromkeys(pairwise(tokens), counts[word]))
        return found

    return {"count": count}


@counting.mistake("You stopped at pairs that occur once: go on as long as there is any pair.")
def stopped_at_once():
    return {"least": 2}


joining = merging.group("Joining pairs", make=slipped)


@joining.mistake(
    "You joined from the right: of aaa, the first two become a token, so go from left to right."
)
def from_the_right():
    def join(tokens, pair):
        turned = merged([t[::-1] for t in tokens[::-1]], (pair[1][::-1], pair[0][::-1]))
        return [t[::-1] for t in turned[::-1]]

    return {"join": join}


@joining.mistake("You joined the first occurrence only: join every one in the word.")
def first_occurrence_only():
    def join(tokens, pair):
        for i, found in enumerate(pairwise(tokens)):
            if found == pair:
                return [*tokens[:i], "".join(pair), *tokens[i + 2 :]]
        return tokens

    return {"join": join}


@joining.mistake(
    "You replaced text inside of tokens: a token that merely ends like the pair's first, or begins "
    "like its second, is no part of the pair. Compare whole tokens."
)
def inside_of_tokens():
    def join(tokens, pair):
        return "\0".join(tokens).replace("\0".join(pair), "".join(pair)).split("\0")

    return {"join": lambda tokens, pair: join(tokens, pair) if tokens else []}


merging.hints(
    "Keep each word as a list of tokens, characters at first. Write three steps, each a function "
    "of its own: count the pairs, choose one, join it everywhere in a list.",
    "A dictionary from pair to count, adding the word's count for each neighbouring pair. Join "
    "with a loop that looks at the last token it has put down. Texts go through the same joining, "
    "merge after merge.",
    "The choice: min over the pairs with the key (-count, pair). Stop when the dictionary is "
    "empty. An encoded text: its list of characters, joined with each merge in the order learned.",
)
