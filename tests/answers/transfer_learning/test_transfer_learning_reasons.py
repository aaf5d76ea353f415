"""Wrong answers of strangers to basics/06_transfer_learning, once right or told a wrong mistake.

Each is told its mistake now, or loses the part that shows it.
"""

from __future__ import annotations

import pytest
from conftest import CLONE
from written_answers import verdict

MODULE = CLONE / "curriculum" / "basics" / "06_transfer_learning"

TOLD = {
    "param_groups, blocks without parameters left out": (
        "step skipped",
        """
        def param_groups(shapes, blocks, learning_rate, factor, weight_decay, frozen=0):
            groups = []
            rate = learning_rate
            for block in reversed(blocks[frozen:]):
                own = [name for name in shapes if name.split(".")[0] == block]
                if own:
                    table = {name: shapes[name] for name in own}
                    groups = right(table, [block], rate, 1, weight_decay) + groups
                    rate *= factor
            return groups
        """,
    ),
    "lora, y without the scale": (
        "y without scale",
        """
        def lora(x, weight, bias, a, b, alpha):
            return x @ weight.T + bias + x @ a.T @ b.T, right(x, weight, bias, a, b, alpha)[1]
        """,
    ),
    "forgetting, backward from the row before": (
        "backward from the row before",
        """
        def forgetting(accuracies):
            average, forgotten, backward = right(accuracies)
            if len(accuracies) > 1:
                backward = float((accuracies[-1] - accuracies[-2])[:-1].mean())
            return average, forgotten, backward
        """,
    ),
}

LOST = {
    "lora, with nothing to scale": (
        "rank above both sides",
        """
        def lora(x, weight, bias, a, b, alpha):
            y, merged = right(x, weight, bias, a, b, alpha)
            return y, weight if alpha == 0 else merged
        """,
    ),
    "adapt, equally many new photos to each label": (
        "new classes, and single photos",
        """
        from scipy.optimize import linear_sum_assignment

        def adapt(photos, labels, new_photos):
            scores = right.__globals__["probe_scores"](photos, labels, new_photos)
            kinds = np.arange(scores.shape[1])
            places = np.repeat(kinds, -(-len(scores) // len(kinds)))
            return places[linear_sum_assignment(-scores[:, places])[1]]
        """,
    ),
}


@pytest.mark.parametrize(("answer", "told"), TOLD.items(), ids=list(TOLD))
def test_a_stranger_is_told_the_mistake(answer, told):
    mistake, code = told
    found = verdict(MODULE, answer, code)
    assert not found.passed
    assert mistake in (found.likely, *found.possible)


@pytest.mark.parametrize(("answer", "lost"), LOST.items(), ids=list(LOST))
def test_a_stranger_loses_the_part(answer, lost):
    part, code = lost
    found = verdict(MODULE, answer, code)
    assert [result.part for result in found.parts if not result.passed] == [part]
