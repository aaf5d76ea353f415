"""Cross-entropy and its gradient, with unlabelled rows: the exercise `cross_entropy`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value, tuple_order

losing = exercise(
    "cross_entropy",
    title="Cross-entropy with unlabelled traces",
    points=3,
    difficulty=3,
    minutes=12,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Softmax-and-cross-entropy",
    returns=("loss", "d_logits"),
    forms=[
        tuple_order((1, 0), "Both are right, but in the wrong order: return loss, then d_logits."),
        only_value(0, "You returned the loss alone: return the gradient d_logits as well."),
    ],
)

UNKNOWN = -1


@losing.reference
def cross_entropy(logits, labels):
    """Return (loss, d_logits): the mean cross-entropy of the labelled rows, and its gradient.

    logits, d_logits: float arrays (N, K). labels: whole numbers (N,), 0 to K - 1, or -1 where
    unknown: those rows count neither in the loss nor in the gradient. Source: torch.nn.functional.
    """
    known = labels != UNKNOWN
    log_p = _log_softmax(logits[known])
    chosen = np.arange(len(log_p)), labels[known]
    d_logits = np.zeros(logits.shape)
    d_logits[known] = _less_one(np.exp(log_p), chosen) / len(log_p)
    return -log_p[chosen].mean(), d_logits


def _log_softmax(logits):
    """Logits (N, K) to the logarithms of their probabilities."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _less_one(p, chosen):
    """The array p with 1 subtracted at the chosen places."""
    p[chosen] -= 1
    return p


@losing.alternative
def via_torch(logits, labels):
    leaf = torch.tensor(logits, requires_grad=True)
    loss = functional.cross_entropy(leaf, torch.tensor(labels), ignore_index=UNKNOWN)
    loss.backward()
    return loss.item(), leaf.grad.numpy()


@losing.alternative
def row_by_row(logits, labels):
    count = sum(int(label) >= 0 for label in labels)
    loss, rows = 0.0, []
    for row, label in zip(logits, labels, strict=True):
        p = np.exp(row - row.max())
        p = p / p.sum()
        hot = np.arange(len(row)) == label
        rows.append((p - hot) / count * (label >= 0))
        if label >= 0:
            loss += (np.log(np.exp(row - row.max()).sum()) + row.max() - row[label]) / count
    return loss, np.array(rows)


@losing.cases
def cases(rng):
    def case(part, rows, kinds, unknown=0, scale=2.0):
        logits = rng.normal(scale=scale, size=(rows, kinds)).round(1)
        labels = rng.permutation(np.resize(rng.permutation(kinds), rows))
        labels[rng.permutation(rows)[:unknown]] = UNKNOWN
        return Case(part, (logits, labels))

    return [
        case("all labelled", 4, 3),
        case("all labelled", 1, 5),
        case("all labelled", 6, 2),
        case("some unlabelled", 6, 4, unknown=2),
        case("some unlabelled", 5, 3, unknown=4),
        case("large logits", 4, 4, scale=1000.0),
        case("large logits", 7, 3, unknown=3, scale=2000.0),
    ]


@losing.mistake(
    "Large logits overflow: exp(1000) is infinite; subtract each row's largest logit first, which "
    "changes no probability."
)
def overflows(logits, labels):
    known = labels != UNKNOWN
    with np.errstate(all="ignore"):
        powers = np.exp(logits[known])
        p = powers / powers.sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(p)), labels[known]]).mean()
    d_logits = np.zeros(logits.shape)
    d_logits[known] = _less_one(p, (np.arange(len(p)), labels[known])) / len(p)
    return loss, d_logits


@losing.mistake(
    "You take the logarithm of probabilities that were rounded to 0, so large logits give an "
    "infinite loss: compute log p as shifted - log(sum(exp(shifted))), without p in between."
)
def log_of_probabilities(right, a):
    known = a.labels != UNKNOWN
    p = np.exp(_log_softmax(a.logits[known]))
    with np.errstate(divide="ignore"):
        return -np.log(p[np.arange(len(p)), a.labels[known]]).mean(), right()[1]


@losing.mistake(
    "You subtracted the largest logit of the whole table: in a row that lies far below it, all "
    "probabilities round to 0; take the maximum along axis 1."
)
def one_maximum_for_all(logits, labels):
    with np.errstate(all="ignore"):
        return overflows(logits - logits.max(), labels)


@losing.mistake(
    "You subtracted the largest logit of the whole table: in a row that lies far below it, all "
    "powers round to 0, and the logarithm of their sum is infinite; take the maximum along axis 1."
)
def one_maximum_under_the_logarithm(logits, labels):
    return _shifted(logits, labels, logits.max())


