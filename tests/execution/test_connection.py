"""The connection to a kernel whose end nobody can choose."""

from __future__ import annotations

import subprocess
import sys

READER = """
import socket, sys, threading, time
import zmq
from autograder.execution.connection import _hardened

READY = b"\\x05READY" + b"\\x0bSocket-Type" + (3).to_bytes(4, "big") + b"PUB"
GREETING = b"\\xff" + bytes(7) + b"\\x01\\x7f\\x03\\x00" + b"NULL".ljust(20, b"\\0") + bytes(32)
MESSAGE = b"\\x01\\x01x" * 300 + b"\\x00\\x01y"  # of 301 parts


def publish_and_go(listener):
    peer, _ = listener.accept()
    peer.sendall(GREETING)
    peer.recv(64, socket.MSG_WAITALL)
    peer.sendall(b"\\x04" + bytes([len(READY)]) + READY)
    peer.recv(1)
    time.sleep(0.01)
    try:
        peer.sendall(MESSAGE * 20 + MESSAGE[:100])
    finally:
        peer.close()


context = _hardened(zmq.Context())
for number in range(50):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"peer{number}")
    listener.listen()
    server = threading.Thread(target=publish_and_go, args=[listener])
    server.start()
    reader = context.socket(zmq.SUB)
    reader.connect(f"ipc://peer{number}")
    reader.subscribe(b"")
    whole = 0
    while whole < 20 and reader.poll(10_000):
        assert len(reader.recv_multipart(zmq.NOBLOCK)) == 301
        whole += 1
    reader.close(linger=0)
    server.join()
    listener.close()
    assert whole == 20, f"{whole} messages of peer {number}"
context.term()
"""


def test_a_peer_may_go_in_the_middle_of_a_message(tmp_path):
    """What it had sent is read to its end, and the reader goes on."""
    command = [sys.executable, "-c", READER]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
