"""Put files beside the notebook that are not what they seem."""

import os
import socket
from pathlib import Path

from tiny_course import DOUBLE, TOTAL

from attacks import Attack

EVIL = "import builtins; builtins.evil = True; raise SystemExit('imported')\n"
RIGHT = {"double": DOUBLE, "total": TOTAL, "deserves": (2, 3)}


def listening(path: Path) -> None:
    """Put a listening socket at the path."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def deep(path: Path) -> None:
    """Nest 1500 folders at the path, too deep for a path name."""
    here = os.open(path.parent, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        there = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = there
    os.close(here)


def many(path: Path) -> None:
    """Make a folder of 12,000 files at the path."""
    path.mkdir()
    for i in range(12_000):
        (path / str(i)).touch()


ATTACKS = [
    Attack(
        "shadowed_modules",
        "has its own NumPy, torch and lepton_course found first",
        files=dict.fromkeys(
            (
                "numpy.py",
                "torch/__init__.py",
                "lepton_course.py",
                "lepton_course/__init__.py",
                "json.py",
                "zmq.py",
                "IPython/__init__.py",
                "ipykernel.py",
                "traitlets.py",
                "zipfile.py",
                "tempfile.py",
                "random.py",
                "copy.py",
                "debugpy.py",
                "pandas.py",
            ),
            EVIL,
        ),
        **RIGHT,
    ),
    Attack(
        "start_up_files",
        "has Python, IPython and Jupyter run its files before the first cell",
        files=dict.fromkeys(
            (
                "sitecustomize.py",
                "usercustomize.py",
                "evil.pth",
                "ipython_config.py",
                "ipython_kernel_config.py",
                ".ipython/profile_default/startup/00.py",
                ".ipython/profile_default/ipython_config.py",
                ".jupyter/jupyter_config.py",
                "jupyter_config.py",
                "nbgrader_config.py",
                "jupyter_nbconvert_config.py",
                "home/.ipython/profile_default/startup/00.py",
                "pyvenv.cfg",
                "conftest.py",
            ),
            EVIL,
        ),
        **RIGHT,
    ),
    Attack(
        "settings_of_libraries",
        "hands in settings, libraries and kernels where programs look for them in their folder",
        files=dict.fromkeys(
            (
                "matplotlibrc",
                ".env",
                ".netrc",
                ".pdbrc",
                ".pythonrc.py",
                "setup.cfg",
                "pyproject.toml",
                "pytest.ini",
                "dask.yaml",
                "_ctypes.so",
                "libgomp.so.1",
                "numpy.cpython-311-x86_64-linux-gnu.so",
                "ipykernel_launcher.py",
                "autograder.py",
                "python311.zip",
                "python._pth",
                "share/jupyter/kernels/python3/kernel.json",
                "lepton_course/exercises/remote.py",
                "__pycache__/json.cpython-311.pyc",
                "jupyter_config.d/a.json",
                "templates/feedback/index.html.j2",
                "labconfig/x.json",
            ),  # fmt: skip
            EVIL,
        ),
        **RIGHT,
    ),
    Attack(
        "poison_for_the_next",
        "leaves start-up files wherever the next kernel might look, and in the premade one's home",
        first="""
import glob, os
home = os.path.expanduser("~")
for folder in {home, "/tmp", "/dev/shm", "..", *glob.glob("/tmp/*"), *glob.glob("/tmp/*/*")}:
    for name in (".ipython/profile_default/startup/00.py", "premade/sitecustomize.py",
                 ".local/lib/python3.11/site-packages/evil.pth", ".config/matplotlib/matplotlibrc"):
        try:
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            open(os.path.join(folder, name), "w").write("raise SystemExit('poisoned')")
        except OSError:
            pass
