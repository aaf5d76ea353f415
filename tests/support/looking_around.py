"""How a job's program tells what it found: a line for each thing, which says FOUND or nothing."""

from __future__ import annotations

ATTEMPT = """\
import os, socket, ssl, sys
from pathlib import Path
def attempt(name, work):
    try:
        found = work()
    except Exception as error:
        found = ""
    print(name, "FOUND" if found else "nothing")
"""
