import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.commands.main import main
from tests.audio import audio_file, voice_file


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    (tmp_path / "a.mp3").write_bytes(voice_file(1.0, 44100, kind="mp3"))
    (tmp_path / "a2.ogg").write_bytes(voice_file(2.0, 48000, kind="ogg-opus"))
    (tmp_path / "b.flac").write_bytes(voice_file(1.5, kind="flac", pitch_hz=200))
    return tmp_path


def _clone(clips: Path, bundle: Path, **changes: str) -> list[str]:
    options = {"target": "a.mp3", "source": "b.flac", "output": "c.wav"} | changes
    arguments = ["clone", "--model", str(bundle), "--provider", "cpu", "--threads", "1"]
    for name, value in options.items():
        is_file = name in {"target", "source", "output"}
        arguments += [f"--{name}", str(clips / value) if is_file else value]
    return arguments


def test_a_file_is_written(clips: Path, bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_clone(clips, bundle, tau="1", temperature="0.5", seed="7")) == 0
    printed = capsys.readouterr()
    assert re.fullmatch(r".*c\.wav: 1\.50 s of audio in [\d.]+ s, seed 7\n", printed.out)
    assert printed.err == ""
    info = soundfile.info(clips / "c.wav")
    assert (info.samplerate, info.frames, info.subtype) == (22050, 33075, "PCM_16")


def test_the_printed_seed_repeats_the_result(
    clips: Path, bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_clone(clips, bundle)) == 0
    seed = capsys.readouterr().out.split()[-1]
    assert main(_clone(clips, bundle, output="d.wav", seed=seed)) == 0
    # only the ids in the labels differ
    first, second = (soundfile.read(clips / name)[0] for name in ("c.wav", "d.wav"))
    assert np.array_equal(first, second)


def test_several_targets_are_taken(clips: Path, bundle: Path) -> None:
    arguments = _clone(clips, bundle, seed="1")
    position = arguments.index("--target") + 2
    both = [*arguments[:position], str(clips / "a2.ogg"), *arguments[position:]]
    assert main(both) == 0
    together = (clips / "c.wav").read_bytes()
    assert main(arguments) == 0
    assert (clips / "c.wav").read_bytes() != together


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"source": "text.wav"}, "text.wav: the file is not WAV, MP3, FLAC or OGG"),
        ({"source": "missing.wav"}, "missing.wav: No such file or directory"),
        ({"source": "."}, "Is a directory"),
        ({"target": "silent.wav"}, "silent.wav: the audio is silent, and a voice is needed"),
        (
            {"target": "blip.wav"},
            "blip.wav: the audio is 0.050 s long, and at least 0.5 s are needed",
        ),
        ({"output": "nowhere/c.wav"}, "nowhere: No such file or directory"),
        ({"output": "c.mp3"}, "the result is a WAV file; name it .wav"),
        ({"tau": "nan"}, "tau is nan: a number from 0 to 1 is needed"),
        ({"temperature": "2"}, "temperature is 2.0: a number from 0 to 1 is needed"),
        ({"seed": "-1"}, "seed is -1: a whole number"),
        ({"threads": "0"}, "threads is 0: a whole number"),
        ({"model": "/nonexistent"}, "/nonexistent: not a folder"),
    ],
)
def test_failures_are_one_line(
    clips: Path,
    bundle: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, str],
    message: str,
) -> None:
    (clips / "text.wav").write_text("not audio\n" * 100)
    (clips / "silent.wav").write_bytes(audio_file(np.zeros(22050, np.float32)))
    (clips / "blip.wav").write_bytes(voice_file(0.05))
    assert main(_clone(clips, bundle, **changes)) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    assert message in printed.err
    assert not (clips / "c.wav").exists()


def test_a_silent_source_gives_silence(clips: Path, bundle: Path) -> None:
    (clips / "silent.wav").write_bytes(audio_file(np.zeros(5000, np.float32)))
    assert main(_clone(clips, bundle, source="silent.wav")) == 0
    found, _ = soundfile.read(clips / "c.wav")
    assert len(found) == 5000
    assert not found.any()


def test_an_interruption_is_no_traceback(
    clips: Path,
    bundle: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runtime.commands.clone.convert_file", interrupt)
    assert main(_clone(clips, bundle)) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_info_is_json(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", "--model", str(bundle), "--provider", "cpu", "--threads", "3"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["manifest"]["name"] == "tiny"
    assert document["providers"] == ["CPUExecutionProvider"]
    assert document["threads"] == 3
    assert set(document["int8"]) == {"fast", "exact", "reason"}
    assert set(document["versions"]) == {"python", "numpy", "onnxruntime", "libsndfile"}


@pytest.mark.parametrize("arguments", [[], ["clone"], ["clone", "--tau", "much"], ["sing"]])
def test_what_is_not_understood_exits_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage: python -m runtime" in capsys.readouterr().err


def test_it_runs_as_a_module(clips: Path, bundle: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "runtime", *_clone(clips, bundle, source="a2.ogg")],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert soundfile.info(clips / "c.wav").frames == 44100
