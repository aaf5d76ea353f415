"""The third wall: system calls that no notebook needs and that would lead around the other two.

A seccomp filter is a program for the kernel's classic BPF machine, made here from a list of rules.
It stays on a process and on everything started from it, and costs an allowed call some nanoseconds.
Sources: seccomp(2), linux/filter.h, and the kernel's tables of system calls.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from autograder.sandbox.linux import MIB, checked, libc

SHARED_BYTES = 32 * MIB
"""Largest piece of nameless memory shared between processes: nobody can measure it from outside."""


@dataclass(frozen=True)
class Condition:
    """A condition on one argument of a system call, counted from 0; all must hold.

    mask: compared are the argument's bits in this mask, with each of `among`. inside: whether they
    must be among them. above: if set, the whole argument must be larger than this instead.
    """

    argument: int
    among: tuple[int, ...] = (0,)
    inside: bool = True
    mask: int = 0xFFFFFFFF
    above: int | None = None


@dataclass(frozen=True)
class Rule:
    """A system call that fails with `error` where the conditions hold.

    With the error 0 it seems to succeed, and does nothing.
    """

    call: str
    error: int = errno.EPERM
    conditions: tuple[Condition, ...] = ()


_NUMBERS = {  # name: (x86_64, aarch64); None where an architecture has no such call
    "shmget": (29, 194), "shmat": (30, 196), "shmctl": (31, 195), "semget": (64, 190),
    "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192), "msgget": (68, 186),
    "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187), "mq_open": (240, 180),
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "vmsplice": (278, 75),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "landlock_create_ruleset": (444, 444), "io_setup": (206, 0),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "unshare": (272, 97),
    "setns": (308, 268), "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41),
    "chroot": (161, 51), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "open_tree_attr": (467, 467), "kexec_load": (246, 104),
    "kexec_file_load": (320, 294), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225),
    "acct": (163, 89), "syslog": (103, 116), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262), "modify_ldt": (154, None), "iopl": (172, None),
    "ioperm": (173, None), "clone": (56, 220), "clone3": (435, 435), "prctl": (157, 167),
    "mmap": (9, 222), "socket": (41, 198), "socketpair": (53, 199), "setsockopt": (54, 208),
    "connect": (42, 203), "sendto": (44, 206), "prlimit64": (302, 261),
    "sched_setaffinity": (203, 122), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274), "setpriority": (141, 140),
    "ioprio_set": (251, 30), "kill": (62, 129), "tkill": (200, 130), "tgkill": (234, 131),
    "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "pidfd_send_signal": (424, 424), "inotify_add_watch": (254, 27), "truncate": (76, 45),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None),
    "utimensat": (280, 88), "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "setxattrat": (463, 463), "removexattrat": (466, 466), "file_setattr": (469, 469),
    "sendfile": (40, 71), "splice": (275, 76), "tee": (276, 77),
}  # fmt: skip

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
"""The column of `_NUMBERS`, and the architecture as the kernel's audit numbers it."""

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_MODE_FILTER = 1
_ALL_THREADS, _NO_SLOWDOWN = 1 << 0, 1 << 2

_UNCOUNTED_MEMORY = (
    "shmget", "shmat", "shmctl", "semget", "semop", "semctl", "semtimedop", "msgget", "msgsnd",
    "msgrcv", "msgctl", "mq_open", "memfd_create", "memfd_secret", "vmsplice", "add_key",
    "request_key", "keyctl", "landlock_create_ruleset", "io_setup",
)  # fmt: skip
"""Memory of the kernel's that belongs to no process, and so to nobody's account."""

_WITHOUT_COPYING = ("sendfile", "splice", "tee")
"""A byte that is passed on so holds a whole page, of a deleted file too, and counts as a byte.
Programs try these for speed, and copy where they fail."""

_MORE_RIGHTS = (
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "unshare", "setns", "mount", "umount2", "pivot_root", "chroot",
    "open_tree", "move_mount", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
    "open_tree_attr", "kexec_load", "kexec_file_load", "init_module", "finit_module",
    "delete_module", "reboot", "swapon", "swapoff", "acct", "syslog", "quotactl", "quotactl_fd",
    "name_to_handle_at", "open_by_handle_at", "fanotify_init", "modify_ldt", "iopl", "ioperm",
)  # fmt: skip
"""Calls for administrators, and corners of the kernel in which walls have had holes."""

