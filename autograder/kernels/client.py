"""Kernel clients that notice at once when a kernel is ready.

jupyter_client's own clients wait until the kernel has been silent for 0.2 s, which is most of a
warm kernel's start. A kernel is ready when its reply has come and, on iopub, the message that it is
idle again: from there on no output is lost.
"""

from __future__ import annotations

import math
import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.client import KernelClient
from jupyter_core.utils import ensure_async, run_sync

ANSWER_SECONDS = 1.0
SUBSCRIBED_SECONDS = 0.05


async def until_ready(client: KernelClient, timeout: float | None = None) -> None:
    """Wait until the kernel replies and its output arrives.

    timeout: in seconds. Raises RuntimeError when the kernel dies or takes longer.
    """
    deadline = time.monotonic() + (timeout or math.inf)
    while True:
        request = client.kernel_info()
        answer = await _next(client.shell_channel, request, ANSWER_SECONDS)
        while answer and (
            message := await _next(client.iopub_channel, request, SUBSCRIBED_SECONDS)
        ):
            if message["content"].get("execution_state") == "idle":
                client._handle_kernel_info_reply(answer)
                return
        if not await client._async_is_alive():
            raise RuntimeError("Kernel died before replying to kernel_info")
        if time.monotonic() > deadline:
            raise RuntimeError(f"Kernel didn't respond in {timeout:.0f} seconds")


async def _next(channel: Any, request: str, seconds: float) -> dict[str, Any] | None:
    """Return the channel's next message that belongs to the request, or None."""
    while True:
        try:
            message = await ensure_async(channel.get_msg(timeout=seconds))
        except Empty:
            return None
        if message["parent_header"].get("msg_id") == request:
            return message


class PromptAsyncClient(AsyncKernelClient):
    """A prompt client whose methods are coroutines.

    It has no heartbeat: its manager knows whether the kernel lives, and nbclient leaves the thread
    of a heartbeat, with a dozen descriptors, behind each kernel that it did not start itself.
    """

    _async_wait_for_ready = until_ready
    wait_for_ready = until_ready

    def start_channels(self, *args: Any, **kwargs: Any) -> None:
        super().start_channels(*args, **{**kwargs, "hb": False})


class PromptBlockingClient(BlockingKernelClient):
    """A prompt client whose methods block."""

    _async_wait_for_ready = until_ready
    wait_for_ready = run_sync(until_ready)
