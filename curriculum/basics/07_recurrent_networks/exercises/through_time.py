"""Exercise `through_time`: backpropagation through time, by hand."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import (
    first_missing,
    last_missing,
    negated,
    only_value,
    reversed_order,
    transposed,
    tuple_order,
)

backward_pass = exercise(
    "through_time",
    title="Backpropagation through time",
    points=3,
    difficulty=4,
    minutes=20,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Backpropagation-through-time",
    returns=("d_states", "d_w"),
    forms=[
        transposed(
            "Your d_states are right, but d_w is transposed: row k belongs to the "
            "unit that was computed, column j to the state before, so np.outer(a, "
            "h_before).",
            of="d_w",
        ),
        tuple_order(
            (1, 0), "Both are right, but in the wrong order: return d_states first, then d_w."
        ),
        first_missing(
            "Row 0 of d_states is missing, the gradient for h_0: go back to the very first state.",
            of="d_states",
        ),
        last_missing(
            "Row T of d_states is missing, the gradient for h_T: it is the last row of upstream.",
            of="d_states",
        ),
        reversed_order(
            "Your rows are right, but the last state comes first: turn the list round at the end.",
            of="d_states",
        ),
        only_value(0, "You returned d_states alone: return the pair d_states, d_w."),
        negated(
            "Your d_states are right, and d_w has the opposite sign: the minus "
            "belongs to the optimiser's step, not to the gradient.",
            of="d_w",
        ),
    ],
)


@backward_pass.reference
def through_time(states, w_hh, upstream):
    d_states, d_w = upstream.astype(float), np.zeros(w_hh.shape)
    for t in range(len(states) - 1, 0, -1):
        inner = d_states[t] * (1 - np.square(states[t]))
        d_w += np.multiply.outer(inner, states[t - 1])
        d_states[t - 1] += np.einsum("k,kj->j", inner, w_hh)
    return d_states, d_w


@backward_pass.alternative
def through_time_by_autograd(states, w_hh, upstream):
    w, known = torch.tensor(w_hh, requires_grad=True), torch.tensor(states)
    given = torch.atanh(known[1:]) - known[:-1] @ w.detach().T  # what the inputs added
    chain = [known[0].requires_grad_()]
    for push in given:
        chain.append(torch.tanh(w @ chain[-1] + push))
        chain[-1].retain_grad()
    (torch.stack(chain) * torch.tensor(upstream)).sum().backward()
    return torch.stack([state.grad for state in chain]).numpy(), w.grad.numpy()


@backward_pass.alternative
def through_time_by_jacobians(states, w_hh, upstream):
    steps = [np.diag(1 - state**2) @ w_hh for state in states[1:]]
    d_states = []
    for start in range(len(states)):
        total, product = upstream[start].copy(), np.eye(len(w_hh))
        for end in range(start + 1, len(states)):
            product = steps[end - 1] @ product
            total += upstream[end] @ product
        d_states.append(total)
    d_states = np.array(d_states)
    inner = d_states[1:] * (1 - states[1:] ** 2)
    return d_states, inner.T @ states[:-1]


@backward_pass.cases
def cases(rng):
    def numbers(*shape):
        return np.round(rng.uniform(0.2, 0.9, shape) * rng.choice([-1, 1], shape), 2)

    def case(part, steps, units, counted):
        upstream = np.zeros((steps + 1, units))
        upstream[counted] = 2 * numbers(*upstream[counted].shape)
        return Case(part, (numbers(steps + 1, units), numbers(units, units), upstream))

    return [
        case("one step back", 1, 3, np.s_[-1:]),
        case("several steps back", 4, 2, np.s_[-1:]),
        case("a loss at every step", 5, 3, np.s_[1:]),
        case("a loss at every step", 3, 2, np.s_[:]),
    ]


@backward_pass.mistake(
    "Your d_w is right, but d_states holds the gradients inside the tanh, a_t: keep those for the "
    "states themselves, from before they are multiplied by 1 - h_t²."
)
def gradients_inside_the_tanh(states, w_hh, upstream):
    d_states, d_w = through_time(states, w_hh, upstream)
    return np.vstack([d_states[:1], d_states[1:] * (1 - states[1:] ** 2)]), d_w


@backward_pass.mistake(
    "You multiply by w_hh first and by 1 - h_t² afterwards: on the way back the tanh of step t "
    "comes first, (d_t * (1 - h_t²)) @ w_hh."
)
def slope_after_the_weights(states, w_hh, upstream):
    d_states, d_w = upstream.astype(float), np.zeros_like(w_hh)
    for t in reversed(range(1, len(states))):
        d_w += np.outer(d_states[t] * (1 - states[t] ** 2), states[t - 1])
        d_states[t - 1] += d_states[t] @ w_hh * (1 - states[t] ** 2)
    return d_states, d_w


def _backwards(slope=lambda states, t: 1 - states[t] ** 2, back=lambda a, w: a @ w, join=None):
    """The backward pass with one part exchanged: slope of tanh, way back, joining."""

    def wrong(states, w_hh, upstream):
        d_states, d_w = upstream.astype(float), np.zeros_like(w_hh)
        for t in reversed(range(1, len(states))):
            inner = d_states[t] * slope(states, t)
            d_w += np.outer(inner, states[t - 1])
            sent = back(inner, w_hh)
            d_states[t - 1] = join(upstream[t - 1], sent) if join else upstream[t - 1] + sent
        return d_states, d_w

    return wrong


@backward_pass.mistake(
    "You wrote = where += belongs, in d_states and in d_w: both collect, from upstream and from "
    "the next step, and from all steps."
)
def sums_forgotten(states, w_hh, upstream):
    """`=` in place of `+=`, twice."""
    d_states, _ = _backwards(join=upstream_overwritten)(states, w_hh, upstream)
    return d_states, np.outer(d_states[1] * (1 - states[1] ** 2), states[0])


@backward_pass.mistake(
    "You go forwards through the steps, but a state's gradient is complete only when all later "
    "steps have sent theirs: let t run from T down to 1."
)
def forwards(states, w_hh, upstream):
    """Each step finds the next state's gradient incomplete."""
    d_states, d_w = upstream.copy(), np.zeros_like(w_hh)
    for t in range(1, len(states)):
        inner = d_states[t] * (1 - states[t] ** 2)
        d_w += np.outer(inner, states[t - 1])
        d_states[t - 1] += inner @ w_hh
    return d_states, d_w


