"""Exercise `unroll`: a plain recurrent cell, run over whole sequences."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.exercises import Call, Case, Exercise, Misconception, close

CELL = "lesson.ipynb#A-recurrent-cell-by-hand"
UNROLLING = "lesson.ipynb#A-recurrent-cell-by-hand"


def unroll(x, h, w_ih, w_hh, b):
    states = np.empty((*x.shape[:2], len(b)))
    driven = np.einsum("ntd,kd->ntk", x, w_ih) + b
    for t in range(x.shape[1]):
        before = states[:, t - 1] if t else h
        states[:, t] = np.tanh(driven[:, t] + np.einsum("nj,kj->nk", before, w_hh))
    return states


@torch.no_grad()
def unroll_via_torch(x, h, w_ih, w_hh, b):
    rnn = torch.nn.RNN(x.shape[2], len(b), batch_first=True, dtype=torch.float64)
    for slot, weight in zip(rnn.parameters(), (w_ih, w_hh, b, 0 * b), strict=True):
        slot.copy_(torch.tensor(weight))
    return rnn(torch.tensor(x), torch.tensor(h)[None])[0].numpy()


def unroll_one_by_one(x, h, w_ih, w_hh, b):
    def grow(sequence, state):
        for vector in sequence:
            state = np.tanh(w_ih @ vector + w_hh @ state + b)
            yield state

    return np.array([list(grow(*pair)) for pair in zip(x, h, strict=True)])


def _step(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh.T + b)


def _unrolled_with(step):
    """Unrolling with a wrong step; `step` takes what `_step` takes."""

    def wrong(x, h, w_ih, w_hh, b):
        visited = []
        for t in range(x.shape[1]):
            h = step(x[:, t], h, w_ih, w_hh, b)
            visited.append(h)
        return np.stack(visited, axis=1)

    return wrong


def inner_transposed(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh + b)


def none_transposed(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih + h @ w_hh + b)


def no_tanh(x_t, h, w_ih, w_hh, b):
    return x_t @ w_ih.T + h @ w_hh.T + b


def sigmoid_for_tanh(x_t, h, w_ih, w_hh, b):
    return 1 / (1 + np.exp(-(x_t @ w_ih.T + h @ w_hh.T + b)))


def relu_for_tanh(x_t, h, w_ih, w_hh, b):
    return np.maximum(0, x_t @ w_ih.T + h @ w_hh.T + b)


def tanh_of_the_input_only(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + b) + h @ w_hh.T


def bias_after_tanh(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h @ w_hh.T) + b


def bias_twice(x_t, h, w_ih, w_hh, b):
    return _step(x_t, h, w_ih, w_hh, 2 * b)


def bias_left_out(x_t, h, w_ih, w_hh, b):
    return _step(x_t, h, w_ih, w_hh, 0 * b)


def input_left_out(x_t, h, w_ih, w_hh, b):
    return _step(0 * x_t, h, w_ih, w_hh, b)


def state_added_without_weights(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + h + b)


def old_state_added(x_t, h, w_ih, w_hh, b):
    return h + _step(x_t, h, w_ih, w_hh, b)


def matrix_in_front(x_t, h, w_ih, w_hh, b):
    return np.tanh(w_ih @ x_t + w_hh @ h + b)


def state_not_carried(x, h, w_ih, w_hh, b):
    return np.stack([_step(x[:, t], h, w_ih, w_hh, b) for t in range(x.shape[1])], axis=1)


def begun_at_zero(x, h, w_ih, w_hh, b):
    return unroll(x, np.zeros_like(h), w_ih, w_hh, b)


def last_state_only(x, h, w_ih, w_hh, b):
    return unroll(x, h, w_ih, w_hh, b)[:, -1]


def time_first(x, h, w_ih, w_hh, b):
    return unroll(x, h, w_ih, w_hh, b).swapaxes(0, 1)


def first_state_kept(x, h, w_ih, w_hh, b):
    return np.concatenate([h[:, None], unroll(x, h, w_ih, w_hh, b)], axis=1)


def state_before_the_step(x, h, w_ih, w_hh, b):
    return first_state_kept(x, h, w_ih, w_hh, b)[:, :-1]


def first_input_only(x, h, w_ih, w_hh, b):
    return unroll(np.repeat(x[:, :1], x.shape[1], axis=1), h, w_ih, w_hh, b)


def input_one_step_behind(x, h, w_ih, w_hh, b):
    return unroll(np.roll(x, 1, axis=1), h, w_ih, w_hh, b)


def squashed_twice(x_t, h, w_ih, w_hh, b):
    return np.tanh(_step(x_t, h, w_ih, w_hh, b))


def read_backwards(x, h, w_ih, w_hh, b):
    return unroll(x[:, ::-1], h, w_ih, w_hh, b)


def sequences_for_steps(x, h, w_ih, w_hh, b):
    visited = []
    for x_t in x:
        h = _step(x_t, h, w_ih, w_hh, b)
        visited.append(h)
    return np.stack(visited)


def one_array_many_times(x, h, w_ih, w_hh, b):
    visited, place = [], h.copy()
    for t in range(x.shape[1]):
        place[:] = _step(x[:, t], place, w_ih, w_hh, b)
        visited.append(place)
    return np.stack(visited, axis=1)


def result_of_the_form_of_x(x, h, w_ih, w_hh, b):
    states = np.zeros_like(x)
    states[:] = unroll(x, h, w_ih, w_hh, b)
    return states


def returned_in_the_loop(x, h, w_ih, w_hh, b):
    return unroll(x, h, w_ih, w_hh, b)[:, :1]


def one_step_short(x, h, w_ih, w_hh, b):
    return np.stack(list(unroll(x, h, w_ih, w_hh, b).swapaxes(0, 1))[:-1], axis=1)


def laid_side_by_side(x, h, w_ih, w_hh, b):
    return np.concatenate(list(unroll(x, h, w_ih, w_hh, b).swapaxes(0, 1)), axis=1)


def states_and_last(x, h, w_ih, w_hh, b):
    states = unroll(x, h, w_ih, w_hh, b)
    return states, states[:, -1]


def list_of_states(x, h, w_ih, w_hh, b):
    return list(unroll(x, h, w_ih, w_hh, b).swapaxes(0, 1))


def tanh_of_each_product(x_t, h, w_ih, w_hh, b):
    return np.tanh(x_t @ w_ih.T + b) + np.tanh(h @ w_hh.T)


def as_many_steps_as_sequences(x, h, w_ih, w_hh, b):
    visited = []
    for t in range(len(x)):
        h = _step(x[:, t], h, w_ih, w_hh, b)
        visited.append(h)
    return np.stack(visited, axis=1)


def stacked_on_the_last_axis(x, h, w_ih, w_hh, b):
    return np.moveaxis(unroll(x, h, w_ih, w_hh, b), 1, 2)


def first_sequences_state_for_all(x, h, w_ih, w_hh, b):
    return unroll(x, np.broadcast_to(h[0], h.shape), w_ih, w_hh, b)


def unroll_cases(rng):
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


EXERCISE = Exercise(
    name="unroll",
    title="A recurrent cell, unrolled",
    points=2,
    difficulty=2,
    minutes=10,
    reference=unroll,
    cases=unroll_cases,
    probe=Call(),
    compare=close(),
    alternatives=[unroll_via_torch, unroll_one_by_one],
    read=UNROLLING,
    misconceptions=[
        Misconception(
            "w_hh not transposed",
            _unrolled_with(inner_transposed),
            "You multiplied the state by w_hh as it is, which is square and so raises no error: a "
            "row of w_hh belongs to one new unit, so it is h @ w_hh.T.",
            CELL,
        ),
        Misconception(
            "nothing transposed",
            _unrolled_with(none_transposed),
            "You wrote x @ w_ih and h @ w_hh: both matrices have a row for each new unit, as in "
            "torch, so transpose them both.",
            CELL,
        ),
        Misconception(
            "matrix in front",
            _unrolled_with(matrix_in_front),
            "NumPy says above that shapes do not fit; the usual reason is a matrix in front, as in "
            "the formula: here each row of x[:, t] is a sequence, so x[:, t] @ w_ih.T.",
            CELL,
        ),
        Misconception(
            "no tanh",
            _unrolled_with(no_tanh),
            "The tanh is missing: without it the whole chain is one linear map.",
            CELL,
        ),
        Misconception(
            "sigmoid",
            _unrolled_with(sigmoid_for_tanh),
            "You used a sigmoid, from 0 to 1: this cell uses tanh, from -1 to 1.",
            CELL,
        ),
        Misconception(
            "ReLU",
            _unrolled_with(relu_for_tanh),
            "You cut off at 0 (ReLU): this cell uses tanh, which keeps negative states.",
            CELL,
        ),
        Misconception(
            "tanh of a part",
            _unrolled_with(tanh_of_the_input_only),
            "Your tanh ends before the state is added: it goes around the whole sum, or the state "
            "can grow without end.",
            CELL,
        ),
        Misconception(
            "bias outside",
            _unrolled_with(bias_after_tanh),
            "You added b after the tanh: it belongs inside, to the sum.",
            CELL,
        ),
        Misconception(
            "bias twice",
            _unrolled_with(bias_twice),
            "You added b twice, once to each product: torch's cell has two biases for that, this "
            "one has a single b.",
            CELL,
        ),
        Misconception(
            "no bias",
            _unrolled_with(bias_left_out),
            "You left out b.",
            CELL,
        ),
        Misconception(
            "no input",
            _unrolled_with(input_left_out),
            "Your states do not depend on x: each step adds x_t @ w_ih.T.",
            CELL,
        ),
        Misconception(
            "no w_hh",
            _unrolled_with(state_added_without_weights),
            "You added the old state itself: multiply it by w_hh first.",
            CELL,
        ),
        Misconception(
            "old state added",
            _unrolled_with(old_state_added),
            "You added the new state to the old one: the new one takes its place.",
            CELL,
        ),
        Misconception(
            "state not carried on",
            state_not_carried,
            "Every one of your steps begins with the first state, so nothing is remembered: carry "
            "on, with h = the new state.",
        ),
        Misconception(
            "began at zero",
            begun_at_zero,
            "You begin with a state of zeros: begin with the h that is given.",
        ),
        Misconception(
            "last state only",
            last_state_only,
            "You returned the last state alone: collect the states of all steps, (N, T, H).",
        ),
        Misconception(
            "time first",
            time_first,
            "Your states are right, but in the order (T, N, H): np.stack(states, axis=1) puts time "
            "on the second axis.",
        ),
        Misconception(
            "first state returned",
            first_state_kept,
            "You returned the given h as well, T + 1 states: return those after each step, T.",
        ),
        Misconception(
            "kept before the step",
            state_before_the_step,
            "You keep each state before its step, so the given h comes first and the last one is "
            "lost: append after the step.",
        ),
        Misconception(
            "first input only",
            first_input_only,
            "Every one of your steps reads the first input: step t reads x[:, t].",
        ),
        Misconception(
            "one step behind",
            input_one_step_behind,
            "Step t of yours reads the input of the step before, and the first step reads the "
            "last one, x[:, -1]: step t reads x[:, t].",
        ),
        Misconception(
            "squashed twice",
            _unrolled_with(squashed_twice),
            "You put a tanh around a state that has been through one already: one is enough.",
            CELL,
        ),
        Misconception(
            "backwards",
            read_backwards,
            "You read the sequence from its end: begin with x[:, 0].",
        ),
        Misconception(
            "sequences for steps",
            sequences_for_steps,
            "`for x_t in x` goes through the N sequences, as they are on the first axis: the steps "
            "are x[:, 0], x[:, 1], …",
        ),
        Misconception(
            "one array many times",
            one_array_many_times,
            "All steps of your result are equal to the last one: you overwrite one array and "
            "collect it again and again; make a new array in each step.",
        ),
        Misconception(
            "form of x",
            result_of_the_form_of_x,
            "Your array for the result has the shape of x, (N, T, D): it needs room for H units, "
            "(N, T, H).",
        ),
        Misconception(
            "returned in the loop",
            returned_in_the_loop,
            "You return after the first step: is `return` inside the loop? Move it out, to the "
            "left.",
        ),
        Misconception(
            "one step short",
            one_step_short,
            "Your last step is missing: range(T) ends with T - 1 by itself.",
        ),
        Misconception(
            "side by side",
            laid_side_by_side,
            "You laid the states side by side, (N, T * H): np.stack makes a new axis for time, "
            "np.concatenate does not.",
        ),
        Misconception(
            "two results",
            states_and_last,
            "You returned a pair, as torch.nn.RNN does: return the states alone.",
        ),
        Misconception(
            "list of states",
            list_of_states,
            "You returned a list of states: np.stack(states, axis=1) makes one array of it.",
        ),
        Misconception(
            "as many steps as sequences",
            as_many_steps_as_sequences,
            "Your loop runs over range(len(x)), which counts the sequences, N: the steps "
            "are on the second axis, range(x.shape[1]).",
        ),
        Misconception(
            "stacked on the last axis",
            stacked_on_the_last_axis,
            "Your states are right, but time is the last axis, (N, H, T): np.stack(states, "
            "axis=1) puts it in the middle, (N, T, H).",
        ),
        Misconception(
            "tanh of each product",
            _unrolled_with(tanh_of_each_product),
            "You put a tanh around each product and added the two: add first, then one tanh "
            "around the whole sum, or a state can leave the range from -1 to 1.",
            CELL,
        ),
        Misconception(
            "first sequence's state",
            first_sequences_state_for_all,
            "Your first sequence is right, and all others begin with its state, too: each "
            "has its own row of h, so use h as it is.",
        ),
    ],
    hints=(
        "Write one step first: what does h become after x[:, 0]? Then put a loop around it.",
        "In a loop over t: the new state comes from x[:, t] and the state before. Append it to a "
        "list, and stack the list at the end.",
        "A step is np.tanh of a sum of three: x[:, t] times w_ih transposed, h times w_hh "
        "transposed, and b. Call the result h again, so that the next step uses it. "
        "np.stack(states, axis=1) gives (N, T, H).",
    ),
)
