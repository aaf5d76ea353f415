"""Train a classifier with `fit`: the plain training loop, plus what every project adds to it.

Read `_train_epoch` first: it is the loop of the lessons. `fit` repeats it, evaluates on the
validation set, keeps the best weights, stops early and writes a checkpoint after each epoch.
"""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim.lr_scheduler import LRScheduler, ReduceLROnPlateau

from lepton_course.devices import device as best_device
from lepton_course.progress_bar import progress_bar
from lepton_course.training.checkpoints import load_checkpoint, save_checkpoint
from lepton_course.training.minibatches import batches

Loss = Callable[[Tensor, Tensor], Tensor]  # logits (B, classes), labels (B,) -> mean loss ()


@dataclass
class History:
    """A training run, one entry per epoch in each list.

    train_loss, validation_loss: means per example.
    train_accuracy, validation_accuracy: fractions, 0 to 1.
    seconds: duration of each epoch.
    """

    train_loss: list[float] = field(default_factory=list)
    train_accuracy: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    best_epoch: int = 0  # counted from 1: the epoch whose weights the model has; 0: none yet
    stopped: str = ""  # "early", "interrupted", or "" when all epochs were run

    def __len__(self) -> int:
        return len(self.seconds)

    def __repr__(self) -> str:
        text = f"{len(self)} epochs in {sum(self.seconds):.1f} s"
        if self.stopped:
            text += f", stopped: {self.stopped}"
        if self.validation_loss and self.best_epoch:
            loss = self.validation_loss[self.best_epoch - 1]
            accuracy = self.validation_accuracy[self.best_epoch - 1]
            text += f"; best epoch {self.best_epoch}: validation loss {loss:.3f}"
            text += f", accuracy {accuracy:.3f}"
        return text


def fit(
    model: nn.Module,
    train: tuple[Tensor, Tensor],
    validation: tuple[Tensor, Tensor] | None = None,
    *,
    epochs: int = 10,
    batch_size: int = 64,
    learning_rate: float = 1e-3,
    optimizer: torch.optim.Optimizer | None = None,
    loss_fn: Loss = cross_entropy,
    augment: Callable[[Tensor], Tensor] | None = None,
    scheduler: LRScheduler | None = None,
    patience: int | None = None,
    checkpoint: str | Path | None = None,
    tensorboard: str | Path | None = None,
    device: torch.device | str | None = None,
) -> History:
    """Train a classifier and return its history: losses, accuracies and seconds by epoch.

        history = fit(model, (x, y), (x_validation, y_validation), epochs=20, patience=3)
        plots.learning_curves(history)

    model: maps x (B, …) to logits (B, classes). It is trained in place.
    train, validation: (x (N, …), y int64 (N,)) with class indices; moved to `device`.
    epochs: passes over the training set, those of a resumed checkpoint included.
    batch_size: examples per step; a new order is drawn in every epoch.
    learning_rate: of Adam; unused when an `optimizer`, or a `scheduler` with its own, is given.
    loss_fn: (logits (B, classes), y (B,)) to a scalar mean loss.
    augment: changes each training batch x (B, …); validation data is left as it is.
    scheduler: stepped once per epoch.
    patience: stop after this many epochs without a lower validation loss; None runs them all.
    checkpoint: a file, written after each epoch. If it exists, training resumes from it and ends
        as an uninterrupted run would. Delete it to start afresh.
    tensorboard: a folder for TensorBoard's logs.
    device: where to train; by default the one that `lepton_course.device` chooses.

    Afterwards the model is in evaluation mode, on `device`, with the weights of the epoch that had
    the lowest validation loss; without a validation set, with the last ones. To stop early,
    interrupt the kernel (or press Ctrl+C): the best weights and the history so far are kept.
    Raises ValueError for contradictory settings and for a checkpoint of another model, and
    ImportError when TensorBoard is asked for but not installed.
    """
    if patience is not None and validation is None:
        raise ValueError("patience needs a validation set: fit(model, train, validation, …)")
    if optimizer and scheduler and scheduler.optimizer is not optimizer:
        raise ValueError("the scheduler belongs to another optimizer than the one given")
    device = torch.device(device) if device else best_device()
    model.to(device)
    if optimizer is None and scheduler is not None:
        optimizer = scheduler.optimizer
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=learning_rate)
    x, y = (part.to(device) for part in train)
    if validation is not None:
        validation = tuple(part.to(device) for part in validation)

    history, best = History(), None
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    if checkpoint and Path(checkpoint).exists():
        saved, best = load_checkpoint(Path(checkpoint), parts)
        history = History(**saved)
        print(f"Resuming after epoch {len(history)} of {checkpoint}; delete it to start afresh.")
    writer = _open_tensorboard(tensorboard)
    loader = batches(x, y, batch_size)
    done = len(history) * len(loader)
    bar = progress_bar(total=epochs * len(loader), initial=done, unit="batch")
    try:
        while len(history) < epochs and history.stopped != "early":
            began = time.perf_counter()
            measured = _train_epoch(model, loader, optimizer, loss_fn, augment, bar)
            if validation is not None:
                measured += evaluate(model, *validation, loss_fn=loss_fn)
            _step(scheduler, measured)
            if validation is None or measured[2] < _lowest(history):
                best = copy.deepcopy(model.state_dict()) if validation is not None else None
                history.best_epoch = len(history) + 1
            _append(history, measured, time.perf_counter() - began)
            if patience is not None and len(history) - history.best_epoch >= patience:
                history.stopped = "early"
            if checkpoint:
                save_checkpoint(Path(checkpoint), parts, vars(history), best)
            _write_tensorboard(writer, history)
            bar.set_postfix_str(f"epoch {len(history)}, loss {measured[-2]:.3f}")
    except KeyboardInterrupt:
        history.stopped = "interrupted"
        kept = "weights of the best epoch" if best is not None else "current weights"
        print(f"Interrupted in epoch {len(history) + 1}: the {kept} are kept.")
    finally:
        bar.close()
        if writer:
            writer.close()
    if best is not None:
        model.load_state_dict(best)
    model.eval()
    return history


