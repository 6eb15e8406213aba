from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.inference.admission import Admission
from server.inference.fair_pool import FairPool
from server.inference.request_account import RequestAccount


def account(started_at: float = 0.0, attained: float = 0.0) -> RequestAccount:
    with Admission(1, 1, 1).lease_memory() as lease:
        return RequestAccount(lease, started_at=started_at, attained_seconds=attained)


@asynccontextmanager
async def pool(workers: int = 1) -> AsyncIterator[FairPool]:
    made = FairPool(workers, "test")
    try:
        yield made
    finally:
        made.close()


async def order_of(accounts: dict[str, RequestAccount]) -> list[str]:
    """Queue one step of each request while the thread is busy; return the order they ran in."""
    ran: list[str] = []
    async with pool() as made:
        release = threading.Event()
        busy = asyncio.create_task(made.run(account(), "convert", release.wait))
        await asyncio.sleep(0)
        steps = [
            asyncio.create_task(made.run(j, "convert", ran.append, n)) for n, j in accounts.items()
        ]
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(busy, *steps)
    return ran


async def test_results_and_times() -> None:
    async with pool() as made:
        one = account()
        assert await made.run(one, "tone", int, "3") == 3
        assert set(one.stage_seconds) == {"queue", "tone"}
        assert one.attained_seconds == one.stage_seconds["tone"]


async def test_what_a_step_raises_is_raised_and_timed() -> None:
    async with pool() as made:
        one = account()
        with pytest.raises(ValueError, match="invalid literal"):
            await made.run(one, "tone", int, "x")
        assert "tone" in one.stage_seconds
        await asyncio.sleep(0)
        assert made.running == 0


async def test_who_had_little_goes_before_who_had_much() -> None:
    accounts = {
        "long": account(attained=10),
        "longer": account(attained=20),
        "short": account(attained=0.1),
    }
    assert await order_of(accounts) == ["short", "long", "longer"]


async def test_short_ones_go_in_order_of_arrival() -> None:
    accounts = {
        "second": account(started_at=2, attained=0),
        "first": account(started_at=1, attained=0.4),
        "third": account(started_at=3, attained=0.2),
    }
    assert await order_of(accounts) == ["first", "second", "third"]


async def test_a_long_one_that_waited_long_goes_before_a_fresh_one() -> None:
    accounts = {"fresh": account(started_at=100), "aged": account(started_at=0, attained=5)}
    assert await order_of(accounts) == ["aged", "fresh"]


async def test_as_many_run_at_once_as_there_are_workers() -> None:
    async with pool(2) as made:
        barrier = threading.Barrier(2)
        steps = [made.run(account(), "convert", barrier.wait, 10) for _ in range(2)]
        assert sorted(await asyncio.gather(*steps)) == [0, 1]


async def test_a_short_request_keeps_its_turn_from_step_to_step() -> None:
    ran: list[str] = []

    async def steps(made: FairPool, name: str, attained: float) -> None:
        mine = account(attained=attained)
        for _ in range(3):
            await made.run(mine, "convert", ran.append, name)

    async with pool() as made:
        await asyncio.gather(steps(made, "long", 10), steps(made, "short", 0))
    assert ran == ["long", "short", "short", "short", "long", "long"]


async def test_a_turn_that_is_given_up_goes_to_the_next() -> None:
    async with pool() as made:
        release = threading.Event()
        busy = asyncio.create_task(made.run(account(), "convert", release.wait))
        await asyncio.sleep(0)
        ran: list[str] = []
        gone = asyncio.create_task(made.run(account(), "convert", ran.append, "gone"))
        stays = asyncio.create_task(made.run(account(), "convert", ran.append, "stays"))
        await asyncio.sleep(0)
        gone.cancel()
        release.set()
        await asyncio.gather(busy, stays)
        assert ran == ["stays"]
        await asyncio.sleep(0)
        assert made.running == 0


async def test_a_turn_that_is_given_up_as_it_comes_is_passed_on() -> None:
    async with pool() as made:
        step = asyncio.create_task(made.run(account(), "convert", int))
        await asyncio.sleep(0)
        late = asyncio.create_task(made.run(account(), "convert", int))
        await step
        late.cancel()
        assert await made.run(account(), "convert", int) == 0
        await asyncio.sleep(0)
        assert made.running == 0


async def test_a_step_whose_request_is_given_up_keeps_its_turn_until_it_ends() -> None:
    async with pool() as made:
        begun, release = threading.Event(), threading.Event()

        def step() -> None:
            begun.set()
            assert release.wait(10)

        given_up = asyncio.create_task(made.run(account(), "convert", step))
        await asyncio.to_thread(begun.wait, 10)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        later = asyncio.create_task(made.run(account(attained=9.0), "convert", str, "later"))
        await asyncio.sleep(0.01)
        assert made.running == 1
        sooner = asyncio.create_task(made.run(account(), "convert", str, "sooner"))
        await asyncio.sleep(0)
        release.set()
        done, _ = await asyncio.wait({later, sooner}, return_when=asyncio.FIRST_COMPLETED)
        assert sooner in done
        assert await later == "later"
        await asyncio.sleep(0)
        assert made.running == 0


async def test_live_steps_go_first_and_the_earliest_before_the_others() -> None:
    ran: list[str] = []
    async with pool(2) as made:
        release = threading.Event()
        busy = [asyncio.create_task(made.run(account(), "convert", release.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        waiting: dict[str, float | None] = {"fresh": None, "later": 9.0, "sooner": 8.0}
        steps = [
            asyncio.create_task(
                made.run(account(attained=99.0), "convert", ran.append, name, due_at=due_at)
            )
            for name, due_at in waiting.items()
        ]
        await asyncio.sleep(0)
        release.set()
        await asyncio.gather(*busy, *steps)
    assert ran.index("sooner") < ran.index("later") < ran.index("fresh")


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_thread_is_kept_for_live_steps(workers: int) -> None:
    async with pool(workers) as made:
        release = threading.Event()
        with made.reserve_thread():
            busy = [
                asyncio.create_task(made.run(account(), "convert", release.wait)) for _ in range(3)
            ]
            await asyncio.sleep(0)
            assert made.running == 1
            assert await made.run(account(), "convert", int, "3", due_at=1.0) == 3
            await asyncio.sleep(0)
            assert made.running == 1
        # once there is no session, the others have every worker again
        assert made.running == workers
        release.set()
        await asyncio.gather(*busy)
        await asyncio.sleep(0)
        assert made.running == 0


async def test_a_live_step_may_be_given_up() -> None:
    async with pool(2) as made:
        release = threading.Event()
        busy = [asyncio.create_task(made.run(account(), "convert", release.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        gone = asyncio.create_task(made.run(account(), "convert", int, due_at=1.0))
        await asyncio.sleep(0)
        gone.cancel()
        release.set()
        await asyncio.gather(*busy)
        await asyncio.sleep(0)
        assert made.running == 0
