"""No line of a solution, reference or misconception reaches a learner's machine.

Every line of twelve characters or more is looked for in all that is handed out: the wheel, the
workspace, a class's release and the site, also inside archives and notebooks.
"""

import ast
import functools
import html
import inspect
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import nbformat
import pytest
from conftest import CLONE

from autograder.classroom.classroom import default_curriculum
from autograder.instructor.class_creation import create_classroom
from lepton_course.declared_exercises import DECLARATIONS, load_exercises
from lepton_course.exercises.compiled import compile_exercise
from lepton_course.workspace.install import update_workspace

pytestmark = pytest.mark.install
pytest_plugins = ["small_site"]

SHORTEST = 12
PRINTABLE = re.compile(rf"[^\x00-\x08\x0a-\x1f\ufffd]{{{SHORTEST},}}")
WORDS = re.compile(r"\w+")
ARRAYS_FORM = re.compile(
    r"\{'descr': '[<>|=]\w+', 'fortran_order': (True|False), 'shape': \([\d, ]*\), \} *\n?"
)
"""What a file of one array begins with; nearly all are nothing but numbers besides."""

COMMONPLACE = (
    "import ",
    "from ",
    "super().__init__()",
    "def __init__(self, ",
    "def forward(self, x)",
    "for layer in self.",
    "return self.out(x)",
    "loss.backward()",
    "rng = np.random.default_rng(seed)",
    "return gradient",
    "return layers",
    "gradients = []",
    "history = []",
    "inputs = ",
    "with torch.inference_mode():",
    "with torch.no_grad():",
    "return False",
    "return found",
    "return network",
    "return status, content",
    "return train",
    "return model.eval()",
    "with np.errstate(",
    "for _ in range(",
)
MODULES = sorted(
    path.parents[1] for path in (CLONE / "curriculum").glob(f"*/*/{DECLARATIONS.as_posix()}")
)

ROSTER = "id,first_name,last_name,email,team\nada,Ada,Lovelace,ada@example.org,red\n"


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    """Each secret line and where it stands."""
    found: dict[str, str] = {}
    for module in MODULES:
        found |= secret_lines(module)
    return found


def test_there_are_secrets_to_look_for(secrets):
    assert len(secrets) > 50


def test_the_wheel_holds_no_solution(wheel, secrets):
    assert leaks(wheel.name, wheel.read_bytes(), secrets) == []


def test_a_workspace_holds_no_solution(built_curriculum, secrets, tmp_path):
    update_workspace(tmp_path / "work", built_curriculum)
    assert leaks_below(tmp_path / "work", secrets) == []


def test_a_release_holds_no_solution(secrets, tmp_path):
    (tmp_path / "roster.csv").write_text(ROSTER)
    made = create_classroom(tmp_path / "class", tmp_path / "roster.csv", default_curriculum())
    assert leaks_below(made.classroom.root / "release", secrets) == []


def test_the_site_holds_no_solution(small_site, secrets):
    documents = [*CLONE.glob("*.md"), *(CLONE / "docs").glob("*.md")]
    told = {line for page in documents for line in long_lines(page.read_text(encoding="utf-8"))}
    kept = {line: at for line, at in secrets.items() if line not in told}
    shown = [path for path in small_site.folder.rglob("*.*") if "_static" not in path.parts]
    texts = [path for path in shown if path.suffix in (".html", ".ipynb", ".js", ".txt", ".svg")]
    assert len(texts) > 30
    assert [leak for path in texts for leak in leaks(path.name, path.read_bytes(), kept)] == []


def test_a_solution_would_be_found_between_the_colours_of_a_page(secrets):
    line = next(line for line in secrets if line.count(" ") > 2 and "<" in line)
    page = " ".join(f'<span class="n">{html.escape(word)}</span>' for word in line.split(" "))
    [leak] = leaks("lesson.html", f"<pre>\n    {page}\n</pre>".encode(), secrets)
    assert line in leak


