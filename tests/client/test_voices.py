from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from client import ApiError, AsyncClient, Client, StoredVoice, UnexpectedAnswer, calls
from tests.client.fake_server import FakeServer, wav_file

CLIP = wav_file(2000, 1000)
NAMES = ["anna", "ben", "c.d", "王小明", "é"]


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


def client_of(server: FakeServer) -> Client:
    return Client("http://box:5000", transport=httpx.MockTransport(server))


def test_the_life_of_voices(server: FakeServer) -> None:
    with client_of(server) as client:
        voices = [client.voices.add(name, CLIP, keep_audio=True) for name in NAMES]
        assert [voice.name for voice in voices] == NAMES
        assert voices[0].has_audio
        assert [voice.name for voice in client.voices.list()] == sorted(NAMES)
        assert client.voices.get("王小明") == voices[3]
        client.voices.delete("王小明")
        with pytest.raises(ApiError) as caught:
            client.voices.get("王小明")
    assert (caught.value.code, caught.value.facts) == ("voice_not_found", {"voice": "王小明"})


async def test_the_asynchronous_client_does_the_same(server: FakeServer) -> None:
    async with AsyncClient("http://box:5000", transport=httpx.MockTransport(server)) as client:
        voices = [await client.voices.add(name, [CLIP, CLIP]) for name in NAMES]
        assert [voice.name async for voice in client.voices.list()] == sorted(NAMES)
        assert await client.voices.get("é") == voices[4]
        await client.voices.delete("é")
        with pytest.raises(ApiError, match="voice_not_found"):
            await client.voices.delete("é")
        await client.clone(None, CLIP, target_voice="anna")
    assert json.loads(server.requests[-1].content)["target_voice"] == "anna"


def test_a_voice_is_made_of_clips_or_of_a_tone(server: FakeServer) -> None:
    with client_of(server) as client:
        client.voices.add("a", [CLIP, CLIP])
        client.voices.add("b", client.tone(CLIP))
    several, _, tone = server.bodies
    assert len(several["audio"]) == 2
    assert (tone["tone"], "audio" in tone, tone["keep_audio"]) == ("abc:AAAA", False, False)


def test_names_are_one_part_of_the_path() -> None:
    assert calls.get_voice("a/../b?c#d").path == "/api/voices/a%2F..%2Fb%3Fc%23d"
    assert calls.list_voices("a&b").path == "/api/voices?after=a%26b"


@pytest.mark.parametrize("target", ["anna", {"anna": 0.7, "ben": 0.3}])
def test_stored_voices_are_targets_everywhere(server: FakeServer, target: Any) -> None:
    source = wav_file(25_000, 1000)
    with client_of(server) as client:
        client.clone(None, source, target_voice=target)
        with client.clone_stream(None, source, target_voice=target) as stream:
            assert len(list(stream)) == 3
        with client.clone_encoded(None, source, target_voice=target, format="mp3") as blocks:
            assert len(list(blocks)) == 2
        assert len(list(client.clone_segments(None, source, target_voice=target))) == 3
    assert [body["target_voice"] for body in server.bodies] == [target] * 6
    assert not any("target_audio" in body for body in server.bodies)


def test_a_voice_that_was_listed_is_a_target(server: FakeServer) -> None:
    with client_of(server) as client:
        voice = client.voices.add("anna", CLIP)
        assert isinstance(voice, StoredVoice)
        client.clone(voice, CLIP)
        list(client.clone_segments(voice, CLIP))
    assert [body.get("target_voice") for body in server.bodies[1:]] == ["anna", "anna"]


def test_one_target_is_needed(server: FakeServer) -> None:
    with client_of(server) as client:
        with pytest.raises(TypeError, match="either a target or target_voice"):
            client.clone(None, CLIP)
        with pytest.raises(TypeError, match="either a target or target_voice"):
            client.clone(CLIP, CLIP, target_voice="anna")
    assert server.requests == []


@pytest.mark.parametrize("answer", [{}, {"voice": {}}, {"voice": None}])
def test_an_answer_without_a_voice_is_unexpected(answer: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer, match="voice"):
        calls.get_voice("anna").parse(httpx.Response(200, json=answer))
    with pytest.raises(UnexpectedAnswer, match="voices"):
        calls.list_voices("").parse(httpx.Response(200, json={"voices": [answer], "next": None}))
