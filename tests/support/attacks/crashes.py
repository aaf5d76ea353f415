"""Stop the batch, or the kernel before its answers are judged."""

from tiny_course import DOUBLE, TOTAL

from attacks import Attack

DIED = {"deserves": (2, 0), "status": "partly graded", "reason": "the kernel died"}

ATTACKS = [
    Attack("sys_exit", "ends Python politely", first="import sys; sys.exit(3)",
           total=TOTAL, deserves=(0, 3)),
    Attack("os_exit", "ends its process at once", double=DOUBLE,
           total="import os; os._exit(0)", **DIED),
    Attack("segfault", "reads memory that is not there", double=DOUBLE,
           total="import ctypes; ctypes.string_at(1)", **DIED),
    Attack("stack_overflow", "fills the stack below Python", double=DOUBLE,
           total="""
import sys, threading
sys.setrecursionlimit(10**9)
class Deep:
    def __getattr__(self, name): return getattr(self, name)
Deep().x
""", **DIED),
    Attack("abort_when_asked", "ends its process by the answer", double=DOUBLE,
           total="import os\ndef total(x): os.abort()", **DIED),
    Attack("shell_escapes", "kills by `%%bash` and `!` what it can", double=DOUBLE,
           first="%%bash\nkill -9 -1", total="!kill -9 $PPID\nos = 1",
           deserves=(2, 0)),
    Attack("kill_everything", "sends signals to its parent, to all, and to processes by number",
           double=DOUBLE, total="""
import os, signal
for pid in (-1, os.getppid(), *range(2, 5000)):
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
        try:
            os.kill(pid, number)
        except OSError:
            pass
""", deserves=(2, 0), status=""),  # of some kernels the first process of a namespace survives it
    Attack("kill_the_grader", "sends signals to the grader, whose process number it knows",
           first="""
import json, os, signal
pid = json.load(open("places.json"))["grader"]
for send in (os.kill, os.killpg):
    try:
        send(pid, signal.SIGKILL)
    except OSError:
        pass
signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL)
""", total=TOTAL, deserves=(0, 3)),
    Attack("endless_loop", "loops for ever", first="while True: pass",
           total=TOTAL, deserves=(0, 3), status="partly graded", reason="was interrupted"),
    Attack("deaf_loop", "loops for ever, and lets itself not be interrupted", double=DOUBLE,
           total="import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass",
           deserves=(2, 0), status="partly graded", reason="could not be interrupted"),
    Attack("endless_answer", "loops for ever in each answer",
           double="def double(x):\n    while True: pass",
           total=TOTAL, deserves=(0, 3)),
    Attack("slow_answer", "stays just within the time of a cell, case after case",
           double="import time\ndef double(x):\n    time.sleep(0.9)\n    return 2 * x",
           total=TOTAL, deserves=(0, 3)),
    Attack("growing_answer", "returns twice as much as the last time, until memory is full",
           double="""
size = 10**7
def double(x):
    global size
    size *= 8
    return np.ones(size)
""", total=TOTAL, deserves=(0, 3)),
    Attack("asks_for_input", "waits for input that never comes",
           first="answer = input('?')", double="def double(x): return input()",
           total=TOTAL, deserves=(0, 3)),
    Attack("threads_that_stay", "has threads print and processes run after its end",
           first="""
import subprocess, threading, time
def talk():
    while True:
        print("still here"); time.sleep(0.01)
threading.Thread(target=talk).start()
subprocess.Popen(["sleep", "100000"], start_new_session=True)
if not __import__("os").fork():
    __import__("os").setsid(); time.sleep(100_000)
""", total=TOTAL, deserves=(0, 3)),
    Attack("stopped_process", "stops its own process, which then neither works nor ends",
           first="""
import os, signal, threading
from multiprocessing import Process
if not os.fork():
    os.kill(os.getpid(), signal.SIGSTOP)
""", total=TOTAL, deserves=(0, 3)),
    Attack("deaf_to_all_signals", "blocks every signal and lets go of its parent",
           first="""
import ctypes, os, signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
ctypes.CDLL(None).prctl(1, 0)  # no signal when the parent ends
os.setsid() if os.getpid() != os.getpgid(0) else None
""", total=TOTAL, deserves=(0, 3)),
    Attack("exit_hooks", "has work done when the interpreter ends",
           first="""
import atexit, time
atexit.register(time.sleep, 100_000)
get_ipython().kernel.do_shutdown = lambda restart: time.sleep(100_000)
""", total=TOTAL, deserves=(0, 3)),
]  # fmt: skip
