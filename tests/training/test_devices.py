"""Devices: the same choice for torch and TensorFlow, and a clear sentence when one is given up."""

import os
import subprocess
import sys

import pytest
import torch

from lepton_course import devices
from lepton_course.devices import DeviceChoice, choose, device, probe_torch, wanted_device
from lepton_course.hardware import Device, DeviceTable, cpu_cores, device_table


@pytest.fixture(autouse=True)
def forget(monkeypatch):
    """No override and no remembered failure or choice, before and after each test."""
    monkeypatch.delenv("LEPTON_DEVICE", raising=False)
    monkeypatch.setattr(devices, "_failed", {})
    devices.torch_choice.cache_clear()
    yield
    devices.torch_choice.cache_clear()


def run(code: str, **environment: str) -> list[str]:
    """What `code` prints, line by line, in a fresh Python."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
    )
    return done.stdout.split("\n")[:-1]


def works(name: str) -> None:
    """A probe that every device passes."""


# "meta" is a real torch device that has shapes but no numbers: its first result cannot be read.


def test_a_device_that_fails_its_first_operation_is_given_up_in_words():
    choice = choose("torch", ["meta", "cpu"], None, probe_torch)
    assert choice.name == "cpu"
    assert choice.note.startswith("meta failed its first operation (")
    assert choice.note.endswith("torch uses cpu instead.")


def test_the_next_best_is_tried_before_cpu():
    def only_cuda_is_broken(name):
        probe_torch("meta" if name == "cuda" else "cpu")

    choice = choose("torch", ["cuda", "cuda:0", "xpu", "cpu"], None, only_cuda_is_broken)
    assert choice.name == "xpu"
    assert choice.note.endswith("torch uses xpu instead.")


def test_what_failed_in_one_framework_is_not_used_by_the_other():
    choose("torch", ["meta", "cpu"], None, probe_torch)
    choice = choose("TensorFlow", ["meta", "cpu"], None, works)
    assert choice.name == "cpu"
    assert "meta failed its first operation" in choice.note


def test_a_device_that_computes_wrongly_is_given_up():
    def wrong(name):
        devices._check_product(float("nan"))

    assert "gave nan instead of 4096" in choose("torch", ["cuda", "cpu"], None, wrong).note


def test_a_working_device_needs_no_words():
    assert choose("torch", ["cuda", "cuda:0", "cpu"], None, works) == DeviceChoice("cuda")
    assert choose("torch", ["cpu"], None, probe_torch) == DeviceChoice("cpu")


def test_the_wanted_device_is_taken():
    found = ["cuda", "cuda:0", "cuda:1", "cpu"]
    assert choose("torch", found, "cuda:1", works) == DeviceChoice("cuda:1")
    assert choose("torch", found, "cpu", works) == DeviceChoice("cpu")


def test_a_wanted_device_that_is_not_there_falls_back_in_words():
    choice = choose("torch", ["cpu"], "cuda", works)
    assert choice == DeviceChoice(
        "cpu", "LEPTON_DEVICE asks for cuda, but torch finds only: cpu. torch uses cpu instead."
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [("", None), ("auto", None), ("CPU", "cpu"), (" cuda:1 ", "cuda:1"), ("mps", "mps")],
)
def test_override_is_read(monkeypatch, value, expected):
    monkeypatch.setenv("LEPTON_DEVICE", value)
    assert wanted_device() == expected


@pytest.mark.parametrize("value", ["gpu", "cuda:", "cuda:x", "cpu:0", "tpu"])
def test_impossible_override_names_the_choices(monkeypatch, value):
    monkeypatch.setenv("LEPTON_DEVICE", value)
    with pytest.raises(ValueError, match=f"'{value}'.*auto, cuda, mps, xpu, cpu"):
        device()


def test_device_is_one_on_which_torch_computes():
    x = torch.ones(3, device=device())
    assert (x + x).sum().item() == 6
    assert device() == device()


def test_override_is_followed_by_torch(monkeypatch):
    monkeypatch.setenv("LEPTON_DEVICE", "cpu")
    assert device() == torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_missing_gpu_is_said_once(monkeypatch, capsys):
    monkeypatch.setenv("LEPTON_DEVICE", "cuda")
    assert device() == device() == torch.device("cpu")
    assert capsys.readouterr().out.count("LEPTON_DEVICE asks for cuda") == 1


def test_tensorflow_makes_the_same_choice_and_never_imports_torch():
    code = """
import sys
from lepton_course.devices import prepare_tensorflow, tensorflow_device
prepare_tensorflow(); prepare_tensorflow()
print("tensorflow" in sys.modules)
import tensorflow as tf
print(tensorflow_device(), "torch" in sys.modules)
with tf.device(tensorflow_device()):
    print(float(tf.reduce_sum(tf.ones(3))))
gpus = tf.config.get_visible_devices("GPU")
print(len(gpus) <= 1, all(tf.config.experimental.get_memory_growth(gpu) for gpu in gpus))
"""
    assert run(code, LEPTON_DEVICE="cpu") == ["False", "CPU:0 False", "3.0", "True True"]


def test_bad_override_is_said_before_tensorflow_is_imported(monkeypatch):
    monkeypatch.setenv("LEPTON_DEVICE", "gpu")
    with pytest.raises(ValueError, match="LEPTON_DEVICE is 'gpu'"):
        devices.prepare_tensorflow()


# --- the table ---


def test_table_has_the_machine_and_versions_and_imports_no_tensorflow():
    code = """
import sys
from lepton_course.hardware import device_table
table = device_table()
print(table.devices[-1].name, table.devices[-1].used_by, table.devices[-1].cores)
print(sorted(table.versions))
print("tensorflow" in sys.modules)
"""
    first, versions, imported = run(code, LEPTON_DEVICE="cpu")
    assert first == f"cpu ('torch',) {cpu_cores()}"
    assert versions == "['Keras', 'NumPy', 'Python', 'TensorFlow', 'torch']"
    assert imported == "False"


def test_table_reads_as_text_and_as_html():
    table = device_table()
    text, page = str(table), table._repr_html_()
    for part in ("device", "GiB", "torch " + torch.__version__.split("+")[0], "cpu"):
        assert part in text
        assert part in page
    assert page.count("<tr>") == 1 + len(table.devices)


def test_html_of_the_table_is_escaped():
    table = DeviceTable((Device("cpu", "<b>5 & 6", None, None),), {"Python": "3"}, ("a < b",))
    assert "&lt;b&gt;5 &amp; 6" in table._repr_html_() and "a &lt; b" in table._repr_html_()
    assert "unknown" in str(table)


def test_table_says_when_tensorflow_lacks_the_gpu_that_torch_has():
    from lepton_course.hardware import _disagreement

    sentence = _disagreement({"torch": "cuda", "TensorFlow": "cpu"}, None)
    assert sentence.endswith("finds no GPU: TensorFlow uses the CPU while torch uses cuda.")
    assert not _disagreement({"torch": "cuda", "TensorFlow": "cuda"}, None)
    assert not _disagreement({"torch": "cpu", "TensorFlow": "cpu"}, None)
