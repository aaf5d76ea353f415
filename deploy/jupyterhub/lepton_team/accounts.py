"""Accounts that exist in the hub's own view of the machine, and nowhere else.

nbgrader takes the name of who hands in from the operating system, and trusts the owner of the file.
So each made-up user needs an account. The machine's own list is left alone: the hub and all that it
starts see a copy of /etc/passwd with the accounts added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FIRST_NUMBER = 52_000
"""User and group numbers of made-up accounts; real ones are below, or far above."""


@dataclass(frozen=True)
class Account:
    """An account: its name, its number (user and group), and its home folder."""

    name: str
    number: int
    home: Path

    def passwd_line(self) -> str:
        """Return the account's line of /etc/passwd."""
        return f"{self.name}:x:{self.number}:{self.number}::{self.home}:/bin/bash\n"

    def group_line(self) -> str:
        """Return the line of the account's own group in /etc/group."""
        return f"{self.name}:x:{self.number}:\n"


def number_accounts(
    names: Sequence[str],
    homes: Path,
    known: Sequence[Account] = (),
    first: int = FIRST_NUMBER,
) -> list[Account]:
    """Return an account for each name; a known one keeps its number, since files have owners.

    first: the number of the first account, where none is known.
    """
    accounts = {account.name: account for account in known}
    free = max((a.number for a in known), default=first - 1) + 1
    for name in names:
        if name not in accounts:
            accounts[name] = Account(name, free, homes / name)
            free += 1
    return list(accounts.values())


def read_accounts(file: Path, homes: Path) -> list[Account]:
    """Return the accounts that `write_accounts` wrote; none where there is no such file.

    homes: where the home folders are now; a restored hub may have moved.
    """
    if not file.exists():
        return []
    fields = [line.split(":") for line in file.read_text(encoding="utf-8").splitlines()]
    return [Account(field[0], int(field[2]), homes / field[0]) for field in fields]


def write_accounts(file: Path, accounts: Sequence[Account]) -> None:
    """Write the accounts in the form of /etc/passwd, whole at any moment: the system reads it."""
    new = file.with_name(f".{file.name}")
    new.write_text("".join(a.passwd_line() for a in accounts), encoding="utf-8")
    new.chmod(0o644)
    new.replace(file)


def account_number(name: str, file: Path, homes: Path) -> int:
    """Return the number of the account of that name, which is added to the file if it is new."""
    accounts = number_accounts([name], homes, read_accounts(file, homes))
    write_accounts(file, accounts)
    return next(account.number for account in accounts if account.name == name)


def extended_lists(folder: Path, accounts: Sequence[Account]) -> dict[Path, Path]:
    """Write copies of /etc/passwd and /etc/group with the accounts added; return original to copy.

    Raises ValueError when the machine has an account of such a name or number.
    """
    copies = {}
    for original, line in (
        (Path("/etc/passwd"), Account.passwd_line),
        (Path("/etc/group"), Account.group_line),
    ):
        text = original.read_text(encoding="utf-8")
        taken = {part for entry in text.splitlines() for part in entry.split(":")[:3:2]}
        for account in accounts:
            if {account.name, str(account.number)} & taken:
                raise ValueError(
                    f"This machine has an account or group {account.name!r} or number "
                    f"{account.number}: give the made-up user another name."
                )
        copy = folder / original.name
        copy.write_text(text.rstrip("\n") + "\n" + "".join(map(line, accounts)), encoding="utf-8")
        copy.chmod(0o644)
        copies[original] = copy
    return copies
