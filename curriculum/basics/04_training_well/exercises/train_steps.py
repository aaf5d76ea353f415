"""Repair a training script: the exercise `train_steps`."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import only_value

repairing = exercise(
    "train_steps",
    title="Repair a training script",
    points=2,
    difficulty=3,
    minutes=12,
    probe=Call(fresh=True),
    compare=close(rtol=1e-4, atol=1e-5),
    read="lesson.ipynb#Clipping",
    returns=("weight", "bias", "losses"),
    forms=[only_value(2, "You returned the losses alone: return weight and bias as well.")],
)


@repairing.reference
def train_steps(x, y, weight, bias, learning_rates, weight_decay, max_norm):
    """Return (weight, bias, losses) after S steps of SGD on softmax regression.

    x: float32 (S, A, B, D), A micro-batches of B examples a step; y: whole numbers (S, A, B).
    weight: float32 (D, K); bias: float32 (K,). learning_rates: S floats. Losses: (S,), the mean of
    each step's examples before the step. The whole gradient is clipped; the weight alone decays.
    """
    losses = []
    for photos, kinds, rate in zip(x, y, learning_rates, strict=True):
        loss, slopes = _loss_and_slopes(photos, kinds, weight, bias)
        norm = float(np.sqrt(sum(np.sum(slope.astype(float) ** 2) for slope in slopes)))
        factor = max_norm / norm if norm > max_norm else 1.0
        weight = weight * (1 - rate * weight_decay) - rate * factor * slopes[0]
        bias = bias - rate * factor * slopes[1]
        losses.append(loss)
    return weight, bias, np.array(losses)


def _loss_and_slopes(x, y, weight, bias):
    """Mean cross-entropy over all examples (A, B, D) and its gradients."""
    leaves = [torch.tensor(value).requires_grad_() for value in (weight, bias)]
    examples = torch.tensor(np.concatenate(x))
    loss = functional.cross_entropy(
        torch.addmm(leaves[1], examples, leaves[0]), torch.tensor(y.ravel())
    )
    slopes = torch.autograd.grad(loss, leaves)
    return loss.item(), [slope.numpy() for slope in slopes]


def _script(
    x, y, weight, bias, learning_rates, weight_decay, max_norm, *,
    all_decay=False, divided=True, clip_parts=False, cleared=True, scheduled=True, mean_loss=True,
    clipped=True, decayed=True, by_value=False, apart=False, summed=False,
):  # fmt: skip
    """The script with any of its faults: the colleague's has the first six."""
    leaves = [torch.tensor(part, requires_grad=True) for part in (weight, bias)]
    decays = [weight_decay * decayed, weight_decay * all_decay]
    groups = [{"params": [p], "weight_decay": d} for p, d in zip(leaves, decays, strict=True)]
    descent = torch.optim.SGD(groups, lr=learning_rates[0])
    losses = []
    for parts, kinds, rate in zip(torch.tensor(x), torch.tensor(y), learning_rates, strict=True):
        if scheduled:
            for group in descent.param_groups:
                group["lr"] = rate
        if cleared:
            descent.zero_grad()
        total = 0.0
        for part, kind in zip(parts, kinds, strict=True):
            loss = functional.cross_entropy(part @ leaves[0] + leaves[1], kind)
            (loss / len(parts) if divided else loss).backward()
            share = 1 if summed else len(parts)
            total = total + loss.item() / share if mean_loss else loss.item()
            if clip_parts:
                torch.nn.utils.clip_grad_norm_(leaves, max_norm)
        if by_value:
            torch.nn.utils.clip_grad_value_(leaves, max_norm)
        elif apart:
            for leaf in leaves:
                torch.nn.utils.clip_grad_norm_(leaf, max_norm)
        elif clipped and not clip_parts:
            torch.nn.utils.clip_grad_norm_(leaves, max_norm)
        descent.step()
        losses.append(total)
    return leaves[0].detach().numpy(), leaves[1].detach().numpy(), np.array(losses)


@repairing.alternative
def with_an_optimizer(x, y, weight, bias, learning_rates, weight_decay, max_norm):
    return _script(x, y, weight, bias, learning_rates, weight_decay, max_norm)


