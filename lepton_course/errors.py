"""What stops a command and is told as a message, without a traceback."""

from __future__ import annotations


class CourseError(Exception):
    """Something that the person at the keyboard can put right; the message says how."""
