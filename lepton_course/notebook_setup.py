"""Set up a notebook in one call, `begin`."""

from __future__ import annotations

import sys
from pathlib import Path

from lepton_course.checks.check import open_session
from lepton_course.devices import prepare_tensorflow
from lepton_course.exercises.declared import DECLARATIONS
from lepton_course.progress.database import record_visit
from lepton_course.seeds import seed_everything
from lepton_course.syllabus import PACKAGED, TOOLBOX


def begin(module: str, *, seed: int = 0) -> None:
    """Set up a notebook: random seeds, compute device, plot style and the module's exercises.

        begin("basics/05_convolutional_networks")

    module: the module's folder, such as "basics/05_convolutional_networks"; "toolbox" for the
        toolbox, which has no exercises.
    seed: for Python, NumPy, torch, TensorFlow and Keras. A framework that is imported later is
        seeded on import.

    Prints one line with the module, the seed, the device and the number of exercises. Safe to run
    twice: it seeds again. Raises ValueError, with the modules that exist, for an unknown module.
    """
    source = find_checks(module, Path.cwd())
    seed_everything(seed)
    prepare_tensorflow()
    session = open_session(module, source)
    record_visit(module)
    _set_plot_style()
    print(f"{module} · seed {seed} · {_device_in_words()} · {len(session)} exercises with checks")


def find_checks(module: str, folder: Path) -> Path | None:
    """Find a module's exercises: its folder in a clone, or the packaged `checks.npz`.

    Inside a clone's own curriculum folder the declarations are used directly; everywhere else, the
    compiled checks of the installed package. Return None when the module has no exercises.
    Raises ValueError, with the modules that exist, for an unknown module.
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
    raise ValueError(
        f"There is no module {module!r}. The modules of this installation: "
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
