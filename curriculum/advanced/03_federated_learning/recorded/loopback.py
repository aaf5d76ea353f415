"""Run two banks and a server as real Flower processes on the loopback, and record what happened.

`python loopback.py` starts a SuperLink and two SuperNodes, has them run an app of two rounds, and
writes loopback.json beside itself. It takes half a minute or more: each message starts a Python
process. Each process leads a group of its own, and the whole group is ended: SIGTERM to a
SuperNode alone leaves its `flower-superexec` running.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from lepton_course import load_dataset

BIN = Path(sys.executable).parent
ROUNDS = 2
PATIENCE = 300  # seconds for the whole run

PROJECT = """
[project]
name = "banks"
version = "1.0.0"
license = {file = "LICENSE"}
dependencies = ["flwr>=1.42.0,<1.43"]

[tool.hatch.build.targets.wheel]
packages = ["."]

[tool.flwr.app]
publisher = "lepton"
fab-format-version = 1
flwr-version-target = "1.42.0"

[tool.flwr.app.components]
serverapp = "banks.server:app"
clientapp = "banks.client:app"
"""

CLIENT = """
import numpy as np
from flwr.app import ArrayRecord, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from lepton_course import load_dataset

app = ClientApp()


@app.train()
def train(message, context):
    table = load_dataset("credit").train
    mine = np.arange(len(table)) % 3 == context.node_config["partition-id"]
    rows = np.nan_to_num(table.numpy()[0][mine, 9:].astype(float))
    bad = table.labels[mine]
    (weights,) = message.content["arrays"].to_numpy_ndarrays()
    for _ in range(10):
        weights = weights - 0.5 * rows.T @ (1 / (1 + np.exp(-rows @ weights)) - bad) / len(bad)
    metrics = MetricRecord({"num-examples": len(bad)})
    answer = RecordDict({"arrays": ArrayRecord([weights]), "metrics": metrics})
    return Message(answer, reply_to=message)
"""

SERVER = """
import numpy as np
from flwr.app import ArrayRecord
from flwr.serverapp import ServerApp
from flwr.serverapp.strategy import FedAvg

app = ServerApp()


@app.main()
def main(grid, context):
    first = ArrayRecord([np.zeros(17)])
    result = FedAvg(fraction_evaluate=0.0).start(grid, first, num_rounds=ROUNDS)
    np.save("RESULT", result.arrays.to_numpy_ndarrays()[0])
"""


def write_app(folder: Path, result: Path) -> None:
    """Write a Flower app of one client and one server into `folder`."""
    (folder / "banks").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "LICENSE").write_text("An example of a course.\n")
    (folder / "banks" / "__init__.py").write_text("")
    (folder / "banks" / "client.py").write_text(CLIENT)
    server = SERVER.replace("ROUNDS", str(ROUNDS)).replace("RESULT", str(result))
    (folder / "banks" / "server.py").write_text(server)


def free_port() -> int:
    """Return a port of the loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def expected() -> np.ndarray:
    """Return the weights that the same two clients give in a plain loop."""
    table = load_dataset("credit").train
    weights = np.zeros(17)
    for _ in range(ROUNDS):
        ends = []
        sizes = []
        for part in (0, 1):
            mine = np.arange(len(table)) % 3 == part
            rows = np.nan_to_num(table.numpy()[0][mine, 9:].astype(float))
            bad = table.labels[mine]
            w = weights
            for _ in range(10):
                w = w - 0.5 * rows.T @ (1 / (1 + np.exp(-rows @ w)) - bad) / len(bad)
            ends.append(w)
            sizes.append(len(bad))
        weights = np.average(ends, axis=0, weights=sizes)
    return weights


def processes_of(groups: set[int]) -> dict[int, str]:
    """Return pid and command of every live process in these process groups."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            text = status.read_text()
            state, _, group = text.rpartition(")")[2].split()[:3]
            if int(group) in groups and state != "Z":
                words = (status.parent / "cmdline").read_text().split("\0")
                names = [Path(word).name for word in words]
                own = [name for name in names if name.startswith(("flower-", "flwr"))]
                found[int(status.parent.name)] = own[0] if own else "python"
    return found


def main() -> None:
    """Run the federation, end its processes, and write what was seen."""
    with tempfile.TemporaryDirectory(prefix="flower-") as name:
        folder = Path(name)
        result = folder / "weights.npy"
        write_app(folder / "app", result)
        port = free_port()
        here = f'[superlink.here]\naddress = "127.0.0.1:{port}"\ninsecure = true\n'
        (folder / "config.toml").write_text('[superlink]\ndefault = "here"\n\n' + here)
        quiet = {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_HOME": name, "OMP_NUM_THREADS": "1"}
        environment = {**os.environ, **quiet, "PATH": f"{BIN}:{os.environ['PATH']}"}
        log = (folder / "log").open("w")
        started: list[subprocess.Popen] = []

        def start(*command: str) -> subprocess.Popen:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            started.append(process)
            return process

        begun = time.monotonic()
        seen: dict[int, str] = {}
        try:
            start(
                "flower-superlink", "--insecure", "--host", "127.0.0.1", "--port", str(port),
                "--disable-runtime-dependency-installation",
            )  # fmt: skip
            time.sleep(8)
            for part in (0, 1):
                start(
                    "flower-supernode", "--insecure", "--superlink", f"127.0.0.1:{port}",
                    "--port", str(free_port()), "--node-config", f"partition-id={part}",
                )  # fmt: skip
            time.sleep(8)
            asked = start("flwr", "run", str(folder / "app"))
            groups = {process.pid for process in started}
            while not result.exists() and time.monotonic() - begun < PATIENCE:
                seen |= processes_of(groups)
                if asked.poll():  # not accepted
                    break
                time.sleep(0.2)
            seconds = time.monotonic() - begun
            time.sleep(1)
        finally:
            for process in started:  # the group, not the process alone
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
            time.sleep(3)
            for process in started:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        log.close()
        if not result.exists():
            raise SystemExit((folder / "log").read_text()[-6000:])
        apart = float(np.abs(np.load(result) - expected()).max())
    counted: dict[str, int] = {}
    for command in seen.values():
        counted[command] = counted.get(command, 0) + 1
    found = {
        "rounds": ROUNDS,
        "clients": 2,
        "seconds": round(seconds),
        "processes": counted,
        "largest_difference": apart,
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(found, sort_keys=True) + "\n")
    print(found)


if __name__ == "__main__":
    main()
