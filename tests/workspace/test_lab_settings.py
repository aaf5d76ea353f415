"""The JupyterLab of `lepton learn`: its kernel watches, and its log does not frighten."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager, start_new_kernel
from jupyter_core.paths import jupyter_path

import lepton_course
from lepton_course.checks.kernel.quiet_imports import without_noise
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
    quiet = "from lepton_course.checks.kernel.quiet_imports import quiet_tensorflow as q; q()\n"
    run = subprocess.run(
        [sys.executable, "-c", f"{quiet}import tensorflow as tf; print(tf.constant(3).numpy())"],
        env=os.environ | environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("3\n", "")


def test_only_noise_is_held_back(capfd):
    with without_noise():
        os.write(2, b"I0000 00:00:17 port.cc:153] oneDNN custom operations are on.\n")
        os.write(2, b"WARNING: All log messages before absl::InitializeLog() is called\n")
        os.write(2, b"E0000 the disk is full\n")
    assert capfd.readouterr().err == "E0000 the disk is full\n"


@pytest.fixture
def foreign_kernel(tmp_path, monkeypatch) -> str:
    """A kernel that another program starts, such as VS Code, in an environment with the package."""
    home = tmp_path / "environment"
    venv.create(home, symlinks=True)
    python = home / "bin/python"
    packages = next(home.glob("lib/python*/site-packages"))
    found = [sysconfig.get_path("purelib"), str(Path(lepton_course.__file__).parents[1])]
    (packages / "found.pth").write_text("\n".join(found))
    shutil.copytree(JUPYTER / "ipython", home / "etc/ipython")  # as the wheel's installation does
    spec = tmp_path / "share/kernels/foreign/kernel.json"
    spec.parent.mkdir(parents=True)
    argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec.write_text(json.dumps({"argv": argv, "display_name": "Foreign", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    return "foreign"


@pytest.mark.skipif(os.name == "nt", reason="the environment is made as on Linux")
@pytest.mark.parametrize(
    ("is_workspace", "said"), [(True, "Run the notebook's setup cell first"), (False, "Traceback")]
)
def test_a_kernel_that_another_program_starts_says_to_run_the_setup_cell(
    foreign_kernel, tmp_path, is_workspace, said
):
    folder = tmp_path / "work"
    (folder / ".lepton" if is_workspace else folder).mkdir(parents=True)
    manager, client = start_new_kernel(kernel_name=foreign_kernel, cwd=str(folder))
    try:
        reply = client.execute_interactive('check("halve")', timeout=60, output_hook=lambda m: None)
        assert said in "\n".join(reply["content"]["traceback"])
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
