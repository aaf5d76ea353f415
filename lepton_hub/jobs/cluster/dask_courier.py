"""Talk to a Dask cluster on behalf of a hub worker, in a separate, confined process.

`python -m lepton_hub.jobs.cluster.dask_courier SCHEDULER` takes messages (`courier_messages`) on
standard input and answers each on standard output: `room` finds a Dask worker that has room for a
job, and every other step goes to that worker. When standard input closes, the job there ends, too.

Dask processes send each other pickles, and a pickle can run any program. So an attacker who
controls one Dask worker controls this process, which must therefore hold nothing of value: it has
no key or token of the hub, sees only programs, libraries and Dask's certificates, and reaches no
Unix socket, such as a database's; the same holds for any program it starts. Its answers are plain
data, which the hub worker validates.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

import dask.config
from distributed import Client, Security

from autograder.sandbox import linux, system_calls
from autograder.sandbox.walls import system_paths
from lepton_hub.jobs.cluster.code_version import REMEDY, code_version, difference
from lepton_hub.jobs.cluster.courier_messages import HEADER_LIMIT, packed
from lepton_hub.jobs.cluster.worker_steps import on_worker

CONNECT_SECONDS, OFFER_SECONDS, CALL_SECONDS = 10.0, 3.0, 30.0
LOOK_SECONDS = 2.0
"""How often to check that a worker that has not answered is still connected."""
NAMES = ("/etc/hosts", "/etc/resolv.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services")

Told = dict[str, Any]


class MachineSilent(Exception):
    """A worker does not answer."""


class SchedulerLost(Exception):
    """The scheduler does not answer; the message says why."""


class Courier:
    """A connection to a cluster, and the one job that it carries."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.address = ""
        self.job: str | None = None
        self._offers: dict[str, asyncio.Task[Told]] = {}

    async def answer(self, step: str, told: Told, data: bytes) -> tuple[Told, bytes]:
        """Take one step. Raises SchedulerLost."""
        try:
            if step == "room":
                return await self._room(told["silence"]), b""
            if self.job is None:
                raise MachineSilent("it does not answer")
            found = await self._ask(self.address, step, {**told, "job": self.job}, data)
            if step == "end":
                self.job = None
            return found
        except MachineSilent as error:
            self.job = None  # if the machine comes back, silence ends the job there
            return {"problem": "machine", "why": str(error)}, b""

    async def keep(self, pause: float) -> None:
        """Send heartbeats for the job to its worker."""
        while True:
            await asyncio.sleep(pause)
            if self.job is not None:
                with suppress(MachineSilent, SchedulerLost):
                    await self._ask(self.address, "keep", {"job": self.job})

    async def end(self) -> None:
        """End the job, if there is one."""
        if self.job is not None:
            with suppress(MachineSilent, SchedulerLost):
                await self._ask(self.address, "end", {"job": self.job})

    async def _room(self, silence: float) -> Told:
        """Reserve room on the worker with the most; job is None if no worker has any."""
        workers = await self._listed()
        notes, free = [], []
        for address, offer in (await self._new_offers(list(workers))).items():
            problem = offer.get("refused") or difference(code_version(), offer.get("code", {}))
            if problem:
                notes.append(f"the worker {workers[address]} ({address}) is not used: {problem}")
            elif offer.get("free", 0) > 0:
                free.append((-offer["free"], address))
        for _, address in sorted(free):
            with suppress(MachineSilent):
                taken, _ = await self._ask(address, "take", {"silence": silence})
                if taken.get("job"):
                    self.address, self.job = address, taken["job"]
                    return {**taken, "name": f"{workers[address]} ({address})", "notes": notes}
        return {"job": None, "notes": notes}

    async def _new_offers(self, addresses: list[str]) -> dict[str, Told]:
        """Ask workers for their offers, and return the answers received so far.

        A hanging worker delays nobody: its answer counts once it arrives.
        """
        self._offers = {
            address: self._offers.get(address) or asyncio.create_task(self._offer(address))
            for address in addresses
        }
        until = time.monotonic() + OFFER_SECONDS
        found: dict[str, Told] = {}
        while self._offers and time.monotonic() < until:
            await asyncio.wait(self._offers.values(), timeout=OFFER_SECONDS / 10)
            for address in [one for one, task in self._offers.items() if task.done()]:
                found[address] = self._offers.pop(address).result()
            if any(offer.get("free") for offer in found.values()):
                break
        return found

    async def _offer(self, address: str) -> Told:
        try:
            answer, _ = await self._ask(address, "offer", {})
        except (MachineSilent, SchedulerLost) as error:
            return {"refused": str(error)}
        if "problem" in answer:
            return {"refused": f"it cannot run jobs ({answer.get('why')}). {REMEDY}"}
        fits = isinstance(answer.get("code", {}), dict) and isinstance(answer.get("free", 0), int)
        return answer if fits else {"refused": "it answers nonsense"}

    async def _listed(self) -> dict[str, str]:
        """Return the names of the workers, by address. Raises SchedulerLost."""
        try:
            if self.client.status != "running":
                raise OSError("the connection broke")
            identity = self.client.scheduler.identity(n_workers=-1)
            found = await asyncio.wait_for(identity, CONNECT_SECONDS)
        except (OSError, TimeoutError) as error:
            raise SchedulerLost(str(error) or "it does not answer") from error
        return {address: str(one["name"]) for address, one in found["workers"].items()}

    async def _ask(
        self, address: str, step: str, told: Told, data: bytes = b""
    ) -> tuple[Told, bytes]:
        """Have a worker take a step. Raises MachineSilent, SchedulerLost."""
        call = self.client.run(on_worker, step, told, data, workers=[address])
        task = asyncio.ensure_future(call)
        until = time.monotonic() + CALL_SECONDS
        while not (await asyncio.wait([task], timeout=LOOK_SECONDS))[0]:
            # Dask keeps calling a worker that it knows to be gone.
            if address not in await self._listed() or time.monotonic() > until:
                task.cancel()
                raise MachineSilent("it does not answer")
        try:
            return _plain(task.result()[address])
        except Exception as error:  # anything the other side chooses to raise
            why = " ".join(f"it does not answer ({type(error).__name__}: {error})".split())
        await self._listed()
        raise MachineSilent(why[:300])


