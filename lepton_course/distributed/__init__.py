"""Run a function in several processes that work together, from a notebook.

    def greet():
        x = torch.tensor([1.0 + dist.get_rank()])
        dist.all_reduce(x)
        return x.item()

    distributed.run(greet, workers=2)  # [3.0, 3.0]

`run` is a thin layer over torch's own launcher, the one behind `torchrun`. Write the function as
you would for `torchrun`; in a script for that, put `process_group` around it.
"""

import sys

if sys.platform == "win32":
    raise ImportError("lepton_course.distributed forks processes. On Windows, use it under WSL.")

from lepton_course.distributed.launch import WorkerFailed, WorkersTimedOut, run
from lepton_course.distributed.worker import device, process_group

__all__ = ["WorkerFailed", "WorkersTimedOut", "device", "process_group", "run"]
