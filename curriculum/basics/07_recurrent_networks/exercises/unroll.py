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
        case("several sequences", 3, 5, 4, 2),
        case("as many features as units", 2, 3, 3, 3),
    ]


def _step(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh.T + b)


@unrolling.mistake(
    "Every one of your steps begins with the first state, so nothing is remembered: carry on, "
    "with h = the new state."
)
def state_not_carried_on(x, h, w_ih, w_hh, b):
    return np.stack([_step(x[:, t], h, w_ih, w_hh, b) for t in range(x.shape[1])], axis=1)


@unrolling.mistake("You begin with a state of zeros: begin with the h that is given.")
def began_at_zero(x, h, w_ih, w_hh, b):
    return unroll(x, np.zeros_like(h), w_ih, w_hh, b)


@unrolling.mistake("You returned the last state alone: collect the states of all steps, (N, T, H).")
def last_state_only(x, h, w_ih, w_hh, b):
    return unroll(x, h, w_ih, w_hh, b)[:, -1]


@unrolling.mistake(
    "Your states are right, but in the order (T, N, H): np.stack(states, axis=1) puts time on the "
    "second axis."
)
def time_first(x, h, w_ih, w_hh, b):
    return unroll(x, h, w_ih, w_hh, b).swapaxes(0, 1)


@unrolling.mistake(
    "You returned the given h as well, T + 1 states: return those after each step, T."
)
def first_state_returned(x, h, w_ih, w_hh, b):
    return np.concatenate([h[:, None], unroll(x, h, w_ih, w_hh, b)], axis=1)


@unrolling.mistake(
    "You keep each state before its step, so the given h comes first and the last one is lost: "
    "append after the step."
)
def kept_before_the_step(x, h, w_ih, w_hh, b):
    return first_state_returned(x, h, w_ih, w_hh, b)[:, :-1]


@unrolling.mistake("Every one of your steps reads the first input: step t reads x[:, t].")
def first_input_only(x, h, w_ih, w_hh, b):
    return unroll(np.repeat(x[:, :1], x.shape[1], axis=1), h, w_ih, w_hh, b)


@unrolling.mistake(
    "Step t of yours reads the input of the step before, and the first step reads the last one, "
    "x[:, -1]: step t reads x[:, t]."
)
def one_step_behind(x, h, w_ih, w_hh, b):
    return unroll(np.roll(x, 1, axis=1), h, w_ih, w_hh, b)


@unrolling.mistake("You read the sequence from its end: begin with x[:, 0].")
def read_backwards(x, h, w_ih, w_hh, b):
    return unroll(x[:, ::-1], h, w_ih, w_hh, b)


@unrolling.mistake(
    "`for x_t in x` goes through the N sequences, as they are on the first axis: the steps are "
    "x[:, 0], x[:, 1], …"
)
def sequences_for_steps(x, h, w_ih, w_hh, b):
    visited = []
    for x_t in x:
        h = _step(x_t, h, w_ih, w_hh, b)
        visited.append(h)
    return np.stack(visited)


@unrolling.mistake(
    "All steps of your result are equal to the last one: you overwrite one array and collect it "
    "again and again; make a new array in each step."
)
def one_array_many_times(x, h, w_ih, w_hh, b):
    visited, place = [], h.copy()
    for t in range(x.shape[1]):
        place[:] = _step(x[:, t], place, w_ih, w_hh, b)
        visited.append(place)
    return np.stack(visited, axis=1)


@unrolling.mistake(
    "Your array for the result has the shape of x, (N, T, D): it needs room for H units, (N, T, H)."
)
def form_of_x(x, h, w_ih, w_hh, b):
    states = np.zeros_like(x)
    states[:] = unroll(x, h, w_ih, w_hh, b)
    return states


@unrolling.mistake(
    "You return after the first step: is `return` inside the loop? Move it out, to the left."
)
def returned_in_the_loop(x, h, w_ih, w_hh, b):
    return unroll(x, h, w_ih, w_hh, b)[:, :1]


@unrolling.mistake("Your last step is missing: range(T) ends with T - 1 by itself.")
def one_step_short(x, h, w_ih, w_hh, b):
    return np.stack(list(unroll(x, h, w_ih, w_hh, b).swapaxes(0, 1))[:-1], axis=1)


@unrolling.mistake(
    "You laid the states side by side, (N, T * H): np.stack makes a new axis for time, "
    "np.concatenate does not."
)
def side_by_side(x, h, w_ih, w_hh, b):
    return np.concatenate(list(unroll(x, h, w_ih, w_hh, b).swapaxes(0, 1)), axis=1)


@unrolling.mistake("You returned a pair, as torch.nn.RNN does: return the states alone.")
def two_results(x, h, w_ih, w_hh, b):
    states = unroll(x, h, w_ih, w_hh, b)
    return states, states[:, -1]


@unrolling.mistake("You returned a list of states: np.stack(states, axis=1) makes one array of it.")
def list_of_states(x, h, w_ih, w_hh, b):
    return list(unroll(x, h, w_ih, w_hh, b).swapaxes(0, 1))


@unrolling.mistake(
    "Your loop runs over range(len(x)), which counts the sequences, N: the steps are on the "
    "second axis, range(x.shape[1])."
)
def as_many_steps_as_sequences(x, h, w_ih, w_hh, b):
    visited = []
    for t in range(len(x)):
        h = _step(x[:, t], h, w_ih, w_hh, b)
        visited.append(h)
    return np.stack(visited, axis=1)


