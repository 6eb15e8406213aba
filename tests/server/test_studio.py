from __future__ import annotations

from collections.abc import Iterator

import pytest

from server.admission import Admission
from server.errors import ApiError
from server.job import Job
from server.metrics import Metrics
from server.payload import Clip, ClonePayload
from server.settings import Settings
from server.studio import Studio
from tests.server import audio
from tests.server.fakes import FakeEngine


@pytest.fixture
def studio(engine: FakeEngine) -> Iterator[Studio]:
    made = Studio(engine, Settings(), Metrics())
    yield made
    made.close()


@pytest.fixture
def job() -> Iterator[Job]:
    with Admission(1, 1, 10**9).lease() as lease:
        yield Job(lease)


def payload(seconds: float, target: bytes | None = None) -> ClonePayload:
    return ClonePayload(
        targets=(Clip(bytearray(target or audio.clip(1.0)), "target_audio"),),
        target_tone=None,
        source=Clip(bytearray(audio.clip(seconds)), "source_audio"),
        tau=0.3,
        temperature=0.3,
        seed=1,
    )


def test_warming_up_measures_the_speed(studio: Studio, engine: FakeEngine) -> None:
    studio.warm_up()
    assert engine.warmed_up
    assert studio.real_time_factor > 0


async def test_a_clone_from_bytes_to_bytes(studio: Studio, job: Job) -> None:
    conversion = await studio.begin(job, payload(2.5))
    file = await studio.wav(job, conversion)
    assert len(audio.pcm(bytes(file))) == round(2.5 * 22050)
    assert job.audio_in_seconds == pytest.approx(3.5)
    assert job.audio_out_seconds == pytest.approx(2.5)
    assert {"queue", "parse", "decode", "tone", "convert"} == set(job.timings.seconds)
    assert job.attained_seconds > 0


async def test_audio_is_let_go_of_once_it_is_decoded(studio: Studio, job: Job) -> None:
    request = payload(1.0)
    await studio.begin(job, request)
    assert not request.source.data
    assert not request.targets[0].data


async def test_the_memory_of_the_source_is_accounted_for(studio: Studio, job: Job) -> None:
    await studio.begin(job, payload(1.0))
    assert job.lease.bytes_held == 11 * 22050


async def test_a_long_source_is_embedded_and_converted_in_many_turns(
    studio: Studio, job: Job, engine: FakeEngine
) -> None:
    conversion = await studio.begin(job, payload(35))
    assert engine.tone_steps == 1 + 4
    pieces = [piece async for piece in studio.pieces(job, conversion)]
    assert len(pieces) == conversion.pieces == 35


async def test_an_unusable_target_says_so(studio: Studio, job: Job) -> None:
    with pytest.raises(ApiError) as caught:
        await studio.begin(job, payload(1.0, target=b"text"))
    assert (caught.value.code, caught.value.param) == ("undecodable_audio", "target_audio")
