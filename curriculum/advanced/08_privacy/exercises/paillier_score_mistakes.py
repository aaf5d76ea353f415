"""More mistakes in `paillier_score`, which is declared beside."""

from __future__ import annotations

import numpy as np

from .paillier_score import scoring

powers = scoring.group("Powers and products")


@powers.mistake(
    "You raised the ciphertexts to their weights modulo n: all of this happens modulo n², and what "
    "is cut off there is the message."
)
def powers_modulo_n(ciphertexts, weights, bias, n, mask):
    hidden = (1 + bias * n) * pow(mask, n, n**2)
    for ciphertext, weight in zip(ciphertexts, weights, strict=True):
        hidden = hidden * pow(ciphertext, weight, n)
    return hidden % n**2


@powers.mistake(
    "You inverted a ciphertext modulo n: take its inverse modulo n², as pow(c, -3, n * n) does."
)
def inverses_modulo_n(ciphertexts, weights, bias, n, mask):
    hidden = (1 + bias * n) * pow(mask, n, n**2)
    for ciphertext, weight in zip(ciphertexts, weights, strict=True):
        base = ciphertext if weight >= 0 else pow(ciphertext, -1, n)
        hidden = hidden * pow(base, abs(weight), n**2)
    return hidden % n**2


@powers.mistake(
    "You reduced the weights modulo n: the message stays the same, but the ciphertext is not the "
    "one asked for, and a small negative weight takes a power of many digits."
)
def weights_modulo_n(right, a):
    return right(weights=[weight % a.n for weight in a.weights])


@powers.mistake(
    "Your product overflows: NumPy's whole numbers end at 64 bits. Multiply Python's ints, and "
    "reduce modulo n² after each factor."
)
def overflow(ciphertexts, weights, bias, n, mask):
    square = n * n
    factors = [pow(c, w, square) for c, w in zip(ciphertexts, weights, strict=True)]
    factors += [(1 + bias * n) % square, pow(mask, n, square)]
    return int(np.prod(np.array(factors, dtype=np.int64)) % square)


@powers.mistake(
    "Your result is negative for a negative bias: reduce the whole product with %, which gives "
    "numbers from 0 to n² - 1 in Python."
)
def negative_result(right, a):
    return right() - (a.n**2 if a.bias < 0 else 0)


@powers.mistake(
    "You added the powers up: multiplying ciphertexts adds what is encrypted in them, so multiply "
    "the powers as well."
)
def powers_added(ciphertexts, weights, bias, n, mask):
    hidden = 1 + bias * n
    for ciphertext, weight in zip(ciphertexts, weights, strict=True):
        hidden += pow(ciphertext, weight, n**2)
    return hidden * pow(mask, n, n**2) % n**2


@powers.mistake("You multiplied by 1 + bias: an encryption of the bias is 1 + bias * n, modulo n².")
def bias_without_n(right, a):
    return right(bias=0) * (1 + a.bias) % a.n**2


@powers.mistake(
    "You raised the weights to the ciphertexts: each ciphertext is raised to its weight, which is "
    "pow(c, w, n * n)."
)
def weight_to_the_ciphertext(ciphertexts, weights, bias, n, mask):
    hidden = (1 + bias * n) * pow(mask, n, n**2)
    for ciphertext, weight in zip(ciphertexts, weights, strict=True):
        hidden = hidden * pow(weight, ciphertext, n**2)
    return hidden % n**2
