import io
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import mutagen
import numpy as np
import pytest
import soundfile
from mutagen.flac import FLAC
from mutagen.id3 import TXXX
from mutagen.id3 import Encoding as TextEncoding
from mutagen.mp3 import MP3
from mutagen.oggopus import OggOpus

from runtime.encoding import Codec, Encoding, open_encoder
from runtime.marking.label import Label
from runtime.marking.labelling import find_label, with_label
from tests.audio import FORMATS, voice, voice_file

LABEL = Label('示例 "producer"', "request-0123456789")
SUFFIXES: dict[Codec, str] = {"wav": ".wav", "flac": ".flac", "mp3": ".mp3", "ogg": ".ogg"}
RATE_HZ = 24000


def encoded(codec: Codec, label: Label | None, block: int, seconds: float = 1.3) -> bytes:
    samples = voice(seconds, RATE_HZ)
    encoding = Encoding.choose(codec, RATE_HZ)
    encoder = open_encoder(encoding, len(samples), RATE_HZ)
    if label is not None:
        encoder = with_label(encoder, codec, label)
    parts = [encoder.encode(samples[at : at + block]) for at in range(0, len(samples), block)]
    return b"".join([*parts, encoder.finish()])


@pytest.mark.parametrize("block", [997, 1 << 20])
@pytest.mark.parametrize("codec", SUFFIXES)
def test_a_label_is_found_again(codec: Codec, block: int) -> None:
    assert find_label(encoded(codec, LABEL, block)) == LABEL


@pytest.mark.parametrize("codec", SUFFIXES)
def test_the_audio_is_what_it_would_be_without(codec: Codec) -> None:
    plain, _ = soundfile.read(io.BytesIO(encoded(codec, None, 4801)))
    labelled, rate_hz = soundfile.read(io.BytesIO(encoded(codec, LABEL, 4801)))
    assert rate_hz == (48000 if codec == "ogg" else RATE_HZ)
    np.testing.assert_array_equal(labelled, plain)


def test_a_wav_file_has_the_header_and_samples_of_one_without() -> None:
    plain, labelled = encoded("wav", None, 4801), encoded("wav", LABEL, 4801)
    assert labelled[8 : len(plain)] == plain[8:]
    assert int.from_bytes(labelled[4:8], "little") == len(labelled) - 8


def test_mutagen_reads_the_labels(tmp_path: Path) -> None:
    found: dict[str, Any] = {}
    for codec, suffix in SUFFIXES.items():
        path = tmp_path / f"a{suffix}"
        path.write_bytes(encoded(codec, LABEL, 4801))
        found[codec] = mutagen.File(path)
        assert found[codec].info.length == pytest.approx(1.3, abs=0.01)
    assert [type(found[codec]) for codec in ("flac", "ogg", "mp3")] == [FLAC, OggOpus, MP3]
    assert found["flac"]["aigc"] == found["ogg"]["aigc"] == [LABEL.to_json()]
    assert found["mp3"].tags["TXXX:AIGC"].text == [LABEL.to_json()]


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="no ffprobe on the PATH")
@pytest.mark.parametrize("codec", SUFFIXES)
def test_ffprobe_reads_the_metadata_without_a_complaint(codec: Codec, tmp_path: Path) -> None:
    path = tmp_path / f"a{SUFFIXES[codec]}"
    path.write_bytes(encoded(codec, LABEL, 4801))
    command = [
        "ffprobe",
        "-v",
        "warning",
        "-of",
        "json",
        "-show_format",
        "-show_streams",
        str(path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    document = json.loads(done.stdout)
    tags = document["format"].get("tags", {}) | document["streams"][0].get("tags", {})
    tags = {name.lower(): text for name, text in tags.items()}
    if codec == "wav":
        assert tags["comment"] == "AI-generated speech"
    else:
        assert tags["aigc"] == LABEL.to_json()


def test_soundfile_reads_the_comment_of_a_wav_file() -> None:
    with soundfile.SoundFile(io.BytesIO(encoded("wav", LABEL, 4801))) as file:
        assert file.comment == "AI-generated speech"


@pytest.mark.parametrize("kind", FORMATS)
def test_files_of_others_have_no_label(kind: str) -> None:
    assert find_label(voice_file(0.5, 48000, kind=kind)) is None


@pytest.mark.parametrize("codec", SUFFIXES)
def test_a_damaged_file_is_read_without_an_error(codec: Codec) -> None:
    whole = encoded(codec, LABEL, 4801, seconds=0.1)
    for stop in range(0, min(len(whole), 900), 7):
        find_label(whole[:stop])
    generator = np.random.default_rng(3)
    for _ in range(300):
        damaged = bytearray(whole)
        for place in generator.integers(0, min(len(whole), 900), 5):
            damaged[place] = generator.integers(0, 256)
        find_label(bytes(damaged))


def test_labels_that_mutagen_writes_are_found(tmp_path: Path) -> None:
    for codec in ("flac", "ogg"):
        path = tmp_path / f"a{SUFFIXES[codec]}"
        path.write_bytes(encoded(codec, None, 4801))
        file = mutagen.File(path)
        # longer than a page
        file["padding"] = "x" * 70_000
        file["AIGC"] = LABEL.to_json()
        file.save()
        assert find_label(path.read_bytes()) == LABEL
    path = tmp_path / "a.mp3"
    path.write_bytes(encoded("mp3", None, 4801))
    for version in (3, 4):
        for encoding in (TextEncoding.UTF16, TextEncoding.UTF8):
            mutagen.File(path).delete()
            file = mutagen.File(path)
            file.add_tags()
            frame: Any = TXXX
            file.tags.add(frame(encoding=encoding, desc="AIGC", text=LABEL.to_json()))
            file.save(v2_version=version)
            assert find_label(path.read_bytes()) == LABEL


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"Label"', b"\xff", b"[" * 10_000])
def test_what_is_no_label_is_none(text: bytes) -> None:
    assert Label.from_json(text) is None


def test_raw_samples_hold_no_label() -> None:
    assert encoded("pcm", LABEL, 4801) == encoded("pcm", None, 4801)
