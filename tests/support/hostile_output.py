"""Programs of jobs that leave, print or measure what nobody expects, and what becomes of each."""

from __future__ import annotations

from hostile_jobs import HostileJob, stopped

RESULTS = {
    "pipes": HostileJob(
        "import os\nos.mkdir('results/d')\nos.mkfifo('results/pipe')\nos.mkfifo('results/d/pipe')",
        says=("Left out: d/pipe: it is not a regular file", "Left out: pipe: it is not a regular"),
    ),
    "a socket": HostileJob(
        "import socket\nheld = socket.socket(socket.AF_UNIX)\nheld.bind('results/socket')",
        says=("Left out: socket: it is not a regular file",),
    ),
    "links out of the folder": HostileJob(
        """
import os
for n, place in enumerate(("/etc/passwd", "/proc/self/environ", "..", "/")):
    os.symlink(place, f"results/link{n}")
""",
        says=("Left out: link0: it is not a regular file", "Left out: link3: it is not a regular"),
    ),
    "hard links out of the folder": HostileJob(
        """
import os, sys
own = os.environ["LEPTON_JOB_PARAMETERS"]
for n, file in enumerate((sys.executable, "/etc/hosts", "/proc/self/environ", own)):
    try:
        os.link(file, f"results/{n}")
    except OSError:
        print("refused")
os.link("results/good.txt", "results/again")
""",
        says=("refused\n" * 4,),
        keeps=frozenset({"again"}),
    ),
    "devices": HostileJob(
        """
import os, stat
for number in ((1, 1), (1, 5), (8, 0)):
    try:
        os.mknod("results/device", 0o600 | stat.S_IFBLK, os.makedev(*number))
    except OSError:
        print("refused")
""",
        says=("refused\n" * 3,),
    ),
    "strange names": HostileJob(
        r"""
import os
names = [
    "card.json", "README.md", "..hidden", "n" * 255, "CON", "a:b", "x.", " y", "w\\x",
    "a\nLeft out: nothing", "b\x1b[31mred", "c\u202egnp.exe", "caf\u00e9", "cafe\u0301", "Model",
    "model",
]
for name in [*map(os.fsencode, names), b"\xff\xfe"]:
    open(os.path.join(b"results", name), "w").write("x")
os.mkdir("results/MODEL")
open("results/MODEL/weights", "w").write("x")
""",
        says=(
            "Left out: a\ufffdLeft out: nothing: its name cannot be stored",
            "Left out: a:b: its name cannot be stored",
            "Left out: Model: its name is used by both a file and a folder",
            "another file's name differs only in capitals or in how accents are encoded",
        ),
        keeps=frozenset({"card.json", "README.md", "..hidden", "n" * 255, "MODEL/weights"}),
    ),
    "a folder 3,000 deep": stopped(
        """
import os, time
os.chdir("results")
for _ in range(3000):
    os.mkdir("d")
    os.chdir("d")
time.sleep(60)
""",
        "it wrote more than 20000 files, or folders that are closed or too deep",
    ),
    "a path that is too long": HostileJob(
        """
import os
os.chdir("results")
for _ in range(15):
    os.mkdir("d" * 255)
    os.chdir("d" * 255)
open("f" * 255, "w").close()
""",
        state="",
        says=("too deep",),
    ),
    "100,000 small files": stopped(
        """
import os, time
for n in range(100_000):
    os.close(os.open(f"results/{n}", os.O_CREAT))
time.sleep(60)
""",
        "it wrote more than 20000 files",
    ),
    "a sparse file of a terabyte": HostileJob(
        """
try:
    open("results/a", "wb").truncate(2**40)
except OSError as error:
    print(error)
""",
        says=("File too large",),
        keeps=frozenset({"a"}),
    ),
    "sparse files of all it may write": HostileJob(
        "for name in 'abc':\n    open(f'results/{name}', 'wb').truncate(2**23)",
        says=("Left out: b: the files are too large", "Left out: c: the files are too large"),
        keeps=frozenset({"a"}),
    ),
    "no folder": HostileJob(
        "import os, shutil\nshutil.rmtree(os.environ['LEPTON_JOB_RESULTS'])",
        says=("The job left no files.",),
        keeps=None,
    ),
    "another folder in its place": HostileJob(
        """
import os, shutil
folder = os.environ["LEPTON_JOB_RESULTS"]
shutil.rmtree(folder)
os.mkdir(folder)
open("results/good.txt", "w").write("good")
""",
    ),
    "a link in its place": HostileJob(
        """
import os
folder = os.environ["LEPTON_JOB_RESULTS"]
os.rename(folder, folder + "x")
os.symlink(os.environ["LEPTON_JOB_INPUTS"], folder)
""",
    ),
    "a folder of its own": HostileJob(
        "import os\nos.unlink('results')\nos.mkdir('results')\nopen('results/lost', 'w').close()",
        says=("LEPTON_JOB_RESULTS",),
    ),
    "giant JSON": HostileJob(
        "open('results/a.json', 'w').write('[' * 300_000)", keeps=frozenset({"a.json"})
    ),
    "garbage of TensorBoard's": HostileJob(
        r"""
import os
os.mkdir("run.tfevents.d")
for n, content in enumerate((b"", b"\xff" * 99)):
    open(f"run.tfevents.d/a.tfevents.{n}", "wb").write(content)
os.mkfifo("b.tfevents.1")
os.symlink("/etc/passwd", "c.tfevents.1")
""",
        keeps=frozenset(f"tensorboard/run.tfevents.d/a.tfevents.{n}" for n in (0, 1)),
    ),
    "huge files of TensorBoard's": HostileJob(
        "for n in (1, 2):\n    open(f'a.tfevents.{n}', 'wb').truncate(2**23)",
        says=("Left out: tensorboard/a.tfevents.2: the files are too large",),
        keeps=frozenset({"tensorboard/a.tfevents.1"}),
    ),
    "a file that is TensorBoard's folder": HostileJob(
        "open('results/Tensorboard', 'w').close()\nopen('a.tfevents.1', 'w').close()",
        says=("Left out: tensorboard/a.tfevents.1: its name is used by both a file and a folder",),
        keeps=frozenset({"Tensorboard"}),
    ),
}

