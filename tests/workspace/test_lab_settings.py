"""The JupyterLab of `lepton learn`: its kernel watches, and its log does not frighten."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager, start_new_kernel
from jupyter_core.paths import jupyter_path

from lepton_course.workspace.lab_settings import JUPYTER, encryption_options, set_environment


@pytest.fixture
def environment(monkeypatch) -> dict[str, str]:
    """That of a learner's JupyterLab, also for this process."""
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH", "TF_CPP_MIN_LOG_LEVEL"):
        monkeypatch.delenv(name, raising=False)
    made: dict[str, str] = {}
    set_environment(made)
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    return made


def test_what_was_set_before_is_kept_behind_it():
    made = {"JUPYTER_PATH": "mine", "TF_CPP_MIN_LOG_LEVEL": "0"}
    set_environment(made)
    assert made["JUPYTER_PATH"] == os.pathsep.join([str(JUPYTER), "mine"])
    assert made["TF_CPP_MIN_LOG_LEVEL"] == "0"


def test_the_notebooks_kernel_is_the_one_that_watches(environment):
    spec = KernelSpecManager(kernel_dirs=jupyter_path("kernels")).get_kernel_spec("python3")
    assert spec.display_name == "Python 3 (ipykernel)"
    assert spec.argv[-1].endswith("lepton_course.checks.kernel.kernel_hooks")


def test_its_connection_is_encrypted_and_it_has_nothing_to_warn_of(environment, tmp_path, capfd):
    if not encryption_options():
        pytest.skip("this jupyter_client cannot encrypt, and its kernels do not warn")
    assert encryption_options() == ["--KernelManager.transport_encryption=auto"]
    manager, client = start_new_kernel(cwd=str(tmp_path), transport_encryption="auto")
    try:
        assert client.execute_interactive("1 + 1", timeout=60)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert isinstance(manager, KernelManager)
    assert "encryption" not in capfd.readouterr().err


def test_tensorflow_is_silent_there_also_before_the_setup_cell(environment):
    run = subprocess.run(
        [sys.executable, "-c", "import tensorflow"],
        env=os.environ | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stderr == ""
