"""Set up a notebook in one call, `begin`."""

from __future__ import annotations

import difflib
import os
import sys
from pathlib import Path

from lepton_course.checks.check import Session, open_session
from lepton_course.declared_exercises import DECLARATIONS
from lepton_course.devices import prepare_tensorflow
from lepton_course.errors import CourseError
from lepton_course.pages.wording import counted
from lepton_course.progress.database import find_workspace, record_visit
from lepton_course.progress_bar import LoadingLine, is_interactive
from lepton_course.seeds import seed_everything
from lepton_course.syllabus import PACKAGED, TOOLBOX
from lepton_course.workspace.launcher import lepton_command
from lepton_course.workspace.mistake_report import SETTING, report_links


class NoSuchModule(CourseError, ValueError):
    """This installation has no module of that name."""


def begin(module: str, *, seed: int = 0) -> None:
    """Set up a notebook: random seeds, compute device, plot style and the module's exercises.

        begin("basics/05_convolutional_networks")

    module: the module's folder, such as "basics/05_convolutional_networks"; "toolbox" for the
        toolbox, which has no exercises.
    seed: for Python, NumPy, torch, TensorFlow and Keras. A framework that is imported later is
        seeded on import.

    Prints one line with the module, the seed, the device and the number of exercises; until then,
    the line says what is being loaded. To a person at the keyboard it also says where work is not
    kept, and offers to report a mistake. Safe to run twice: it seeds again.
    Raises NoSuchModule, with the modules that exist, when there is no such module.
    """
    line = LoadingLine(is_interactive())
    source = find_checks(module, Path.cwd())
    line.say(f"{module}: preparing random seeds and frameworks")
    seed_everything(seed)
    prepare_tensorflow()
    line.say(f"{module}: reading its exercises")
    session = open_session(module, source)
    record_visit(module)
    line.say(f"{module}: loading Matplotlib")
    _set_plot_style()
    line.say(f"{module}: choosing the processor")
    exercises = counted(len(session), "exercise")
    line.finish(f"{module} · seed {seed} · {_device_in_words()} · {exercises} with checks")
    if is_interactive():
        if find_workspace() is None and not (source and source.is_dir()):
            print(not_kept())
        _offer_report(module, session)


def not_kept() -> str:
    """Say that work outside a workspace is not kept, and how to keep it from now on."""
    return (
        "This folder is not a workspace, so your progress is not kept. To keep it from now on, "
        f"run this in a cell: !{lepton_command()} learn --no-start ."
    )


def _offer_report(module: str, session: Session) -> None:
    from IPython.display import display

    titles = [(name, session.title(name)) for name in session.names]
    shown = report_links(module, titles, os.environ.get(SETTING, "").strip())
    display(shown, raw=True)


def find_checks(module: str, folder: Path) -> Path | None:
    """Find a module's exercises: its folder in a clone, or the packaged `checks.npz`.

    Inside a clone's own curriculum folder the declarations are used directly; everywhere else, the
    compiled checks of the installed package. Return None when the module has no exercises.
    Raises NoSuchModule, with the modules that exist, when there is no such module.
    """
    if module == TOOLBOX.removesuffix(".ipynb"):
        return None
    for place in (folder, *folder.parents):
        if place.match(f"curriculum/{module}") and (place / DECLARATIONS).is_file():
            return place
    packaged = PACKAGED / module / "checks.npz"
    if packaged.is_file():
        return packaged
    clone = PACKAGED.parents[1] / "curriculum" / module
    if (clone / DECLARATIONS).is_file():
        return clone
    if (PACKAGED / module).is_dir():
        return None
    known = sorted(
        "/".join(path.relative_to(root).parts[:2])
        for root, name in (
            (PACKAGED, "checks.npz"),
            (PACKAGED.parents[1] / "curriculum", DECLARATIONS.as_posix()),
        )
        for path in root.glob(f"*/*/{name}")
    )
    near = difflib.get_close_matches(module, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise NoSuchModule(
        f"There is no module {module!r}.{hint} The modules of this installation: "
        f"{', '.join(dict.fromkeys(known)) or 'none'}."
    )


def _set_plot_style() -> None:
    from lepton_course.plots import use_style

    use_style()


def _device_in_words() -> str:
    """Name the device without importing a framework that the notebook has not imported itself."""
    if "torch" in sys.modules:
        from lepton_course.devices import device

        return f"device {device()}"
    if "tensorflow" in sys.modules:
        from lepton_course.devices import tensorflow_device

        return f"device {tensorflow_device()}"
    return "device chosen at first use"
