import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime import VoiceCloner, wav
from runtime.errors import AudioTooShort, InvalidOption, SilentAudio, UndecodableAudio
from runtime.files import convert_file, embed_file
from tests.audio import FORMATS, audio_file, voice, voice_file


@pytest.mark.parametrize("kind", FORMATS)
def test_files_give_what_memory_gives(cloner: VoiceCloner, tmp_path: Path, kind: str) -> None:
    data = voice_file(14.3, 16000, kind=kind)
    path = tmp_path / "clip.raw"
    path.write_bytes(data)
    output = tmp_path / "out.wav"
    told: list[float] = []
    source = embed_file(cloner, path, progress=told.append)
    speech = cloner.decode(data)
    assert source.samples == len(speech)
    assert sum(told) == pytest.approx(len(speech) / 22050)
    np.testing.assert_array_equal(source.tone, cloner.tone(speech))
    target = cloner.tone(voice(2.0, pitch_hz=220))
    told.clear()
    seed = convert_file(cloner, source, target, output, seed=5, progress=told.append)
    assert seed == 5
    assert len(told) > 3
    assert sum(told) == pytest.approx(len(speech) / 22050)
    expected = cloner.convert(speech, source.tone, target, seed=5)
    assert output.read_bytes() == wav.encode(expected, 22050)


def test_a_silent_file_is_a_source_and_no_target(cloner: VoiceCloner, tmp_path: Path) -> None:
    path = tmp_path / "silent.wav"
    path.write_bytes(audio_file(np.zeros(22050, np.float32)))
    with pytest.raises(SilentAudio):
        embed_file(cloner, path)
    assert embed_file(cloner, path, allow_silent=True).samples == 22050


def test_a_short_target_is_refused(cloner: VoiceCloner, tmp_path: Path) -> None:
    path = tmp_path / "short.wav"
    path.write_bytes(voice_file(0.05))
    with pytest.raises(AudioTooShort):
        embed_file(cloner, path, minimum_seconds=0.5)


def test_a_result_may_replace_its_source(cloner: VoiceCloner, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(voice_file(4.0))
    source = embed_file(cloner, path)
    convert_file(cloner, source, source.tone, path)
    assert soundfile.info(path).frames == 4 * 22050
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.wav"]


def test_what_fails_leaves_nothing_behind(cloner: VoiceCloner, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    output = tmp_path / "out.wav"
    path.write_bytes(voice_file(4.0))
    output.write_bytes(b"before")
    source = embed_file(cloner, path)
    path.write_bytes(b"no longer audio")
    with pytest.raises(UndecodableAudio):
        convert_file(cloner, source, source.tone, output)
    with pytest.raises(InvalidOption):
        convert_file(cloner, source, source.tone, output, tau=7)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        convert_file(cloner, source, source.tone, tmp_path / "nowhere" / "out.wav")
    assert output.read_bytes() == b"before"
    assert {entry.name for entry in tmp_path.iterdir()} == {"clip.wav", "out.wav"}


def test_a_pipe_is_written_to_and_not_replaced(cloner: VoiceCloner, tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    path.write_bytes(voice_file(0.5))
    source = embed_file(cloner, path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        convert_file(cloner, source, source.tone, pipe)
        received, _ = reader.communicate(timeout=30)
    assert len(received) == 44 + 2 * round(0.5 * 22050)
    assert pipe.is_fifo()


# the kernel's own peak of this process: getrusage's counts what its parent held, too
_STATUS = Path("/proc/self/status")
_MEASURE = """
import re, sys
from pathlib import Path
from runtime.commands.main import main
code = main(sys.argv[1:])
print(code, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not _STATUS.exists(), reason="this system does not tell a process's peak memory"
)
def test_memory_does_not_grow_with_length(bundle: Path, tmp_path: Path) -> None:
    minute = voice(60.0, 16000)
    peaks = []
    for minutes in (1, 15):
        path = tmp_path / f"{minutes}.flac"
        path.write_bytes(audio_file(np.tile(minute, minutes), 16000, format="FLAC"))
        arguments = ["--target", tmp_path / "1.flac", "--source", path]
        arguments += ["--output", tmp_path / "out.wav", "--model", bundle, "--threads", 1]
        done = subprocess.run(
            [sys.executable, "-c", _MEASURE, "clone", *map(str, arguments)],
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        code, peak = done.stdout.splitlines()[-1].split()
        assert code == "0", done.stderr
        assert soundfile.info(tmp_path / "out.wav").frames == minutes * 60 * 22050
        peaks.append(int(peak))
    assert peaks[1] < 1.15 * peaks[0]
