"""Wrong answers of strangers to basics/08_evaluation, and the mistake that each is told.

Some once got full marks. Most others were told nothing, and some a mistake they did not have.
"""

from __future__ import annotations

import pytest
from conftest import CLONE
from written_answers import verdict

MODULE = CLONE / "curriculum" / "basics" / "08_evaluation"

TOLD = {
    "roc_auc, nearly equal scores as ties": (
        "nearly equal scores tie",
        """
        def roc_auc(labels, scores):
            gap = scores[labels == 1][:, None] - scores[labels == 0]
            tie = np.isclose(scores[labels == 1][:, None], scores[labels == 0])
            return float(np.where(tie, 0.5, gap > 0).mean())
        """,
    ),
    "temperature, with probabilities clipped": (
        "probabilities clipped",
        """
        def temperature(logits, labels):
            grid = np.geomspace(0.05, 20, 1500)
            losses = []
            for t in grid:
                e = np.exp((logits - logits.max(axis=1, keepdims=True)) / t)
                p = np.clip(e / e.sum(axis=1, keepdims=True), 1e-7, 1 - 1e-7)
                losses.append(-np.log(p[np.arange(len(labels)), labels]).mean())
            return float(grid[np.argmin(losses)])
        """,
    ),
    "ship, one-sided at 5 %": (
        "one sided",
        """
        def ship(arm, before, after):
            from scipy.stats import linregress, ttest_ind

            found = []
            for group, x, y in zip(arm, before, after, strict=True):
                uneven = abs(2 * group.mean() - 1) * len(group) ** 0.5
                rest = y - linregress(x, y).slope * x
                p = ttest_ind(rest[group == 1], rest[group == 0], alternative="greater").pvalue
                found.append(2 if uneven > 3.29 else int(p < 0.05))
            return np.array(found)
        """,
    ),
    "temperature, with all labels of all rows": (
        "labels of all rows",
        """
        def temperature(logits, labels):
            grid = np.geomspace(0.05, 20, 1500)
            scaled = [torch.log_softmax(torch.tensor(logits / t), dim=1) for t in grid]
            losses = [-rows[:, torch.tensor(labels)].mean().item() for rows in scaled]
            return float(grid[np.argmin(losses)])
        """,
    ),
    "ship, with the arms exchanged": (
        "new less old reversed",
        """
        def ship(arm, before, after):
            return right((1 - arm).astype(np.int8), before, after)
        """,
    ),
    "temperature, by a softmax over the rows": (
        "softmax over the rows",
        """
        def temperature(logits, labels):
            def loss(t):
                z = torch.log_softmax(torch.tensor(logits / t), dim=0)
                return -z[torch.arange(len(labels)), torch.tensor(labels)].mean().item()

            return float(min(np.geomspace(0.05, 20, 1500), key=loss))
        """,
    ),
    "stratified_folds, dealt in blocks of each class": (
        "blocks of each class",
        """
        def stratified_folds(labels, k, order):
            folds = np.zeros(len(labels), dtype=int)
            for kind in np.unique(labels):
                for fold, rows in enumerate(np.array_split(order[labels[order] == kind], k)):
                    folds[rows] = fold
            return folds
        """,
    ),
    "bootstrap_interval, the basic one": (
        "basic bootstrap",
        """
        def bootstrap_interval(losses_a, losses_b, draws, level=0.95):
            low, high = right(losses_a, losses_b, draws, level)
            middle = losses_b.mean() - losses_a.mean()
            return float(2 * middle - high), float(2 * middle - low)
        """,
    ),
    "sample_size, by the lesson's formula": (
        "formula of the lesson",
        """
        def sample_size(rate, lift, share=0.5, level=0.05, power=0.8):
            return -(-right(rate, lift, 0.5, level, power) // 2)
        """,
    ),
    "ab_test, with twice the cdf": (
        "doubled below",
        """
        def ab_test(customer, arm, revenue):
            gap, low, high, p = right(customer, arm, revenue)
            return gap, low, high, 2 - p
        """,
    ),
    "ab_test, with a variance that divides by n": (
        "divided by n",
        """
        def ab_test(customer, arm, revenue):
            gap, variance = 0.0, 0.0
            for one, sign in ((0, -1), (1, 1)):
                _, place = np.unique(customer[arm == one], return_inverse=True)
                spent, came = np.bincount(place, revenue[arm == one]), np.bincount(place)
                ratio = spent.sum() / came.sum()
                gap += sign * ratio
                variance += len(came) * (spent - ratio * came).var() / came.sum() ** 2
            error = variance**0.5
            p = torch.erfc(torch.tensor(abs(gap) / error / 2**0.5, dtype=torch.float64)).item()
            return float(gap), float(gap - 1.959964 * error), float(gap + 1.959964 * error), p
        """,
    ),
}


@pytest.mark.parametrize(("answer", "told"), TOLD.items(), ids=list(TOLD))
def test_a_stranger_is_told_the_mistake(answer, told):
    mistake, code = told
    found = verdict(MODULE, answer, code)
    assert not found.passed
    assert mistake in (found.likely, *found.possible)
