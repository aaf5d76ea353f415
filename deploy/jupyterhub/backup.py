"""Back a hub up into one file, also while people work.

    sudo .venv/bin/python deploy/jupyterhub/backup.py ~/lepton-team team-backup.tar.gz

Databases are copied as of one moment, by SQLite itself; everything else by tar, with owners and
rights. The file holds grades, seeds and the hub's keys: it is readable by you alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

PASSING = ("hub/proxy.pid",)
CHANGED_WHILE_READ = 1
"""tar's exit status when somebody wrote a file meanwhile, which then is as at some moment."""


def main() -> None:
    """Write the backup that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="the hub's folder")
    parser.add_argument("file", type=Path, help="the backup; must not exist")
    options = parser.parse_args()
    if options.file.exists():
        sys.exit(f"{options.file} is there already.")
    if not (options.folder / "team.yml").is_file():
        sys.exit(f"{options.folder} is not a hub's folder.")
    back_up(options.folder, options.file)


def back_up(folder: Path, file: Path) -> None:
    """Write the backup of a hub's folder to a new file; it appears whole or not at all."""
    os.umask(0o077)
    databases = [path.relative_to(folder) for path in databases_in(folder)]
    with tempfile.TemporaryDirectory(dir=file.absolute().parent) as scratch:
        copies, half_made = Path(scratch, "copies"), Path(scratch, "backup")
        for name in databases:
            copy_database(folder / name, copies / name)
        command = ["tar", "--create", "--gzip", "--numeric-owner", "--file", str(half_made)]
        command += [f"--exclude=./{name}*" for name in (*databases, *PASSING)]
        command += ["--warning=no-file-changed", "--warning=no-file-ignored"]
        command += ["--directory", str(folder.absolute()), "."]
        if databases:
            places = sorted(str(name) for name in databases)
            command += ["--no-recursion", "--directory", str(copies), *places]
        run(command)
        os.rename(half_made, file)


def databases_in(folder: Path) -> list[Path]:
    """Return the databases of the hub and of its classes that are SQLite files in the folder.

    One that SQLCipher has encrypted is a file as any other.
    """
    found = [
        folder / "hub/jupyterhub.sqlite",
        folder / "homes/lepton-hub/hub.sqlite",
        *folder.glob("homes/course-*/*/gradebook.db"),
    ]
    return [path for path in found if path.is_file() and is_sqlite(path)]


def is_sqlite(path: Path) -> bool:
    """Return whether a file is a database of SQLite that is not encrypted."""
    with open(path, "rb") as file:
        return file.read(16) == b"SQLite format 3\0"


def copy_database(original: Path, copy: Path) -> None:
    """Copy a database as of one moment, with owner and rights, whoever writes to it."""
    copy.parent.mkdir(parents=True, exist_ok=True)
    with (
        closing(sqlite3.connect(f"{original.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target)
    shutil.copymode(original, copy)
    status = original.stat()
    os.chown(copy, status.st_uid, status.st_gid)


def run(command: Sequence[str]) -> None:
    """Run tar. Exits with its message when it failed."""
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode not in (0, CHANGED_WHILE_READ):
        sys.exit(f"The backup was not written: {done.stderr.strip()}")


if __name__ == "__main__":
    main()
