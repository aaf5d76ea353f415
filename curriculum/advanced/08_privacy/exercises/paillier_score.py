"""A credit score on encrypted features: the exercise `paillier_score`."""

from __future__ import annotations

import math

from lepton_course.authoring import Call, Case, exact, exercise

scoring = exercise(
    "paillier_score",
    title="Score what you cannot read",
    points=2,
    difficulty=2,
    minutes=6,
    probe=Call(),
    compare=exact(),
    read="lesson.ipynb#Paillier-with-toy-keys",
)


@scoring.reference
def paillier_score(ciphertexts, weights, bias, n, mask):
    """Return a ciphertext, an int below n², of the sum of weights * features, plus bias.

    ciphertexts: list of ints, features encrypted with the public key n and the base n + 1.
    weights: list of ints of the same length, also negative. bias: int. mask: int from 1 to
    n - 1, without a factor in common with n; without it, the result's random part tells the
    key's owner about the weights. Source: Paillier (1999), section 8 (self-blinding).
    """
    square = n * n
    hidden = (1 + bias * n) * pow(mask, n, square) % square
    for ciphertext, weight in zip(ciphertexts, weights, strict=True):
        hidden = hidden * pow(ciphertext, weight, square) % square
    return hidden


@scoring.alternative
def with_inverses(ciphertexts, weights, bias, n, mask):
    """Multiply positive and negative weights apart, divide once, and blind at the end."""
    above, below = pow(n + 1, bias, n**2), 1
    for ciphertext, weight in zip(ciphertexts, weights, strict=True):
        if weight >= 0:
            above = above * ciphertext**weight % n**2
        else:
            below = below * ciphertext**-weight % n**2
    return above * pow(below, -1, n**2) * pow(mask, n, n**2) % n**2


_PRIMES = [
    269, 503, 1009, 2003, 4001, 8009, 12007, 16001, 20011, 24001, 27011, 29009, 30011,
]  # fmt: skip


@scoring.cases
def cases(rng):
    def unit(n, even=False):
        """A random mask without a factor in common with n."""
        drawn = rng.integers(2, n, 50).tolist()
        return next(r for r in drawn if math.gcd(r, n) == 1 and not (even and r % 2))

    def case(part, weights, bias, largest=90, even=False):
        p, q = rng.choice(_PRIMES, 2, replace=False).tolist()
        n = p * q
        ciphertexts = []
        for feature in rng.integers(-largest, largest, len(weights)).tolist():
            ciphertexts.append((1 + feature * n) * pow(unit(n), n, n * n) % (n * n))
        if len(weights) > 4:
            ciphertexts[-1] = ciphertexts[0]
        return Case(part, (ciphertexts, weights, bias, n, unit(n, even)))

    def drawn(number, low=1, high=60):
        return rng.integers(low, high, number).tolist()

    return [
        case("positive weights", drawn(4), 0, even=True),
        case("positive weights", [1, *drawn(1), 1], 0),
        case("a bias", drawn(5), int(rng.integers(2, 400))),
        case("a bias", [0, *drawn(2, 1, 9), 0], -int(rng.integers(2, 400))),
        case("a bias", [], 17),
        case("negative weights", [*drawn(2), *drawn(3, -50, -1)], 1),
        case("negative weights", drawn(1, -9, -1), -3),
        case("negative weights", drawn(7, -99, 99), 24),
    ]


sums = scoring.group("Sums and products")


@sums.mistake(
    "You added the ciphertexts: multiplying two ciphertexts adds what is encrypted in them."
)
def ciphertexts_added(ciphertexts, weights, bias, n, mask):
    total = sum(c * w for c, w in zip(ciphertexts, weights, strict=True))
    return (total + bias) * pow(mask, n, n**2) % n**2


@sums.mistake(
    "You multiplied each ciphertext by its weight: raising it to the weight multiplies what is "
    "encrypted by the weight."
)
def weights_multiplied(ciphertexts, weights, bias, n, mask):
    hidden = 1 + bias * n
    for ciphertext, weight in zip(ciphertexts, weights, strict=True):
        hidden = hidden * ciphertext * weight
    return hidden * pow(mask, n, n**2) % n**2


@sums.mistake("You left the weights out: raise each ciphertext to its weight.")
def no_weights(right, a):
    return right(weights=[1] * len(a.weights))


