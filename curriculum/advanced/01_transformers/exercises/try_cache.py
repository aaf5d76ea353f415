"""Exercise `cache_bytes` of the lesson: the memory of a key–value cache. It earns no points."""

from __future__ import annotations

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

keeping = exercise(
    "cache_bytes",
    title="Try it: the bytes of a cache",
    points=0,
    difficulty=2,
    minutes=5,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#The-key–value-cache",
)


@keeping.reference
def cache_bytes(layers, heads, head_width, tokens, texts, bytes_each):
    """Return the bytes of a key–value cache, an int: two vectors a token, head, layer and text.

    All arguments are whole numbers from 1 on, tokens from 0 on.
    """
    return int(np.prod([2, layers, heads, head_width, tokens, texts, bytes_each]))


@keeping.alternative
def one_text_after_the_other(layers, heads, head_width, tokens, texts, bytes_each):
    used = 0
    for _ in range(texts):
        for _ in range(layers):
            keys = heads * head_width * tokens
            used += (keys + keys) * bytes_each
    return used


@keeping.cases
def cases(rng):
    def whole(low, high):
        return int(rng.integers(low, high))

    return [
        Case("one text", (2, 4, whole(5, 40), 64, 1, 2)),
        Case("one text", (whole(3, 9), 1, 12, whole(20, 90), 1, 4)),
        Case("several texts", (1, whole(2, 7), 7, 33, whole(2, 9), 2)),
        Case("several texts", (5, 8, 1, whole(20, 90), 3, 1)),
        Case("nothing read yet", (3, 2, 16, 0, 5, 4)),
        Case("a single token", (4, 3, 9, 1, 6, 8)),
    ]


@keeping.mistake("You counted the keys alone: the values are kept, too.")
def keys_alone(right, a):
    return right() // 2


@keeping.mistake("You left out the layers: each keeps keys and values of its own.")
def one_layer(right, a):
    return right(layers=1)


@keeping.mistake("You left out the heads: head_width is the width of one of them.")
def one_head(right, a):
    return right(heads=1)


@keeping.mistake("You left out the texts: each has a cache of its own.")
def one_text(right, a):
    return right(texts=1)


@keeping.mistake("Those are numbers, not bytes: multiply by bytes_each.")
def numbers(right, a):
    return right(bytes_each=1)


@keeping.mistake("You squared the tokens, as for the scores: the scores are not kept.")
def squared(right, a):
    return right() * a.tokens


keeping.hints(
    "Two vectors, a key and a value, for each token. In how many places?",
    "Each head of each layer keeps them, for each text: multiply everything, then by bytes_each.",
    "def cache_bytes(layers, heads, head_width, tokens, texts, bytes_each):\n"
    "    return 2 * layers * heads * head_width * tokens * texts * bytes_each",
)
