"""Run a notebook or program on the hub: submit a job, wait for it, read its log, cancel it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from lepton_course.hub.connection import HubConnection, HubError
from lepton_course.hub.sharing import make_item
from lepton_course.progress_bar import progress_bar

ENDED = ("succeeded", "failed", "cancelled", "gave up")
LAST_LINES = 15
"""The number of lines of the log that an exception shows."""


class JobFailed(HubError):
    """A job has ended without a result; the message says why and shows the end of its log."""


def train(
    program: str,
    *,
    result: str,
    inputs: Sequence[str] = (),
    parameters: Mapping[str, Any] | None = None,
    limits: Mapping[str, int] | None = None,
    path: str | None = None,
    priority: str = "normal",
    team: str | None = None,
    card: Mapping[str, Any] | None = None,
    hub: HubConnection | None = None,
) -> HubJob:
    """Have the hub run a notebook or a Python file; return the job immediately.

        job = train(
            "hub:sales/churn-notebook@2",
            inputs=["hub:sales/customers@2"],
            parameters={"epochs": 20},
            limits={"processors": 2, "memory": 4 * 2**30, "seconds": 3600},
            result="sales/churn-model",
        )
        job.wait()

    program: a version of an item. path: the file to run, if it has several. inputs: versions
        that it reads, with `load_dataset("hub:…")` or from its folder `inputs`.
    parameters: variables that are set in a notebook after its cell tagged `parameters`.
    limits: processors, memory in bytes, seconds; the hub has a default for each.
    result: the item that gets what the program leaves in its folder `results`, as a new version.
        card: creates the item if it is new, as in `share`.
    priority: "low", "normal" or "high", among your team's jobs. team: the team whose share the job
        uses, if you are in several.

    Raises HubError if the hub refuses.
    """
    connection = hub or HubConnection()
    space, _, short = result.removeprefix("hub:").rpartition("/")
    target = f"{space or connection.get('/me')['spaces'][0]}/{short}"
    if card is not None:
        make_item(connection, target, "model", card)
    told = {
        "program": program.removeprefix("hub:"),
        "path": path,
        "inputs": [one.removeprefix("hub:") for one in inputs],
        "parameters": dict(parameters or {}),
        "limits": dict(limits or {}),
        "priority": priority,
        "team": team,
        "result": target,
    }
    return HubJob(connection, connection.post("/train", told))


def find_jobs(state: str | None = None, hub: HubConnection | None = None) -> list[HubJob]:
    """Return your latest jobs, at most 100. state: only those in this state, such as "running"."""
    connection = hub or HubConnection()
    page = connection.get("/jobs", state=state, limit=100)
    return [HubJob(connection, told) for told in page["jobs"]]


class HubJob:
    """One of your jobs on the hub. told: what the hub last reported about it."""

    def __init__(self, hub: HubConnection, told: dict[str, Any]) -> None:
        self._hub, self.told = hub, told

    def __repr__(self) -> str:
        detail = f": {self.told['detail']}" if self.told["detail"] else ""
        return f"Job {self.id} is {self.told['state']}{detail}"

    @property
    def id(self) -> str:
        """The job's id on the hub."""
        return self.told["id"]

    @property
    def state(self) -> str:
        """Its current state: "queued", "running", "succeeded", "failed", "cancelled", "gave up".

        Each access asks the hub.
        """
        self.told = self._hub.get(self._place)
        return self.told["state"]

    @property
    def result(self) -> str | None:
        """The version that it has created, such as "hub:sales/churn-model@4", or None."""
        found = self.told["result"] or ""
        return f"hub:{found}" if "@" in found else None

    def wait(
        self,
        timeout: float | None = None,
        every: float = 1.0,
        sleep: Callable[[float], object] = time.sleep,
    ) -> HubJob:
        """Wait until the job ends, with a progress bar of its time limit; return the job.

        timeout, every: in seconds. Raises JobFailed if it ends without success, and TimeoutError
        if it has not ended by then; the job keeps running.
        """
        waited = 0.0
        with progress_bar(total=self.told["limits"]["seconds"], unit="s", desc="queued") as bar:
            while self.state not in ENDED:
                bar.set_description(self.told["state"])
                if self.told["state"] == "running":
                    bar.update(min(every, bar.total - bar.n))
                if timeout is not None and waited >= timeout:
                    raise TimeoutError(f"{self} after {timeout} s; it has not been cancelled.")
                sleep(every)
                waited += every
        if self.told["state"] != "succeeded":
            lines = self.log().splitlines()[-LAST_LINES:]
            raise JobFailed("\n".join([f"{self}", *lines]))
        return self

    def cancel(self) -> None:
        """Cancel the job, unless it has already ended."""
        self.told = self._hub.patiently("DELETE", self._place).json()

    def log(self) -> str:
        """Return what the job has printed so far."""
        text, after = "", 0
        while True:
            part = self._hub.get(f"{self._place}/log", after=after)
            text += part["text"]
            if part["ended"] or part["next"] == after:
                return text
            after = part["next"]

    def metrics(self) -> dict[str, list[tuple[int, float]]]:
        """Return the steps and values that the job has written to `metrics.jsonl`, by name."""
        told = self._hub.get(f"{self._place}/metrics")["series"]
        return {one["name"]: list(zip(one["steps"], one["values"], strict=True)) for one in told}

    @property
    def _place(self) -> str:
        return f"/jobs/{quote(self.id)}"