@repairing.cases
def cases(rng):
    def case(part, steps, parts, batch, features, classes, decay, max_norm):
        x = rng.normal(size=(steps, parts, batch, features)).astype(np.float32)
        y = rng.integers(0, classes, size=(steps, parts, batch))
        weight = rng.normal(size=(features, classes)).astype(np.float32)
        bias = rng.normal(size=classes).astype(np.float32)
        rates = [float(rate) for rate in rng.uniform(0.2, 0.9, steps)]
        return Case(part, (x, y, weight, bias, rates, decay, max_norm))

    return [
        case("one step", 1, 1, 6, 3, 4, 0.0, 100.0),
        case("one step", 1, 1, 1, 5, 3, 0.25, 50.0),
        case("several steps", 4, 1, 5, 4, 3, 0.0, 100.0),
        case("several steps", 3, 1, 4, 1, 2, 0.5, 75.5),
        case("accumulation", 3, 4, 2, 3, 3, 0.0, 80.0),
        case("accumulation", 2, 3, 1, 6, 2, 0.125, 60.0),
        case("clipping", 3, 1, 5, 4, 3, 0.3, 0.25),
        case("clipping", 2, 3, 4, 3, 4, 0.1, 0.05),
    ]


faults = repairing.group("The script's faults", make=lambda options: _with_faults(options()))


def _with_faults(faults):
    def train_steps(*args):
        return _script(*args, **faults)

    return train_steps


@faults.mistake(
    "The bias is still decayed: give the optimiser two groups, the weight with weight_decay and "
    "the bias with 0."
)
def bias_decayed():
    return {"all_decay": True}


@faults.mistake(
    "The micro-batches' gradients are still summed: divide each loss by the number of "
    "micro-batches before backward(), so that the step sees their mean."
)
def gradients_summed():
    return {"divided": False}


@faults.mistake(
    "You still clip after every micro-batch: clip once, when the gradient of the whole step is "
    "complete."
)
def parts_clipped():
    return {"clip_parts": True}


@faults.mistake(
    "Gradients of earlier steps are still added to the new ones: clear them after each step, and "
    "not between micro-batches."
)
def gradients_not_cleared():
    return {"cleared": False}


@faults.mistake(
    "The first learning rate is still used for all steps: set group['lr'] to the step's own before "
    "optimizer.step()."
)
def first_rate_for_all():
    return {"scheduled": False}


@faults.mistake(
    "The loss of a step is still that of its last micro-batch: return the mean over all of them."
)
def last_loss_only():
    return {"mean_loss": False}


@faults.mistake("This is still the colleague's script: it has six faults.")
def nothing_repaired():
    return {
        "all_decay": True, "divided": False, "clip_parts": True, "cleared": False,
        "scheduled": False, "mean_loss": False,
    }  # fmt: skip


@faults.mistake(
    "The gradient that takes the step is not clipped: clip it between the last micro-batch's "
    "backward() and step(), so that its norm is max_norm at most."
)
def not_clipped():
    return {"clipped": False}


@faults.mistake(
    "You clip each value: the statement limits the norm of weight's and bias's gradients together, "
    "so both shrink by the same factor."
)
def values_clipped():
    return {"by_value": True}


@faults.mistake(
    "You clip the gradients of weight and bias separately: max_norm limits the norm of both "
    "together."
)
def clipped_apart():
    return {"apart": True}


@faults.mistake(
    "A step's loss is the sum over its micro-batches: return their mean, as the step sees it."
)
def losses_summed():
    return {"summed": True}


@faults.mistake("You removed the weight decay from the weight as well: only the bias has none.")
def nothing_decayed():
    return {"decayed": False}


repairing.hints(
    "None of the faults raises an error. For each line, ask: once a micro-batch, once a step, or "
    "once a run?",
    "Look at six things: which parameters decay, how the micro-batches' losses are combined, when "
    "the gradient is clipped, when it is cleared, which learning rate a step has, and which loss "
    "is returned.",
    "Two parameter groups; (loss / A).backward() for each micro-batch; after the last one, set the "
    "rate, clip_grad_norm_ over both parameters, step(), zero_grad(); append the mean of the "
    "micro-batches' losses.",
)