@backward_pass.mistake("You took 1 for every direct gradient: they are given, in upstream.")
def upstream_ignored(states, w_hh, upstream):
    return through_time(states, w_hh, np.ones_like(upstream))


@backward_pass.mistake(
    "Your loop ends before the first step: t runs from T down to 1, and step 1 leads back to h_0."
)
def one_step_short(states, w_hh, upstream):
    """The loop ends one step too early."""
    d_states, d_w = through_time(states[1:], w_hh, upstream[1:])
    return np.concatenate([upstream[:1], d_states]), d_w


@backward_pass.mistake(
    "Your d_states are right, but d_w is made from upstream, as if each step mattered only "
    "directly: use the whole gradient, d_states[t]."
)
def d_w_from_upstream(states, w_hh, upstream):
    inner = upstream[1:] * (1 - states[1:] ** 2)
    return through_time(states, w_hh, upstream)[0], inner.T @ states[:-1]


@backward_pass.mistake(
    "If the message above speaks of an index out of bounds: states has T + 1 rows, numbered from "
    "0 to T, so begin with t = len(states) - 1."
)
def begun_outside(states, w_hh, upstream):
    return states[len(states)], w_hh


slope_mistakes = backward_pass.group("Slope", make=lambda slope: _backwards(slope=slope))


@slope_mistakes.mistake(
    "The derivative of the tanh is missing: on the way through step t each unit's gradient is "
    "multiplied by 1 - h_t²."
)
def slope_left_out(states, t):
    return np.ones_like(states[t])


@slope_mistakes.mistake(
    "You took the slope of the tanh from h_{t-1}: the tanh gave h_t, so its derivative is 1 - h_t²."
)
def slope_of_the_state_before(states, t):
    return 1 - states[t - 1] ** 2


@slope_mistakes.mistake("h (1 - h) is the derivative of a sigmoid: that of tanh is 1 - h².")
def slope_of_a_sigmoid(states, t):
    return states[t] * (1 - states[t])


@slope_mistakes.mistake(
    "You took tanh of a state, which has been through a tanh already: the derivative is 1 - h_t², "
    "with h_t as it is."
)
def squashed_twice(states, t):
    return 1 - np.tanh(states[t]) ** 2


@slope_mistakes.mistake("The square is missing: the derivative of tanh is 1 - h_t².")
def not_squared(states, t):
    return 1 - states[t]


@slope_mistakes.mistake(
    "Your slope is 1 + h²: tanh flattens out towards -1 and 1, so its derivative is 1 - h_t²."
)
def slope_with_a_plus(states, t):
    return 1 + states[t] ** 2


