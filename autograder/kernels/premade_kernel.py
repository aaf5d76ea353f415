"""A kernel that is made before the fork: all of IPython but what belongs to one kernel.

Making IPython's shell takes longer than a fork, and copies many pages that processes share. So the
zygote makes one, which every kernel in walls inherits. After the fork it is given what is its own:
its sockets, session, identity, environment and folders. It never has a socket, thread, open file or
event loop before that.

A kernel without walls is made after the fork as usual, for its user's own configuration of IPython
lies in the home folder.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ipykernel import debugger
from ipykernel.kernelapp import IPKernelApp
from IPython.core.profiledir import ProfileDir
from IPython.paths import get_home_dir, get_ipython_dir
from zmq.eventloop.zmqstream import ZMQStream

from autograder.kernels.testing_kernel import TestingKernel
from autograder.sandbox.walls import system_paths

OPTIONS = ("--HistoryManager.enabled=False", "--InteractiveShellApp.ignore_cwd=True")
NO_EXTENSIONS = ("--InteractiveShellApp.extensions=[]",)
"""The environment's extension for learners explains their slips; a submission has none."""
ARGUMENTS = ["ipykernel_launcher"]


class PremadeKernelApp(IPKernelApp):
    """IPython's kernel application, begun in one process and completed in a child of it."""

    def begin(self) -> None:
        """Make the kernel and its shell, which no client can reach yet."""
        # The parent's part of `IPKernelApp.initialize`, without its sockets.
        super(IPKernelApp, self).initialize([*OPTIONS, *NO_EXTENSIONS])
        self.init_pdb()
        self.kernel = self.kernel_class.instance(
            parent=self, log=self.log, profile_dir=self.profile_dir, user_ns=self.user_ns
        )
        self.init_path()
        self.init_shell()
        self.init_gui_pylab()
        self.backend = os.environ["MPLBACKEND"]
        show_figures(self.shell)
        self.shell._sys_modules_keys = set(sys.modules)

    def complete(self, connection_file: str) -> None:
        """Give the kernel its folders and sockets, and do what is left of `initialize`."""
        self._move_in()
        self.connection_file = connection_file
        self.init_connection_file()
        self.init_sockets()
        self.init_heartbeat()
        self.write_connection_file()
        self.log_connection_info()
        self.init_io()
        self.init_signal()
        self.init_kernel()
        self.init_extensions()
        self.init_code()
        sys.stdout.flush()
        sys.stderr.flush()

    def init_config_files(self) -> None:
        """List the folders of configuration files, but only those that exist within walls."""
        super().init_config_files()
        inside = system_paths()
        self.config_file_paths = [
            path for path in self.config_file_paths if {Path(path), *Path(path).parents} & {*inside}
        ]

    def _move_in(self) -> None:
        """Take the folders and the environment of this process."""
        shell = self.shell
        self.ipython_dir = shell.ipython_dir = get_ipython_dir()
        profile = ProfileDir.create_profile_dir_by_name(self.ipython_dir, self.profile, self.config)
        self.profile_dir = self.kernel.profile_dir = shell.profile_dir = profile
        history = shell.history_manager
        history.hist_file = history._get_hist_file_name()
        shell.home_dir = get_home_dir()
        shell.starting_dir = os.getcwd()
        shell.init_environment()
        os.environ["MPLBACKEND"] = self.backend

    def init_code(self) -> None:
        """Run the configuration's code; listing all modules again would copy their pages."""
        self._run_startup_files()
        self._run_exec_lines()
        self._run_exec_files()
        if self.hide_initial_ns:
            self.shell.user_ns_hidden.update(self.shell.user_ns)

    def init_kernel(self) -> None:
        """Connect the kernel to the sockets, as `IPythonKernel.__init__` would."""
        kernel, shell = self.kernel, self.shell
        kernel.ident = str(uuid.uuid4())
        kernel.session = self.session
        kernel.control_thread = self.control_thread
        kernel.shell_channel_thread = self.shell_channel_thread
        kernel.iopub_thread, kernel.iopub_socket = self.iopub_thread, self.iopub_socket
        kernel.stdin_socket = self.stdin_socket
        kernel.debug_shell_socket = self.debug_shell_socket
        kernel.shell_stream = ZMQStream(self.shell_socket, self.shell_channel_thread.io_loop)
        self.shell_channel_thread.shell_stream = kernel.shell_stream
        kernel.control_stream = ZMQStream(self.control_socket, self.control_thread.io_loop)
        kernel.debugpy_stream = ZMQStream(self.debugpy_socket, self.control_thread.io_loop)
        self.control_thread.start()
        self.shell_channel_thread.start()
        kernel._stdout, kernel._stderr = sys.stdout, sys.stderr
        shell._orig_sys_module_state |= {"stdout": sys.stdout, "stderr": sys.stderr}
        if debugger._is_debugpy_available:
            kernel.debugger = kernel.debugger_class(
                kernel.log,
                kernel.debugpy_stream,
                kernel._publish_debug_event,
                kernel.debug_shell_socket,
                kernel.session,
                kernel._kernel_modules,
                kernel.debug_just_my_code,
                kernel.filter_internal_frames,
            )
        for part in (shell.displayhook, shell.display_pub):
            part.session, part.pub_socket = self.session, self.iopub_socket
        shell.displayhook.topic = kernel._topic("execute_result")
        kernel.record_ports({f"{name}_port": port for name, port in self._ports.items()})
        self.displayhook.get_execution_count = lambda: kernel.execution_count


def make_premade(folder: Path) -> None:
    """Make a kernel in the zygote, in an environment without a user. folder: for its files.

    If that fails there is none, and each kernel will make its own and say what is wrong.
    """
    sys.argv = list(ARGUMENTS)
    path, temporary = sys.path, tempfile.tempdir
    sys.path = [entry for entry in path if entry]
    home = folder / "premade"
    home.mkdir(mode=0o700)
    places = dict.fromkeys(("HOME", "IPYTHONDIR", "TMPDIR"), str(home))
    try:
        with _environment({**os.environ, **places}):
            PremadeKernelApp.instance(kernel_class=TestingKernel).begin()
    except (Exception, SystemExit):  # the configuration of the whole system may be wrong
        forget_premade()
    finally:
        sys.path, tempfile.tempdir = path, temporary


def forget_premade() -> None:
    """Let this process make its own kernel instead."""
    for kind in (PremadeKernelApp, TestingKernel, TestingKernel.shell_class.default_value):
        kind.clear_instance()


def show_figures(shell: Any) -> None:
    """Enable inline figures: the zygote imported matplotlib before there was a kernel for them."""
    inline = "matplotlib_inline" in os.environ.get("MPLBACKEND", "")
    if inline and "matplotlib.pyplot" in sys.modules:
        shell.enable_matplotlib("inline")


@contextlib.contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Have these environment variables for a while, and afterwards those of before."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
