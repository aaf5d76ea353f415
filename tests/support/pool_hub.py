"""A hub with a program to be run as jobs, and a worker for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from column_lengths import too_long
from httpx import Response
from small_hub import SmallHub, small_hub

from lepton_hub.jobs.running.job_rooms import JobMachines
from lepton_hub.jobs.running.local_room import ThisMachine
from lepton_hub.jobs.running.program_process import walls_here
from lepton_hub.jobs.running.worker import PoolWorker
from lepton_hub.settings import settings_of

RESULT = "engines/result"


class PoolHub:
    """A hub, jobs in people's names, and a worker that runs them when it is told to."""

    def __init__(
        self,
        hub: SmallHub,
        walls: Mapping[str, bool] | None = None,
        machines: JobMachines | None = None,
    ) -> None:
        self.hub = hub
        self.settings = hub.state.settings.jobs
        if machines is None:
            found = walls_here() if walls is None else walls
            machines = ThisMachine(self.settings.folder, found)
        self.worker = PoolWorker(hub.state.sessions, hub.state.store, self.settings, machines)
        hub.make("ada", "engines/code", "code")
        hub.make("ada", RESULT, "model")
        self.programs = 0

    def program(self, files: Mapping[str, str], who: str = "ada") -> str:
        """Share a program; return its version."""
        self.programs += 1
        contents = {name: text.encode() for name, text in files.items()}
        added = self.hub.add(who, "engines/code", contents, note=str(self.programs))
        return added.json()["reference"]

    def ask(self, program: str, who: str = "ada", **more: Any) -> Response:
        """Ask for a job."""
        told = {"program": program, "result": RESULT, "team": "engines", **more}
        return self.hub.post(who, "/train", told)

    def ran(self, source: str, **more: Any) -> dict[str, Any]:
        """Run a program of one file to its end; return what is told of its job, and its log."""
        asked = self.ask(self.program({"a.py": source}), **more)
        assert asked.status_code == 202, asked.text
        assert self.worker.run_next()
        return self.told(asked.json()["id"])

    def told(self, id_: str) -> dict[str, Any]:
        """Return what ada is told of a job, with its log."""
        job = self.hub.get("ada", f"/jobs/{id_}").json()
        text, after = "", -1
        while len(text.encode()) > after:
            after = len(text.encode())
            text += self.hub.get("ada", f"/jobs/{id_}/log", params={"after": after}).json()["text"]
        return {**job, "log": text}

    def results(self, job: Mapping[str, Any]) -> dict[str, bytes]:
        """Return the files that a job has left."""
        item, _, number = job["result"].partition("@")
        place = f"/items/{item}/versions/{number}"
        paths = [file["path"] for file in self.hub.get("ada", place).json()["files"]]
        return {path: self.hub.get("ada", f"{place}/files/{path}").content for path in paths}


@contextmanager
def pool_hub(
    folder: Path,
    walls: Mapping[str, bool] | None = None,
    machines: JobMachines | None = None,
    **jobs: Any,
) -> Iterator[PoolHub]:
    """Run a hub in a folder. Workers have threads, so its database is a file."""
    settings = replace(settings_of(folder, {}).jobs, **{"lease": 5.0, "back_off": 0.05, **jobs})
    place = {"database": f"sqlite:///{folder}/hub.sqlite", "blobs": str(folder / "blobs")}
    with small_hub(folder, jobs=settings, **place) as hub:
        yield PoolHub(hub, walls, machines)
        with hub.state.engine.connect() as connection:
            assert too_long(connection) == []