back_mistakes = backward_pass.group("Back", make=lambda back: _backwards(back=back))


@back_mistakes.mistake(
    "You multiplied by w_hh in the direction of the forward pass: w_hh[k, j] leads from unit j to "
    "unit k, so what comes back to j is the sum over k, a @ w_hh."
)
def times_the_transposed(inner, w_hh):
    return w_hh @ inner


@back_mistakes.mistake(
    "w_hh is missing on the way back: from the inside of the tanh to h_{t-1} the gradient is "
    "multiplied by w_hh."
)
def w_hh_left_out(inner, w_hh):
    return inner


join_mistakes = backward_pass.group("Join", make=lambda join: _backwards(join=join))


@join_mistakes.mistake(
    "A state has two influences on the loss: directly, its own row of upstream, and through the "
    "next state; before the last step you keep only the second: add the two."
)
def upstream_overwritten(direct, sent):
    return sent


@join_mistakes.mistake(
    "Your gradients of the states are upstream itself: add what comes back from the next state."
)
def nothing_comes_back(direct, sent):
    return direct


@join_mistakes.mistake(
    "You count each direct gradient twice: d_states begins as a copy of upstream, so add only "
    "what comes back from the next state."
)
def upstream_twice(direct, sent):
    return 2 * direct + sent


def _with_other_weights(d_weights):
    """Right gradients of the states with wrong ones of the weights."""

    def wrong(states, w_hh, upstream):
        d_states, d_w = through_time(states, w_hh, upstream)
        inner = d_states[1:] * (1 - states[1:] ** 2)
        return d_states, d_weights(inner, states, d_states, d_w)

    return wrong


with_other_weights = backward_pass.group("With other weights", make=_with_other_weights)


@with_other_weights.mistake(
    "Your d_states are right, but each step overwrites d_w: all steps share one w_hh, so their "
    "gradients are added up."
)
def d_w_overwritten(inner, states, d_states, d_w):
    return np.outer(inner[0], states[0])


@with_other_weights.mistake(
    "Your d_states are right, but d_w holds the share of the last step alone: all steps share one "
    "w_hh, so their gradients are added up."
)
def d_w_of_the_last_step(inner, states, d_states, d_w):
    return np.outer(inner[-1], states[-2])


@with_other_weights.mistake(
    "Your d_states are right, but you divided d_w by the number of steps: the chain rule adds "
    "them up."
)
def d_w_averaged(inner, states, d_states, d_w):
    return d_w / len(inner)


@with_other_weights.mistake(
    "Your d_states are right, but in d_w you used h_t: in step t, w_hh meets the state before, "
    "h_{t-1}."
)
def d_w_with_the_state_after(inner, states, d_states, d_w):
    return inner.T @ states[1:]


@with_other_weights.mistake(
    "Your d_states are right, but d_w multiplies unit by unit: every unit met every unit of the "
    "state before, so np.outer(a, h_before)."
)
def d_w_unit_by_unit(inner, states, d_states, d_w):
    return np.zeros_like(d_w) + (inner * states[:-1]).sum(axis=0)


@with_other_weights.mistake(
    "Your d_states are right, but in d_w the slope of the tanh is missing: multiply by 1 - h_t² "
    "first."
)
def d_w_without_slope(inner, states, d_states, d_w):
    return d_states[1:].T @ states[:-1]


@with_other_weights.mistake(
    "You returned one gradient of w_hh for each step: add them up, to (H, H)."
)
def d_w_step_by_step(inner, states, d_states, d_w):
    return np.einsum("tk,tj->tkj", inner, states[:-1])


@with_other_weights.mistake(
    "Your d_states are right, but every entry of d_w holds the same number, for `@` of two "
    "vectors is an inner product: np.outer(a, h_before) has an entry for each pair of units."
)
def d_w_one_number(inner, states, d_states, d_w):
    return np.zeros_like(d_w) + (inner * states[:-1]).sum()


backward_pass.hints(
    "Stand at h_t, and suppose that its whole gradient is known. What does h_{t-1} get from it, "
    "through one step?",
    "Begin with a copy of upstream. Go from t = T down to 1. With a = d_states[t] * (1 - h_t²), "
    "the gradient inside the tanh, two things follow: the share of w_hh, and what h_{t-1} gets.",
    "In the loop, with that a: add np.outer(a, h_{t-1}) to d_w, and a @ w_hh to row t - 1 of "
    "d_states. Both with +=. By the time that a row is used, it is complete.",
)
