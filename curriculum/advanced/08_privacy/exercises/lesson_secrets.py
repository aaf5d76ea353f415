"""A small exercise of the lesson on homomorphic encryption. It earns no points."""

from __future__ import annotations

import math

from lepton_course.authoring import Call, Case, exact, exercise

adding = exercise(
    "paillier_add",
    title="Try it: add what you cannot read",
    points=0,
    difficulty=2,
    minutes=4,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Paillier-with-toy-keys",
)


@adding.reference
def paillier_add(first, second, n):
    """Return a ciphertext, an int below n², of the sum of what two ciphertexts hide."""
    return first * second % n**2


@adding.alternative
def factor_by_factor(first, second, n):
    square = n * n
    return (first % square) * (second % square) % square


@adding.cases
def pairs(rng):
    keys = [(503, 1009), (2003, 4001), (29009, 30011), (17, 269), (1009, 16001), (269, 503)]
    for p, q in [*keys, *keys]:
        n = p * q
        drawn = [r for r in rng.integers(2, n, 40).tolist() if math.gcd(r, n) == 1]
        messages = rng.integers(0, n, 2).tolist()
        encrypted = [
            (1 + m * n) * pow(r, n, n * n) % (n * n)
            for m, r in zip(messages, drawn[:2], strict=True)
        ]
        yield Case("two ciphertexts", (*encrypted, n))


@adding.mistake("You added the ciphertexts: multiply them, and the messages add up.")
def added(right, a):
    return (a.first + a.second) % a.n**2


@adding.mistake("You reduced modulo n: ciphertexts are numbers modulo n².")
def modulo_n(right, a):
    return a.first * a.second % a.n


@adding.mistake("You did not reduce the product: take it modulo n².")
def not_reduced(right, a):
    return a.first * a.second


adding.hints(
    "(n + 1)^a times (n + 1)^b is (n + 1) to which power?",
    "Multiply the ciphertexts, modulo n².",
    "def paillier_add(first, second, n):\n    return first * second % n**2",
)
