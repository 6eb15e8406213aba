from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.encoding import Encoding
from server.inference.admission import Admission
from server.inference.cloning_service import CloningService
from server.inference.request_account import RequestAccount
from server.messages.error import ApiError
from server.messages.errors import UndecodableAudio
from server.messages.requests import Clip, CloneRequest
from server.settings import Settings
from tests.server import audio
from tests.server.fakes import FakeEngine


@pytest.fixture
def service(engine: FakeEngine) -> Iterator[CloningService]:
    made = CloningService(engine, Settings(), lambda result: None)
    yield made
    made.close()


@pytest.fixture
def account() -> Iterator[RequestAccount]:
    with Admission(1, 1, 10**9).lease_memory() as lease:
        yield RequestAccount(lease)


def clone_request(
    seconds: float, target: bytes | None = None, sample_rate: int | None = None
) -> CloneRequest:
    return CloneRequest(
        target_audio=(Clip(bytearray(target or audio.clip(1.0)), "target_audio"),),
        source_audio=Clip(bytearray(audio.clip(seconds)), "source_audio"),
        tau=0.3,
        temperature=0.3,
        seed=1,
        sample_rate=sample_rate,
    )


def test_warming_up_measures_the_speed(service: CloningService, engine: FakeEngine) -> None:
    service.warm_up()
    assert engine.warmed_up
    assert service.real_time_factor > 0
    assert service.expect_live_cost("low").share > 0


async def test_a_clone_from_bytes_to_bytes(
    service: CloningService, account: RequestAccount
) -> None:
    conversion = await service.prepare(account, clone_request(2.5))
    file = await service.convert_to_file(account, conversion, Encoding.choose("wav", 22050))
    assert len(audio.pcm(bytes(file))) == round(2.5 * 22050)
    assert account.audio_in_seconds == pytest.approx(3.5)
    assert account.audio_out_seconds == pytest.approx(2.5)
    assert {"queue", "parse", "decode", "tone", "convert", "encode"} == set(account.stage_seconds)
    assert account.attained_seconds > 0


async def test_audio_is_let_go_of_once_it_is_decoded(
    service: CloningService, account: RequestAccount
) -> None:
    request = clone_request(1.0)
    await service.prepare(account, request)
    assert not request.source_audio.data
    assert request.target_audio is not None
    assert not request.target_audio[0].data


async def test_the_memory_of_the_source_is_accounted_for(
    service: CloningService, account: RequestAccount
) -> None:
    await service.prepare(account, clone_request(1.0))
    assert account.lease.bytes_held == 11 * 22050
    await service.prepare(account, clone_request(1.0, sample_rate=44100))
    assert account.lease.bytes_held == (4 + 2 * 7) * 22050


async def test_there_is_a_block_for_each_piece(
    service: CloningService, account: RequestAccount
) -> None:
    conversion = await service.prepare(account, clone_request(3.5))
    encoding = Encoding.choose("pcm", 22050, sample_rate_hz=16000)
    blocks = [each async for each in service.convert_to_blocks(account, conversion, encoding)]
    assert len(blocks) == conversion.pieces == 4
    assert len(b"".join(blocks)) == 2 * 3.5 * 16000


async def test_a_long_source_is_embedded_and_converted_in_many_turns(
    service: CloningService, account: RequestAccount, engine: FakeEngine
) -> None:
    conversion = await service.prepare(account, clone_request(35))
    assert engine.tone_steps == 1 + 4
    pieces = [piece async for piece in service.convert(account, conversion)]
    assert len(pieces) == conversion.pieces == 35


async def test_an_unusable_target_says_so(service: CloningService, account: RequestAccount) -> None:
    with pytest.raises(ApiError) as caught:
        await service.prepare(account, clone_request(1.0, target=b"text"))
    detail = UndecodableAudio(param="target_audio", reason="unknown_format")
    assert caught.value.detail == detail
