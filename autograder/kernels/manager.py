"""Kernel managers for warm kernels, for programs that execute notebooks.

They need no installed kernelspec. With a `world`, the kernel is sandboxed.
"""

from __future__ import annotations

import uuid
from typing import Any

from jupyter_client.client import KernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager, KernelManager
from traitlets import HasTraits, Instance, Type

from autograder.kernels.client import PromptAsyncClient, PromptBlockingClient
from autograder.kernels.provisioner import WarmProvisioner
from autograder.sandbox.walls import World


class _Warm(HasTraits):
    world = Instance(World, allow_none=True).tag(config=True)

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(
            argv=[],
            display_name="Python 3 (warm)",
            language="python",
            interrupt_mode="signal",
        )

    async def _async_pre_start_kernel(self, **options: Any) -> tuple[list[str], dict[str, Any]]:
        self.kernel_id = self.kernel_id or str(uuid.uuid4())
        if self.provisioner is None:
            self.provisioner = WarmProvisioner(
                kernel_id=self.kernel_id,
                kernel_spec=self.kernel_spec,
                parent=self,
                world=self.world,
            )
        return await super()._async_pre_start_kernel(**options)

    async def _async_wait(self, pollinterval: float = 0.005) -> None:
        await super()._async_wait(pollinterval)


class WarmKernelManager(_Warm, AsyncKernelManager):
    """A manager of one warm kernel whose methods are coroutines, as nbclient expects."""

    client_factory = Type(PromptAsyncClient, klass=KernelClient)


class BlockingWarmKernelManager(_Warm, KernelManager):
    """A manager of one warm kernel whose methods block."""

    client_factory = Type(PromptBlockingClient, klass=KernelClient)
