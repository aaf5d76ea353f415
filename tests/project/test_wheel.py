"""The wheel gives a learner the whole course without the clone, and no more than that."""

import subprocess
import sys
import venv
import zipfile
from importlib.metadata import Distribution
from pathlib import Path

import pytest
from conftest import clean_environment
from dependencies import link_dependencies

pytestmark = pytest.mark.install

MODULE = "basics/05_convolutional_networks"

# A typical mistake, as a learner would write it: zeros that win over negative numbers.
PADDED_WITH_ZEROS = f"""
import torch
from lepton_course import begin, check

begin("{MODULE}")

def max_pool2d(maps, size, stride=None, padding=0):
    padded = torch.nn.functional.pad(torch.tensor(maps), [padding] * 4)
    return torch.nn.functional.max_pool2d(padded, size, stride).numpy()

check("max_pool2d")
"""


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The Python of an environment that has the wheel and what it declares to need, no more."""
    folder = tmp_path_factory.mktemp("without the clone") / "venv"
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    [packages] = (folder / "lib").glob("python*/site-packages")
    pip = [sys.executable, "-m", "pip", "--python", str(python)]
    install = [*pip, "install", "--quiet", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, cwd=folder, env=clean_environment())
    link_dependencies(distribution_in(packages).requires or (), packages)
    subprocess.run([*pip, "check"], check=True, cwd=folder, env=clean_environment())
    return python


def distribution_in(packages: Path) -> Distribution:
    """The course as it is installed in a folder."""
    [found] = Distribution.discover(name="lepton-course", path=[str(packages)])
    return found


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )


def test_the_wheel_holds_the_students_curriculum_and_nothing_of_the_instructors(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert f"lepton_course/curriculum/{MODULE}/lesson.ipynb" in names
    assert f"lepton_course/curriculum/{MODULE}/checks.npz" in names
    assert f"lepton_course/curriculum/{MODULE}/module.yml" in names
    assert "lepton_course/curriculum/syllabus.yml" in names
    assert "lepton_course/curriculum/toolbox.ipynb" in names
    top = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    [data] = [folder for folder in top if folder.endswith(".data")]
    assert [n for n in names if n.startswith(data)] == [
        f"{data}/data/etc/ipython/ipython_kernel_config.json"
    ]
    top.remove(data)
    assert top == {"lepton_course"}
    curriculum = [name for name in names if name.startswith("lepton_course/curriculum/")]
    assert curriculum
    assert not [name for name in curriculum if "/exercises/" in name or "held_out" in name]


def test_what_the_wheel_does_not_declare_is_not_there(installed, tmp_path):
    names = ("torch", "jupyterlab", "nbgrader", "papermill", "autograder", "pytest")
    code = f"from importlib.util import find_spec; print([n for n in {names} if find_spec(n)])"
    assert run(installed, "-c", code, cwd=tmp_path).stdout == "['torch', 'jupyterlab']\n"


def test_learn_makes_a_workspace_without_the_clone(installed, tmp_path):
    where = run(
        installed, "-c", "import lepton_course; print(lepton_course.__file__)", cwd=tmp_path
    )
    assert where.stdout.startswith(str(installed.parents[1])), where.stderr

    lepton = installed.with_name("lepton")
    made = run(lepton, "learn", "my course", "--no-start", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "my course" / "START.ipynb").is_file()
    assert (tmp_path / "my course" / MODULE / "assignment.ipynb").is_file()


def test_a_wrong_answer_is_diagnosed_without_the_clone(installed, tmp_path):
    run(installed.with_name("lepton"), "learn", "work", "--no-start", cwd=tmp_path)
    checked = run(installed, "-c", PADDED_WITH_ZEROS, cwd=tmp_path / "work" / MODULE)
    assert checked.returncode == 0, checked.stderr
    assert "You padded with zeros" in checked.stdout
    shown = run(installed.with_name("lepton"), "progress", cwd=tmp_path / "work")
    assert "Convolutional networks" in shown.stdout


def test_an_instructors_command_says_that_it_needs_a_clone(installed, tmp_path):
    asked = run(installed.with_name("lepton"), "class", "create", "here", cwd=tmp_path)
    assert asked.returncode == 1
    assert "needs a clone of the course" in asked.stderr
