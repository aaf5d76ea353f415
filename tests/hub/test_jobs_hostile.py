"""Programs that attack: each finds nothing, stops at a limit, and harms nobody else's job."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from bounded_waits import until
from looking_around import ATTEMPT
from pool_hub import pool_hub
from sqlalchemy import select

from lepton_hub.jobs.job_tables import JobAttempt

MIB = 2**20


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    with pool_hub(tmp_path_factory.mktemp("hub"), files=32 * MIB) as pool:
        yield pool


LOOK_AROUND = (
    ATTEMPT
    + """\
hub = Path({hub!r})
attempt("list", lambda: [name for name in os.listdir(hub) if name != "jobs"])
attempt("database", lambda: (hub / "hub.sqlite").read_bytes())
attempt("keys", lambda: (hub / "keys.json").read_text())
attempt("other job", lambda: [p for p in (hub / "jobs").iterdir() if p.name != {mine}])
attempt("server", lambda: socket.create_connection(("127.0.0.1", {port}), 1))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
attempt("datagram", lambda: datagrams.connect(("9.9.9.9", 53)) or "sent")
datagrams.close()
attempt("clone", lambda: list(Path({clone!r}).rglob("*hub*/**/*.py")) and
        Path({clone!r}, "lepton_hub/settings.py").read_text())
bad = ("SECRET", "TOKEN", "HUB")
attempt("environment", lambda: [name for name in os.environ if any(word in name for word in bad)])
own = str(os.getpid())
attempt("processes", lambda: [p for p in os.listdir("/proc") if p.isdigit() and p != own])
attempt("parent", lambda: os.getppid())
attempt("write inputs", lambda: Path(os.environ["LEPTON_JOB_INPUTS"], "x").write_text("x"))
attempt("write code", lambda: Path(sys.executable).with_name("x").write_text("x"))
attempt("files", lambda: [fd for fd in os.listdir("/proc/self/fd") if int(fd) > 3])
"""
)


def test_it_finds_nothing_of_the_hub(pool, monkeypatch):
    monkeypatch.setenv("LEPTON_HUB_SECRET", "s")
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "t")
    hub = pool.settings.folder.parent
    other = pool.settings.folder / "job-other"
    other.mkdir(parents=True)
    clone = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    with socket.create_server(("127.0.0.1", 0)) as server:
        facts = {"hub": str(hub), "port": server.getsockname()[1], "clone": clone}
        mine = "Path(os.environ['LEPTON_JOB_INPUTS']).parent.name"
        job = pool.ran(LOOK_AROUND.format(mine=mine, **facts))
    assert job["state"] == "succeeded", job
    found = [line for line in job["log"].splitlines() if not line.endswith(" nothing")]
    assert found == ["The job left no files."]
    assert job["log"].count("nothing") == 13


LINKS = """\
import os
from pathlib import Path
work = Path.cwd()
Path("metrics.jsonl").symlink_to({secret!r})
os.rename(work.parent / "results", work.parent / "moved")
(work.parent / "results").symlink_to({folder!r})
(work.parent / "moved" / "link.txt").symlink_to({secret!r})
os.mkfifo(work.parent / "moved" / "pipe")
deep = work.parent / "moved"
for _ in range(40):
    deep = deep / "d"
    deep.mkdir()
(work.parent / "moved" / "CON\\nx").write_text("x")
with open(work.parent / "moved" / "sparse", "wb") as file:
    file.truncate(30 * 2**20)
with open(work.parent / "moved" / "sparse2", "wb") as file:
    file.truncate(30 * 2**20)
