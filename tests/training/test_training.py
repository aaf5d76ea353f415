"""fit: learns, keeps the best weights, stops early, and survives being interrupted or killed."""

import os
import random
import signal
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest
import torch
from nbclient import NotebookClient
from torch import nn

from lepton_course.seeds import seed_everything
from lepton_course.training.loop import History, evaluate, fit


def blobs(n: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Points in the plane, x (n, 2), around one centre for each of three classes y (n,)."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 3
    centres = torch.tensor([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
    return centres[y] + torch.randn(n, 2, generator=generator), y


TRAIN, VALIDATION = blobs(300, 0), blobs(90, 1)


def network() -> nn.Module:
    """Dropout draws random numbers; batch normalisation has buffers beside its parameters."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(2, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3)
    )


def noise(x: torch.Tensor) -> torch.Tensor:
    """An augmentation that draws from the generators of Python, NumPy and torch."""
    return x + 0.1 * torch.randn_like(x) * random.random() * float(np.random.rand())


def same_weights(a: nn.Module, b: nn.Module) -> bool:
    states = a.state_dict(), b.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_a_network_learns_and_the_history_tells_how():
    model = network()
    history = fit(model, TRAIN, VALIDATION, epochs=8, learning_rate=0.02, device="cpu")
    assert len(history) == len(history.train_loss) == len(history.validation_accuracy) == 8
    assert history.train_loss[-1] < history.train_loss[0]
    assert history.validation_accuracy[-1] > 0.85
    assert not model.training
    assert "8 epochs" in repr(history) and "best epoch" in repr(history)


def test_the_model_ends_with_the_weights_of_the_best_epoch():
    model = network()
    history = fit(model, TRAIN, VALIDATION, epochs=6, learning_rate=0.5, device="cpu")
    loss, accuracy = evaluate(model, *VALIDATION)
    assert loss == pytest.approx(min(history.validation_loss), abs=1e-6)
    assert accuracy == history.validation_accuracy[history.best_epoch - 1]
    assert history.validation_loss.index(min(history.validation_loss)) + 1 == history.best_epoch


def test_training_stops_when_the_validation_loss_does_not_fall():
    model = network()
    wrong_labels = (VALIDATION[0], (VALIDATION[1] + 1) % 3)  # the better it learns, the worse
    history = fit(model, TRAIN, wrong_labels, epochs=50, patience=3, device="cpu")
    assert history.stopped == "early"
    assert len(history) == history.best_epoch + 3 < 50


def test_a_loss_that_is_not_a_number_is_never_the_best():
    model = network()
    history = fit(
        model, TRAIN, VALIDATION, epochs=3, patience=2, device="cpu",
        loss_fn=lambda logits, y: logits.sum() * float("nan"),
    )  # fmt: skip
    assert history.best_epoch == 0 and history.stopped == "early" and len(history) == 2


def test_without_validation_the_last_weights_are_kept():
    seed_everything(0)
    model = network()
    history = fit(model, TRAIN, epochs=2, device="cpu")
    assert history.best_epoch == 2 and history.validation_loss == []
    assert evaluate(model, *TRAIN)[0] < history.train_loss[0]


def test_the_plain_loop_gives_the_same_weights():
    plain, fitted = network(), network()
    x, y = TRAIN
    seed_everything(1)
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.01)
    for _ in range(2):
        plain.train()
        order = torch.randperm(len(x))
        for start in range(0, len(x), 50):
            index = order[start : start + 50]
            loss = nn.functional.cross_entropy(plain(x[index]), y[index])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    seed_everything(1)
    fit(fitted, TRAIN, epochs=2, batch_size=50, learning_rate=0.01, device="cpu")
    assert same_weights(plain, fitted)


def test_own_optimizer_and_scheduler_are_used():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)
    fit(model, TRAIN, epochs=3, optimizer=optimizer, scheduler=scheduler, device="cpu")
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.1 * 0.5**3)


def test_a_scheduler_brings_its_optimizer():
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.1)
    wrong_labels = (VALIDATION[0], (VALIDATION[1] + 1) % 3)
    fit(model, TRAIN, wrong_labels, epochs=4, scheduler=scheduler, device="cpu")
    assert optimizer.param_groups[0]["lr"] < 0.1


def test_augmentation_is_for_training_only():
    seen = []

    def remember(x):
        seen.append(len(x))
        return x

    fit(network(), TRAIN, VALIDATION, epochs=2, batch_size=100, augment=remember, device="cpu")
    assert seen == [100] * 6


def test_contradictory_settings_are_refused():
    model = network()
    with pytest.raises(ValueError, match="patience needs a validation set"):
        fit(model, TRAIN, patience=3)
    first, second = (torch.optim.SGD(model.parameters(), lr=0.1) for _ in range(2))
    scheduler = torch.optim.lr_scheduler.StepLR(first, step_size=1)
    with pytest.raises(ValueError, match="another optimizer"):
        fit(model, TRAIN, optimizer=second, scheduler=scheduler)


# --- interruptions ---


class Interrupting:
    """An augmentation in whose nth batch someone presses Ctrl+C."""

    def __init__(self, batch: int):
        self.left = batch

    def __call__(self, x):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return noise(x)


def options(**changes) -> dict:
    return {"epochs": 5, "batch_size": 50, "learning_rate": 0.02, "device": "cpu"} | changes


def with_schedule(model: nn.Module) -> torch.optim.lr_scheduler.LRScheduler:
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
    return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5)


def test_an_interrupt_keeps_the_best_weights_and_the_history(capsys):
    model = network()
    interrupting = Interrupting(6 * 3 + 2)  # in the fourth epoch of six batches
    history = fit(model, TRAIN, VALIDATION, **options(augment=interrupting))
    assert history.stopped == "interrupted"
    assert len(history) == 3
    assert "Interrupted in epoch 4" in capsys.readouterr().out
    assert evaluate(model, *VALIDATION)[0] == pytest.approx(min(history.validation_loss), abs=1e-6)


def test_a_resumed_run_ends_as_an_undisturbed_one(tmp_path):
    undisturbed, resumed = network(), network()
    seed_everything(2)
    expected = fit(
        undisturbed,
        TRAIN,
        VALIDATION,
        **options(augment=noise),
        scheduler=with_schedule(undisturbed),
    )

    path = tmp_path / "run.pt"
    seed_everything(2)
    fit(
        resumed, TRAIN, VALIDATION, **options(augment=Interrupting(20)),
        scheduler=with_schedule(resumed), checkpoint=path,
    )  # fmt: skip
    assert [file.name for file in tmp_path.iterdir()] == ["run.pt"]
    seed_everything(99)  # a new session: other random numbers, other weights
    fresh = network()
    nn.init.zeros_(fresh[0].weight)
    history = fit(
        fresh, TRAIN, VALIDATION, **options(augment=noise),
        scheduler=with_schedule(fresh), checkpoint=path,
    )  # fmt: skip
    assert history.train_loss == expected.train_loss
    assert history.validation_loss == expected.validation_loss
    assert history.best_epoch == expected.best_epoch and history.stopped == ""
    assert same_weights(fresh, undisturbed)


KILLED = """
import sys, time
sys.path.insert(0, {tests!r})
from test_training import *
if {slow}:
    def slowly(x, noise=noise):
        time.sleep(0.05)
        return noise(x)
    noise = slowly
model = network()
seed_everything(2)
fit(model, TRAIN, VALIDATION, **options(augment=noise), checkpoint={path!r})
torch.save(model.state_dict(), {path!r} + ".end")
"""


def test_a_killed_run_goes_on_as_if_nothing_had_happened(tmp_path):
    path = str(tmp_path / "run.pt")
    tests = os.path.dirname(__file__)
    slow = KILLED.format(tests=tests, slow=True, path=path)
    process = subprocess.Popen([sys.executable, "-c", slow])
    deadline = time.monotonic() + 60
    while not os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL

    quick = KILLED.format(tests=tests, slow=False, path=path)
    said = subprocess.run([sys.executable, "-c", quick], check=True, capture_output=True, text=True)
    assert "Resuming after epoch" in said.stdout
    undisturbed = network()
    seed_everything(2)
    fit(undisturbed, TRAIN, VALIDATION, **options(augment=noise))
    end = torch.load(path + ".end", weights_only=True)
    assert all(torch.equal(end[name], value) for name, value in undisturbed.state_dict().items())


def test_a_finished_run_is_not_trained_again(tmp_path):
    model, again = network(), network()
    path = tmp_path / "run.pt"
    first = fit(model, TRAIN, VALIDATION, **options(), checkpoint=path)
    second = fit(again, TRAIN, VALIDATION, **options(), checkpoint=path)
    assert second == first
    assert same_weights(model, again)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04 cut off"])
def test_a_damaged_checkpoint_is_refused_in_words(tmp_path, content):
    path = tmp_path / "run.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a readable checkpoint. Delete it"):
        fit(network(), TRAIN, **options(), checkpoint=path)
    assert path.read_bytes() == content


def test_a_checkpoint_never_runs_code(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "run.pt"
    torch.save({"parts": Evil()}, path)
    with pytest.raises(ValueError, match="not a readable checkpoint"):
        fit(network(), TRAIN, **options(), checkpoint=path)
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_of_another_model_is_refused_in_words(tmp_path):
    path = tmp_path / "run.pt"
    fit(network(), TRAIN, **options(epochs=1), checkpoint=path)
    with pytest.raises(ValueError, match="belongs to another model"):
        fit(nn.Linear(2, 3), TRAIN, **options(), checkpoint=path)
    model = network()
    with pytest.raises(ValueError, match="it holds model, optimizer, not model, optimizer, sch"):
        fit(model, TRAIN, **options(), scheduler=with_schedule(model), checkpoint=path)


# --- what is seen ---


def test_tensorboard_gets_every_epoch(tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    history = fit(network(), TRAIN, VALIDATION, **options(epochs=3), tensorboard=tmp_path)
    log = EventAccumulator(str(tmp_path))
    log.Reload()
    values = [event.value for event in log.Scalars("loss/validation")]
    assert values == pytest.approx(history.validation_loss)


def test_tensorboard_is_imported_only_when_asked():
    code = "import sys, lepton_course.training.loop; print('tensorboard' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_an_executed_notebook_keeps_nothing_of_the_progress_bar():
    source = """
import sys, time
from lepton_course.progress_bar import progress_bar
for _ in progress_bar(range(20), desc="training"):
    time.sleep(0.03)
print("done")
"""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    updates = []
    client = NotebookClient(notebook, kernel_name="python3", timeout=60)
    process_message = client.process_message

    def watch(msg, *rest):
        if msg["msg_type"] == "update_display_data":
            updates.append(msg["content"]["data"]["text/plain"])
        return process_message(msg, *rest)

    client.process_message = watch
    client.execute()
    assert any("training" in text and "%" in text for text in updates)  # it was there to be seen
    outputs = notebook.cells[0].outputs
    shown = [out.data["text/plain"] if "data" in out else out.text for out in outputs]
    assert "".join(shown) == "done\n"
    assert all(out.output_type != "error" for out in outputs)


def test_history_is_plain_data():
    assert vars(History())["stopped"] == ""
    assert repr(History()) == "0 epochs in 0.0 s"
