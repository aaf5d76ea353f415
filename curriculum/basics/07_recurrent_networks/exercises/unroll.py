"""Exercise `unroll`: a plain recurrent cell, run over whole sequences."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

unrolling = exercise(
    "unroll",
    title="A recurrent cell, unrolled",
    points=2,
    difficulty=2,
    minutes=10,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#A-recurrent-cell-by-hand",
)


@unrolling.reference
def unroll(x, h, w_ih, w_hh, b):
    """Return the hidden states (N, T, H) after each step of a plain recurrent (Elman) cell.

    x: (N, T, D); h: (N, H), the states before the first step; w_ih: (H, D); w_hh: (H, H);
    b: (H,). As torch.nn.RNN with tanh, but for a single bias.
    """
    states = np.empty((*x.shape[:2], len(b)))
    driven = np.einsum("ntd,kd->ntk", x, w_ih) + b
    for t in range(x.shape[1]):
        before = states[:, t - 1] if t else h
        states[:, t] = np.tanh(driven[:, t] + np.einsum("nj,kj->nk", before, w_hh))
    return states


@unrolling.alternative
@torch.no_grad()
def unroll_via_torch(x, h, w_ih, w_hh, b):
    rnn = torch.nn.RNN(x.shape[2], len(b), batch_first=True, dtype=torch.float64)
    for slot, weight in zip(rnn.parameters(), (w_ih, w_hh, b, 0 * b), strict=True):
        slot.copy_(torch.tensor(weight))
    return rnn(torch.tensor(x), torch.tensor(h)[None])[0].numpy()


@unrolling.alternative
def unroll_one_by_one(x, h, w_ih, w_hh, b):
    def grow(sequence, state):
        for vector in sequence:
            state = np.tanh(w_ih @ vector + w_hh @ state + b)
            yield state

    return np.array([list(grow(*pair)) for pair in zip(x, h, strict=True)])


@unrolling.cases
def cases(rng):
    def case(part, sequences, steps, inputs, units):
        def numbers(*shape):  # none of them near 0, so that nothing can be left out unnoticed
            size = rng.uniform(0.2, 0.9, shape) * rng.choice([-1, 1], shape)
            return np.round(size, 2)

        x, h = numbers(sequences, steps, inputs), numbers(sequences, units)
        return Case(part, (x, h, numbers(units, inputs), numbers(units, units), numbers(units)))

    return [
        case("one step", 2, 1, 3, 2),
        case("several steps of one sequence", 1, 4, 2, 3),
        case("several steps of one sequence", 1, 6, 1, 1),
        case("several sequences", 3, 5, 4, 2),
        case("several sequences", 4, 3, 2, 5),
        case("as many features as units", 2, 3, 3, 3),
    ]


def _stepwise(step, x, h):
    """The states (N, T, H) that `step(x_t, h)` gives, each from the one before."""
    visited = []
    for t in range(x.shape[1]):
        h = step(x[:, t], h)
        visited.append(h)
    return np.stack(visited, axis=1)


over_time = unrolling.group("The loop over time")


@over_time.mistake(
    "Each of your steps begins with the given h, so nothing is remembered: carry the new state on "
    "to the next step."
)
def state_not_carried_on(right, a):
    steps = [right(x=a.x[:, t : t + 1]) for t in range(a.x.shape[1])]
    return np.concatenate(steps, axis=1)


@over_time.mistake("You begin with a state of zeros: begin with the h that is given.")
def began_at_zero(right, a):
    return right(h=np.zeros_like(a.h))


@over_time.mistake("You returned the last state alone: collect the states of all steps, (N, T, H).")
def last_state_only(right, a):
    return right()[:, -1]


@over_time.mistake(
    "Your states are right, but in the order (T, N, H): np.stack(states, axis=1) puts time on the "
    "second axis."
)
def time_first(right, a):
    return right().swapaxes(0, 1)


@over_time.mistake(
    "You keep each state before its step, so the given h comes first and the last state is lost: "
    "append it after the step."
)
def kept_before_the_step(right, a):
    return np.concatenate([a.h[:, None], right()[:, :-1]], axis=1)


@over_time.mistake("Each of your steps reads the input of step 0: step t reads x[:, t].")
def first_input_only(right, a):
    return right(x=np.repeat(a.x[:, :1], a.x.shape[1], axis=1))


@over_time.mistake(
    "All steps of your result equal the last one: you overwrite one array and collect it again "
    "and again; make a new array in each step."
)
def one_array_many_times(right, a):
    states = right()
    return np.repeat(states[:, -1:], states.shape[1], axis=1)


@over_time.mistake(
    "Your loop runs over the first axis, which holds the N sequences: the steps are on the second "
    "axis, x[:, t] with t in range(x.shape[1])."
)
def as_many_steps_as_sequences(right, a):
    return right(x=np.stack([a.x[:, t] for t in range(len(a.x))], axis=1))


def _with_step(step):
    """Unrolling with a wrong step: step(x_t, h, w_ih, w_hh, b)."""
    return lambda x, h, w_ih, w_hh, b: _stepwise(lambda x_t, h: step(x_t, h, w_ih, w_hh, b), x, h)


cell = unrolling.group("The cell", make=_with_step)


@cell.mistake(
    "You multiplied the state by w_hh as it is, which is square and so raises no error: a row of "
    "w_hh belongs to one new unit, so it is h @ w_hh.T."
)
def w_hh_not_transposed(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh + b)


@cell.mistake("The tanh is missing: without it the whole chain is one linear map.")
def no_tanh(x_t, h, w_ih, w_hh, b):
    return x_t @ w_ih.T + h @ w_hh.T + b


@cell.mistake(
    "Your tanh ends before the state is added: it goes around the whole sum, or the state can "
    "grow without bound."
)
def tanh_of_a_part(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + b) + h @ w_hh.T


@cell.mistake("You added b after the tanh: it belongs inside, to the sum.")
def bias_outside(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh.T) + b


@cell.mistake(
    "You added b twice, once to each product: torch's cell has two biases for that, this one has "
    "a single b."
)
def bias_twice(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh.T + 2 * b)


unrolling.hints(
    "Write one step first: what does h become after x[:, 0]? Then put a loop around it.",
    "In a loop over t: the new state comes from x[:, t] and the state before. Append it to a "
    "list, and stack the list at the end.",
    "A step is np.tanh of a sum of three: x[:, t] times w_ih transposed, h times w_hh transposed, "
    "and b. Call the result h again, so that the next step uses it. np.stack(states, axis=1) "
    "gives (N, T, H).",
)
