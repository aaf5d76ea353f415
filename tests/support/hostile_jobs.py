"""Programs of jobs that attack whoever runs them, and what becomes of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

GOOD = "open('results/good.txt', 'w').write('good')\n"
"""What each of them does first."""


@dataclass(frozen=True)
class HostileJob:
    """A program, and what becomes of it.

    state: "" for one that may be measured, and stopped, before it ends, or may not. says: what its
    detail or log reads. keeps: the files beside the good one; None: no version, though it ends
    well. limits: as a job asks for them.
    """

    source: str
    state: str = "succeeded"
    says: tuple[str, ...] = ()
    keeps: frozenset[str] | None = frozenset()
    limits: Mapping[str, int] = field(default_factory=dict)


def stopped(source: str, why: str, **limits: int) -> HostileJob:
    """Return a program that is stopped at a limit."""
    return HostileJob(source, "failed", (f"It was stopped: {why}",), limits=limits)


PROCESSES = {
    "children without end": stopped(
        """
import os, time
while True:
    try:
        if not os.fork():
            time.sleep(60)
    except OSError:
        time.sleep(60)
""",
        "it started more than 128 processes",
    ),
    "deaf to all signals": stopped(
        """
import os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
if not os.fork():
    os.setsid()
time.sleep(60)
""",
        "it ran longer than 1 s",
        seconds=1,
    ),
    "busy until its time is over": stopped(
        "while True:\n    pass", "it ran longer than 1 s", seconds=1
    ),
    "it kills whom it can": HostileJob(
        """
import os, signal
for pid in (os.getppid(), 1, -1, 2):
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        pass
print("alive")
""",
        says=("alive",),
    ),
    "it closes what is open": HostileJob("import os\nos.closerange(0, 4096)\nos._exit(0)"),
    "it breaks": HostileJob(
        "import ctypes\nctypes.string_at(0)", "failed", ("It was killed by signal 11",)
    ),
    "daemons that write after its end": HostileJob(
        """
import os, time
if not os.fork():
    os.setsid()
    if not os.fork():
        while True:
            open("results/late", "a").write("x")
            os.write(1, b"late ")
            open("/tmp/late", "a").write("x")
    os._exit(0)
os.wait()
while not os.path.exists("/tmp/late"):
    time.sleep(0.01)
""",
        says=("late",),
        keeps=frozenset({"late"}),
    ),
}

NOT_ITS_OWN = {
    "the disk, by files without a name": stopped(
        """
import os, time
held = []
for n in range(9):
    held.append(open(str(n), "wb"))
    os.unlink(str(n))
    held[-1].write(bytes(2**21))
    held[-1].flush()
time.sleep(60)
""",
        "it wrote more than 8 MiB",
    ),
    "its inputs and its program": HostileJob(
        """
import os
from pathlib import Path
given = Path("inputs/engines/rides@1/a.csv").resolve()
for work in (
    lambda: given.write_text("x"), given.unlink, lambda: given.chmod(0o777),
    lambda: given.rename("x"), lambda: os.truncate(given, 0), lambda: given.parent.rename("y"),
):
    try:
        work()
    except OSError:
        print("refused")
Path("a.py").write_text("other")
""",
        says=("refused\n" * 6,),
    ),
    "what the hub keeps": HostileJob(
        """
import glob, os
places = [
    "/proc/1/root", "/proc/self/root/..", "..", "../..", "/proc/1/cwd", "/proc/[0-9]*/root",
    "/proc/[0-9]*/fd", os.environ["LEPTON_JOB_INPUTS"] + "/..",
]
for place in places:
    for below in ("", "/..", "/../..", "/../../.."):
        for name in ("hub.sqlite*", "keys.json", "blobs", "jobs/*/lock", "lock"):
            for found in glob.glob(f"{place}{below}/{name}"):
                print("FOUND", found)
for name in glob.glob("/proc/[0-9]*/environ"):
    print(open(name).read())
""",
    ),
    "sockets of all kinds": HostileJob(
        """
import socket
for family in (socket.AF_PACKET, socket.AF_VSOCK, socket.AF_ALG, 31):
    for kind in (socket.SOCK_RAW, socket.SOCK_DGRAM, socket.SOCK_STREAM):
        try:
            made = socket.socket(family, kind)
        except OSError:
            continue
        print("FOUND", family, kind)
for family, address in ((socket.AF_INET, "10.0.0.1"), (socket.AF_INET6, "2001:db8::1")):
    with socket.socket(family) as made:
        made.settimeout(1)
        try:
            made.connect((address, 22))
        except OSError:
            continue
        print("FOUND", family)
""",
    ),
}
