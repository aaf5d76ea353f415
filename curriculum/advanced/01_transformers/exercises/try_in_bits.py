"""Exercise `bits_per_character` of the lesson: losses that may be compared. It earns no points."""

from __future__ import annotations

import math

import numpy as np

from lepton_course.authoring import Call, Case, close, exercise

in_bits = exercise(
    "bits_per_character",
    title="Try it: bits per character",
    points=0,
    difficulty=1,
    minutes=3,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Tokens",
)


@in_bits.reference
def bits_per_character(loss, tokens, characters):
    """Turn a mean loss in nats per token into bits per character, a float.

    loss: the mean cross-entropy of a token, at least 0; tokens, characters: lengths of the same
    text, whole numbers from 1 on.
    """
    in_nats = loss * tokens
    return float(in_nats / characters / math.log(2))


@in_bits.alternative
def by_base_two(loss, tokens, characters):
    return float(np.log2(np.exp(loss)) * (tokens / characters))


@in_bits.cases
def cases(rng):
    def case(part, loss, tokens, characters):
        return Case(part, (loss, tokens, characters))

    return [
        case("characters as tokens", float(rng.uniform(0.5, 3)), 40, 40),
        case("longer tokens", float(rng.uniform(2, 6)), int(rng.integers(20, 30)), 77),
        case("longer tokens", float(rng.uniform(2, 6)), 9, int(rng.integers(25, 40))),
        case("shorter tokens: bytes", float(rng.uniform(0.5, 3)), 61, 52),
        case("a single token", float(rng.uniform(1, 3)), 1, 1),
        case("a loss of 0", 0.0, 7, 18),
    ]


@in_bits.mistake("That is in nats: divide by ln 2, since one bit is ln 2 nats.")
def left_in_nats(loss, tokens, characters):
    return float(loss * tokens / characters)


@in_bits.mistake("You multiplied by ln 2: one bit is ln 2 nats, so divide by it.")
def multiplied_by_ln_2(loss, tokens, characters):
    return float(loss * tokens / characters * math.log(2))


@in_bits.mistake(
    "That is bits per token: a token of several characters shares its bits among them."
)
def bits_per_token(loss, tokens, characters):
    return float(loss / math.log(2))


@in_bits.mistake(
    "The ratio is upside down: the bits of all tokens, shared among the characters, are "
    "loss * tokens / characters."
)
def ratio_turned_over(loss, tokens, characters):
    return float(loss * characters / tokens / math.log(2))


@in_bits.mistake("You took the logarithm of the loss: the loss is a logarithm already.")
def logarithm_of_the_loss(loss, tokens, characters):
    with np.errstate(divide="ignore"):
        return float(np.log2(loss) * tokens / characters)


in_bits.hints(
    "How many nats does the whole text cost? How many characters share them?",
    "The text costs loss * tokens nats; one bit is ln 2 nats.",
    "def bits_per_character(loss, tokens, characters):\n"
    "    return loss * tokens / characters / np.log(2)",
)
