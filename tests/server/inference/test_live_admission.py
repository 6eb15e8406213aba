from __future__ import annotations

from dataclasses import replace

import pytest

from server.inference.live_admission import LiveAdmission, SessionCost, expect_cost
from server.messages.error import ApiError
from tests.server.fakes import MANIFEST

MEASURED = replace(
    MANIFEST,
    look_back_frames={"exact": 200, "1e-4": 140, "1e-3": 135, "1e-2": 135},
    look_ahead_frames={"exact": 100, "1e-4": 12, "1e-3": 10, "1e-2": 8},
)


def test_a_fast_machine_keeps_the_preset_s_chunk() -> None:
    cost = expect_cost(MEASURED, "low", 0.01)
    assert cost.chunk_frames == 7
    assert cost.chunk_seconds == pytest.approx(7 * 256 / 22050)
    assert cost.share == pytest.approx(0.01 * 150 / 7)


def test_a_slow_machine_gets_longer_chunks() -> None:
    cost = expect_cost(MEASURED, "low", 0.075)
    assert cost.chunk_frames == 29
    assert cost.share <= 0.45
    # and one that is slower than speech is expected to be late, whatever its chunks
    assert expect_cost(MEASURED, "low", 0.9).share > 1


async def test_sessions_are_admitted_while_there_is_room() -> None:
    admission = LiveAdmission(places=9, capacity=0.8)
    cost, equal = SessionCost(8, 0.1, 0.35), SessionCost(8, 0.1, 0.35)
    with admission.admit(cost), admission.admit(equal):
        assert admission.sessions == 2
        assert admission.share == pytest.approx(0.7)
        with pytest.raises(ApiError) as refused, admission.admit(SessionCost(8, 0.1, 0.35)):
            pass
        assert refused.value.code == "overloaded"
        assert refused.value.headers["Retry-After"] == "10"
    assert (admission.sessions, admission.share) == (0, 0)


async def test_what_steps_take_is_learnt() -> None:
    admission = LiveAdmission(places=9, capacity=0.8)
    cost = SessionCost(8, 0.1, 0.1)
    with admission.admit(cost):
        for _ in range(60):
            cost.record_step(0.075)
        assert admission.share == pytest.approx(0.75, abs=0.01)
        with pytest.raises(ApiError), admission.admit(SessionCost(8, 0.1, 0.1)):
            pass


async def test_a_connection_without_a_place_is_told_so_or_not_even_accepted() -> None:
    admission = LiveAdmission(places=1, capacity=0.8)
    with admission.take_place() as first:
        assert first
        for _ in range(32):
            with admission.take_place() as more:
                assert not more
        with pytest.raises(ApiError, match="busy"), admission.take_place():
            pass
    with admission.take_place() as later:
        assert later
