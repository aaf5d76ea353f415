"""Find the account that owns a local TCP connection, from Linux's socket diagnostics."""

from __future__ import annotations

import socket
import struct

_SOCK_DIAG, _BY_FAMILY, _REQUEST = 4, 20, 1  # NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST
_ESTABLISHED = 1
_HEADER = struct.Struct("=IHHII")  # nlmsghdr: length, type, flags, sequence, port
_ASKED = struct.Struct("=BBBBI")  # inet_diag_req_v2: family, protocol, ext, pad, states
_ID = struct.Struct("!HH16s16s12s")  # inet_diag_sockid: ports, addresses; interface, cookie
_FOUND = struct.Struct("=BBBB48sIIIII")  # inet_diag_msg: …, the id, expires, queues, uid, inode
_ANY = struct.pack("=III", 0, 0xFFFFFFFF, 0xFFFFFFFF)
Address = tuple[str, int]


def account_of(here: Address, there: Address) -> int | None:
    """Return the user id that owns a TCP connection; None if unknown.

    here, there: host and port of the program's end, and of the hub's end. A program that has
    already closed its end has no owner any more: Linux would report root.
    """
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG) as kernel:
            kernel.settimeout(1.0)
            kernel.send(_request(here, there))
            answer = kernel.recv(4096)
        _, kind, *_ = _HEADER.unpack_from(answer)
        if kind != _BY_FAMILY:
            return None
        _, state, _, _, id_, _, _, _, account, inode = _FOUND.unpack_from(answer, _HEADER.size)
    except (AttributeError, OSError, ValueError, struct.error):  # another system than Linux
        return None
    ends = _id(here, there)[: -len(_ANY)]
    is_it = id_.startswith(ends) and state == _ESTABLISHED and inode
    return account if is_it else None


def _request(here: Address, there: Address) -> bytes:
    family = socket.AF_INET6 if ":" in here[0] else socket.AF_INET
    asked = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << _ESTABLISHED) + _id(here, there)
    return _HEADER.pack(_HEADER.size + len(asked), _BY_FAMILY, _REQUEST, 1, 0) + asked


def _id(here: Address, there: Address) -> bytes:
    hosts = (_packed(here[0]), _packed(there[0]))
    return _ID.pack(here[1], there[1], *hosts, _ANY)


def _packed(host: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
