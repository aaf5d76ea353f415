"""Answers to `perplexity` of basics/07_recurrent_networks, and the verdict that each must get."""

import pytest
from test_recurrent_networks_answers import verdict

EVALUATION = """
def perplexity(logits, targets, lengths):
    spent = []
    for scores, wanted, length in zip({logits}, targets, lengths):
        for step in range({steps}):
            total = np.logaddexp.reduce(scores[step])
            spent.append((total - scores[step, wanted[step]]) / np.log(2))
    return {result}
"""
MEAN = "np.mean(spent), 2 ** np.mean(spent)"

RIGHT = {
    "an evaluation in NumPy's numbers": (
        "perplexity",
        EVALUATION.format(logits="logits", steps="length", result=MEAN),
    ),
    "an evaluation with log_softmax": (
        "perplexity",
        """
        def perplexity(logits, targets, lengths):
            chances = torch.log_softmax(torch.as_tensor(logits), dim=2).numpy()
            bits = 0.0
            for n, length in enumerate(lengths.tolist()):
                for t in range(length):
                    bits -= chances[n, t, targets[n, t]] / np.log(2)
            bits /= lengths.sum()
            return float(bits), float(2 ** bits)
        """,
    ),
}

WRONG = {
    "the colleague's evaluation, copied": (
        "perplexity",
        """
        def perplexity(logits, targets, lengths):
            odds = np.exp(logits)
            chances = odds / odds.sum(axis=1, keepdims=True)
            N, T, V = logits.shape
            bits = np.zeros((N, T))
            for n in range(N):
                for t in range(T):
                    bits[n, t] = -np.log(chances[n, t, targets[n, t]])
            bits_per_character = bits.mean(axis=1).mean()
            return bits_per_character, np.exp(bits_per_character)
        """,
        {
            "equal lengths, no padding",
            "padding of zeros",
            "padding of anything",
            "large logits",
        },
    ),
    "one largest logit for the whole batch": (
        "perplexity",
        """
        def perplexity(logits, targets, lengths):
            spent = []
            for scores, wanted, length in zip(logits, targets, lengths):
                kept = scores[:length] - np.nanmax(logits)
                kept = kept - np.log(np.exp(kept).sum(axis=1, keepdims=True))
                spent.extend(-kept[np.arange(length), wanted[:length]] / np.log(2))
            return np.mean(spent), 2 ** np.mean(spent)
        """,
        {"large logits"},
    ),
    "a perplexity of each row": (
        "perplexity",
        """
        def perplexity(logits, targets, lengths):
            chances = torch.log_softmax(torch.as_tensor(logits), dim=2).numpy()
            rows = [
                [-chances[n, t, targets[n, t]] / np.log(2) for t in range(length)]
                for n, length in enumerate(lengths)
            ]
            bits = np.mean(sum(rows, []))
            return bits, np.mean([2 ** np.mean(row) for row in rows])
        """,
        {"padding of zeros", "padding of anything", "large logits"},
    ),
    "nan taken for padding": (
        "perplexity",
        """
        def perplexity(logits, targets, lengths):
            scores = torch.log_softmax(torch.tensor(logits), dim=2)
            chosen = scores.gather(2, torch.tensor(targets % logits.shape[2])[..., None])
            bits = -chosen.nanmean().item() / np.log(2)
            return bits, 2 ** bits
        """,
        {"padding of zeros", "padding of anything"},
    ),
    "targets changed": (
        "perplexity",
        EVALUATION.format(logits="logits", steps="length", result=MEAN).replace(
            "spent = []", "spent = []; targets[targets < 0] = 0"
        ),
        {"padding of anything"},
    ),
    "as many steps as the first row has": (
        "perplexity",
        EVALUATION.format(logits="logits", steps="lengths[0]", result=MEAN),
        {"padding of zeros", "padding of anything", "large logits"},
    ),
    "a perplexity of four at most": (
        "perplexity",
        EVALUATION.format(
            logits="logits", steps="length", result="np.mean(spent), 2 ** min(np.mean(spent), 2)"
        ),
        {"large logits"},
    ),
    "probabilities of at least 1e-12": (
        "perplexity",
        """
        def perplexity(logits, targets, lengths):
            real = np.arange(logits.shape[1]) < lengths[:, None]
            odds = np.exp(logits[real] - logits[real].max(axis=1, keepdims=True))
            chances = odds / odds.sum(axis=1, keepdims=True)
            chosen = np.clip(chances[np.arange(len(odds)), targets[real]], 1e-12, 1)
            bits = -np.log2(chosen).mean()
            return bits, 2 ** bits
        """,
        {"large logits"},
    ),
    "a sequence of two axes": (
        "perplexity",
        EVALUATION.format(logits="logits.squeeze()", steps="length", result=MEAN),
        {"equal lengths, no padding"},
    ),
}


@pytest.mark.parametrize("name, code", RIGHT.values(), ids=RIGHT)
def test_a_right_evaluation_gets_full_points(name, code):
    assert verdict(name, code).passed


@pytest.mark.parametrize("name, code, parts", WRONG.values(), ids=WRONG)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_wrong_evaluation_loses_the_parts_that_it_does_not_meet(name, code, parts):
    result = verdict(name, code)
    assert {part.part for part in result.parts if not part.passed} >= parts
    assert result.points < result.max_points
