"""Exercise `gru_step`: one step of a GRU, in torch's form and gate order."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

GRU = "lesson.ipynb#The-GRU"


gru = exercise(
    "gru_step",
    title="A step of a GRU",
    points=3,
    difficulty=3,
    minutes=15,
    probe=Call(),
    compare=close(),
    read=GRU,
)


def _sigmoid(z):
    return 0.5 + 0.5 * np.tanh(z / 2)


@gru.reference
def gru_step(x, h, w_ih, w_hh, b_ih, b_hh):
    units = h.shape[1]
    from_input = np.einsum("nd,kd->nk", x, w_ih) + b_ih
    from_state = np.einsum("nd,kd->nk", h, w_hh) + b_hh
    reset, keep = np.split(_sigmoid((from_input + from_state)[:, : 2 * units]), 2, axis=1)
    proposed = np.tanh(from_input[:, 2 * units :] + reset * from_state[:, 2 * units :])
    return proposed + keep * (h - proposed)


@gru.alternative
@torch.no_grad()
def gru_step_via_torch(x, h, w_ih, w_hh, b_ih, b_hh):
    cell = torch.nn.GRUCell(x.shape[1], h.shape[1], dtype=torch.float64)
    for slot, weight in zip(cell.parameters(), (w_ih, w_hh, b_ih, b_hh), strict=True):
        slot.copy_(torch.tensor(weight))
    return cell(torch.tensor(x), torch.tensor(h)).numpy()


@gru.alternative
def gru_step_gate_by_gate(x, h, w_ih, w_hh, b_ih, b_hh):
    (u_r, u_z, u_n), (w_r, w_z, w_n) = w_ih.reshape(3, -1, x.shape[1]), np.split(w_hh, 3)
    (a_r, a_z, a_n), (c_r, c_z, c_n) = np.split(b_ih, 3), np.split(b_hh, 3)
    new = []
    for x_n, h_n in zip(x, h, strict=True):
        r = 1 / (1 + np.exp(-(u_r @ x_n + a_r + w_r @ h_n + c_r)))
        z = 1 / (1 + np.exp(-(u_z @ x_n + a_z + w_z @ h_n + c_z)))
        n = np.tanh(u_n @ x_n + a_n + r * (w_n @ h_n + c_n))
        new.append((1 - z) * n + z * h_n)
    return np.array(new)


@gru.cases
def cases(rng):
    def case(part, rows, inputs, units, bias):
        def numbers(*shape):
            return np.round(rng.uniform(0.3, 1.1, shape) * rng.choice([-1, 1], shape), 2)

        x, h = numbers(rows, inputs), np.round(rng.uniform(0.2, 0.9, (rows, units)), 2)
        weights = numbers(3 * units, inputs), numbers(3 * units, units)
        return Case(part, (x, h, *weights, bias * numbers(3 * units), bias * numbers(3 * units)))

    return [
        case("one unit, no biases", 1, 1, 1, 0.0),
        case("several units, no biases", 3, 4, 2, 0.0),
        case("with biases", 2, 3, 4, 1.0),
        case("with biases", 3, 3, 3, 1.0),
    ]


def _parts(x, h, w_ih, w_hh, b_ih, b_hh):
    """What each of the three blocks gets from the input and from the state."""
    return np.split(x @ w_ih.T + b_ih, 3, axis=1), np.split(h @ w_hh.T + b_hh, 3, axis=1)


def _joined(join, order=(0, 1, 2)):
    """A step with wrong equations, from the blocks in a wrong order.

    join: (x_r, x_z, x_n), (h_r, h_z, h_n), h -> new state.
    """

    def wrong(x, h, w_ih, w_hh, b_ih, b_hh):
        of_x, of_h = _parts(x, h, w_ih, w_hh, b_ih, b_hh)
        return join([of_x[i] for i in order], [of_h[i] for i in order], h)

    return wrong


def _right(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(of_x[2] + r * of_h[2]) + z * h


gru.mistake(
    "You took the blocks in the order z, r, n, which is that of Keras: torch has r first.",
    name="order z, r, n",
)(_joined(_right, (1, 0, 2)))


gru.mistake("You took the blocks in the order r, n, z: it is r, z, n.", name="order r, n, z")(
    _joined(_right, (0, 2, 1))
)


gru.mistake("You took the blocks in the order n, r, z: it is r, z, n.", name="order n, r, z")(
    _joined(_right, (1, 2, 0))
)


gru.mistake("You took the blocks in the order n, z, r: it is r, z, n.", name="order n, z, r")(
    _joined(_right, (2, 1, 0))
)


@gru.mistake(
    "You took every third row for a block: the first H rows belong to r, the next H to z, the "
    "last H to n; np.split(a, 3, axis=1) does it."
)
def blocks_interleaved(x, h, w_ih, w_hh, b_ih, b_hh):
    of_x = (x @ w_ih.T + b_ih).reshape(*h.shape, 3)
    of_h = (h @ w_hh.T + b_hh).reshape(*h.shape, 3)
    return _right(np.moveaxis(of_x, 2, 0), np.moveaxis(of_h, 2, 0), h)


@gru.mistake(
    "In n you put both biases outside of the reset: r multiplies all that comes from the state, "
    "its bias b_hn as well."
)
def bias_outside_of_the_reset(x, h, w_ih, w_hh, b_ih, b_hh):
    of_x, of_h = _parts(x, h, w_ih, w_hh, b_ih + b_hh, 0 * b_hh)
    return _right(of_x, of_h, h)


@gru.mistake("In n the bias of the state, b_hn, is missing: r multiplies W_hn h + b_hn.")
def b_hn_left_out(x, h, w_ih, w_hh, b_ih, b_hh):
    of_x, of_h = _parts(x, h, w_ih, w_hh, b_ih, b_hh)
    of_h[2] = of_h[2] - np.split(b_hh, 3)[2]
    return _right(of_x, of_h, h)


@gru.mistake(
    "You reset the state before it meets its weights, (r * h) @ w.T, as in the first paper on "
    "GRUs: torch resets afterwards, r * (h @ w.T + b)."
)
def reset_before_the_weights(x, h, w_ih, w_hh, b_ih, b_hh):
    of_x, of_h = _parts(x, h, w_ih, w_hh, b_ih, b_hh)
    r = _sigmoid(of_x[0] + of_h[0])
    of_h[2] = r * of_h[2]
    reset = _parts(x, r * h, w_ih, w_hh, b_ih, b_hh)[1][2]
    z = _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(of_x[2] + reset) + z * h


@gru.mistake(
    "You overwrote h with r * h, so the reset state is kept as well; and torch resets after the "
    "weights, r * (W_hn h + b_hn)."
)
def state_overwritten(x, h, w_ih, w_hh, b_ih, b_hh):
    of_x, of_h = _parts(x, h, w_ih, w_hh, b_ih, b_hh)
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    h = r * h
    n = np.tanh(of_x[2] + _parts(x, h, w_ih, w_hh, b_ih, b_hh)[1][2])
    return (1 - z) * n + z * h


@gru.mistake(
    "NumPy says above that something does not fit; the usual reasons: np.split without axis=1 "
    "divides the batch instead of the blocks, and x @ w_ih without .T."
)
def rows_divided(x, h, w_ih, w_hh, b_ih, b_hh):
    of_x, of_h = np.split(x @ w_ih.T + b_ih, 3), np.split(h @ w_hh.T + b_hh, 3)
    return _right(of_x, of_h, h)


@gru.mistake("You left out b_hh.")
def b_hh_left_out(x, h, w_ih, w_hh, b_ih, b_hh):
    return gru_step(x, h, w_ih, w_hh, b_ih, 0 * b_hh)


@gru.mistake("You left out b_ih.")
def b_ih_left_out(x, h, w_ih, w_hh, b_ih, b_hh):
    return gru_step(x, h, w_ih, w_hh, 0 * b_ih, b_hh)


@gru.mistake("You left out both biases.")
def no_biases(x, h, w_ih, w_hh, b_ih, b_hh):
    return gru_step(x, h, w_ih, w_hh, 0 * b_ih, 0 * b_hh)


@gru.mistake(
    "You returned a pair: a GRU has one state, which is its output as well; return it alone."
)
def two_results(x, h, w_ih, w_hh, b_ih, b_hh):
    new = gru_step(x, h, w_ih, w_hh, b_ih, b_hh)
    return new, new


@gru.mistake("Your result does not depend on h: use the state that is given.")
def state_ignored(x, h, w_ih, w_hh, b_ih, b_hh):
    return gru_step(x, np.zeros_like(h), w_ih, w_hh, b_ih, b_hh)


joined = gru.group("Joined", make=_joined)


@joined.mistake(
    "Your update gate works the other way round: here, as in torch, z = 1 keeps the old state, (1 "
    "- z) * n + z * h; the first papers wrote it the other way."
)
def update_the_other_way_round(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return z * np.tanh(of_x[2] + r * of_h[2]) + (1 - z) * h


@joined.mistake("The reset gate is missing: in n it multiplies what comes from the state.")
def no_reset(of_x, of_h, h):
    z = _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(of_x[2] + of_h[2]) + z * h


@joined.mistake("You reset the input's share of n as well: r multiplies the state's share only.")
def reset_of_everything(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(r * (of_x[2] + of_h[2])) + z * h


@joined.mistake("Your r multiplies the input's share of n: it belongs to the state's share.")
def reset_of_the_input(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(r * of_x[2] + of_h[2]) + z * h


@joined.mistake("You multiplied by 1 - r: r = 0 is what forgets the state, so multiply by r.")
def reset_the_other_way_round(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(of_x[2] + (1 - r) * of_h[2]) + z * h


@joined.mistake("n is no gate but a proposed state: use tanh, so that it may be negative.")
def sigmoid_for_n(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * _sigmoid(of_x[2] + r * of_h[2]) + z * h


@joined.mistake("The tanh around n is missing.")
def n_without_tanh(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * (of_x[2] + r * of_h[2]) + z * h


@joined.mistake("Your gates use tanh: a gate is a share between 0 and 1, so it takes a sigmoid.")
def tanh_in_the_gates(of_x, of_h, h):
    r, z = np.tanh(of_x[0] + of_h[0]), np.tanh(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(of_x[2] + r * of_h[2]) + z * h


@joined.mistake(
    "You put one sigmoid around the whole sum: that is right for r and z, but n is a tanh, and r "
    "comes into it."
)
def one_sigmoid_for_all(of_x, of_h, h):
    z, n = _sigmoid(of_x[1] + of_h[1]), _sigmoid(of_x[2] + of_h[2])
    return (1 - z) * n + z * h


@joined.mistake("Your sigmoid falls where it should rise: it is 1 / (1 + exp(-a)), with the minus.")
def sigmoid_mirrored(of_x, of_h, h):
    r, z = _sigmoid(-of_x[0] - of_h[0]), _sigmoid(-of_x[1] - of_h[1])
    return (1 - z) * np.tanh(of_x[2] + r * of_h[2]) + z * h


@joined.mistake("Your gates have no sigmoid, so they are no shares between 0 and 1.")
def gates_without_sigmoid(of_x, of_h, h):
    r, z = of_x[0] + of_h[0], of_x[1] + of_h[1]
    return (1 - z) * np.tanh(of_x[2] + r * of_h[2]) + z * h


@joined.mistake("You added the whole of n: the two shares make 1 together, 1 - z of n and z of h.")
def n_not_weighted(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return np.tanh(of_x[2] + r * of_h[2]) + z * h


@joined.mistake("You returned n, the proposed state: the new state mixes it with the old one.")
def n_returned(of_x, of_h, h):
    return np.tanh(of_x[2] + _sigmoid(of_x[0] + of_h[0]) * of_h[2])


@joined.mistake("You added n to the old state: the update gate decides how much of each is taken.")
def no_update_gate(of_x, of_h, h):
    r = _sigmoid(of_x[0] + of_h[0])
    return np.tanh(of_x[2] + r * of_h[2]) + h


@joined.mistake(
    "You put a tanh around the new state: it is a mean of h and n, and needs none (that tanh "
    "belongs to the LSTM)."
)
def tanh_at_the_end(of_x, of_h, h):
    return np.tanh(_right(of_x, of_h, h))


@joined.mistake("You reset h also where it is kept: z * h takes the state as it came.")
def state_reset_too(of_x, of_h, h):
    return _right(of_x, of_h, _sigmoid(of_x[0] + of_h[0]) * h)


@joined.mistake(
    "Both of your gates come from the second block: the reset gate r has the first H rows for "
    "itself."
)
def z_for_both_gates(of_x, of_h, h):
    return _right([of_x[1], *of_x[1:]], [of_h[1], *of_h[1:]], h)


@joined.mistake(
    "Both of your gates come from the first block: the update gate z has the next H rows for "
    "itself."
)
def r_for_both_gates(of_x, of_h, h):
    return _right([of_x[0], of_x[0], of_x[2]], [of_h[0], of_h[0], of_h[2]], h)


@joined.mistake(
    "Your sigmoid lacks brackets: 1 / 1 + exp(-a) is 1 + exp(-a); write 1 / (1 + np.exp(-a))."
)
def sigmoid_without_brackets(of_x, of_h, h):
    r, z = (1 / 1 + np.exp(-of_x[i] - of_h[i]) for i in (0, 1))
    return (1 - z) * np.tanh(of_x[2] + r * of_h[2]) + z * h


@joined.mistake(
    "Without brackets, 1 - z * n is 1 minus a product: the share of n is (1 - z), so (1 - z) * n "
    "+ z * h."
)
def shares_without_brackets(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return 1 - z * np.tanh(of_x[2] + r * of_h[2]) + z * h


@joined.mistake(
    "You took the tanh of each share of n: add the shares first, x_n + r * h_n, then one tanh "
    "around the sum."
)
def tanh_of_each_share(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * (np.tanh(of_x[2]) + r * np.tanh(of_h[2])) + z * h


@joined.mistake(
    "You gave n and h the same share, z: the shares make 1 together, 1 - z of n and z of h."
)
def same_share_for_both(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return z * np.tanh(of_x[2] + r * of_h[2]) + z * h


@joined.mistake(
    "Your gates look at the input only: W_hr h + b_hr belongs to r and W_hz h + b_hz to z, so "
    "that a gate knows what is remembered."
)
def gates_from_the_input_only(of_x, of_h, h):
    return _right(of_x, [0 * of_h[0], 0 * of_h[1], of_h[2]], h)


@joined.mistake(
    "You added the whole of n, and gave h the share 1 - z: in a GRU one gate sets both shares, "
    "which make 1 together, 1 - z of n and z of h. (An LSTM has a gate for each.)"
)
def n_not_weighted_h_with_the_rest(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return np.tanh(of_x[2] + r * of_h[2]) + (1 - z) * h


cell_mistakes = gru.group("A recurrent cell by hand", read="lesson.ipynb#A-recurrent-cell-by-hand")


@cell_mistakes.mistake(
    "You did not transpose the blocks of w_hh: each has a row for each new unit."
)
def blocks_transposed(x, h, w_ih, w_hh, b_ih, b_hh):
    turned = np.concatenate([block.T for block in np.split(w_hh, 3)])
    return gru_step(x, h, w_ih, turned, b_ih, b_hh)


gru.hints(
    "Compute the two long rows first, x @ w_ih.T + b_ih and h @ w_hh.T + b_hh, each (N, 3H). "
    "Which thirds are simply added, and which are not?",
    "np.split(…, 3, axis=1) gives the thirds. r and z: sigmoid of the sum of their thirds. n: "
    "tanh of the input's third plus r times the state's third. Then mix n and h.",
    "With x_r, x_z, x_n and h_r, h_z, h_n for the thirds: r comes from x_r + h_r, z from x_z + "
    "h_z, n from x_n + r * h_n. The new state has the share 1 - z of n and z of h.",
)
