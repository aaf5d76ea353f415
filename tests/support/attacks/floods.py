"""Exhaust what everybody shares: processes, memory, disk, output."""

from tiny_course import DOUBLE, TOTAL

from attacks import Attack

STOPPED = {"double": DOUBLE, "deserves": (2, 0), "status": "partly graded"}
SLOW = {"double": DOUBLE, "deserves": (2, 0), "status": ""}

ATTACKS = [
    Attack("fork_bomb", "starts processes that start processes",
           total="import os, time\nwhile True:\n    try: os.fork()\n    except OSError: pass",
           **STOPPED),
    Attack("thread_bomb", "starts threads without end",
           first="""
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(100_000,), daemon=True).start()
""", status=""),
    Attack("memory_bomb", "asks for memory without end",
           first="x = []\nwhile True: x.append(bytearray(50_000_000))",
           total="del x\n" + TOTAL, deserves=(0, 3), status=""),
    Attack("memory_bomb_of_many", "has many processes take a little memory each",
           total="""
import os, time
for _ in range(20):
    if not os.fork():
        x = b"1" * 100_000_000
        time.sleep(100)
time.sleep(100)
""", **STOPPED),
    Attack("shared_memory_bomb", "takes memory that counts as shared, and so as nobody's",
           total="""
import mmap
x = []
for _ in range(20):
    x.append(mmap.mmap(-1, 100_000_000))
    x[-1].write(bytes(100_000_000))
    x[-1].madvise(mmap.MADV_DONTNEED)
print("UNDETECTED")
""", **SLOW),
    Attack("memory_files", "keeps files without a name in memory",
           total="""
import os
files = []
for _ in range(20):
    files.append(os.memfd_create("x"))
    os.write(files[-1], bytes(100_000_000))
print("UNDETECTED")
""", **SLOW),
    Attack("system_v_memory", "keeps System V segments in memory, attached to no process",
           total="""
import ctypes
libc = ctypes.CDLL(None)
libc.shmat.restype = ctypes.c_void_p
for _ in range(20):
    segment = libc.shmget(0, 100_000_000, 0o1600)
    if segment < 0:
        raise MemoryError
    at = libc.shmat(segment, None, 0)
    ctypes.memset(ctypes.c_void_p(at), 1, 100_000_000)
    libc.shmdt(ctypes.c_void_p(at))
print("UNDETECTED")
""", **SLOW),
    Attack("full_disk", "writes files until the disk is full",
           total="i = 0\nwhile True:\n    open(f'f{i}', 'wb').write(bytes(5_000_000)); i += 1",
           **STOPPED),
    Attack("full_disk_without_names", "fills the disk with open files that are in no folder",
           total="""
import os
files = []
while True:
    files.append(open("f", "wb"))
    os.unlink("f")
    files[-1].write(bytes(5_000_000))
""", **STOPPED),
    Attack("full_disk_far_down", "fills the disk so deep down that no path leads there",
           total="""
import os
for _ in range(40):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
i = 0
while True:
    open(f"f{i}", "wb").write(bytes(5_000_000)); i += 1
""", **STOPPED),
    Attack("full_disk_behind_a_door", "fills the disk in a folder that nobody may look into",
           total="""
import os
os.mkdir("closed")
os.chdir("closed")
os.chmod(".", 0o300)
i = 0
while True:
    open(f"f{i}", "wb").write(bytes(5_000_000)); i += 1
""", **STOPPED),
    Attack("many_files", "makes empty files without end",
           total="i = 0\nwhile True:\n    open(f'f{i}', 'w').close(); i += 1",
           **STOPPED),
    Attack("many_links", "makes links without end, which are neither files nor folders",
           total="import os\ni = 0\nwhile True:\n    os.symlink('x', f'l{i}'); i += 1",
           **STOPPED),
    Attack("folders_in_folders", "leaves folders nested beyond measure, closed to all",
           first="""
import os
here = os.getcwd()
for _ in range(3000):
    os.mkdir("d"); os.chdir("d")
os.chdir(here)
os.mkdir("closed"); open("closed/file", "w").close(); os.chmod("closed", 0)
os.chmod("..", 0o500)
""", status=""),
    Attack("open_files", "opens files until none can be opened",
           first="files = []\nwhile True: files.append(open('/dev/null'))",
           total="files.clear()\n" + TOTAL, deserves=(0, 3)),
    Attack("busy_processes", "keeps all cores busy, at the highest priority it can get",
           first="""
import os
try: os.nice(-20)
except OSError: pass
for _ in range(8):
    if not os.fork():
        while True: pass
""", total=TOTAL, deserves=(0, 3)),
    Attack("one_long_line", "prints fifty megabytes on one line",
           first="print('x' * 50_000_000)", total=TOTAL, deserves=(0, 3)),
    Attack("printing_without_end", "prints in a tight loop",
           first="while True: print('line')", total=TOTAL, deserves=(0, 3),
           status="partly graded", reason="was interrupted"),
    Attack("displays_without_end", "shows pictures in a tight loop",
           first="from IPython.display import display, HTML\nwhile True: display(HTML('x' * 9999))",
           total=TOTAL, deserves=(0, 3), status="partly graded", reason="was interrupted"),
    Attack("printing_answers", "prints in a tight loop while it is judged",
           double="def double(x):\n    for i in range(10**5): print('x' * 1000)\n    return 2 * x",
           total=TOTAL, deserves=(0, 3)),
]  # fmt: skip
