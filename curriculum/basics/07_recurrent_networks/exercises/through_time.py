"""Exercise `through_time`: backpropagation through time, by hand."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise
from lepton_course.authoring.wrong_forms import reversed_order, transposed

backward_pass = exercise(
    "through_time",
    title="Backpropagation through time",
    points=3,
    difficulty=4,
    minutes=15,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#Backpropagation-through-time",
    returns=("d_states", "d_w"),
    forms=[
        transposed(
            "Your d_w is transposed: row k belongs to the unit that was computed, column j to the "
            "state before, so np.outer(a, h_before).",
            of="d_w",
        ),
        reversed_order(
            "Your d_states start with the last state: reverse the list at the end.", of="d_states"
        ),
    ],
)


@backward_pass.reference
def through_time(states, w_hh, upstream):
    """Return the gradients of the loss with respect to each state, (T+1, H), and to w_hh, (H, H).

    states: (T+1, H), from the one before the first step on; upstream: (T+1, H), the direct
    gradients. Each state adds what its successor sends back (Werbos 1990).
    """
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
        case("several steps back", 3, 1, np.s_[-1:]),
        case("a loss at every step", 5, 3, np.s_[1:]),
        case("a loss at every step", 3, 2, np.s_[:]),
        case("a loss at every step", 2, 4, np.s_[:]),
    ]


loop = backward_pass.group("The loop")


@loop.mistake(
    "You go forwards through the steps, but a state's gradient is complete only once all later "
    "steps have contributed: let t run from T down to 1."
)
def forwards(states, w_hh, upstream):
    d_states, d_w = upstream.copy(), np.zeros_like(w_hh)
    for t in range(1, len(states)):
        inner = d_states[t] * (1 - states[t] ** 2)
        d_w += np.outer(inner, states[t - 1])
        d_states[t - 1] += inner @ w_hh
    return d_states, d_w


@loop.mistake(
    "Your loop ends before the first step: t runs from T down to 1, and step 1 leads back to h_0."
)
def one_step_short(right, a):
    d_states, d_w = right(states=a.states[1:], upstream=a.upstream[1:])
    return np.concatenate([a.upstream[:1], d_states]), d_w


@loop.mistake(
    "Your d_states hold the gradients inside the tanh, a_t: keep those of the states themselves, "
    "before the multiplication by 1 - h_t²."
)
def gradients_inside_the_tanh(right, a):
    d_states, d_w = right()
    return np.vstack([d_states[:1], d_states[1:] * (1 - a.states[1:] ** 2)]), d_w


def _backwards(slope=lambda states, t: 1 - states[t] ** 2, back=lambda a, w: a @ w, join=np.add):
    """The backward pass with one part exchanged: slope of tanh, way back, joining."""

    def wrong(states, w_hh, upstream):
        d_states, d_w = upstream.astype(float), np.zeros_like(w_hh)
        for t in reversed(range(1, len(states))):
            inner = d_states[t] * slope(states, t)
            d_w += np.outer(inner, states[t - 1])
            d_states[t - 1] = join(upstream[t - 1], back(inner, w_hh))
        return d_states, d_w

    return wrong


slopes = backward_pass.group("The slope of tanh", make=lambda slope: _backwards(slope=slope))


@slopes.mistake(
    "The derivative of tanh is missing: on its way back through step t, each unit's gradient is "
    "multiplied by 1 - h_t²."
)
def slope_left_out(states, t):
    return np.ones_like(states[t])


@slopes.mistake(
    "You took the derivative of tanh at h_{t-1}: the output of the tanh is h_t, so it is 1 - h_t²."
)
def slope_of_the_state_before(states, t):
    return 1 - states[t - 1] ** 2


@slopes.mistake("h (1 - h) is the derivative of a sigmoid: that of tanh is 1 - h².")
def slope_of_a_sigmoid(states, t):
    return states[t] * (1 - states[t])


@slopes.mistake(
    "You took tanh of a state, which is already the output of a tanh: the derivative is "
    "1 - h_t², with h_t as it is."
)
def squashed_twice(states, t):
    return 1 - np.tanh(states[t]) ** 2


backward_pass.mistake(
    "You multiplied by w_hh as in the forward pass: w_hh[k, j] leads from unit j to unit k, so the "
    "gradient of j is a sum over k, a @ w_hh.",
    name="times the transposed",
)(_backwards(back=lambda inner, w_hh: w_hh @ inner))


joins = backward_pass.group("Two influences", make=lambda join: _backwards(join=join))


@joins.mistake(
    "A state influences the loss directly, by its own row of upstream, and through the next "
    "state; before the last step you keep only the second part: add the two."
)
def upstream_overwritten(direct, sent):
    return sent


@joins.mistake(
    "You count each direct gradient twice: d_states starts as a copy of upstream, so add only "
    "what comes back from the next state."
)
def upstream_twice(direct, sent):
    return 2 * direct + sent


def _with_other_weights(d_weights):
    """Right gradients of the states with wrong ones of the weights."""

    def wrong(states, w_hh, upstream):
        d_states, d_w = through_time(states, w_hh, upstream)
        inner = d_states[1:] * (1 - states[1:] ** 2)
        return d_states, d_weights(inner, states, d_states, upstream)

    return wrong


weights = backward_pass.group("The gradient of w_hh", make=_with_other_weights)


@weights.mistake(
    "Each step overwrites your d_w: all steps share one w_hh, so add up their gradients."
)
def d_w_overwritten(inner, states, d_states, upstream):
    return np.outer(inner[0], states[0])


@weights.mistake(
    "Your d_w is computed from upstream, as if each state mattered only directly: use the total "
    "gradient, d_states[t]."
)
def d_w_from_upstream(inner, states, d_states, upstream):
    return (upstream[1:] * (1 - states[1:] ** 2)).T @ states[:-1]


@weights.mistake("In d_w you used h_t: in step t, w_hh multiplies the state before, h_{t-1}.")
def d_w_with_the_state_after(inner, states, d_states, upstream):
    return inner.T @ states[1:]


@weights.mistake("In d_w the derivative of tanh is missing: multiply d_t by 1 - h_t² first.")
def d_w_without_slope(inner, states, d_states, upstream):
    return d_states[1:].T @ states[:-1]


backward_pass.hints(
    "Suppose that the total gradient of h_t is known. What does h_{t-1} get from it, through one "
    "step?",
    "Start with a copy of upstream. Go from t = T down to 1. With a = d_states[t] * (1 - h_t²), "
    "the gradient inside the tanh, two things follow: what w_hh gets, and what h_{t-1} gets.",
    "In the loop, with that a: add np.outer(a, h_{t-1}) to d_w, and a @ w_hh to row t - 1 of "
    "d_states, both with +=. By the time a row is used, it is complete.",
)
