"""Run one function as several ranks inside one process, with an all-reduce between them.

The ranks are threads, and take turns: each runs until it calls the all-reduce or returns. So a run
is repeatable, and ranks that do not make the same calls are noticed instead of waiting for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any

import numpy as np

AllReduce = Callable[[Any], Any]


class _Stopped(SystemExit):
    """Ends a rank whose partners have failed."""


class _RankThread:
    """One rank: its thread, and what was exchanged with it last.

    last: ("waits", array) in an all-reduce, ("done", result), or ("failed", exception).
    """

    def __init__(self, work: Callable[[AllReduce], Any], most: int) -> None:
        self._work = work
        self._most = most
        self._sent: SimpleQueue[tuple[str, Any]] = SimpleQueue()
        self._replies: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()
        self.last = self._sent.get()

    def resume(self, total: np.ndarray) -> None:
        """Let the rank's all-reduce return the sum, and run the rank up to its next pause."""
        self._replies.put(total.astype(self.last[1].dtype))
        self.last = self._sent.get()

    def stop(self) -> None:
        """End the rank if it waits."""
        if self.last[0] == "waits":
            self._replies.put(_Stopped())

    def _run(self) -> None:
        try:
            self._sent.put(("done", self._work(self._all_reduce)))
        except BaseException as error:  # an answer may raise SystemExit
            self._sent.put(("failed", error))

    def _all_reduce(self, values: Any) -> np.ndarray:
        array = np.array(values)
        if array.dtype.kind not in "fiu":
            raise TypeError(f"all_reduce takes an array of numbers, not {type(values).__name__}")
        if array.size > self._most:
            raise ValueError(f"all_reduce takes at most {self._most} numbers, not {array.size}")
        self._sent.put(("waits", array))
        reply = self._replies.get()
        if isinstance(reply, BaseException):
            raise reply
        return reply


def run_ranks(work: Sequence[Callable[[AllReduce], Any]], most: int) -> list[Any]:
    """Run work[r](all_reduce) as rank r of len(work), and return the results by rank.

    all_reduce(values) takes an array of numbers, the same shape on all ranks, with at most `most`
    of them; it returns a new array with the sum over ranks, in the dtype of the rank's own array.

    Raises what the first failing rank raised, TimeoutError when a rank returns while another waits
    in all_reduce, and RuntimeError when the ranks' arrays differ in shape.
    """
    ranks: list[_RankThread] = []
    try:
        for function in work:
            ranks.append(_RankThread(function, most))
            _raise_failure(ranks[-1])
        while any(rank.last[0] == "waits" for rank in ranks):
            total = _total([rank.last for rank in ranks])
            for rank in ranks:
                rank.resume(total)
                _raise_failure(rank)
        return [rank.last[1] for rank in ranks]
    finally:
        for rank in ranks:
            rank.stop()


def _raise_failure(rank: _RankThread) -> None:
    kind, value = rank.last
    if kind == "failed":
        raise value


def _total(last: Sequence[tuple[str, Any]]) -> np.ndarray:
    """Return the sum of what all ranks sent; raise where they do not fit together."""
    done = [rank for rank, (kind, _) in enumerate(last) if kind == "done"]
    waiting = [rank for rank, (kind, _) in enumerate(last) if kind == "waits"]
    if done:
        raise TimeoutError(
            f"deadlock: rank {done[0]} has returned, and rank {waiting[0]} waits for it in "
            "all_reduce; all ranks must call it equally often"
        )
    arrays = [array for _, array in last]
    for rank, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise RuntimeError(
                f"all_reduce: rank 0 sent the shape {arrays[0].shape}, rank {rank} {array.shape}"
            )
    return np.sum(arrays, axis=0)


def stacked(results: Sequence[Any]) -> Any:
    """Return arrays of one shape as one array; else the first result that is not like them."""
    for row in results:
        if not isinstance(row, np.ndarray) or row.shape != results[0].shape:
            return row
    return np.stack(results)