def _plain(answer: Any) -> tuple[Told, bytes]:
    """Return an answer as plain data. Raises TypeError, ValueError."""
    told, data = answer
    if not isinstance(told, dict) or not isinstance(data, bytes):
        raise TypeError("no plain data")
    return json.loads(json.dumps(told)), data


def confine() -> None:
    """Confine this process before it contacts the cluster. Raises OSError."""
    keys = ("ca-file", "client.cert", "client.key")
    certificates = [dask.config.get(f"distributed.comm.tls.{key}", None) for key in keys]
    readable = [*map(str, system_paths()), *NAMES, *filter(None, certificates)]
    version = linux.landlock(readable, [os.devnull], own_network=True)
    own = system_calls.Condition(0, (1,))  # AF_UNIX
    rules = system_calls.rules(namespaces=True, landlock_version=version)
    system_calls.restrict([system_calls.Rule("socket", conditions=(own,)), *rules])


async def serve(address: str, silence: float, source: int, target: int) -> None:
    """Answer messages until there are no more."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=HEADER_LIMIT)
    pipe = os.fdopen(source, "rb", buffering=0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)

    def say(told: Told, data: bytes = b"") -> None:
        rest = memoryview(packed(told, data))
        while rest:
            rest = rest[os.write(target, rest) :]

    try:
        if (
            address.startswith("tls:")
            and not Security().get_connection_args("client")["ssl_context"]
        ):
            raise OSError(
                "it requires certificates: set distributed.comm.tls.ca-file, .client.cert and "
                ".client.key in Dask's configuration; docs/cluster.md explains how"
            )
        options = {"timeout": CONNECT_SECONDS, "set_as_default": False, "asynchronous": True}
        client = await Client(address, **options)
    except (OSError, ValueError) as error:
        say({"problem": "scheduler", "why": str(error)})
        return
    courier = Courier(client)
    keeping = asyncio.create_task(courier.keep(silence / 8))
    say({})
    try:
        while line := await reader.readline():
            message = json.loads(line)
            data = await reader.readexactly(message["bytes"])
            say(*await courier.answer(message["step"], message["told"], data))
    except SchedulerLost as error:
        say({"problem": "scheduler", "why": str(error)})
    finally:
        keeping.cancel()
        with suppress(Exception):
            await courier.end()


def main(address: str, silence: str) -> None:
    """Confine this process, and serve."""
    source, target = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):  # libraries must not print to stdout or read stdin
        os.dup2(null, number)
    code_version()  # while its files can be read
    try:
        confine()
    except OSError as error:
        why = f"this machine cannot close in the process that speaks with it ({error})"
        os.write(target, packed({"problem": "walls", "why": why}, b""))
        return
    asyncio.run(serve(address, float(silence), source, target))


if __name__ == "__main__":
    main(*sys.argv[1:])