def _train_epoch(
    model: nn.Module,
    loader: Iterable[tuple[Tensor, Tensor]],
    optimizer: torch.optim.Optimizer,
    loss_fn: Loss,
    augment: Callable[[Tensor], Tensor] | None,
    bar: Any,
) -> tuple[float, float]:
    """Train for one epoch; return (mean loss, accuracy) as measured during training."""
    model.train()
    total_loss, correct, count = 0.0, 0.0, 0
    for x, y in loader:
        if augment is not None:
            x = augment(x)
        logits = model(x)
        loss = loss_fn(logits, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        # Sums stay on the device: reading them in every batch would make a GPU wait.
        total_loss = total_loss + loss.detach() * len(y)
        correct = correct + (logits.argmax(dim=1) == y).sum()
        count += len(y)
        bar.update()
    return float(total_loss) / count, float(correct) / count


@torch.no_grad()
def evaluate(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    loss_fn: Loss = cross_entropy,
    batch_size: int = 512,
) -> tuple[float, float]:
    """Return (mean loss, accuracy) on x (N, …), y (N,); leave the model in evaluation mode.

    The data must be on the model's device.
    """
    model.eval()
    total_loss, correct = 0.0, 0.0
    for x_batch, y_batch in batches(x, y, batch_size, shuffle=False):
        logits = model(x_batch)
        total_loss = total_loss + loss_fn(logits, y_batch) * len(y_batch)
        correct = correct + (logits.argmax(dim=1) == y_batch).sum()
    return float(total_loss) / len(y), float(correct) / len(y)


def _append(history: History, measured: tuple[float, ...], seconds: float) -> None:
    names = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")
    for name, value in zip(names, measured, strict=False):
        getattr(history, name).append(value)
    history.seconds.append(seconds)


def _lowest(history: History) -> float:
    """Return the lowest validation loss so far; NaN never counts."""
    return min((loss for loss in history.validation_loss if loss == loss), default=math.inf)


def _step(scheduler: LRScheduler | None, measured: tuple[float, ...]) -> None:
    if isinstance(scheduler, ReduceLROnPlateau):
        scheduler.step(measured[-2])  # the validation loss where there is one
    elif scheduler is not None:
        scheduler.step()


def _open_tensorboard(folder: str | Path | None) -> Any:
    if folder is None:
        return None
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ImportError(
            "fit(…, tensorboard=…) needs a package that is not installed: pip install tensorboard"
        ) from error
    return SummaryWriter(str(folder))


def _write_tensorboard(writer: Any, history: History) -> None:
    """Add the newest epoch to the log."""
    if writer is None:
        return
    for metric in ("loss", "accuracy"):
        for part in ("train", "validation"):
            values = getattr(history, f"{part}_{metric}")
            if values:
                writer.add_scalar(f"{metric}/{part}", values[-1], len(history))
    writer.flush()