def test_a_solution_would_be_found(secrets, tmp_path):
    """The search is proven on a file that does leak: deep in an archive, escaped as JSON."""
    line = next(line for line in secrets if '"' in line or "'" in line)
    hidden = BytesIO()
    with zipfile.ZipFile(hidden, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("checks.json", json.dumps({"a": [f"first\n    {line}\nlast"]}))
    outer = tmp_path / "course.whl"
    with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("lepton_course/checks.npz", hidden.getvalue())
    [leak] = leaks(outer.name, outer.read_bytes(), secrets)
    assert line in leak


def test_no_secret_is_passed_over_for_its_words(secrets):
    assert [s for s in secrets if not inner_words(s) <= set(WORDS.findall(f"in{s}side"))] == []


def secret_lines(module: Path) -> dict[str, str]:
    """What must not be handed out of one module."""
    lines: dict[str, str] = {}
    for exercise in load_exercises(module).values():
        answers = [exercise.reference, *exercise.alternatives]
        answers += [misconception.implementation for misconception in exercise.misconceptions]
        names = {inspect.unwrap(a).__name__ for a in answers if callable(a)}
        own = {
            line: f"{module.name}: {name}"
            for source in sources_of(answers)
            for name, text in with_helpers(source, names).items()
            for line in long_lines(text)
        }
        if exercise.points == 0:  # of an ungraded exercise, learners may see a worked solution
            told = "\n".join([*exercise.hints, compile_exercise(exercise).solution])
            own = {line: at for line, at in own.items() if line not in told}
        lines |= own
    given: set[str] = set()
    for path in module.glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if "### BEGIN SOLUTION" not in cell.source:
                continue
            solution, stub = divided(cell.source)
            given |= set(long_lines(stub))
            lines |= dict.fromkeys(long_lines(solution), f"{path.parent.name}/{path.name}")
    return {line: at for line, at in lines.items() if line not in given}


def sources_of(answers: list[object]) -> set[str]:
    """The texts of the files in which answers are defined."""
    names = {getattr(inspect.unwrap(a), "__module__", "") for a in answers if callable(a)}
    modules = [sys.modules[name] for name in names if name.startswith("lepton_exercises_")]
    return {Path(str(module.__file__)).read_text(encoding="utf-8") for module in modules}


def with_helpers(source: str, names: set[str]) -> dict[str, str]:
    """The text of the functions and classes of these names, and of those that they use."""
    tops = ast.parse(source).body
    kinds = (ast.FunctionDef, ast.ClassDef)
    defined = {node.name: node for node in tops if isinstance(node, kinds)}
    found: dict[str, str] = {}
    waiting = sorted(names & defined.keys())
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = ast.get_source_segment(source, defined[name]) or ""
            used = {node.id for node in ast.walk(defined[name]) if isinstance(node, ast.Name)}
            waiting += sorted(used & defined.keys())
    return found


def divided(source: str) -> tuple[str, str]:
    """The solution between the markers, and the stub around it."""
    solution, stub, inside = [], [], False
    for line in source.splitlines():
        if line.strip().startswith("### "):
            inside = "BEGIN SOLUTION" in line
        else:
            (solution if inside else stub).append(line)
    return "\n".join(solution), "\n".join(stub)


def long_lines(source: str) -> Iterator[str]:
    """Lines that can tell something: long enough, and more than what every file begins with."""
    for line in map(str.strip, source.splitlines()):
        if len(line) >= SHORTEST and not line.startswith(COMMONPLACE):
            yield line


def leaks_below(folder: Path, secrets: dict[str, str]) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            found += leaks(path.relative_to(folder).as_posix(), path.read_bytes(), secrets)
    return found


def leaks(name: str, content: bytes, secrets: dict[str, str]) -> list[str]:
    """Where the content, or what is inside of it, holds a secret line."""
    if zipfile.is_zipfile(BytesIO(content)):
        with zipfile.ZipFile(BytesIO(content)) as archive:
            return [
                leak
                for member in archive.namelist()
                for leak in leaks(f"{name}: {member}", archive.read(member), secrets)
            ]
    # A line is within a run of printable characters: most of an array's bytes need no search.
    text = "\n".join(PRINTABLE.findall(content.decode("utf-8", errors="replace")))
    text = ARRAYS_FORM.sub("", text)
    if not text:
        return []
    if "\\" in text:  # strings within JSON: the line as it is written there
        text += text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")
    if name.endswith(".html"):  # what a reader sees, without the marks of its colours
        text = html.unescape(re.sub(r"<[^>]+>", "", content.decode()))
    if name.endswith((".py", ".html")):  # own code, documents: the same line, not a part of another
        own = {line.strip() for line in text.splitlines()}
        return [f"{name} holds {line!r} of {at}" for line, at in secrets.items() if line in own]
    words = set(WORDS.findall(text))
    likely = ((line, at) for line, at in secrets.items() if inner_words(line) <= words)
    return [f"{name} holds {line!r} of {at}" for line, at in likely if line in text]


@functools.cache
def inner_words(line: str) -> frozenset[str]:
    """The words of a line but for the first and the last: text that holds it has them as words."""
    return frozenset(re.findall(r"(?<=\W)\w+(?=\W)", line))
