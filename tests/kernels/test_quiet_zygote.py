"""What is written while a zygote imports frameworks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys


def test_what_a_framework_logs_at_its_import_stays_out_of_the_terminal(tmp_path, clone):
    lines = "I0000 00:00:17 port.cc:153] oneDNN is on.\nE0000 the disk is full\n"
    (tmp_path / "noisy.py").write_text(f"import os; os.write(2, {lines!r}.encode())")
    (tmp_path / "zygote").mkdir()
    owner, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    owner.close()  # a zygote ends when nobody can ask for kernels, after its imports
    with ours:
        module, number = "autograder.kernels.zygote", str(ours.fileno())
        zygote = subprocess.run(
            [sys.executable, "-m", module, number, str(tmp_path / "zygote"), "noisy"],
            pass_fds=[ours.fileno()],
            cwd=clone,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
    assert (zygote.returncode, zygote.stderr) == (0, "E0000 the disk is full\n")
