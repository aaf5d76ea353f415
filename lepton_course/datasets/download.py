"""Download a data file: several mirrors, timeouts, retries, resume, SHA-256, atomic write.

A file is either there, complete and verified, or not there at all: bytes arrive in `NAME.part`,
are checked against the catalogue's SHA-256, and only then take the final name. An interrupted
download resumes where it stopped.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import httpx
from filelock import FileLock

from lepton_course.datasets.catalogue import DataFile
from lepton_course.datasets.idx import IdxError, gunzip
from lepton_course.progress_bar import progress_bar

GZIP_MAGIC = b"\x1f\x8b"


class DownloadError(OSError):
    """No mirror supplied the file. The message lists each one's answer."""


class _TryLater(Exception):
    """This mirror may work on a second try (timeout, dropped connection, busy server)."""


class _GiveUp(Exception):
    """This mirror will not work on a second try: wrong content or no such file."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a mirror, in seconds, and how often to try again."""

    connect: float = 5.0  # until the connection is made
    read: float = 10.0  # until the next bytes arrive
    rounds: int = 3  # how often each mirror is tried
    pause: float = 0.5  # before the second round; doubles with every round
    slow_after: float = 20.0  # a transfer is judged slow only after this time
    slow_below: float = 2_000.0  # bytes per second


DEFAULT_PATIENCE = Patience()


def verify(path: Path, file: DataFile) -> bytes:
    """Return the decompressed content of `path`.

    Raises IdxError when it is not what the catalogue describes.
    """
    content = gunzip(path, max_bytes=file.size)
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise IdxError(f"{path.name} has SHA-256 {found}, expected {file.sha256}")
    return content


def download(
    file: DataFile,
    mirrors: Iterable[str],
    folder: Path,
    patience: Patience = DEFAULT_PATIENCE,
) -> Path:
    """Download `file` into `folder` from the first mirror that has it complete; return its path.

    A file that is already there and intact is not downloaded again; a damaged one is replaced.
    Raises DownloadError when every mirror failed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / file.name
    with FileLock(f"{target}.lock"):  # two notebooks may ask for the same file at once
        if not _is_sound(target, file):
            _fetch(file, list(mirrors), target, patience)
    return target


def _is_sound(path: Path, file: DataFile) -> bool:
    if not path.is_file():  # a pipe would be waited for, for ever
        return False
    try:
        verify(path, file)
    except (FileNotFoundError, IdxError):
        return False
    return True


def _fetch(file: DataFile, mirrors: list[str], target: Path, patience: Patience) -> None:
    part = target.with_name(target.name + ".part")
    answers: dict[str, str] = {}
    timeout = httpx.Timeout(patience.read, connect=patience.connect)
    with httpx.Client(timeout=timeout, follow_redirects=True) as client:
        for round_ in range(patience.rounds):
            if not mirrors:
                break
            if round_:
                time.sleep(patience.pause * 2 ** (round_ - 1))
            for mirror in list(mirrors):
                url = mirror.rstrip("/") + "/" + file.name
                try:
                    _fetch_verified(client, url, file, part, patience)
                except (_TryLater, httpx.TransportError) as problem:
                    answers[url] = str(problem) or type(problem).__name__
                except (_GiveUp, httpx.HTTPError, httpx.InvalidURL) as problem:
                    answers[url] = str(problem)
                    mirrors.remove(mirror)
                else:
                    os.replace(part, target)
                    return
    listed = "".join(f"\n  {url}: {answer}" for url, answer in answers.items()) or " (none known)"
    raise DownloadError(
        f"{file.name} could not be downloaded.\nWhat the mirrors answered:{listed}\n"
        "Check the internet connection or the proxy, then run this again: it resumes."
    )


def _fetch_verified(
    client: httpx.Client, url: str, file: DataFile, part: Path, patience: Patience
) -> None:
    if os.path.lexists(part) and not _is_ours_alone(part):
        part.unlink()  # whoever shares the folder may have led it elsewhere, or go on writing to it
    resumed = part.exists()
    _transfer(client, url, file, part, patience)
    try:
        verify(part, file)
    except IdxError as problem:
        part.unlink()
        if resumed:  # the first piece may stem from another mirror or an older version
            raise _TryLater(f"the resumed file was damaged ({problem})") from problem
        raise _GiveUp(f"wrong content: {problem}") from problem


def _is_ours_alone(path: Path) -> bool:
    """Return whether this is a file of this user's, under this one name."""
    about = path.lstat()
    owner = getattr(os, "geteuid", lambda: about.st_uid)()
    return stat.S_ISREG(about.st_mode) and about.st_nlink == 1 and about.st_uid == owner


def _transfer(
    client: httpx.Client, url: str, file: DataFile, part: Path, patience: Patience
) -> None:
    """Append the rest of `url` to `part`, or start afresh when the server cannot resume."""
    have = part.stat().st_size if part.exists() else 0
    # Raw bytes: a response that was decompressed in transit would not be the requested file.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with client.stream("GET", url, headers=headers) as answer:
        if answer.status_code == 416:  # nothing left to send: `part` is whole, or not this file
            return
        _check_status(answer)
        total = _total_bytes(answer, have)
        if answer.status_code != 206:
            have = 0
        with (
            open(part, "ab" if have else "wb", opener=_open_no_link) as out,
            progress_bar(
                total=total, initial=have, desc=part.stem, unit="B", unit_scale=True
            ) as bar,
        ):
            began, received = time.monotonic(), 0
            for chunk in answer.iter_raw():
                if not have and not received and not chunk.startswith(GZIP_MAGIC[: len(chunk)]):
                    raise _GiveUp(_describe(chunk))
                if have + received + len(chunk) > _most_packed(file.size):
                    part.unlink()
                    raise _GiveUp(f"more data than the file has ({file.size} bytes unpacked)")
                out.write(chunk)
                received += len(chunk)
                bar.update(len(chunk))
                seconds = time.monotonic() - began
                if seconds > patience.slow_after and received < patience.slow_below * seconds:
                    raise _TryLater(f"too slow: {received} bytes in {seconds:.0f} s")
            if not have and not received:
                raise _GiveUp("an empty answer")
            out.flush()
            os.fsync(out.fileno())
    if total is not None and have + received < total:
        raise _TryLater(f"cut off after {have + received} of {total} bytes")


def _most_packed(size: int) -> int:
    """Return how many bytes a gzip file has at most that unpacks to `size` bytes."""
    return size + size // 1000 + 2**16


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)


def _check_status(answer: httpx.Response) -> None:
    code = answer.status_code
    if code in (200, 206):
        return
    reason = f"HTTP status {code} {answer.reason_phrase}"
    raise _TryLater(reason) if code >= 500 or code in (408, 425, 429) else _GiveUp(reason)


def _total_bytes(answer: httpx.Response, have: int) -> int | None:
    """Return the whole file's length in bytes, if the server states it."""
    if answer.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if not match or int(match[1]) != have:
            raise _GiveUp("a resumed answer that does not start where it was asked to")
        return None if match[2] == "*" else int(match[2])
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def _describe(chunk: bytes) -> str:
    if chunk.lstrip()[:1] == b"<":
        return "a web page instead of data (a proxy or a log-in page?)"
    return f"no gzip file: it starts with {chunk[:8]!r}"