_ATTRIBUTES = (
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat",
    "utime", "utimes", "futimesat", "utimensat",
)  # fmt: skip
_EXTENDED_ATTRIBUTES = (
    "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr",
    "setxattrat", "removexattrat", "file_setattr", "inotify_add_watch",
)  # fmt: skip
_SIGNALS = (
    "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal",
)  # fmt: skip

_NEW_NAMESPACES = tuple(
    1 << bit for bit in (17, 25, 26, 27, 28, 29, 30)
)  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
_SAME_FILES, _THREAD = 1 << 10, 1 << 16  # CLONE_FILES, CLONE_THREAD
_SOCKET_FAMILIES = (1, 2, 10, 16)  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_SHARED_NAMELESS = 0x21  # MAP_SHARED (or MAP_SHARED_VALIDATE) and MAP_ANONYMOUS
_STREAM, _SEQPACKET = 1, 5
_SOL_SOCKET, _BUFFER_SIZES = 1, (7, 8)  # SO_SNDBUF, SO_RCVBUF
_PR_SET_DUMPABLE, _PR_FUTEX_HASH = 4, 78


def rules(namespaces: bool, landlock_version: int) -> list[Rule]:
    """Return the rules for a process within these walls, to be set before its first socket."""
    found = [Rule(call) for call in (*_UNCOUNTED_MEMORY, *_MORE_RIGHTS)]
    found += [Rule(call, errno.EINVAL) for call in _WITHOUT_COPYING]
    found += [
        Rule("clone", conditions=(Condition(0, (flag,), mask=flag),)) for flag in _NEW_NAMESPACES
    ]
    found += [
        # A thread with open files of its own would hide them.
        Rule("clone", conditions=(Condition(0, (_THREAD,), mask=_THREAD | _SAME_FILES),)),
        Rule("clone3", errno.ENOSYS),  # its flags are out of a filter's reach; `clone` is taken
        # Who hides from `/proc` hides from measurement.
        Rule("prctl", conditions=(Condition(0, (_PR_SET_DUMPABLE,)), Condition(1, (1,), False))),
        Rule("prctl", conditions=(Condition(0, (_PR_FUTEX_HASH,)),)),  # a table of any size
        Rule("mmap", errno.ENOMEM, (
            Condition(3, (_SHARED_NAMELESS,), mask=_SHARED_NAMELESS),
            Condition(1, above=SHARED_BYTES),
        )),
        Rule("socket", errno.EAFNOSUPPORT, (Condition(0, _SOCKET_FAMILIES, False),)),
        # Sockets keep the size of buffers that the measurement assumes.
        Rule("setsockopt", 0, (Condition(1, (_SOL_SOCKET,)), Condition(2, _BUFFER_SIZES))),
    ]  # fmt: skip
    if not namespaces:
        found += _rules_without_namespaces(landlock_version)
    return found


def _rules_without_namespaces(landlock_version: int) -> list[Rule]:
    """Return rules for what Landlock leaves open in a world that shares the machine's processes."""
    # Libraries set these for threads of their own, by number, and end if that is refused.
    harmless = {"sched_setaffinity": 0, "sched_setscheduler": 0, "sched_setparam": 0}
    harmless |= {"sched_setattr": 0, "setpriority": 1, "ioprio_set": 1}
    # "Now", by name: `Path.touch` makes no file where this seems to succeed.
    found = [Rule("utimensat", conditions=(Condition(1, above=0), Condition(2)))]
    found += [Rule(call, 0) for call in _ATTRIBUTES]
    found += [Rule(call) for call in _EXTENDED_ATTRIBUTES]
    found += [Rule(call, 0, (Condition(at, inside=False),)) for call, at in harmless.items()]
    found.append(Rule("prlimit64", conditions=(Condition(0, inside=False),)))
    if landlock_version < 6:  # it lets signals pass
        found += [
            Rule(call, conditions=(Condition(0, (0, os.getpid()), False),)) for call in _SIGNALS
        ]
    if landlock_version < 3:  # it lets files be cut
        found.append(Rule("truncate"))
    return found


