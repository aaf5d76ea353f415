"""Nucleus sampling's distribution, with a temperature: the exercise `top_p`."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import as_list

choosing = exercise(
    "top_p",
    title="Which tokens may be drawn",
    points=2,
    difficulty=3,
    minutes=8,
    probe=Call(),
    compare=close(rtol=1e-4, atol=1e-6),
    read="lesson.ipynb#Writing",
    forms=[as_list()],
)


@choosing.reference
def top_p(logits, p, temperature=1.0):
    """Return the probabilities with which tokens are drawn, a float array (..., V).

    logits: float (..., V), with -inf for tokens that must not come, at least one finite in each
    row. p: float above 0, at most 1. temperature: float from 0 on; 0 draws the most likely token.
    Kept are the most likely tokens, as few as reach p together; of equally likely ones the first.
    Source: Holtzman and others (2020).
    """
    if temperature == 0:
        return np.eye(logits.shape[-1])[logits.argmax(axis=-1)]
    powers = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    likely = powers / powers.sum(axis=-1, keepdims=True)
    order = np.argsort(-likely, kind="stable")
    ranked = -np.sort(-likely)
    before = np.cumsum(ranked, axis=-1) - ranked
    result = np.empty_like(likely)
    np.put_along_axis(result, order, np.where(before < p, ranked, 0.0), axis=-1)
    return result / result.sum(axis=-1, keepdims=True)


@choosing.alternative
def row_after_row(logits, p, temperature=1.0):
    rows = []
    for scores in logits.reshape(-1, logits.shape[-1]).tolist():
        if temperature == 0:
            rows.append([float(i == scores.index(max(scores))) for i in range(len(scores))])
            continue
        powers = [float(np.exp((s - max(scores)) / temperature)) for s in scores]
        whole = sum(powers)
        taken, reached = {}, 0.0
        for i in sorted(range(len(scores)), key=lambda i: -powers[i]):
            if reached < p:
                taken[i] = powers[i] / whole
                reached += taken[i]
        rows.append([taken.get(i, 0.0) / reached for i in range(len(scores))])
    return np.array(rows).reshape(logits.shape)


@choosing.alternative
def with_torch(logits, p, temperature=1.0):
    scores = torch.tensor(logits, dtype=torch.float64)
    if temperature == 0:
        return torch.nn.functional.one_hot(scores.argmax(-1), scores.shape[-1]).double().numpy()
    likely = (scores / temperature).softmax(dim=-1)
    ranked, order = likely.sort(dim=-1, descending=True, stable=True)
    beyond = ranked.cumsum(dim=-1).roll(1, dims=-1)
    beyond[..., 0] = 0
    ranked[beyond >= p] = 0
    kept = torch.zeros_like(likely).scatter(-1, order, ranked)
    return (kept / kept.sum(dim=-1, keepdim=True)).numpy()


@choosing.cases
def cases(rng):
    def clear(shape, p, temperature, spread):
        """Logits for which no sum of the most likely ones lies near p."""
        while True:
            logits = spread * rng.normal(size=shape)
            above = logits - logits.max(axis=-1, keepdims=True)
            likely = np.exp(above / (temperature or 1.0))
            likely /= likely.sum(axis=-1, keepdims=True)
            sums = np.cumsum(-np.sort(-likely, axis=-1), axis=-1)
            apart = np.abs(sums[..., :-1] - p).min(initial=1.0) > 1e-3
            if apart and sums.max() <= 1.0:  # or a wrong answer at p = 1 is one of rounding
                return logits

    def case(part, shape, p, *temperature, spread=1.5, blocked=0):
        logits = clear(shape, p, temperature[0] if temperature else 1.0, spread)
        if blocked:
            rows = logits.reshape(-1, shape[-1])
            for row in rows:
                row[rng.choice(np.flatnonzero(row < row.max()), blocked, replace=False)] = -np.inf
        return Case(part, (logits, p, *temperature))

    def given(part, logits, p, *temperature):
        return Case(part, (np.array(logits, dtype=float), p, *temperature))

    many = np.where(rng.permutation(60) < 32, 2.5, -np.inf)
    return [
        case("one row", (6,), 0.8),
        case("one row", (9,), 0.45),
        case("one row", (1,), 0.6),
        case("one row", (7,), 0.05),
        case("one row", (5,), 1),
        case("several rows", (4, 7), 0.7),
        case("several rows", (2, 3, 8), 0.9),
        case("several rows", (1, 5), 0.5),
        case("a temperature", (8,), 0.75, 0.4),
        case("a temperature", (3, 6), 0.6, 2.5),
        case("a temperature", (2, 10), 0.97, 0.7),
        case("a temperature of 0", (7,), 0.9, 0.0),
        case("a temperature of 0", (3, 5), 0.3, 0),
        given("a temperature of 0", [[1, 4, 4, -2], [-3, -3, -np.inf, -3]], 1.0, 0),
        given("equally likely tokens", [2, 2, 2, 2], 0.5),
        given("equally likely tokens", [[0, 1, 0, 1, 1], [1, 0, 1, 1, 0]], 0.75, 0.5),
        given("equally likely tokens", [-np.inf, 3, 3, -np.inf, 3, 3], 0.3),
        given("equally likely tokens", many, 0.4375),
        case("impossible tokens, large logits", (9,), 0.85, blocked=3),
        case("impossible tokens, large logits", (4, 6), 0.99, blocked=2),
        case("impossible tokens, large logits", (2, 5), 0.95, 1.5, spread=2000.0),
        given("impossible tokens, large logits", [[9e3, 8999, -9e3], [-9e3, -9001, -9003]], 0.8),
    ]  # fmt: skip


def nucleus(
    logits, p, temperature=1.0, *,
    keep=lambda ranked, p: np.cumsum(ranked, axis=-1) - ranked < p, scale=True,
    stable=True, renormalise=True, put_back=True, last_of_equals=False,
    zero_apart=True,
):  # fmt: skip
    """The distribution, with any of the usual slips."""
    with np.errstate(all="ignore"):
        if temperature == 0 and zero_apart:
            return np.eye(logits.shape[-1])[logits.argmax(axis=-1)]
        scores = logits / temperature if scale else logits * temperature
        powers = np.exp(scores - scores.max(axis=-1, keepdims=True) if stable else scores)
        likely = powers / powers.sum(axis=-1, keepdims=True)
        if last_of_equals:
            likely = likely[..., ::-1]
        order = np.argsort(-likely, axis=-1, kind="stable")
        ranked = np.take_along_axis(likely, order, axis=-1)
        kept = np.where(keep(ranked, p), ranked, 0.0)
        result = np.zeros_like(likely)
        np.put_along_axis(result, order, kept, axis=-1)
        result = result if put_back else kept
        if last_of_equals:
            result = result[..., ::-1]
        if renormalise:
            result = result / result.sum(axis=-1, keepdims=True)
    return result


def slipped(make):
    def top_p(logits, p, temperature=1.0):
        return nucleus(logits, p, temperature, **make())

    return top_p


keeping = choosing.group("Which are kept", make=slipped)


@keeping.mistake(
    "You left out the token with which the sum reaches p: it is kept, too, so that at least one is."
)
def crossing_token_left_out():
    def keep(ranked, p):
        inside = np.cumsum(ranked, axis=-1) <= p
        inside[..., 0] = True
        return inside

    return {"keep": keep}


@keeping.mistake(
    "You left out the token with which the sum reaches p. Where the first alone is above p, "
    "nothing is left, and 0 / 0 is nan."
)
def nothing_left():
    return {"keep": lambda ranked, p: np.cumsum(ranked, axis=-1) <= p}


@keeping.mistake("Where the sum is exactly p you kept a further token: it is enough to reach p.")
def reached_is_not_enough():
    return {"keep": lambda ranked, p: np.cumsum(ranked, axis=-1) - ranked <= p}


@keeping.mistake(
    "You kept tokens whose own probability is at least p times the largest: that is min-p "
    "sampling. Add the probabilities up, the largest first."
)
def min_p():
    return {"keep": lambda ranked, p: ranked >= p * ranked[..., :1]}


@keeping.mistake("Of equally likely tokens you kept the last: keep the first.")
def last_of_equals():
    return {"last_of_equals": True}


@choosing.mistake(
    "You kept every token as likely as the last one that is kept: of equally likely ones the "
    "first are enough."
)
def all_equals_kept(logits, p, temperature=1.0):
    right = nucleus(logits, p, temperature)
    if temperature == 0:
        return right
    least = np.where(right > 0, logits, np.inf).min(axis=-1, keepdims=True)
    powers = np.exp((logits - logits.max(axis=-1, keepdims=True)) / temperature)
    powers = np.where(logits >= least, powers, 0.0)
    return powers / powers.sum(axis=-1, keepdims=True)


numbers = choosing.group("The probabilities", make=slipped)


@numbers.mistake("What you kept does not add up to 1: divide by its sum.")
def not_renormalised():
    return {"renormalise": False}


@numbers.mistake("You multiplied by the temperature: divide by it, so that a low one sharpens.")
def multiplied_by_the_temperature():
    return {"scale": False}


@numbers.mistake("Your exp overflows where logits are large: subtract each row's largest first.")
def overflow():
    return {"stable": False}


@numbers.mistake("Your probabilities are sorted: put each back to its token's place.")
def left_sorted():
    return {"put_back": False}


@choosing.mistake("You ignored the temperature.")
def temperature_ignored(right, a):
    return right(temperature=1.0)


@choosing.mistake(
    "You cut at temperature 1 and applied the temperature to what was kept: it comes first, and "
    "changes how many tokens reach p."
)
def temperature_after_the_cut(right, a):
    if a.temperature == 0:
        return right()
    kept = np.where(right(temperature=1.0) > 0, a.logits, -np.inf)
    return right(logits=kept, p=1.0)


@numbers.mistake(
    "A temperature of 0 divides by 0 in your answer: all of the probability then goes to the most "
    "likely token."
)
def temperature_of_zero_divides():
    return {"zero_apart": False}


choosing.hints(
    "Sort one row's probabilities, the largest first. How much have those before a token reached "
    "together? From that alone you know whether it is kept.",
    "Softmax of logits / temperature, safe for large logits. Sort, add up, keep a token while the "
    "sum of those before it is below p. Put the kept ones back to their places; divide by their "
    "sum.",
    "np.argsort of the negated probabilities with kind='stable' along the last axis; "
    "np.take_along_axis and np.put_along_axis go there and back. A temperature of 0 is a case of "
    "its own: argmax.",
)
