"""A kernel provisioner that gives warm kernels to everything in Jupyter that starts kernels.

A kernelspec names it (`kernel_provisioner` → `lepton-warm`), and nbclient, papermill, nbval,
nbgrader and JupyterLab use it unchanged.

See jupyter_client's documentation, "Customizing the kernel's runtime environment".
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Instance

from autograder.kernels.owner import WarmKernel, shared
from autograder.sandbox.walls import World


class WarmProvisioner(KernelProvisionerBase):
    """A provisioner that forks kernels from this process's zygote, over ipc in a private folder.

    world: if set, kernels are sandboxed in it; its scratch folder also holds the sockets.
    """

    world = Instance(World, allow_none=True)

    kernel: WarmKernel | None = None
    _folder: Path | None = None
    _stop_reason: str | None = None

    @property
    def has_process(self) -> bool:
        return self.kernel is not None

    @property
    def stop_reason(self) -> str | None:
        """Return why the watcher stopped the kernel (a limit), or None."""
        return self.kernel.reason if self.kernel else self._stop_reason

    async def poll(self) -> int | None:
        return self.kernel.poll() if self.kernel else 0

    async def wait(self) -> int | None:
        status: int | None = 0
        if self.kernel:
            while (status := self.kernel.poll()) is None:
                await asyncio.sleep(0.01)
            self._let_go()
        return status

    async def send_signal(self, signum: int) -> None:
        if self.kernel:
            self.kernel.signal(signum)

    async def kill(self, restart: bool = False) -> None:
        if self.kernel:
            self.kernel.signal(signal.SIGKILL)

    async def terminate(self, restart: bool = False) -> None:
        if self.kernel:
            self.kernel.signal(signal.SIGTERM)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        manager = self.parent
        if self.world:
            folder = self.world.scratch
        else:
            folder = self._folder = self._folder or shared.make_folder()
        if manager and not manager.connection_file.startswith(str(folder)):
            manager.transport = "ipc"
            manager.connection_file = str(folder / "kernel.json")
            manager.ip = str(folder / "k")
        if manager:
            manager.write_connection_file()
            self.connection_info = manager.get_connection_info()
        kwargs.pop("extra_arguments", None)
        return await super().pre_launch(cmd=[], **kwargs)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        env = dict(kwargs.get("env") or os.environ)
        cwd = str(kwargs.get("cwd") or os.getcwd())
        loop = asyncio.get_running_loop()
        self.kernel = await loop.run_in_executor(
            None, shared.start_kernel, self.parent.connection_file, cwd, env, self.world
        )
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        if not restart:
            self._let_go()
            if self._folder:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None

    def _let_go(self) -> None:
        if self.kernel:
            self._stop_reason = self.kernel.reason
            self.kernel.close()
            self.kernel = None