@unrolling.mistake(
    "Your states are right, but time is the last axis, (N, H, T): np.stack(states, axis=1) puts "
    "it in the middle, (N, T, H)."
)
def stacked_on_the_last_axis(x, h, w_ih, w_hh, b):
    return np.moveaxis(unroll(x, h, w_ih, w_hh, b), 1, 2)


@unrolling.mistake(
    "Your first sequence is right, and all others begin with its state, too: each has its own row "
    "of h, so use h as it is."
)
def first_sequence_state(x, h, w_ih, w_hh, b):
    return unroll(x, np.broadcast_to(h[0], h.shape), w_ih, w_hh, b)


def _unrolled_with(step):
    """Unrolling with a wrong step; `step` takes what `_step` takes."""

    def wrong(x, h, w_ih, w_hh, b):
        visited = []
        for t in range(x.shape[1]):
            h = step(x[:, t], h, w_ih, w_hh, b)
            visited.append(h)
        return np.stack(visited, axis=1)

    return wrong


cell_unrolled = unrolling.group(
    "A recurrent cell by hand: unrolled",
    read="lesson.ipynb#A-recurrent-cell-by-hand",
    make=_unrolled_with,
)


@cell_unrolled.mistake(
    "You multiplied the state by w_hh as it is, which is square and so raises no error: a row of "
    "w_hh belongs to one new unit, so it is h @ w_hh.T."
)
def w_hh_not_transposed(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh + b)


@cell_unrolled.mistake(
    "You wrote x @ w_ih and h @ w_hh: both matrices have a row for each new unit, as in torch, so "
    "transpose them both."
)
def nothing_transposed(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih + h @ w_hh + b)


@cell_unrolled.mistake(
    "NumPy says above that shapes do not fit; the usual reason is a matrix in front, as in the "
    "formula: here each row of x[:, t] is a sequence, so x[:, t] @ w_ih.T."
)
def matrix_in_front(x_t, h, w_ih, w_hh, b):
    return np.tanh(w_ih @ x_t + w_hh @ h + b)


@cell_unrolled.mistake("The tanh is missing: without it the whole chain is one linear map.")
def no_tanh(x_t, h, w_ih, w_hh, b):
    return x_t @ w_ih.T + h @ w_hh.T + b


@cell_unrolled.mistake("You used a sigmoid, from 0 to 1: this cell uses tanh, from -1 to 1.")
def sigmoid_for_tanh(x_t, h, w_ih, w_hh, b):
    return 1 / (1 + np.exp(-(x_t @ w_ih.T + h @ w_hh.T + b)))


@cell_unrolled.mistake("You cut off at 0 (ReLU): this cell uses tanh, which keeps negative states.")
def relu_for_tanh(x_t, h, w_ih, w_hh, b):
    return np.maximum(0, x_t @ w_ih.T + h @ w_hh.T + b)


@cell_unrolled.mistake(
    "Your tanh ends before the state is added: it goes around the whole sum, or the state can "
    "grow without end."
)
def tanh_of_a_part(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + b) + h @ w_hh.T


@cell_unrolled.mistake("You added b after the tanh: it belongs inside, to the sum.")
def bias_outside(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh.T) + b


@cell_unrolled.mistake(
    "You added b twice, once to each product: torch's cell has two biases for that, this one has "
    "a single b."
)
def bias_twice(x_t, h, w_ih, w_hh, b):
    return _step(x_t, h, w_ih, w_hh, 2 * b)


@cell_unrolled.mistake("You left out b.")
def no_bias(x_t, h, w_ih, w_hh, b):
    return _step(x_t, h, w_ih, w_hh, 0 * b)


@cell_unrolled.mistake("Your states do not depend on x: each step adds x_t @ w_ih.T.")
def no_input(x_t, h, w_ih, w_hh, b):
    return _step(0 * x_t, h, w_ih, w_hh, b)


@cell_unrolled.mistake("You added the old state itself: multiply it by w_hh first.")
def no_w_hh(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h + b)


@cell_unrolled.mistake("You added the new state to the old one: the new one takes its place.")
def old_state_added(x_t, h, w_ih, w_hh, b):
    return h + _step(x_t, h, w_ih, w_hh, b)


@cell_unrolled.mistake(
    "You put a tanh around a state that has been through one already: one is enough."
)
def squashed_twice(x_t, h, w_ih, w_hh, b):
    return np.tanh(_step(x_t, h, w_ih, w_hh, b))


@cell_unrolled.mistake(
    "You put a tanh around each product and added the two: add first, then one tanh around the "
    "whole sum, or a state can leave the range from -1 to 1."
)
def tanh_of_each_product(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + b) + np.tanh(h @ w_hh.T)


unrolling.hints(
    "Write one step first: what does h become after x[:, 0]? Then put a loop around it.",
    "In a loop over t: the new state comes from x[:, t] and the state before. Append it to a "
    "list, and stack the list at the end.",
    "A step is np.tanh of a sum of three: x[:, t] times w_ih transposed, h times w_hh transposed, "
    "and b. Call the result h again, so that the next step uses it. np.stack(states, axis=1) "
    "gives (N, T, H).",
)