METRICS = "metrics that are no numbers"
SAID = {
    "a log without end": stopped(
        """
import os, time
while True:
    os.write(1, b"\\x1b[31mx" * 9999)
    time.sleep(0.01)
""",
        "it ran longer than 1 s",
        seconds=1,
    ),
    "a log with terminal sequences": HostileJob(
        r"""
import os
os.write(1, b"\x1b]0;title\x07\x1b]52;c;c2VjcmV0\x07\x1bP1$r\x1b\\\x9b2J\x1b[2J\x1b[8mhidden")
os.write(1, b"\xff\xfe\xed\xa0\x80 \xe2\x80\xae\x00\x08\x7f" + b"\x1b[" * 5000 + b"\nseen\n")
os.write(1, b"\x1b]" + b"A" * 5000 + b"\x1b[")
""",
        says=("seen\n",),
    ),
    METRICS: HostileJob(
        r"""
lines = [
    '{"loss": NaN}', '{"loss": Infinity, "step": 1}', '{"loss": 1e400}', '{"loss": -1e400}',
    '{"loss": 1, "loss": 2, "step": 5}', "[" * 5000, '{"a":' * 800, '{"loss": %s}' % ("9" * 4000),
    '{"loss": ' + "9" * 4000, '{"loss": 3, "step": 1e400}', '{"loss": 3, "step": "1"}',
    '{"loss": 3, "step": %d}' % 2**63, '{"loss": {"loss": 1}}', '{"loss": true}', "null",
    '{"\\ud800": 1, "\\u0000": 1, "": 1, "\\u202e": 1, "%s": 1}' % ("n" * 65), "\ud800",
    '{"loss": 4, "step": 7}', '{"loss": 5e-324, "step": 8}', '{"x": "%s"}' % ("y" * 10**6),
]
with open("metrics.jsonl", "w", errors="surrogatepass") as file:
    file.write("\n".join(lines))
""",
    ),
    "metrics in a pipe": HostileJob("import os\nos.mkfifo('metrics.jsonl')"),
    "metrics of zeros without end": HostileJob(
        """
import os, time
os.symlink("/dev/zero", "metrics.jsonl")
time.sleep(0.2)
os.unlink("metrics.jsonl")
open("metrics.jsonl", "wb").truncate(2**23)
"""
    ),
    "metrics under locks": HostileJob(
        """
import fcntl
file = open("metrics.jsonl", "w")
file.write('{"a": 1}')
fcntl.flock(file, fcntl.LOCK_EX)
try:
    fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError:
    pass
"""
    ),
}
