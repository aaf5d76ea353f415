"""Start a team's hub on this machine, with made-up users: `make hub` runs this.

The users have accounts in the hub's own view of the machine and nowhere else, so nothing is left
behind but the hub's folder. Needs root.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
CLONE = HERE.parents[1]
sys.path[:0] = [str(HERE), str(CLONE)]

from autograder.classroom.roster import Student, parse_roster, read_roster, write_roster  # noqa: E402
from autograder.instructor.exchange import make_exchange  # noqa: E402
from lepton_team.accounts import (  # noqa: E402
    Account,
    extended_lists,
    number_accounts,
    read_accounts,
    write_accounts,
)
from lepton_team.courses import Course, members, read_courses  # noqa: E402
from lepton_team.folders import SHARING_ACCOUNT, HubFolders, program_folders  # noqa: E402
from lepton_team.mount_namespace import Covered, Kept, closed_parents, unshare_mounts  # noqa: E402

TEAM = """courses:
  deep_learning:
    instructors: [curie]
teams:
  engines: [ada]
  particles: [bose, curie]
organisations:
  analytical: [engines]
  quantum: [particles]
"""
MADE_UP_ROSTER = b"""id,first_name,last_name,email,team
ada,Ada,Lovelace,ada@example.org,Engines
bose,Satyendra,Bose,bose@example.org,Particles
"""
FIRST_ASSIGNMENT = "tensors_and_gradients"


def main() -> None:
    """Prepare the hub's folder, and become JupyterHub."""
    options = _options()
    if os.geteuid() != 0:
        sys.exit(
            "Each made-up user gets an account of their own, which takes root: run this with sudo. "
            "Nothing outside the hub's folder is changed."
        )
    folders = HubFolders(options.folder.expanduser().resolve())
    roster = read_roster(options.roster) if options.roster else parse_roster(MADE_UP_ROSTER)
    accounts = prepare(folders, roster)
    enclose(folders, accounts, options.curriculum)
    for course in read_courses(folders):
        if not folders.classroom(course.id).exists():
            make_class(folders, course, accounts, roster, options.curriculum, options.gradebook)
    environment = {
        "LEPTON_HUB_MADE_UP": "on",
        **os.environ,
        "LEPTON_TEAM": str(folders.root),
        "LEPTON_TEAM_PORT": str(options.port),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    print(
        "The hub starts. When it says that it is running, open its address, "
        f"http://127.0.0.1:{options.port}: the page says how to sign in. Stop: Ctrl+C."
    )
    sys.stdout.flush()
    os.chdir(folders.hub)
    command = [sys.executable, "-m", "jupyterhub", "-f", str(HERE / "jupyterhub_config.py")]
    os.execve(sys.executable, command, environment)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the hub keeps everything")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--roster", type=Path, help="the made-up learners of new classes")
    parser.add_argument("--curriculum", type=Path, help="the modules of new classes")
    parser.add_argument("--gradebook", help="the URL of a new class's database")
    return parser.parse_args()


def prepare(folders: HubFolders, roster: Sequence[Student]) -> list[Account]:
    """Make the hub's folder, or what it lacks; return the accounts of its users and courses."""
    for folder, mode in ((folders.root, 0o755), (folders.hub, 0o700), (folders.homes, 0o755)):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)
    make_exchange(folders.exchange)
    if not folders.team_file.exists():
        folders.team_file.write_text(TEAM, encoding="utf-8")
    courses = read_courses(folders)
    learners = {student.id for student in roster}
    services = {course.account for course in courses} | {SHARING_ACCOUNT}
    names = sorted(members(courses) | learners | services)
    accounts = number_accounts(names, folders.homes, read_accounts(folders.accounts, folders.homes))
    write_accounts(folders.accounts, accounts)
    for account in accounts:
        if not account.home.exists():
            account.home.mkdir(mode=0o700)
            os.chown(account.home, account.number, account.number)
    return accounts


def enclose(folders: HubFolders, accounts: list[Account], curriculum: Path | None) -> None:
    """Enter a view of the machine in which the accounts exist, and may come to their programs."""
    lists = extended_lists(folders.hub, accounts)
    programs = [CLONE, folders.root, *program_folders()]
    if curriculum:
        programs.append(curriculum.resolve())
    kept = [Kept(path, writable=True) for path in programs]
    kept += [Kept(copy, at=original) for original, copy in lists.items()]
    unshare_mounts(kept, [Covered(path) for path in closed_parents(programs)])


def make_class(
    folders: HubFolders,
    course: Course,
    accounts: list[Account],
    learners: Sequence[Student],
    curriculum: Path | None = None,
    gradebook: str | None = None,
) -> None:
    """Make the class of a course with its learners, and hand its first assignment out."""
    account = next(a for a in accounts if a.name == course.account)
    roster = account.home / "roster.csv"
    write_roster(roster, learners)
    where = str(folders.classroom(course.id))
    create = ["create", where, "--roster", str(roster), "--exchange", str(folders.exchange)]
    if curriculum:
        create += ["--curriculum", str(curriculum)]
    if gradebook:
        create += ["--gradebook", gradebook]
    print(f"Making the class {course.id} …", flush=True)
    lepton_class(account, *create)
    lepton_class(account, "release", where, FIRST_ASSIGNMENT)


def lepton_class(account: Account, *arguments: str) -> None:
    """Run a `lepton class` command as a course's account."""
    subprocess.run(
        [sys.executable, "-m", "lepton_course.cli", "class", *arguments],
        check=True,
        user=account.number,
        group=account.number,
        extra_groups=[],
        cwd=account.home,
        env={**os.environ, "HOME": str(account.home), "PYTHONPATH": str(CLONE)},
        stdout=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
