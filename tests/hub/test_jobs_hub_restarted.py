"""`lepton hub start` runs jobs by itself; a hub that is killed and started again loses none."""

from __future__ import annotations

import os
import signal
import time

import psutil
from bounded_waits import until
from small_hub import CARD
from test_hub_alone import alone

from lepton_course.hub import share, train
from lepton_team.ports import non_ephemeral_port

PROGRAM = """\
import time
print("begun", flush=True)
time.sleep(3)
open("results/a.txt", "w").write("done")
"""


def test_a_job_survives_its_hub(tmp_path):
    folder, port = tmp_path / "hub", non_ephemeral_port()
    program = tmp_path / "a.py"
    program.write_text(PROGRAM)
    with alone(folder, port) as hub:
        with hub.connect("bose") as bose:
            version = share("particles/code", str(program), card=CARD, hub=bose)
            job = train(version, result="particles/result", card=CARD, hub=bose)
            until(lambda: "begun" in job.log(), f"{job} has begun")
        os.kill(hub.process.pid, signal.SIGKILL)
        hub.process.wait(60)
    with alone(folder, port) as hub, hub.connect("bose") as bose:
        job._hub = bose
        job.wait(timeout=300, every=0.2)
        assert job.result == "hub:particles/result@1"
        assert job.told["attempts"] == 2
        [version] = bose.get("/items/particles/result/versions")["versions"]
        assert version["made_with"] == f"job {job.id}"
    for _ in range(100):  # the workers end with their hub
        left = [one for one in psutil.process_iter(["cmdline"]) if str(folder) in str(one.info)]
        if not left:
            break
        time.sleep(0.1)
    assert left == []
    assert [path.name for path in (folder / "jobs").iterdir()] == []
