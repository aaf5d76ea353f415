"""Several ranks in one process: sums, repeatable order, and ranks that do not fit together."""

import threading
from functools import partial

import numpy as np
import pytest
from bounded_waits import join_all

from lepton_course.training.rank_threads import run_ranks, stacked


def test_every_rank_gets_the_sum_in_its_own_dtype():
    def work(rank, all_reduce):
        return all_reduce(np.full(2, rank + 1.0, np.float32))

    first, second = run_ranks([partial(work, rank) for rank in range(2)], most=2)
    assert first.tolist() == second.tolist() == [3, 3]
    assert first.dtype == np.float32
    assert first is not second


def test_what_is_sent_is_a_copy():
    def work(all_reduce):
        mine = np.ones(1)
        all_reduce(mine)[:] = 7
        return mine

    assert [mine.item() for mine in run_ranks([work, work], most=1)] == [1, 1]


def test_ranks_take_turns_in_their_order():
    seen = []

    def work(rank, all_reduce):
        for turn in range(2):
            seen.append((turn, rank))
            all_reduce(0.0)

    run_ranks([partial(work, rank) for rank in range(3)], most=1)
    assert seen == [(turn, rank) for turn in range(2) for rank in range(3)]


def test_a_rank_that_returns_early_is_a_deadlock():
    def work(calls, all_reduce):
        for _ in range(calls):
            all_reduce(1.0)

    with pytest.raises(TimeoutError, match="rank 1 has returned, and rank 0 waits"):
        run_ranks([partial(work, 3), partial(work, 2)], most=1)


def test_shapes_must_agree():
    def work(length, all_reduce):
        all_reduce(np.zeros(length))

    with pytest.raises(RuntimeError, match=r"rank 0 sent the shape \(2,\), rank 1 \(3,\)"):
        run_ranks([partial(work, 2), partial(work, 3)], most=3)


@pytest.mark.parametrize(
    "sent, error", [(np.zeros(3), ValueError), ("photo", TypeError), ([None], TypeError)]
)
def test_what_may_not_be_sent_fails_in_the_rank_itself(sent, error):
    caught = []

    def work(all_reduce):
        try:
            all_reduce(sent)
        except error as problem:
            caught.append(str(problem))

    run_ranks([work], most=2)
    assert "all_reduce takes" in caught[0]


def test_a_failure_ends_the_ranks_that_wait():
    def waits(all_reduce):
        all_reduce(1.0)

    def fails(all_reduce):
        raise KeyError("mine")

    before = set(threading.enumerate())
    with pytest.raises(KeyError, match="mine"):
        run_ranks([waits, waits, fails], most=1)
    join_all(set(threading.enumerate()) - before)


def test_results_of_one_shape_are_stacked_and_others_are_shown_as_they_are():
    assert stacked([np.zeros(2), np.ones(2)]).shape == (2, 2)
    assert stacked([np.zeros(2), np.ones(3)]).shape == (3,)
    assert stacked([np.zeros(2), None]) is None
