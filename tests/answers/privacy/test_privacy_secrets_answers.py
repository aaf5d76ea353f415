"""Answers to advanced/08_privacy on attacks, encryption and logs, and the parts each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest
from answer_table import AnswerTable
from conftest import CLONE

TABLE = AnswerTable(CLONE / "curriculum" / "advanced" / "08_privacy")


# --- Membership inference -----------------------------------------------------------------------


@TABLE.answer("membership_attack")
def with_scikit_learn(member_losses, other_losses, max_fpr):
    from sklearn.metrics import roc_curve

    truth = np.repeat([1, 0], [len(member_losses), len(other_losses)])
    scores = -np.concatenate([member_losses, other_losses])
    fpr, tpr, _ = roc_curve(truth, scores, drop_intermediate=False)
    return float((tpr - fpr).max()), float(tpr[fpr <= max_fpr].max())


@TABLE.answer("membership_attack")
def over_a_sorted_list(member_losses, other_losses, max_fpr):
    best = found = 0.0
    for value in sorted({*member_losses.tolist(), *other_losses.tolist()}):
        hit = sum(m <= value for m in member_losses) / len(member_losses)
        alarm = sum(o <= value for o in other_losses) / len(other_losses)
        best, found = max(best, hit - alarm), max(found, hit if alarm <= max_fpr else 0.0)
    return float(best), float(found)


@TABLE.answer("membership_attack")
def at_the_members_losses_only(member_losses, other_losses, max_fpr):
    """Both rates are best at a member's loss, or at no threshold."""
    hits = np.mean(member_losses[None] <= member_losses[:, None], axis=1)
    alarms = np.mean(other_losses[None] <= member_losses[:, None], axis=1)
    found = max((h for h, a in zip(hits, alarms, strict=True) if a <= max_fpr), default=0.0)
    return float(max(0, *(hits - alarms))), float(found)


@TABLE.answer("membership_attack", loses=TABLE.parts("membership_attack") - {"one of each"})
def on_a_grid_of_thresholds(member_losses, other_losses, max_fpr):
    grid = np.linspace(-1, 10, 12)[:, None]
    hits, alarms = (member_losses <= grid).mean(axis=1), (other_losses <= grid).mean(axis=1)
    return float(max(0, (hits - alarms).max())), float(hits[alarms <= max_fpr].max())


@TABLE.answer("membership_attack", loses=TABLE.parts("membership_attack"))
def at_the_others_losses_only(member_losses, other_losses, max_fpr):
    grid = np.append(other_losses, -np.inf)[:, None]
    hits, alarms = (member_losses <= grid).mean(axis=1), (other_losses <= grid).mean(axis=1)
    return float((hits - alarms).max()), float(hits[alarms <= max_fpr].max())


@TABLE.answer("membership_attack", loses=TABLE.parts("membership_attack") - {"one of each"})
def called_by_the_mean_loss(member_losses, other_losses, max_fpr):
    hit = np.mean(member_losses <= member_losses.mean())
    alarm = np.mean(other_losses <= member_losses.mean())
    return float(max(0.0, hit - alarm)), float(hit if alarm <= max_fpr else 0.0)


@TABLE.answer("membership_attack", loses=TABLE.parts("membership_attack") - {"one of each"})
def others_counted_by_the_members(member_losses, other_losses, max_fpr):
    grid = np.concatenate([[-np.inf], member_losses, other_losses])[:, None]
    hits = (member_losses <= grid).mean(axis=1)
    alarms = (other_losses <= grid).sum(axis=1) / len(member_losses)
    return float((hits - alarms).max()), float(hits[alarms <= max_fpr].max())


@TABLE.answer("membership_attack", loses={"others have lower losses", "one of each"})
def some_attack_must_gain(member_losses, other_losses, max_fpr):
    hits = np.array([np.mean(member_losses <= t) for t in [*member_losses, *other_losses]])
    alarms = np.array([np.mean(other_losses <= t) for t in [*member_losses, *other_losses]])
    advantage = float((hits - alarms)[alarms < 1].max(initial=0.0))
    found = float(hits[(alarms <= max_fpr) & (alarms < 1)].max(initial=0.0))
    return advantage, found


@TABLE.answer("membership_attack", loses={"equal losses"})
def with_the_default_of_scikit_learn(member_losses, other_losses, max_fpr):
    from sklearn.metrics import roc_curve

    truth = np.repeat([1, 0], [len(member_losses), len(other_losses)])
    fpr, tpr, _ = roc_curve(truth, -np.concatenate([member_losses, other_losses]))
    return float((tpr - fpr).max()), float(tpr[fpr <= max_fpr].max())


