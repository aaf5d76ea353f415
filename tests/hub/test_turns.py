"""Turns: granted up to a limit, waited for, and given back whatever happens."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from lepton_hub.turns import Lane, TurnKeeper


def test_turns_are_given_back_whatever_happens():
    lane = Lane("requests", 1, 2, 0.05)

    async def work():
        turns = TurnKeeper()
        turn = (lane, "ada")
        assert await turns.take(turn)
        waiting = [asyncio.create_task(turns.take(turn)) for _ in range(3)]
        assert await asyncio.gather(*waiting) == [False, False, False]
        turns.leave(turn)
        turn = (replace(lane, seconds=120.0), "ada")
        assert await turns.take(turn)
        cut_off = asyncio.create_task(turns.take(turn))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        turns.leave(turn)
        cut_off.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cut_off
        assert await turns.take(turn)
        turns.join(turn)
        turns.leave(turn)
        turns.leave(turn)
        assert (turns._busy, turns._waiting) == (Counter(), {})

    asyncio.run(work())


def test_who_is_gone_gives_up_their_place():
    turn = (Lane("requests", 1, 1, 120.0), "ada")

    async def work():
        turns = TurnKeeper()
        leaves = asyncio.Event()
        assert await turns.take(turn)
        waiting = asyncio.create_task(turns.take(turn, leaves.wait))
        await asyncio.sleep(0)
        assert not await turns.take(turn), "one may wait"
        leaves.set()
        assert not await waiting
        another = asyncio.create_task(turns.take(turn))
        await asyncio.sleep(0)
        turns.leave(turn)
        assert await another
        turns.leave(turn)
        assert (turns._busy, turns._waiting) == (Counter(), {})

    asyncio.run(work())


def test_nobody_is_asked_whether_they_are_gone_where_nobody_waits():
    asked = []

    async def work():
        assert await TurnKeeper().take(
            (Lane("requests", 1, 1, 120.0), "ada"), lambda: asked.append(1)
        )

    asyncio.run(work())
    assert not asked
