"""Define errors that commands and notebooks tell as a sentence, without a traceback."""

from __future__ import annotations

import errno
import os
import textwrap


class CourseError(Exception):
    """A problem that the person at the keyboard can fix; the message says how."""

    def _render_traceback_(self) -> list[str]:
        """Return what IPython shows in place of a traceback: the message alone."""
        return wrapped(str(self))


def wrapped(message: str) -> list[str]:
    """Return a message in lines that a narrow notebook shows whole.

    JupyterLab breaks an error's longer lines at its edge, in the middle of a word.
    """
    lines = [textwrap.wrap(line, _WIDTH, break_long_words=False) for line in message.split("\n")]
    return [part for parts in lines for part in parts or [""]]


_WIDTH = 76


_REASONS = {
    errno.ENOENT: "there is no {path}",
    errno.EACCES: "you may not read or write {path}",
    errno.EPERM: "you may not change {path}",
    errno.EISDIR: "{path} is a folder, not a file",
    errno.ENOTDIR: "a part of {path} is a file, not a folder",
    errno.EEXIST: "{path} is there already",
    errno.ENOTEMPTY: "{path} is not empty",
    errno.ENOSPC: "the disk is full, so {path} could not be written",
    errno.EDQUOT: "your share of the disk is full, so {path} could not be written",
    errno.EROFS: "{path} is on a disk that can only be read",
    errno.ENAMETOOLONG: "the name {path} is too long",
    errno.ETXTBSY: "another program uses {path}",
}


def problem_in_words(error: BaseException) -> str:
    """Describe why an operation failed, files by name, as a sentence without its full stop.

    >>> problem_in_words(FileNotFoundError(2, "No such file or directory", "mine.json"))
    'there is no mine.json'
    """
    if not isinstance(error, OSError) or error.errno is None:
        return str(error).strip().rstrip(".") or type(error).__name__
    path = error.filename2 or error.filename
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if path is not None and error.errno in _REASONS:
        return _REASONS[error.errno].format(path=path)
    reason = (error.strerror or type(error).__name__).rstrip(".")
    reason = reason[:1].lower() + reason[1:]
    return f"{path}: {reason}" if path is not None else reason