@TABLE.answer("membership_attack", loses={"equal losses"})
def found_between_two_thresholds(member_losses, other_losses, max_fpr):
    """The rate at exactly max_fpr, on the line between two thresholds, if losses are equal."""
    right = TABLE.exercises["membership_attack"].reference(member_losses, other_losses, max_fpr)
    if len(set(member_losses)) == len(member_losses):
        return right
    order = np.unique(np.concatenate([member_losses, other_losses]))
    hits = [0.0, *(np.mean(member_losses <= t) for t in order)]
    alarms = [0.0, *(np.mean(other_losses <= t) for t in order)]
    return right[0], float(np.interp(max_fpr, alarms, hits))


# --- A score on encrypted features --------------------------------------------------------------


@TABLE.answer("paillier_score")
def weight_by_weight(ciphertexts, weights, bias, n, mask):
    product = pow(mask, n, n * n)
    for c, w in zip(ciphertexts, weights, strict=True):
        base = c if w > 0 else pow(c, -1, n * n)
        for _ in range(abs(w)):
            product = product * base % (n * n)
    return product * pow(1 + n, bias, n * n) % (n * n)


@TABLE.answer("paillier_score")
def with_a_product(ciphertexts, weights, bias, n, mask):
    powers = map(lambda c, w: pow(c, w, n**2), ciphertexts, weights)
    return math.prod([1 + bias * n, pow(mask, n, n**2), *powers]) % n**2


@TABLE.answer("paillier_score")
def bias_and_mask_as_features(ciphertexts, weights, bias, n, mask):
    score = 1
    for c, w in [*zip(ciphertexts, weights, strict=True), (1 + n, bias), (mask, n)]:
        score = score * pow(c, w % (n * n) if c == 1 + n else w, n * n) % (n * n)
    return score


@TABLE.answer("paillier_score", loses=TABLE.parts("paillier_score"))
def squares_of_the_key_forgotten(ciphertexts, weights, bias, n, mask):
    powers = (pow(c, w, n) for c, w in zip(ciphertexts, weights, strict=True))
    return math.prod(powers, start=pow(mask, n, n)) % n


@TABLE.answer("paillier_score", loses=TABLE.parts("paillier_score"))
def blinded_by_a_mask_of_its_own(ciphertexts, weights, bias, n, mask):
    return TABLE.exercises["paillier_score"].reference(ciphertexts, weights, bias, n, mask + n - 2)


@TABLE.answer("paillier_score", loses=TABLE.parts("paillier_score"))
def the_mask_to_the_power_of_the_bias(ciphertexts, weights, bias, n, mask):
    score = TABLE.exercises["paillier_score"].reference(ciphertexts, weights, bias, n, 1)
    return score * pow(mask, bias, n * n) % (n * n)


@TABLE.answer("paillier_score", loses={"a bias"})
def masked_only_where_a_feature_brings_a_mask(ciphertexts, weights, bias, n, mask):
    own = mask if weights else 1
    return TABLE.exercises["paillier_score"].reference(ciphertexts, weights, bias, n, own)


@TABLE.answer("paillier_score", loses={"negative weights"})
def negative_weights_modulo_n(ciphertexts, weights, bias, n, mask):
    """The plain score is right, and the random part is another one."""
    score = (1 + bias * n) * pow(mask, n, n**2) % n**2
    for c, w in zip(ciphertexts, weights, strict=True):
        score = score * pow(c, w % n, n**2) % n**2
    return score


@TABLE.answer("paillier_score", loses={"a bias", "negative weights"})
def bias_for_each_feature(ciphertexts, weights, bias, n, mask):
    total = bias * max(len(weights), 2)
    return TABLE.exercises["paillier_score"].reference(ciphertexts, weights, total, n, mask)


@TABLE.answer("paillier_score", loses={"a bias"})
def no_features_no_score(ciphertexts, weights, bias, n, mask):
    score = pow(ciphertexts[0], weights[0], n * n)
    rest = TABLE.exercises["paillier_score"].reference(ciphertexts[1:], weights[1:], bias, n, mask)
    return score * rest % (n * n)


@TABLE.answer("paillier_score", loses={"negative weights"})
def powers_as_floats(ciphertexts, weights, bias, n, mask):
    score = (1 + bias * n) * pow(mask, n, n**2)
    for c, w in zip(ciphertexts, weights, strict=True):
        score = score * (c**w if w >= 0 else int(1 / c**-w)) % n**2
    return score % n**2


