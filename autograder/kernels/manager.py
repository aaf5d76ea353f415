"""A kernel manager for warm kernels that are closed in, for programs that execute notebooks."""

from __future__ import annotations

import uuid

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from traitlets import Instance

from autograder.kernels.provisioner import WarmProvisioner
from autograder.sandbox.walls import World


class WarmKernelManager(AsyncKernelManager):
    """Starts one warm kernel; with a `world`, a closed-in one. Needs no installed kernelspec."""

    world = Instance(World, allow_none=True).tag(config=True)

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[],
            display_name="Python 3 (warm)",
            language="python",
            interrupt_mode="signal",
        )

    async def _async_pre_start_kernel(self, **kw: object) -> tuple[list[str], dict[str, object]]:
        self.kernel_id = self.kernel_id or str(uuid.uuid4())
        if self.provisioner is None:
            self.provisioner = WarmProvisioner(
                kernel_id=self.kernel_id,
                kernel_spec=self.kernel_spec,
                parent=self,
                world=self.world,
            )
        return await super()._async_pre_start_kernel(**kw)
