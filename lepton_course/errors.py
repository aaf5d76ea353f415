"""Define the error that stops a command with a message and no traceback."""

from __future__ import annotations


class CourseError(Exception):
    """A problem that the person at the keyboard can fix; the message says how."""
