"""News that a socket tells, or that is asked for while there is none; time is virtual."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from pathlib import Path
from typing import Any

from virtual_time import VirtualLoop, run_virtually

from worker.venue.exchange.calls import Calls
from worker.venue.exchange.rate_bucket import RateBucket
from worker.venue.exchange.stream import LISTEN_AGAIN_AFTER, Stream
from worker.venue.waiting import Waiting

POLL = 2.0


class Place:
    """A socket that can be up or down, takes ten seconds to find out that it is down, and a server that answers."""

    def __init__(self, loop: VirtualLoop, folder: Path) -> None:
        self.loop = loop
        self.up = False
        self.tried: list[float] = []
        calls = Calls(None, RateBucket(folder / "rate", 1000.0, loop.time), Waiting(), loop.time, lambda reason: None)
        self.stream = Stream(
            "prices", calls, Waiting(), self._watch, self._ask, poll=POLL, silence=60.0, reopen=self._reopen
        )

    async def _watch(self) -> str:
        self.tried.append(self.loop.time())
        if self.up:
            await asyncio.sleep(1)
            return "heard"
        await asyncio.sleep(10)
        raise ConnectionRefusedError("nobody listens")

    async def _ask(self) -> str:
        return "asked"

    async def _reopen(self) -> None:
        raise AssertionError("it was never silent")

    async def news(self, seconds: float) -> list[tuple[float, Any]]:
        """What came within `seconds`, each with its time."""
        end, told = self.loop.time() + seconds, []
        while self.loop.time() < end:
            what = await self.stream.next()
            told.append((self.loop.time(), what))
        return told


def test_a_socket_that_cannot_be_had_is_left_alone_and_asked_for_at_the_pace_of_asking(tmp_path: Path) -> None:
    async def scene(loop: VirtualLoop) -> None:
        place = Place(loop, tmp_path)
        await place.news(60)
        tried = len(place.tried)
        told = await place.news(10 * LISTEN_AGAIN_AFTER)
        gaps = [later - earlier for (earlier, _), (later, _) in pairwise(told)]
        assert sorted(gaps)[len(gaps) // 2] <= POLL
        assert 5 <= len(place.tried) - tried <= 10, "it is tried again now and then"

    run_virtually(scene)


def test_a_socket_that_comes_back_is_heard_again(tmp_path: Path) -> None:
    async def scene(loop: VirtualLoop) -> None:
        place = Place(loop, tmp_path)
        assert {what for _, what in await place.news(60)} == {"asked"}
        place.up = True
        told = await place.news(2 * LISTEN_AGAIN_AFTER)
        assert told[-1][1] == "heard"
        assert [what for _, what in told].count("heard") >= LISTEN_AGAIN_AFTER - 1

    run_virtually(scene)


def test_one_failure_is_mended_at_once(tmp_path: Path) -> None:
    async def scene(loop: VirtualLoop) -> None:
        place = Place(loop, tmp_path)
        assert await place.stream.next() == "asked"
        place.up = True
        before = loop.time()
        assert await place.stream.next() == "heard"
        assert loop.time() - before <= 1.5

    run_virtually(scene)
