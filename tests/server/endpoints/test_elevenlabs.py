"""ElevenLabs' paths, by the official SDK as it comes from PyPI and by hand."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile
from elevenlabs.client import AsyncElevenLabs, ElevenLabs
from elevenlabs.core.api_error import ApiError
from starlette.testclient import TestClient

from server.http.elevenlabs_fields import OUTPUT_FORMATS, to_voice_name
from server.settings import Settings
from tests.server import audio
from tests.server.conftest import MakeClient
from tests.server.fakes import FakeEngine
from tests.server.live import live

KEY = "secret"
VOICE = audio.clip(3.0, 240.0)
SECONDS = 1.5
SPEECH = audio.clip(SECONDS, 110.0)
CONVERT = "/v1/speech-to-speech/anna"


@pytest.fixture
def address(engine: FakeEngine, tmp_path: Path) -> Iterator[str]:
    """The address of a server on a real socket that stores voices and needs a key."""
    with live(engine, Settings(voices=str(tmp_path / "voices.db"), api_key=KEY)) as server:
        yield server.url


@pytest.fixture
def sdk(address: str) -> Iterator[ElevenLabs]:
    with httpx.Client(timeout=60) as connections:
        yield ElevenLabs(base_url=address, api_key=KEY, httpx_client=connections)


@pytest.fixture
def client(make_client: MakeClient, tmp_path: Path) -> TestClient:
    """A client of a server with one voice, anna."""
    made = make_client(Settings(voices=str(tmp_path / "voices.db")))
    answer = made.post("/v1/voices/add", data={"name": "anna"}, files={"files": VOICE})
    assert answer.json() == {"voice_id": "anna", "requires_verification": False}
    return made


def convert(client: TestClient, path: str = CONVERT, **fields: Any) -> Any:
    speech = fields.pop("audio", SPEECH)
    query = {"output_format": fields.pop("output_format", "pcm_22050")}
    return client.post(path, params=query, data=fields, files={"audio": speech})


def body_of(error: pytest.ExceptionInfo[ApiError]) -> tuple[int | None, str]:
    detail = error.value.body["detail"]
    assert set(detail) == {"status", "message"}
    assert detail["message"].isascii()
    return error.value.status_code, detail["status"]


def decoded(name: str, data: bytes) -> tuple[int, int]:
    """Return the samples and the sample rate of a result in one of the output formats."""
    codec, rate_hz, *_ = name.split("_")
    if codec == "pcm":
        return len(data) // 2, int(rate_hz)
    if codec in ("ulaw", "alaw"):
        return len(data), int(rate_hz)
    info = soundfile.info(io.BytesIO(data))
    assert info.format == {"mp3": "MP3", "opus": "OGG", "wav": "WAV"}[codec]
    return info.frames, info.samplerate


def test_the_sdk_adds_lists_gets_and_deletes_voices(sdk: ElevenLabs) -> None:
    added = sdk.voices.ivc.create(
        name="Anna (studio)", files=[("a.wav", VOICE), ("b.wav", audio.clip(1.0))],
        description="ignored", labels={"accent": "ignored"}, remove_background_noise=True,
    )  # fmt: skip
    assert (added.voice_id, added.requires_verification) == ("Anna-studio", False)
    sdk.voices.ivc.create(name="王小明", files=[io.BytesIO(VOICE)])
    voices = sdk.voices.get_all(show_legacy=True).voices
    assert [voice.voice_id for voice in voices] == ["Anna-studio", "王小明"]
    voice = sdk.voices.get("王小明")
    assert (voice.name, voice.category, voice.is_owner) == ("王小明", "cloned", True)
    assert voice.created_at_unix is not None and voice.created_at_unix > 1_700_000_000
    assert sdk.voices.delete("王小明").status == "ok"
    assert [voice.voice_id for voice in sdk.voices.get_all().voices] == ["Anna-studio"]


def test_the_sdk_converts_to_a_file_and_to_a_stream(sdk: ElevenLabs, engine: FakeEngine) -> None:
    sdk.voices.ivc.create(name="anna", files=[VOICE])
    options: dict[str, Any] = {
        "audio": io.BytesIO(SPEECH), "output_format": "mp3_22050_32", "seed": 5,
        "model_id": "eleven_multilingual_sts_v2", "remove_background_noise": False,
        "voice_settings": json.dumps({"similarity_boost": 0.8, "stability": 0.1}),
    }  # fmt: skip
    file = b"".join(sdk.speech_to_speech.convert("anna", **options))
    assert engine.options == {"tau": 0.8, "temperature": 0.3, "seed": 5}
    options["audio"].seek(0)
    stream = b"".join(sdk.speech_to_speech.stream("anna", **options))
    assert stream == file
    assert decoded("mp3_22050", file) == (round(SECONDS * 22050), 22050)


def test_the_sdk_searches_voices(sdk: ElevenLabs) -> None:
    for name in ("anna", "Ben", "bea", "cleo"):
        sdk.voices.ivc.create(name=name, files=[VOICE])
    first = sdk.voices.search(search="B", page_size=1)
    assert ([v.name for v in first.voices], first.has_more, first.total_count) == (["Ben"], True, 2)
    second = sdk.voices.search(search="B", page_size=1, next_page_token=first.next_page_token)
    assert ([voice.name for voice in second.voices], second.has_more) == (["bea"], False)
    assert second.next_page_token is None
    assert len(sdk.voices.search().voices) == 4
    with pytest.raises(ApiError) as too_many:
        sdk.voices.search(page_size=101)
    assert body_of(too_many) == (422, "invalid_field")


async def test_the_asynchronous_sdk(address: str) -> None:
    async with httpx.AsyncClient(timeout=60) as connections:
        sdk = AsyncElevenLabs(base_url=address, api_key=KEY, httpx_client=connections)
        await sdk.voices.ivc.create(name="anna", files=[VOICE])
        stream = sdk.speech_to_speech.stream("anna", audio=SPEECH, output_format="opus_48000_32")
        file = b"".join([block async for block in stream])
    assert decoded("opus_48000_32", file) == (72000, 48000)


def test_the_sdk_raises_its_own_errors(sdk: ElevenLabs, address: str) -> None:
    with pytest.raises(ApiError) as unknown:
        b"".join(sdk.speech_to_speech.convert("nobody", audio=SPEECH))
    assert body_of(unknown) == (404, "voice_not_found")
    with pytest.raises(ApiError) as damaged:
        sdk.voices.ivc.create(name="ben", files=[b"no audio"])
    assert body_of(damaged) == (422, "undecodable_audio")
    with httpx.Client() as connections, pytest.raises(ApiError) as wrong_key:
        ElevenLabs(base_url=address, api_key="x", httpx_client=connections).voices.get_all()
    assert body_of(wrong_key) == (401, "unauthorized")


def test_voices_of_one_name_are_numbered(sdk: ElevenLabs) -> None:
    names = ["ben", "ben", "ben", "b" * 64, "b" * 64]
    ids = [sdk.voices.ivc.create(name=name, files=[VOICE]).voice_id for name in names]
    assert ids == ["ben", "ben-2", "ben-3", "b" * 64, "b" * 62 + "-2"]


def test_a_full_store_is_no_conflict(make_client: MakeClient, tmp_path: Path) -> None:
    client = make_client(Settings(voices=str(tmp_path / "voices.db"), voices_maximum=1))
    for name, status in (("anna", 200), ("ben", 400)):
        answer = client.post("/v1/voices/add", data={"name": name}, files={"files": VOICE})
        assert answer.status_code == status
    assert answer.json()["detail"]["status"] == "voices_full"


@pytest.mark.parametrize("path", [CONVERT, "/v1/voice-changer/anna"])
def test_every_path_converts_alike(client: TestClient, path: str) -> None:
    file, stream = (convert(client, path + end, seed=1) for end in ("", "/stream"))
    assert file.status_code == stream.status_code == 200
    assert file.content == stream.content
    assert file.headers["content-length"] == str(len(file.content))
    assert "content-length" not in stream.headers
    ours = client.post(
        "/api/clone", headers={"Accept": "audio/pcm"},
        json={"target_voice": "anna", "source_audio": audio.text(SPEECH), "seed": 1},
    )  # fmt: skip
    assert ours.content == file.content


@pytest.mark.parametrize("name", OUTPUT_FORMATS)
def test_every_output_format(client: TestClient, name: str) -> None:
    answer = convert(client, output_format=name)
    assert answer.status_code == 200, answer.text
    rate_hz = int(name.split("_")[1])
    assert decoded(name, answer.content) == (round(SECONDS * rate_hz), rate_hz)
    if name.startswith("mp3") and not name.endswith("_32"):
        bits = 8 * len(answer.content) / SECONDS
        assert bits == pytest.approx(1000 * int(name.split("_")[2]), rel=0.15)


def test_the_default_output_format(client: TestClient) -> None:
    answer = client.post(CONVERT, files={"audio": SPEECH})
    assert answer.headers["content-type"] == "audio/mpeg"
    assert decoded("mp3_44100_128", answer.content) == (round(SECONDS * 44100), 44100)


def test_raw_samples_in(client: TestClient) -> None:
    samples = np.rint(audio.speech(SECONDS, 16000) * 32767).astype("<i2").tobytes()
    raw = convert(client, audio=samples + b"\0", file_format="pcm_s16le_16", seed=1)
    whole = convert(client, audio=audio.encoded(audio.speech(SECONDS, 16000), 16000), seed=1)
    assert len(raw.content) == 2 * round(SECONDS * 22050)
    differences = np.frombuffer(raw.content, "<i2").astype(int) - np.frombuffer(
        whole.content, "<i2"
    )
    assert np.abs(differences).max() <= 1
    assert convert(client, audio=b"\0", file_format="pcm_s16le_16").status_code == 422


@pytest.mark.parametrize(
    ("voice_settings", "tau"),
    [
        (None, 0.3),
        ("{}", 0.3),
        ('{"similarity_boost": null, "style": 0.5}', 0.3),
        ('{"similarity_boost": 1}', 1.0),
        ('{"similarity_boost": 0.25}', 0.25),
    ],
)
def test_similarity_boost_is_tau(
    client: TestClient, engine: FakeEngine, voice_settings: str | None, tau: float
) -> None:
    fields = {} if voice_settings is None else {"voice_settings": voice_settings}
    assert convert(client, **fields).status_code == 200
    assert engine.options["tau"] == tau


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"voice_settings": "similarity"}, "voice_settings"),
        ({"voice_settings": "[]"}, "voice_settings"),
        ({"voice_settings": '{"similarity_boost": 1.5}'}, "voice_settings"),
        ({"voice_settings": '{"similarity_boost": NaN}'}, "voice_settings"),
        ({"voice_settings": '{"similarity_boost": true}'}, "voice_settings"),
        ({"voice_settings": "[" * 50_000}, "voice_settings"),
        ({"file_format": "mp3"}, "file_format"),
        ({"seed": "-1"}, "seed"),
        ({"output_format": "mp3_44100_129"}, "output_format"),
        ({"output_format": "pcm"}, "output_format"),
        ({"output_format": ""}, "output_format"),
        ({"output_format": "ogg_48000_64"}, "output_format"),
    ],
)
def test_bad_fields(client: TestClient, fields: dict[str, str], param: str) -> None:
    answer = convert(client, **fields)
    assert answer.status_code == 422
    assert answer.json()["detail"]["status"] == "invalid_field"
    assert param in answer.json()["detail"]["message"]


def test_errors_have_one_form_below_v1(client: TestClient) -> None:
    answers = [
        (client.post(CONVERT, files={"file": SPEECH}), 422, "missing_field"),
        (client.get("/v1/models"), 404, "not_found"),
        (client.put("/v1/voices"), 405, "method_not_allowed"),
        (client.get("/v1/voices/nobody"), 404, "voice_not_found"),
        (client.delete("/v1/voices/a%20b"), 404, "voice_not_found"),
        (client.post("/v1/voices/add", data={"name": "?!"}, files={"files": VOICE}), 422,
         "invalid_field"),
    ]  # fmt: skip
    for answer, status, code in answers:
        assert (answer.status_code, answer.json()["detail"]["status"]) == (status, code)
    chinese = client.get("/v1/voices/nobody", headers={"Accept-Language": "zh"})
    assert not chinese.json()["detail"]["message"].isascii()


def test_without_a_store_every_path_says_so(make_client: MakeClient) -> None:
    client = make_client()
    for answer in (client.get("/v1/voices"), convert(client)):
        assert answer.status_code == 404
        assert answer.json()["detail"]["status"] == "voices_disabled"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("anna", "anna"),
        ("  My voice (new) ", "My-voice-new"),
        ("Ann\u0061\u0301", "Anná"),
        ("王 小明", "王-小明"),
        ("a" * 500, "a" * 64),
        ("..", None),
        ("", None),
        ("🎤🎤", None),
    ],
)
def test_names_become_ids(text: str, name: str | None) -> None:
    assert to_voice_name(text) == name


def test_every_voice_is_listed(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.endpoints.elevenlabs._VOICES_A_READ", 2)
    for name in ("ben", "cleo", "dora"):
        client.post("/v1/voices/add", data={"name": name}, files={"files": VOICE})
    listed = client.get("/v1/voices").json()["voices"]
    assert [voice["voice_id"] for voice in listed] == ["anna", "ben", "cleo", "dora"]
