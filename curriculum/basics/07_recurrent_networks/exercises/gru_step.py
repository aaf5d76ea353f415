"""Exercise `gru_step`: one step of a GRU, in torch's form and gate order."""

from __future__ import annotations

import numpy as np
import torch

from lepton_course.authoring import Call, Case, close, exercise

gru = exercise(
    "gru_step",
    title="A step of a GRU",
    points=3,
    difficulty=3,
    minutes=10,
    probe=Call(),
    compare=close(),
    read="lesson.ipynb#The-GRU",
)


def _sigmoid(z):
    return 0.5 + 0.5 * np.tanh(z / 2)


@gru.reference
def gru_step(x, h, w_ih, w_hh, b_ih, b_hh):
    """Return the hidden states (N, H) of a GRU after one more step, as torch.nn.GRUCell does.

    x: (N, D); h: (N, H); w_ih: (3H, D); w_hh: (3H, H); b_ih, b_hh: (3H,), in the order r, z, n.
    """
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

        x, h = numbers(rows, inputs), np.round(0.8 * numbers(rows, units), 2)
        weights = numbers(3 * units, inputs), numbers(3 * units, units)
        return Case(part, (x, h, *weights, bias * numbers(3 * units), bias * numbers(3 * units)))

    return [
        case("one unit, no biases", 1, 1, 1, 0.0),
        case("one unit, no biases", 4, 2, 1, 0.0),
        case("several units, no biases", 3, 4, 2, 0.0),
        case("with biases", 2, 3, 4, 1.0),
        case("with biases", 3, 3, 3, 1.0),
    ]


def _parts(x, h, w_ih, w_hh, b_ih, b_hh):
    """What each of the three blocks gets from the input and from the state."""
    return np.split(x @ w_ih.T + b_ih, 3, axis=1), np.split(h @ w_hh.T + b_hh, 3, axis=1)


def _joined(join):
    """A step with wrong equations: join((x_r, x_z, x_n), (h_r, h_z, h_n), h) -> new state."""

    def wrong(x, h, w_ih, w_hh, b_ih, b_hh):
        of_x, of_h = _parts(x, h, w_ih, w_hh, b_ih, b_hh)
        return join(of_x, of_h, h)

    return wrong


def _right(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(of_x[2] + r * of_h[2]) + z * h


@gru.mistake(
    "You took the blocks in the order z, r, n, as in Keras: torch puts r first.",
    name="order z, r, n",
    make=_joined,
)
def order_z_r_n(of_x, of_h, h):
    return _right([of_x[1], of_x[0], of_x[2]], [of_h[1], of_h[0], of_h[2]], h)


@gru.mistake(
    "You took every third row as a block: the first H rows belong to r, the next H to z, the "
    "last H to n; np.split(a, 3, axis=1) does it."
)
def blocks_interleaved(x, h, w_ih, w_hh, b_ih, b_hh):
    of_x = (x @ w_ih.T + b_ih).reshape(*h.shape, 3)
    of_h = (h @ w_hh.T + b_hh).reshape(*h.shape, 3)
    return _right(np.moveaxis(of_x, 2, 0), np.moveaxis(of_h, 2, 0), h)


@gru.mistake("You did not transpose the blocks of w_hh: each has one row per new unit.")
def blocks_transposed(right, a):
    return right(w_hh=np.concatenate([block.T for block in np.split(a.w_hh, 3)]))


@gru.mistake(
    "Both of your gates come from the second block: the first H rows belong to the reset gate r.",
    make=_joined,
)
def z_for_both_gates(of_x, of_h, h):
    return _right([of_x[1], *of_x[1:]], [of_h[1], *of_h[1:]], h)


reset = gru.group("The reset gate and its bias")


@reset.mistake(
    "In n you put both biases outside the reset: r multiplies all that comes from the state, "
    "including its bias b_hn."
)
def bias_outside_of_the_reset(right, a):
    return right(b_ih=a.b_ih + a.b_hh, b_hh=0 * a.b_hh)


@reset.mistake("b_hn, the state's bias in n, is missing: r multiplies W_hn h + b_hn.")
def b_hn_left_out(right, a):
    units = a.h.shape[1]
    return right(b_hh=np.append(a.b_hh[: 2 * units], np.zeros(units)))


@reset.mistake(
    "You reset the state before it meets its weights, (r * h) @ w.T, as in the first paper on "
    "GRUs: torch resets afterwards, r * (h @ w.T + b)."
)
def reset_before_the_weights(x, h, w_ih, w_hh, b_ih, b_hh):
    of_x, of_h = _parts(x, h, w_ih, w_hh, b_ih, b_hh)
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    of_reset = _parts(x, r * h, w_ih, w_hh, b_ih, b_hh)[1][2]
    return (1 - z) * np.tanh(of_x[2] + of_reset) + z * h


mixing = gru.group("Gates and the new state", make=_joined)


@mixing.mistake("The reset gate is missing: in n it multiplies what comes from the state.")
def no_reset(of_x, of_h, h):
    z = _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(of_x[2] + of_h[2]) + z * h


@mixing.mistake("You reset the input's part of n as well: r multiplies the state's part only.")
def reset_of_everything(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(r * (of_x[2] + of_h[2])) + z * h


@mixing.mistake(
    "Your update gate works the other way round: here, as in torch, z = 1 keeps the old state, (1 "
    "- z) * n + z * h; the first papers wrote it the other way."
)
def update_the_other_way_round(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return z * np.tanh(of_x[2] + r * of_h[2]) + (1 - z) * h


@mixing.mistake("n is not a gate but a candidate: use tanh, so that it may be negative.")
def sigmoid_for_n(of_x, of_h, h):
    r, z = _sigmoid(of_x[0] + of_h[0]), _sigmoid(of_x[1] + of_h[1])
    return (1 - z) * _sigmoid(of_x[2] + r * of_h[2]) + z * h


@mixing.mistake("Your gates use tanh: a gate lies between 0 and 1, so it takes a sigmoid.")
def tanh_in_the_gates(of_x, of_h, h):
    r, z = np.tanh(of_x[0] + of_h[0]), np.tanh(of_x[1] + of_h[1])
    return (1 - z) * np.tanh(of_x[2] + r * of_h[2]) + z * h


@mixing.mistake("You returned n, the candidate: the new state mixes it with the old state.")
def n_returned(of_x, of_h, h):
    return np.tanh(of_x[2] + _sigmoid(of_x[0] + of_h[0]) * of_h[2])


gru.hints(
    "Compute the two long rows first, x @ w_ih.T + b_ih and h @ w_hh.T + b_hh, each (N, 3H). "
    "Which thirds are simply added, and which are not?",
    "np.split(…, 3, axis=1) gives the thirds. r and z: sigmoid of the sum of their thirds. n: "
    "tanh of the input's third plus r times the state's third. Then mix n and h.",
    "With x_r, x_z, x_n and h_r, h_z, h_n for the thirds: r comes from x_r + h_r, z from x_z + "
    "h_z, n from x_n + r * h_n. The new state is 1 - z parts n and z parts h.",
)