@TABLE.answer("paillier_score", loses={"a bias", "negative weights"})
def encrypted_with_the_bias_as_power_of_n(ciphertexts, weights, bias, n, mask):
    right = TABLE.exercises["paillier_score"].reference(ciphertexts, weights, 0, n, mask)
    return right * (1 + n * (bias % 2)) % n**2 if bias else right


# --- Verify a log -------------------------------------------------------------------------------


def sha(text):
    return hashlib.sha256(text.encode("utf8")).hexdigest()


@TABLE.answer("verify_log")
def by_next(entries, digests, head):
    befores = ["0" * 64, *digests]
    wrong = (i for i in range(len(entries)) if sha(befores[i] + entries[i]) != digests[i])
    return next(wrong, -1 if head == befores[-1] else len(entries))


@TABLE.answer("verify_log")
def from_the_end(entries, digests, head):
    found = -1 if head == ("0" * 64, *digests)[-1] else len(entries)
    for i in reversed(range(len(entries))):
        if sha((digests[i - 1] if i else 64 * "0") + entries[i]) != digests[i]:
            found = i
    return found


@TABLE.answer("verify_log")
def updated_in_two_pieces(entries, digests, head):
    before = b"0" * 64
    for i, entry in enumerate(entries):
        state = hashlib.sha256(before)
        state.update(entry.encode())
        if state.hexdigest() != digests[i]:
            return i
        before = digests[i].encode()
    return len(entries) if before.decode() != head else -1


@TABLE.answer("verify_log", loses={"a sound log", "an entry rewritten"})
def white_space_does_not_count(entries, digests, head):
    verify = TABLE.exercises["verify_log"].reference
    return verify([entry.strip() for entry in entries], digests, head)


@TABLE.answer("verify_log", loses={"an entry rewritten"})
def sixteen_digits_are_enough(entries, digests, head):
    befores = ["0" * 64, *digests]
    for index, (before, entry) in enumerate(zip(befores, entries, strict=False)):
        mine = hashlib.sha256(f"{before}{entry}".encode()).hexdigest()
        if not digests[index].startswith(mine[:16]):
            return index
    return -1 if befores[-1] == head else len(entries)


@TABLE.answer("verify_log", loses={"an entry rewritten", "entries removed or moved"})
def nothing_else_matters_if_the_head_differs(entries, digests, head):
    if ["0" * 64, *digests][-1] != head:
        return len(entries)
    return TABLE.exercises["verify_log"].reference(entries, digests, head)


@TABLE.answer("verify_log", loses={"an entry rewritten", "entries removed or moved"})
def the_first_entry_is_not_checked(entries, digests, head):
    befores = ["0" * 64, *digests]
    for i in range(1, len(entries)):
        if sha(befores[i] + entries[i]) != digests[i]:
            return i
    return -1 if head == befores[-1] else len(entries)


@TABLE.answer(
    "verify_log", loses=TABLE.parts("verify_log") - {"a sound log", "only the head tells"}
)
def the_last_entry_is_not_checked(entries, digests, head):
    found = by_next(entries[:-1], digests[:-1], head)
    if 0 <= found < len(entries) - 1:
        return found
    return -1 if head == ["0" * 64, *digests][-1] else len(entries)


@TABLE.answer("verify_log", loses=TABLE.parts("verify_log") - {"a sound log"})
def yes_or_no(entries, digests, head):
    return -1 if by_next(entries, digests, head) == -1 else 0


@TABLE.answer("verify_log", loses=TABLE.parts("verify_log"))
def in_ascii(entries, digests, head):
    befores = ["0" * 64, *digests]
    for i, entry in enumerate(entries):
        text = (befores[i] + entry).encode("latin-1", "replace")
        if hashlib.sha256(text).hexdigest() != digests[i]:
            return i
    return -1 if head == befores[-1] else len(entries)


@TABLE.answer(
    "verify_log", loses=TABLE.parts("verify_log") - {"a sound log", "only the head tells"}
)
def the_head_first(entries, digests, head):
    if ["0" * 64, *digests][-1] != head:
        return len(entries)
    return min(by_next(entries, digests, head), 0)


@TABLE.answer("verify_log", loses=TABLE.parts("verify_log") - {"a sound log"})
def found_as_text(entries, digests, head):
    found = by_next(entries, digests, head)
    return found if found == -1 else str(found)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
