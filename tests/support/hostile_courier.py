"""The process that speaks with a cluster, after a hostile worker has taken it over.

It answers the hub's worker as it likes; `answer` is each attack's own.
"""

from __future__ import annotations

from pathlib import Path

NAME = "taken_over_courier"
PROGRAM = """\
import json, os, sys, time

ROOM = {{"job": "x", "name": "forge", "processors": 2, "memory": 2**34}}
RUNS = {{"used": [0.1, 1000], "end": None, "output": 0}}
ENDS = {{**RUNS, "end": [0, ""]}}
EMPTY = {{"files": [], "left_out": []}}
KINDLY = {{"room": ROOM, "listen": ENDS, "stop": {{"used": [0.1, 1000]}}, "results": EMPTY}}
began, heard = time.monotonic(), []

def raw(text):
    os.write(1, text.encode() + b"\\n")

def say(told, data=b""):
    whole = json.dumps({{"told": told, "bytes": len(data)}}).encode() + b"\\n" + data
    while whole:
        whole = whole[os.write(1, whole):]

def answer(step, told):
    {attack}
    say(KINDLY.get(step, {{}}))

say({{}})
while line := sys.stdin.buffer.readline():
    message = json.loads(line)
    sys.stdin.buffer.read(message["bytes"])
    heard.append(message["step"])
    answer(message["step"], message["told"])
"""


def write_courier(folder: Path, attack: str) -> None:
    """Write the module. attack: lines of Python, with `step` and what was told; it may return."""
    text = PROGRAM.format(attack=attack.strip().replace("\n", "\n    "))
    (folder / f"{NAME}.py").write_text(text, encoding="utf-8")
