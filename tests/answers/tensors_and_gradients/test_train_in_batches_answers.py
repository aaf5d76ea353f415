"""Answers that strangers gave to `train_in_batches`: which are right, which are not.

Each of the wrong ones is right as long as something is held still: no gap in a column that was
complete, no equal rows, no unscaled columns, never a single row, no smaller last batch.
"""

from __future__ import annotations

import pytest
from conftest import CLONE
from written_answers import verdict

MODULE = CLONE / "curriculum" / "basics" / "01_tensors_and_gradients"

RIGHT = {
    "train_in_batches, the script repaired": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            layer = torch.nn.Linear(x.shape[1], 1)
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
            optimizer = torch.optim.SGD(layer.parameters(), lr=learning_rate)
            losses = []
            for epoch in range(epochs):
                total = 0.0
                for start in range(0, len(x), batch_size):
                    rows = slice(start, start + batch_size)
                    z = layer(x[rows])[:, 0]
                    loss = torch.nn.functional.binary_cross_entropy_with_logits(z, y[rows])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
                    total += loss.item() * len(z)
                losses.append(total / len(x))
            return layer.weight[0], layer.bias.item(), losses
        """,
    "train_in_batches, with a DataLoader in order": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            from torch.utils.data import DataLoader, TensorDataset
            loader = DataLoader(TensorDataset(x, y), batch_size)
            w = torch.zeros(x.shape[1], requires_grad=True)
            b = torch.zeros((), requires_grad=True)
            losses = []
            for _ in range(epochs):
                of_rows = []
                for some, truth in loader:
                    z = some @ w + b
                    costs = torch.logaddexp(z, torch.zeros_like(z)) - truth * z
                    costs.mean().backward()
                    with torch.no_grad():
                        for parameter in (w, b):
                            parameter -= learning_rate * parameter.grad
                            parameter.grad = None
                    of_rows.append(costs.detach())
                losses.append(torch.cat(of_rows).mean().item())
            return w.detach(), b.item(), losses
        """,
    "train_in_batches, by formula in float64": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            x, y = x.double(), y.double()
            w, b, losses = torch.zeros(x.shape[1]).double(), torch.zeros(()).double(), []
            for _ in range(epochs):
                total = 0.0
                for some, truth in zip(x.split(batch_size), y.split(batch_size)):
                    z = some @ w + b
                    total += (torch.nn.functional.softplus(z) - truth * z).sum().item()
                    error = torch.sigmoid(z) - truth
                    w = w - learning_rate * some.T @ error / len(truth)
                    b = b - learning_rate * error.mean()
                losses.append(total / len(x))
            return w, float(b), losses
        """,
}

WRONG = {
    "train_in_batches, with the logarithm of a sigmoid": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            w = torch.zeros(x.shape[1])
            b = torch.zeros(())
            losses = []
            for _ in range(epochs):
                total = 0.0
                for some, truth in zip(x.split(batch_size), y.split(batch_size)):
                    p = torch.sigmoid(some @ w + b)
                    total += -(truth * p.log() + (1 - truth) * (1 - p).log()).sum().item()
                    w = w - learning_rate * some.T @ (p - truth) / len(truth)
                    b = b - learning_rate * (p - truth).mean()
                losses.append(total / len(y))
            return w, b.item(), losses
        """,
    "train_in_batches, for two columns or more": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            w, b, losses = right(x, y, learning_rate, batch_size, epochs)
            return w.squeeze(), b, losses
        """,
    "train_in_batches, shuffled": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            order = torch.randperm(len(x))
            return right(x[order], y[order], learning_rate, batch_size, epochs)
        """,
    "train_in_batches, in chunks of like size": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            count = -(-len(x) // batch_size)
            return right(x, y, learning_rate, len(x.chunk(count)[0]), epochs)
        """,
    "train_in_batches, the weight as a row": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            w, b, losses = right(x, y, learning_rate, batch_size, epochs)
            return w[None], b, losses
        """,
    "train_in_batches, for one epoch": """
        def train_in_batches(x, y, learning_rate, batch_size, epochs):
            w, b, losses = right(x, y, learning_rate, batch_size, 1)
            return w, b, losses * epochs
        """,
}


@pytest.mark.parametrize("answer", RIGHT)
def test_right_answers_earn_full_points(answer):
    assert verdict(MODULE, answer, RIGHT[answer]).status == "right"


@pytest.mark.parametrize("answer", WRONG)
def test_wrong_answers_do_not(answer):
    assert verdict(MODULE, answer, WRONG[answer]).status != "right"
