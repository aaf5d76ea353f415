"""More mistakes in `train_steps`, which is declared beside: what a repair can break."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional

from .train_steps import repairing


def _repaired(
    x, y, weight, bias, learning_rates, weight_decay, max_norm, *,
    cleared="first", each_steps=False, parts=None, loss_of="all", rates=lambda k, own: [own[k]] * 2,
    clip="both", penalised=False,
):  # fmt: skip
    """The repaired script, with one step done in another way.

    parts: what each micro-batch's loss is divided by. rates: of weight and bias in step k.
    """
    leaves = [torch.tensor(part, requires_grad=True) for part in (weight, bias)]
    decay = 0.0 if penalised else weight_decay
    groups = [{"params": [p], "weight_decay": d} for p, d in zip(leaves, (decay, 0.0), strict=True)]
    descent = torch.optim.SGD(groups, lr=learning_rates[0])
    losses = []
    for k, (photos, kinds) in enumerate(zip(torch.tensor(x), torch.tensor(y), strict=True)):
        for group, rate in zip(descent.param_groups, rates(k, learning_rates), strict=True):
            group["lr"] = rate
        descent.zero_grad()
        seen = []
        for part, kind in zip(photos, kinds, strict=True):
            if cleared == "each part":
                descent.zero_grad()
            loss = functional.cross_entropy(part @ leaves[0] + leaves[1], kind)
            (loss / (parts or len(photos))).backward()
            seen.append(loss.item())
            if each_steps:
                torch.nn.utils.clip_grad_norm_(leaves, max_norm)
                descent.step()
                descent.zero_grad()
        if penalised:
            (weight_decay / 2 * leaves[0].square().sum()).backward()
        if cleared == "before the step":
            descent.zero_grad()
        _clip(leaves, max_norm, clip)
        if not each_steps:
            descent.step()
        if loss_of == "after":
            with torch.no_grad():
                logits = photos.flatten(0, 1) @ leaves[0] + leaves[1]
                seen = [functional.cross_entropy(logits, kinds.flatten()).item()]
        losses.append(seen[-1] / len(photos) if loss_of == "last" else np.mean(seen))
    return leaves[0].detach().numpy(), leaves[1].detach().numpy(), np.array(losses)


def _clip(leaves, max_norm, how):
    if how == "always":
        norm = torch.cat([leaf.grad.flatten() for leaf in leaves]).norm()
        for leaf in leaves:
            leaf.grad *= max_norm / norm
    else:
        torch.nn.utils.clip_grad_norm_(leaves if how == "both" else leaves[:1], max_norm)


def _with(options):
    def train_steps(*args):
        return _repaired(*args, **options)

    return train_steps


order = repairing.group(
    "The order of a step", read="lesson.ipynb#Batch-size", make=lambda options: _with(options())
)


@order.mistake(
    "You clear the gradient between backward() and step(), so that no gradient is left to step "
    "with: clear it before the first micro-batch, or after the step."
)
def cleared_before_the_step():
    return {"cleared": "before the step"}


@order.mistake(
    "You clear the gradient before each micro-batch, so that only the last one's is left: clear it "
    "once a step."
)
def cleared_for_each_micro_batch():
    return {"cleared": "each part"}


@order.mistake(
    "You take a step after each micro-batch: gradients of all micro-batches add up before the one "
    "step that they share."
)
def a_step_for_each_micro_batch():
    return {"each_steps": True, "parts": 1}


@order.mistake(
    "Your losses are computed after the step: they are to be those of the network before it."
)
def losses_after_the_step():
    return {"loss_of": "after"}


@order.mistake(
    "The loss of a step is that of its last micro-batch, divided by their number: add up what you "
    "divide, over all of them."
)
def last_loss_divided():
    return {"loss_of": "last"}


amounts = repairing.group("How much", make=lambda options: _with(options()))


@amounts.mistake(
    "Only the weight's group gets the step's own learning rate, and the bias keeps the first: set "
    "it in every group of optimizer.param_groups."
)
def first_rate_for_the_bias():
    return {"rates": lambda k, own: [own[k], own[0]]}


@amounts.mistake(
    "Each step has the learning rate of the step before: set the rate before optimizer.step(), not "
    "after it."
)
def rate_of_the_step_before():
    return {"rates": lambda k, own: [own[max(k - 1, 0)]] * 2}


@amounts.mistake(
    "Your learning rates are multiplied by the first one, as LambdaLR does with the optimiser's "
    "own: set group['lr'] to the step's rate, or begin with lr=1."
)
def times_the_first_rate():
    return {"rates": lambda k, own: [own[0] * own[k]] * 2}


@amounts.mistake(
    "You clip the weight's gradient alone: max_norm limits the norm of weight's and bias's "
    "gradients together."
)
def weight_clipped_alone():
    return {"clip": "weight"}


@amounts.mistake(
    "You scale every gradient to the norm max_norm: only one that is longer is shortened."
)
def always_scaled():
    return {"clip": "always"}


@amounts.mistake(
    "You added the decay to the loss, so it is clipped with the gradient: weight_decay is SGD's "
    "own, which adds it after the clipping."
)
def decay_clipped():
    return {"penalised": True}


@repairing.mistake(
    "You divided each loss by the number of examples: cross_entropy has taken the mean over the "
    "micro-batch already, so divide by the number of micro-batches alone."
)
def divided_by_examples(x, y, *others):
    return _repaired(x, y, *others, parts=y[0].size)
