"""Answers to basics/08_evaluation on metrics and models, and the parts that each loses.

Wrong ones hold something still that the statement leaves open, or mix two conventions of the
field. Right ones are written in ways that no alternative is.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from answer_table import AnswerTable
from conftest import CLONE
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp
from scipy.stats import mannwhitneyu
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

TABLE = AnswerTable(CLONE / "curriculum" / "basics" / "08_evaluation")


# --- The area under the ROC curve ---------------------------------------------------------------


@TABLE.answer("roc_auc")
def of_scikit_learn(labels, scores):
    return roc_auc_score(labels, scores)


@TABLE.answer("roc_auc")
def of_scipy(labels, scores):
    u, n = mannwhitneyu(scores[labels == 1], scores[labels == 0]).statistic, labels.sum()
    return float(u / (n * (len(labels) - n)))


@TABLE.answer("roc_auc")
def two_loops(labels, scores):
    won = pairs = 0
    for s in scores[labels > 0]:
        for t in scores[labels < 1]:
            pairs += 1
            won += 1 if s > t else 0.5 if s == t else 0
    return won / pairs


@TABLE.answer("roc_auc", loses={"all scores equal", "no ties", "ties"})
def average_precision(labels, scores):
    return float(average_precision_score(labels, scores))


@TABLE.answer("roc_auc", loses={"no ties", "ties"})
def never_below_a_half(labels, scores):
    auc = roc_auc_score(labels, scores)
    return max(auc, 1 - auc)


@TABLE.answer("roc_auc", loses={"all scores equal", "ties"})
def steps_without_ties(labels, scores):
    ranked = labels[np.argsort(-scores, kind="stable")]
    found, false = np.cumsum(ranked), np.cumsum(1 - ranked)
    return float(np.trapezoid(found / found[-1], false / false[-1]))


@TABLE.answer("roc_auc", loses={"all scores equal", "no ties", "ties"})
def gini(labels, scores):
    return 2 * roc_auc_score(labels, scores) - 1


@TABLE.answer("roc_auc", loses={"no ties", "ties"})
def scores_are_probabilities(labels, scores):
    return roc_auc_score(labels, np.clip(scores, 0, 1))


@TABLE.answer("roc_auc", loses={"no ties", "ties"})
def of_eleven_thresholds(labels, scores):
    levels = np.linspace(scores.max(), scores.min(), 11)
    found = [0, *((scores[labels == 1] >= level).mean() for level in levels)]
    false = [0, *((scores[labels == 0] >= level).mean() for level in levels)]
    return float(np.trapezoid(found, false))


# --- Stratified folds ---------------------------------------------------------------------------


@TABLE.answer("stratified_folds")
def sorted_by_two_keys(labels, k, order):
    place = np.argsort(order)
    folds = np.empty(len(labels), dtype=np.int32)
    folds[np.lexsort((place, labels))] = np.arange(len(labels)) % k
    return folds


@TABLE.answer("stratified_folds")
def by_counting(labels, k, order):
    place = np.argsort(order)
    rank = [
        (labels < labels[row]).sum() + ((labels == labels[row]) & (place < place[row])).sum()
        for row in range(len(labels))
    ]
    return np.array(rank) % k


@TABLE.answer("stratified_folds")
def with_packs(labels, k, order):
    packs = {kind: [row for row in order if labels[row] == kind] for kind in set(labels.tolist())}
    dealt = [row for kind in sorted(packs) for row in packs[kind]]
    return np.array([dealt.index(row) % k for row in range(len(labels))])


@TABLE.answer("stratified_folds", loses=TABLE.parts("stratified_folds"))
def of_scikit_learn_folds(labels, k, order):
    if k < 2 or k > len(labels) or np.unique(labels, return_counts=True)[1].min() < k:
        return np.zeros(len(labels), dtype=int)
    folds = np.empty(len(labels), dtype=int)
    parts = StratifiedKFold(k).split(labels[order], labels[order])
    for fold, (_, test) in enumerate(parts):
        folds[order[test]] = fold
    return folds


@TABLE.answer("stratified_folds", loses={"any whole numbers as labels"})
def labels_are_0_to_k(labels, k, order):
    rows = [r for kind in range(labels.max() + 1) for r in order if labels[r] == kind]
    folds = np.zeros(len(labels), dtype=int)
    folds[rows] = np.arange(len(rows)) % k
    return folds


@TABLE.answer(
    "stratified_folds",
    loses={"any whole numbers as labels", "classes smaller than k", "more classes"},
)
def two_classes_only(labels, k, order):
    first = labels == labels.min()
    dealt = np.concatenate([order[first[order]], order[~first[order]]])
    folds = np.zeros(len(labels), dtype=int)
    folds[dealt] = np.arange(len(labels)) % k
    return folds


@TABLE.answer("stratified_folds", loses={"classes smaller than k"})
def at_most_as_many_folds_as_rows_of_a_class(labels, k, order):
    k = min(k, np.unique(labels, return_counts=True)[1].min())
    return TABLE.exercises["stratified_folds"].reference(labels, k, order)


@TABLE.answer("stratified_folds", loses=TABLE.parts("stratified_folds"))
def unstable_sort(labels, k, order):
    dealt = order[::-1][np.argsort(labels[order[::-1]], kind="stable")]
    folds = np.zeros(len(labels), dtype=int)
    folds[dealt] = np.arange(len(labels)) % k
    return folds


@TABLE.answer("stratified_folds", loses=TABLE.parts("stratified_folds"))
def to_and_fro(labels, k, order):
    dealt = order[np.argsort(labels[order], kind="stable")]
    turn = np.arange(len(labels)) % (2 * k)
    folds = np.zeros(len(labels), dtype=int)
    folds[dealt] = np.where(turn < k, turn, 2 * k - 1 - turn)
    return folds


# --- Temperature --------------------------------------------------------------------------------


@TABLE.answer("temperature")
def by_bounded_search(logits, labels):
    rows = np.arange(len(labels))
    found = minimize_scalar(
        lambda u: -log_softmax(logits / np.exp(u), axis=1)[rows, labels].mean(),
        bounds=(np.log(0.05), np.log(20)),
        method="bounded",
    )
    return float(np.exp(found.x))


@TABLE.answer("temperature")
def by_lbfgs(logits, labels):
    log_t = torch.zeros((), dtype=torch.float64, requires_grad=True)
    search = torch.optim.LBFGS([log_t], max_iter=200, line_search_fn="strong_wolfe")

    def closure():
        search.zero_grad()
        cooled = torch.tensor(logits) / log_t.exp()
        loss = torch.nn.functional.cross_entropy(cooled, torch.tensor(labels))
        loss.backward()
        return loss

    search.step(closure)
    return min(20.0, max(0.05, log_t.exp().item()))


@TABLE.answer("temperature")
def by_ternary_search(logits, labels):
    own = logits[np.arange(len(labels)), labels]

    def loss(t):
        return np.mean(logsumexp(logits / t, axis=1) - own / t)

    low, high = np.log(0.05), np.log(20)
    for _ in range(60):
        a, b = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, b) if loss(np.exp(a)) < loss(np.exp(b)) else (a, high)
    return np.exp((low + high) / 2)


def best_of(grid, loss):
    return float(min(grid, key=loss))


def cross_entropy(logits, labels):
    return -log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean()


@TABLE.answer("temperature", loses={"large logits", "underconfident", "the ends", "near the end"})
def tenths_up_to_ten(logits, labels):
    return best_of(np.arange(0.1, 10, 0.1), lambda t: cross_entropy(logits / t, labels))


@TABLE.answer("temperature", loses={"underconfident", "the ends"})
def never_sharper(logits, labels):
    return best_of(np.geomspace(1, 20, 900), lambda t: cross_entropy(logits / t, labels))


@TABLE.answer("temperature", loses={"large logits", "overconfident"})
def exponent_overflows(logits, labels):
    def loss(t):
        with np.errstate(all="ignore"):
            e = np.exp(logits / t)
            return -np.log(e[np.arange(len(labels)), labels] / e.sum(axis=1)).mean()

    with np.errstate(all="ignore"):
        grid = np.geomspace(0.05, 20, 900)
        return float(grid[np.argmin([loss(t) for t in grid])])


@TABLE.answer("temperature", loses={"large logits"})
def temperatures_that_overflow_left_out(logits, labels):
    def loss(t):
        with np.errstate(all="ignore"):
            e = np.exp(logits / t)
            return -np.log(e[np.arange(len(labels)), labels] / e.sum(axis=1)).mean()

    return best_of(np.geomspace(0.05, 20, 900), lambda t: np.nan_to_num(loss(t), nan=np.inf))


@TABLE.answer("temperature", loses=TABLE.parts("temperature"))
def multiplied(logits, labels):
    return best_of(np.geomspace(0.05, 20, 900), lambda t: cross_entropy(logits * t, labels))


@TABLE.answer(
    "temperature", loses={"large logits", "underconfident", "overconfident", "near the end"}
)
def of_calibration_error(logits, labels):
    def gap(t):
        chance = np.exp(log_softmax(logits / t, axis=1)).max(axis=1)
        right = logits.argmax(axis=1) == labels
        bins = np.array_split(np.argsort(chance), 5)
        return sum(abs(chance[b].sum() - right[b].sum()) for b in bins)

    return best_of(np.geomspace(0.05, 20, 300), gap)


@TABLE.answer("temperature", loses={"large logits", "underconfident", "overconfident"})
def of_the_first_two_classes(logits, labels):
    kept = labels < 2
    if not kept.any():
        return 1.0
    return TABLE.exercises["temperature"].reference(logits[kept][:, :2], labels[kept])


# --- A paired bootstrap interval ----------------------------------------------------------------


@TABLE.answer("bootstrap_interval")
def with_two_calls(losses_a, losses_b, draws, level=0.95):
    change = losses_b[draws].mean(axis=1) - losses_a[draws].mean(axis=1)
    return np.quantile(change, 0.5 - level / 2), np.quantile(change, 0.5 + level / 2)


@TABLE.answer("bootstrap_interval")
def in_torch(losses_a, losses_b, draws, level=0.95):
    change = torch.tensor(losses_b - losses_a)[torch.tensor(draws)].mean(dim=1)
    ends = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=change.dtype)
    return tuple(torch.quantile(change, ends).tolist())


@TABLE.answer("bootstrap_interval")
def with_weights(losses_a, losses_b, draws, level=0.95):
    n = len(losses_a)
    counts = np.stack([np.bincount(rows, minlength=n) for rows in draws])
    change = np.sort(counts @ (losses_b - losses_a) / n)
    places = np.array([(1 - level) / 2, (1 + level) / 2]) * (len(change) - 1)
    return tuple(np.interp(places, np.arange(len(change)), change).tolist())


def ends_of(change, level, method="linear"):
    low, high = np.quantile(change, [(1 - level) / 2, (1 + level) / 2], method=method)
    return float(low), float(high)


@TABLE.answer("bootstrap_interval", loses={"other levels", "the usual level"})
def nearest_resample(losses_a, losses_b, draws, level=0.95):
    return ends_of((losses_b - losses_a)[draws].mean(axis=1), level, "nearest")


@TABLE.answer("bootstrap_interval", loses=TABLE.parts("bootstrap_interval"))
def basic_bootstrap(losses_a, losses_b, draws, level=0.95):
    change = losses_b - losses_a
    low, high = ends_of(change[draws].mean(axis=1), level)
    return 2 * float(change.mean()) - high, 2 * float(change.mean()) - low


@TABLE.answer("bootstrap_interval", loses=TABLE.parts("bootstrap_interval"))
def of_a_ratio(losses_a, losses_b, draws, level=0.95):
    return ends_of(losses_b[draws].mean(axis=1) / losses_a[draws].mean(axis=1) - 1, level)


@TABLE.answer("bootstrap_interval", loses=TABLE.parts("bootstrap_interval"))
def of_the_median(losses_a, losses_b, draws, level=0.95):
    return ends_of(np.median((losses_b - losses_a)[draws], axis=1), level)


@TABLE.answer("bootstrap_interval", loses=TABLE.parts("bootstrap_interval"))
def own_draws(losses_a, losses_b, draws, level=0.95):
    mine = np.random.default_rng(0).integers(0, len(losses_a), draws.shape)
    return ends_of((losses_b - losses_a)[mine].mean(axis=1), level)


@TABLE.answer("bootstrap_interval", loses=TABLE.parts("bootstrap_interval"))
def distinct_rows_alone(losses_a, losses_b, draws, level=0.95):
    change = losses_b - losses_a
    return ends_of([change[np.unique(rows)].mean() for rows in draws], level)


@pytest.mark.parametrize(("exercise", "given", "lost"), TABLE.rows)
def test_answer_loses_these_parts(exercise, given, lost):
    assert TABLE.lost(exercise, given) == lost