@sums.mistake(
    "You dropped the signs of the weights: pow(c, -3, n * n) takes the inverse and works."
)
def signs_dropped(right, a):
    return right(weights=[abs(weight) for weight in a.weights])


@sums.mistake("You left out features with negative weights: pow takes negative exponents, too.")
def negative_weights_left_out(right, a):
    return right(weights=[max(weight, 0) for weight in a.weights])


moduli = scoring.group("The modulus")


@moduli.mistake("You reduced modulo n: ciphertexts are numbers modulo n², which is n * n.")
def modulo_n(right, a):
    return right() % a.n


@moduli.mistake("You did not reduce the last product modulo n².")
def not_reduced(right, a):
    return right(mask=1) * pow(a.mask, a.n, a.n**2)


masks = scoring.group("The mask")


@masks.mistake(
    "Your result is not masked: its random part then follows from the weights, and the key's "
    "owner, who knows the features' masks, can work them out. Multiply by pow(mask, n, n * n)."
)
def not_masked(right, a):
    return right(mask=1)


@masks.mistake(
    "You multiplied by the mask itself, which changes the score: its n-th power modulo n² is an "
    "encryption of 0, and changes only the random part."
)
def the_mask_without_power(right, a):
    return right(mask=1) * a.mask % a.n**2


@masks.mistake(
    "You took the mask's power modulo n: as an encryption of 0 it is mask to the n, modulo n²."
)
def mask_modulo_n(right, a):
    return right(mask=1) * pow(a.mask, a.n, a.n) % a.n**2


@masks.mistake(
    "You masked twice: the bias needs no mask of its own, since mask to the n hides the whole "
    "product once."
)
def masked_twice(right, a):
    return right(mask=a.mask**2)


@masks.mistake(
    "You masked each feature as well as the result: one fresh mask, to the n-th power, hides the "
    "whole product."
)
def masked_everywhere(right, a):
    return right(mask=pow(a.mask, len(a.weights) + 1, a.n**2))


@masks.mistake(
    "You raised the mask to n²: its n-th power, modulo n², is the encryption of 0 to use."
)
def mask_to_the_square(right, a):
    return right(mask=pow(a.mask, a.n, a.n**2))


@masks.mistake("You added the mask: multiply by its n-th power modulo n².")
def mask_added(right, a):
    return (right(mask=1) + a.mask) % a.n**2


@masks.mistake(
    "You masked once for each feature: one fresh mask, to the n-th power, hides the whole result."
)
def a_mask_for_each_feature(right, a):
    return right(mask=pow(a.mask, len(a.weights), a.n))


biases = scoring.group("The bias")


@biases.mistake("You left the bias out: multiply by an encryption of it, (n + 1) ** bias mod n².")
def no_bias(right, a):
    return right(bias=0)


@biases.mistake(
    "You added the bias to the ciphertext: multiply by an encryption of the bias instead."
)
def bias_added(right, a):
    return (right(bias=0) + a.bias) % a.n**2


@biases.mistake(
    "You added bias * n to the product: a product of ciphertexts adds up what they hide, so "
    "multiply by 1 + bias * n."
)
def bias_times_n_added(right, a):
    return (right(bias=0) + a.bias * a.n) % a.n**2


@biases.mistake(
    "You multiplied by (1 + bias) * n: an encryption of the bias is 1 + bias * n, which leaves 1 "
    "modulo n."
)
def one_inside_the_bracket(right, a):
    return right(bias=0) * (1 + a.bias) * a.n % a.n**2


@biases.mistake(
    "You returned 1 where there are no features: the bias and the mask still count, and without "
    "the mask anybody could read the bias."
)
def nothing_without_features(right, a):
    return right() if a.weights else 1


@biases.mistake(
    "You multiplied by the bias: that is no encryption of it; 1 + bias * n, modulo n², is one."
)
def multiplied_by_the_bias(right, a):
    return right(bias=0) * a.bias % a.n**2


scoring.hints(
    "Multiplying ciphertexts adds what they hide; raising one to a power multiplies it.",
    "Start from an encryption of the bias that uses the mask, and multiply by each ciphertext to "
    "the power of its weight, all modulo n².",
    "hidden = (1 + bias * n) * pow(mask, n, n * n) % (n * n); for each pair: "
    "hidden = hidden * pow(c, w, n * n) % (n * n). pow takes negative exponents.",
)