def rules_once_connected() -> list[Rule]:
    """Return rules that end all new connections, for a world that shares the machine's sockets."""
    return [
        Rule("socket", errno.EACCES),
        Rule("connect", errno.EACCES),
        Rule("sendto", errno.EACCES, (Condition(4, above=0),)),  # to an address
        # A pair of datagram sockets may be turned to another address.
        Rule("socketpair", errno.EACCES, (Condition(1, (_STREAM, _SEQPACKET), False, mask=0xF),)),
    ]


def restrict(rules: Sequence[Rule]) -> None:
    """Put a filter on this process's threads for good. Raises OSError.

    The process must have given up gaining rights (`no_new_privs`).
    """
    machine = platform.machine()
    if machine not in _MACHINES or struct.calcsize("P") != 8:
        raise OSError(f"system calls on {machine} are not known")
    program = compiled(rules, machine)
    code = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    flags = ctypes.c_ulong(_ALL_THREADS | _NO_SLOWDOWN)
    result = libc.syscall(_SECCOMP[machine], _SET_MODE_FILTER, flags, header)
    checked(-1 if result > 0 else result, "seccomp")  # > 0: a thread that has another filter


def compiled(rules: Iterable[Rule], machine: str) -> bytes:
    """Return a filter's program: 8 bytes an instruction."""
    column, architecture = _MACHINES[machine]
    program = [
        _load(4),
        _jump_if_equal(architecture, 1, 0),
        _answer(_KILL),  # 32-bit programs have other numbers
        _load(0),
    ]
    if machine == "x86_64":  # numbers of its other calling convention
        program += [_jump_if_at_least(0x40000000, 0, 1), _answer(_ERROR | errno.ENOSYS)]
    for rule in rules:
        number = _NUMBERS[rule.call][column]
        if number is None:
            continue
        body = _body(rule)
        program += [_jump_if_equal(number, 0, len(body)), *body]
    return b"".join([*program, _answer(_ALLOW)])


def _body(rule: Rule) -> list[bytes]:
    """Return the instructions for a call that a rule is about; the call's number is loaded."""
    answer = _answer(_ERROR | rule.error)
    if not rule.conditions:
        return [answer]
    tests: list[bytes] = []
    for condition in reversed(rule.conditions):
        tests = _test(condition, to_the_end=len(tests) + 1) + tests
    return [*tests, answer, _load(0)]  # the next rule compares the number


def _test(condition: Condition, to_the_end: int) -> list[bytes]:
    """Return instructions that skip `to_the_end` more where the condition does not hold."""
    low, high = 16 + 8 * condition.argument, 20 + 8 * condition.argument
    if condition.above is not None:
        return [
            _load(high),
            _jump_if_at_least(1, 2, 0),
            _load(low),
            _jump_if_at_least(condition.above + 1, 0, to_the_end),
        ]
    found = [_load(low), _and(condition.mask)]
    for left in reversed(range(len(condition.among))):
        value = condition.among[-1 - left]
        if condition.inside:
            found.append(_jump_if_equal(value, left, 0 if left else to_the_end))
        else:
            found.append(_jump_if_equal(value, left + to_the_end, 0))
    return found


INSTRUCTION = struct.Struct("HBBI")
"""Its code, two distances to jump, and a number."""

_KILL, _ERROR, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000


def _load(offset: int) -> bytes:
    return INSTRUCTION.pack(0x20, 0, 0, offset)


def _and(mask: int) -> bytes:
    return INSTRUCTION.pack(0x54, 0, 0, mask)


def _jump_if_equal(value: int, then: int, otherwise: int) -> bytes:
    return INSTRUCTION.pack(0x15, then, otherwise, value)


def _jump_if_at_least(value: int, then: int, otherwise: int) -> bytes:
    return INSTRUCTION.pack(0x35, then, otherwise, value)


def _answer(action: int) -> bytes:
    return INSTRUCTION.pack(0x06, 0, 0, action)
