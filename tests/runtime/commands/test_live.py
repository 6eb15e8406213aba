import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from runtime import VoiceCloner, wav
from runtime.commands.main import main
from tests.audio import voice, voice_file

ROOT = Path(__file__).parents[3]


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    (tmp_path / "target.flac").write_bytes(voice_file(1.0, kind="flac", pitch_hz=200))
    (tmp_path / "speaker.flac").write_bytes(voice_file(2.0, kind="flac"))
    speech = voice(2.0, 16_000)
    (tmp_path / "speech.s16").write_bytes(wav.pcm16(speech))
    (tmp_path / "speech.f32").write_bytes(speech.tobytes())
    return tmp_path


def _arguments(clips: Path, bundle: Path, *more: str) -> list[str]:
    fixed = ["live", "--model", str(bundle), "--provider", "cpu", "--threads", "1"]
    return [*fixed, "--target", str(clips / "target.flac"), "--rate", "16000", *more]


def _files(clips: Path, source: str) -> list[str]:
    return ["--input", str(clips / source), "--output", str(clips / "out.s16")]


def test_a_file_is_converted(
    clips: Path, bundle: Path, cloner: VoiceCloner, capsys: pytest.CaptureFixture[str]
) -> None:
    wishes = ["--speaker", str(clips / "speaker.flac"), "--latency", "exact", "--seed", "4"]
    arguments = _arguments(clips, bundle, *wishes, *_files(clips, "speech.s16"))
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"live: 16-bit mono at 22050 Hz, 0\.\d+ s behind .*, seed 4\n", said.err)
    found = np.frombuffer((clips / "out.s16").read_bytes(), "<i2")
    target, speaker = (
        cloner.tone(cloner.decode((clips / name).read_bytes()))
        for name in ("target.flac", "speaker.flac")
    )
    live = cloner.live(target, latency="exact", source_tone=speaker, sample_rate_hz=16_000, seed=4)
    sent = np.frombuffer((clips / "speech.s16").read_bytes(), "<i2").astype(
        np.float32
    ) / np.float32(32768)
    expected = np.concatenate([live.feed(sent), live.finish()])
    assert len(found) == 44_100
    np.testing.assert_array_equal(found, np.frombuffer(wav.pcm16(expected), "<i2"))


def test_float_samples_are_taken(clips: Path, bundle: Path) -> None:
    wishes = ["--format", "pcm_f32le", "--seed", "1"]
    assert main(_arguments(clips, bundle, *wishes, *_files(clips, "speech.f32"))) == 0
    assert len((clips / "out.s16").read_bytes()) == 2 * 44_100


def test_it_stands_in_a_pipe(clips: Path, bundle: Path) -> None:
    command = [sys.executable, "-m", "runtime", *_arguments(clips, bundle, "--seed", "1")]
    speech = (clips / "speech.s16").read_bytes()
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        # what was said comes back while the microphone is still open
        process.stdin.write(speech[:-3001])
        process.stdin.flush()
        early = process.stdout.read(4096)
        rest, said = process.communicate(speech[-3001:], timeout=60)
    assert process.returncode == 0, said
    assert len(early) == 4096
    assert len(early + rest) == 2 * 44_100


def test_it_ends_quietly_when_nobody_listens(clips: Path, bundle: Path) -> None:
    command = [sys.executable, "-m", "runtime", *_arguments(clips, bundle)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdout = None
        _, said = process.communicate((clips / "speech.s16").read_bytes(), timeout=60)
    assert process.returncode == 0
    assert said.count(b"\n") == 1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--rate", "4000"], "sample_rate is 4000: a whole number from 8000 to 48000"),
        (["--tau", "2"], "tau is 2.0"),
        (["--input", "/nonexistent"], "/nonexistent: No such file"),
        (["--target", "/nonexistent"], "/nonexistent: No such file"),
    ],
)
def test_failures_are_one_line(
    clips: Path, bundle: Path, capsys: pytest.CaptureFixture[str], more: list[str], message: str
) -> None:
    assert main([*_arguments(clips, bundle), *_files(clips, "speech.s16"), *more]) == 1
    assert message in capsys.readouterr().err.splitlines()[-1]