@losing.mistake(
    "You subtracted each column's largest logit: a row's probabilities stay as they are only where "
    "one number is subtracted from the whole row, so take the maximum along axis 1."
)
def maximum_of_the_column(logits, labels):
    return _shifted(logits, labels, logits.max(axis=0))


def _shifted(logits, labels, shift):
    """The loss and its gradient, of logits from which `shift` is subtracted and nothing else."""
    known = labels != UNKNOWN
    with np.errstate(all="ignore"):
        shifted = logits - shift
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        chosen = np.flatnonzero(known), labels[known]
        d_logits = np.where(known[:, None], _less_one(np.exp(log_p), chosen), 0) / known.sum()
        return -log_p[chosen].mean(), d_logits


unlabelled = losing.group("Unlabelled rows")


@unlabelled.mistake(
    "Label -1 picked the last column: rows without a label must be left out of loss and gradient."
)
def last_column_taken(right, a):
    return right(labels=a.labels % a.logits.shape[1])


@unlabelled.mistake(
    "You left unlabelled rows out, but divided by all rows: divide by the number of labelled ones."
)
def divided_by_all(right, a):
    share = (a.labels != UNKNOWN).mean()
    return right()[0] * share, right()[1] * share


@unlabelled.mistake(
    "Rows without a label still have a gradient: they add nothing to the loss, so set those rows "
    "of d_logits to 0."
)
def gradient_of_unlabelled_kept(right, a):
    rest = np.exp(_log_softmax(a.logits)) / (a.labels != UNKNOWN).sum()
    return right()[0], np.where((a.labels == UNKNOWN)[:, None], rest, right()[1])


@unlabelled.mistake(
    "Rows of kind 0 are missing, as if 0 meant unlabelled: only -1 does, so keep labels >= 0."
)
def kind_0_left_out(right, a):
    labels = np.where(a.labels > 0, a.labels, UNKNOWN)
    return right(labels=labels) if (labels > 0).any() else (0.0, np.zeros(a.logits.shape))


@unlabelled.mistake(
    "You dropped unlabelled rows from d_logits: it has the shape of logits, with zeros there."
)
def rows_dropped(right, a):
    return right()[0], right()[1][a.labels != UNKNOWN]


gradients = losing.group("The gradient")


@gradients.mistake(
    "Your loss is a mean, so each row's gradient is divided by the number of labelled rows as well."
)
def gradient_not_divided(right, a):
    return right()[0], right()[1] * (a.labels != UNKNOWN).sum()


@gradients.mistake(
    "Your loss is the mean over the labelled rows, and your gradient is divided by all rows: "
    "divide it by the number of labelled ones as well."
)
def gradient_divided_by_all(right, a):
    return right()[0], right()[1] * (a.labels != UNKNOWN).mean()


@gradients.mistake(
    "The sign of d_logits is reversed: it is softmax minus the one-hot label, so that the true "
    "kind's entry is negative."
)
def sign_reversed(right, a):
    return right()[0], -right()[1]


@gradients.mistake("You returned softmax as the gradient: subtract 1 at the true kind of each row.")
def label_not_subtracted(right, a):
    known = a.labels != UNKNOWN
    p = np.exp(_log_softmax(a.logits)) / known.sum()
    return right()[0], p * known[:, None]


@losing.mistake("You added the rows' losses up: return their mean, and the mean's gradient.")
def summed(right, a):
    count = (a.labels != UNKNOWN).sum()
    return right()[0] * count, right()[1] * count


@losing.mistake(
    "You took the softmax over the traces: probabilities belong to a row's kinds, so use axis 1."
)
def softmax_over_rows(logits, labels):
    known = labels != UNKNOWN
    log_p = _log_softmax(logits.T).T
    chosen = np.flatnonzero(known), labels[known]
    d_logits = _less_one(np.exp(log_p), chosen) * known[:, None] / known.sum()
    return -log_p[chosen].mean(), d_logits


losing.hints(
    "Begin with the rows that have a label: known = labels >= 0. Write everything for them, and "
    "put the result into an array of zeros at the end.",
    "log p = shifted - log(sum(exp(shifted))) along axis 1, where shifted is the row minus its "
    "largest logit. The loss is the mean of -log p at the labels. Its gradient is (p - one-hot) "
    "divided by the number of labelled rows.",
    "Pick logits[known], compute log p, take log_p[np.arange(n), labels[known]]; p = exp(log_p), "
    "subtract 1 at the same places, divide by n; d_logits = zeros, d_logits[known] = that.",
)