(work.parent / "moved" / "good.txt").write_text("good")
"""


def test_what_it_leaves_is_taken_without_following_anything(pool, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text('{"secret": 42}\n')
    job = pool.ran(LINKS.format(secret=str(secret), folder=str(tmp_path)))
    assert job["state"] == "succeeded", job
    assert set(pool.results(job)) == {"good.txt", "sparse"}
    left_out = [line for line in job["log"].splitlines() if line.startswith("Left out")]
    assert len(left_out) == 5, left_out
    assert pool.hub.get("ada", f"/jobs/{job['id']}/metrics").json()["series"] == []


STOPPED = {
    "fork bomb": (
        "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
        "It was stopped: it ",  # at the limit of processes, on a busy machine at that of time
    ),
    "full disk": (
        "n = 0\nwhile True:\n  open(f'{n}', 'wb').write(bytes(2**20)); n += 1",
        "wrote more than 32 MiB",
    ),
    "memory": ("x = []\nwhile True: x.append(bytes(2**24))", "MemoryError"),
    "patience": (
        "import signal, time\nfor n in range(1, 30):\n  try: signal.signal(n, signal.SIG_IGN)\n"
        "  except OSError: pass\nprint('deaf', flush=True)\ntime.sleep(60)",
        "ran longer than 1 s",
    ),
}


SECONDS = {"patience": 1, "fork bomb": 8}


@pytest.mark.parametrize("attack", STOPPED)
def test_it_is_stopped_at_a_limit(pool, attack):
    source, words = STOPPED[attack]
    limits = {"memory": 128 * MIB, "seconds": SECONDS.get(attack, 30)}
    job = pool.ran(source, limits=limits)
    assert job["state"] == "failed", job
    assert words in job["detail"] + job["log"]
    assert not [path for path in pool.settings.folder.iterdir() if path.name != "job-other"]
    assert pool.ran("print(1)")["state"] == "succeeded"


def test_a_gigabyte_of_output_leaves_a_short_log(pool):
    source = "import os\nfor _ in range(1024): os.write(1, b'x' * 2**20)\nprint('end')"
    job = pool.ran(source)
    assert job["state"] == "succeeded"
    assert len(job["log"]) < MIB
    head, _, tail = job["log"].partition("\n… output left out …\n")
    assert set(head) == {"x"}
    assert tail.lstrip("x") == "end\nThe job left no files.\n"


def test_cancelling_ends_a_program_at_once(pool):
    program = pool.program({"a.py": "import time\nprint('up', flush=True)\ntime.sleep(60)"})
    id_ = pool.ask(program).json()["id"]
    thread = threading.Thread(target=pool.worker.run_next, daemon=True)
    thread.start()
    until(lambda: pool.told(id_)["log"], "its program has begun")
    assert pool.hub.ask("ada", "DELETE", f"/jobs/{id_}").json()["state"] == "cancelled"
    thread.join(20)
    assert not thread.is_alive()
    job = pool.told(id_)
    assert (job["state"], job["detail"], job["log"]) == ("cancelled", "Cancelled by ada.", "up\n")
    with pool.hub.state.sessions.begin() as session:
        last = session.scalars(select(JobAttempt).order_by(JobAttempt.id.desc())).first()
        assert (last.ended_how, last.processor_seconds > 0) == ("taken away", True)
    again = pool.hub.ask("ada", "DELETE", f"/jobs/{id_}").json()
    assert again["state"] == "cancelled"
    assert len(pool.hub.log(action="job.end", subject=id_)) == 1


def test_thousands_of_files_leave_a_short_log(pool):
    source = "for n in range(1500): open(f'results/{n:04}:' + 'x' * 200, 'w').close()"
    job = pool.ran(source)
    assert job["state"] == "succeeded"
    lines = job["log"].splitlines()
    assert len(lines) < 60
    assert lines[-1] == "Left out: 1450 more files"


def test_files_in_memory_are_bounded_by_its_memory(pool):
    source = """\
for name in ("/tmp/big", "/dev/shm/big"):
    size = 0
    try:
        with open(name, "wb", buffering=0) as file:
            while True:
                size += file.write(bytes(2**20))
    except OSError:
        print(size // 2**20)
"""
    job = pool.ran(source, limits={"memory": 80 * MIB})
    assert job["log"].split()[:2] == ["20", "20"]


def test_processes_and_files_in_memory_count_together(pool):
    """None alone is too much: 50 MiB in a process, 19 in each folder; 80 are allowed in all."""
    source = """\
import mmap, time
own = mmap.mmap(-1, 60 * 2**20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
for _ in range(50):
    own.write(bytes(2**20))
print("held", flush=True)
for name in ("/tmp/big", "/dev/shm/big"):
    with open(name, "wb", buffering=0) as file:
        for _ in range(19):
            file.write(bytes(2**20))
time.sleep(20)
"""
    job = pool.ran(source, limits={"memory": 80 * MIB, "seconds": 15})
    assert job["log"].startswith("held")
    assert job["detail"] == "It was stopped: it used more than 80 MiB of memory."
    assert 80 * MIB < job["peak_memory"] < 120 * MIB


def test_a_file_in_memory_that_is_mapped_counts_once(pool):
    source = """\
import mmap, time
with open("/dev/shm/big", "wb+", buffering=0) as file:
    file.write(bytes(25 * 2**20))
    mapped = mmap.mmap(file.fileno(), 0)
    sum(mapped[::4096])
own = bytearray(60 * 2**20)
time.sleep(0.5)
"""
    assert pool.ran(source, limits={"memory": 128 * MIB})["state"] == "succeeded"