""",
        **RIGHT,
    ),
    Attack(
        "names_of_the_graders_files",
        "hands in files named like the grader's own",
        files=dict.fromkeys(
            (
                "kernel.json",
                "k-1",
                "exchange/cases",
                "work/x",
                "seed",
                "answers.npz",
                "autograded/assignment.txt",
                "gradebook.db",
                "private/seed",
                "source/small_sums/assignment.txt",
                "figures/sum.svg/x",
            ),
            "{}",
        ),
        **RIGHT,
    ),
    Attack(
        "links_among_the_files",
        "hands in links to what is hidden, and reads them",
        first="import os\nfor f in os.listdir(): print(f)\nprint(open('seed.txt').read())",
        files={
            "seed.txt": lambda path: path.symlink_to(path.parents[3] / "private/seed"),
            "all": lambda path: path.symlink_to(path.parents[3]),
            "up": lambda path: path.symlink_to(".."),
            "loop": lambda path: path.symlink_to("loop"),
            "mem": lambda path: path.symlink_to("/proc/self/environ"),
        },
        double=DOUBLE,
        total=TOTAL,
        deserves=(2, 3),
        status="partly graded",
        reason="seed.txt is a link, not an ordinary file, and was left out",
    ),
    Attack(
        "devices_among_the_files",
        "hands in pipes and sockets, on which a reader would wait",
        files={"pipe": os.mkfifo, "socket": listening, "data/pipe": os.mkfifo},
        **RIGHT,
    ),
    Attack(
        "time_that_is_a_folder",
        "hands in a folder in the place of the time stamp",
        files={"timestamp.txt/x": "2020-01-01"},
        status="partly graded",
        reason="timestamp.txt is not an ordinary file",
        **RIGHT,
    ),
    Attack(
        "time_without_sense",
        "hands in a time stamp that no clock shows",
        files={"timestamp.txt": "9999-12-31 23:59:59 -1400 " + "9" * 5000},
        status="partly graded",
        reason="timestamp.txt is too long to be a time",
        **RIGHT,
    ),
    Attack(
        "notebooks_that_are_folders",
        "hands in folders named as notebooks",
        files={"extra.ipynb/x": "{}", "assignment.ipynb.d/x": "{}"},
        **RIGHT,
    ),
    Attack(
        "broken_extra_notebooks",
        "hands in more notebooks, which are damaged",
        files={"copy.ipynb": "{", "a/assignment.ipynb": "[]", "big.ipynb": "[" * 99999},
        **RIGHT,
    ),
    Attack(
        "odd_names",
        "hands in files with names that are hard to write down",
        files=dict.fromkeys(
            (
                "line\nbreak.txt",
                "\x1b[2J.txt",
                "-rf",
                "$(touch x)",
                "';--.txt",
                "ü/é/中.txt",
                "\u202etxt.exe",
                "a" * 200,
                " ",
                "CON",
                "half�.txt",
                "{}{0}%s.txt",
            ),
            "x",
        ),
        **RIGHT,
    ),
    Attack(
        "folders_without_end",
        "hands in fifteen hundred folders in each other",
        files={"d": deep},
        **RIGHT,
    ),
    Attack(
        "files_without_end",
        "hands in twelve thousand files",
        files={"many": many},
        status="partly graded",
        reason="more than 2,000 files were handed in",
        **RIGHT,
    ),
    Attack(
        "closed_files",
        "hands in files that nobody may read",
        files={
            "closed.txt": lambda path: (path.touch(), path.chmod(0)),
            "closed/x": lambda path: (path.touch(), path.parent.chmod(0o300)),
        },
        **RIGHT,
    ),
    Attack(
        "large_files",
        "hands in a gigabyte, of which nothing is written on the disk",
        files={"large": lambda path: os.truncate(os.open(path, os.O_CREAT | os.O_RDWR), 2**30)},
        status="partly graded",
        reason="more than 100 MiB",
        **RIGHT,
    ),
    Attack(
        "released_files_replaced",
        "hands in a folder where the release has a file",
        files={"figures/sum.svg": "<svg>mine</svg>"},
        first="print(open('figures/sum.svg').read())",
        **RIGHT,
    ),
]
