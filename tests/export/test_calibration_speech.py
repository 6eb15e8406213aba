from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

from export.calibration_speech import SAMPLES, find_recordings, read_speech
from export.eager import eager_cloner
from export.errors import CalibrationError
from runtime import VoiceCloner
from tests.export.toys import FACTS, LATENT, toys


@pytest.fixture
def cloner() -> VoiceCloner:
    return eager_cloner(FACTS.manifest(20, 2, 1), *toys())


def test_a_third_of_the_samples_is_kept_unseen(cloner: VoiceCloner) -> None:
    speech = read_speech(find_recordings(SAMPLES), cloner)
    assert len(speech.seen) >= 2 * len(speech.unseen) > 0
    for clip in speech.seen + speech.unseen:
        frames = clip["spectrogram"].shape[2]
        assert 0 < frames <= 173
        assert clip["spectrogram"].shape == (1, 513, frames)
        assert clip["source_tone"].shape == clip["target_tone"].shape == (1, 256, 1)
        assert clip["noise"].shape == (1, LATENT, frames)
    digests = [clip["spectrogram"].tobytes() for clip in speech.seen + speech.unseen]
    assert len(set(digests)) == len(digests)


def test_very_many_recordings_are_thinned_out(tmp_path: Path) -> None:
    for index in range(100):
        (tmp_path / f"{index:03}.wav").touch()
    names = [path.name for path in find_recordings(tmp_path)]
    assert len(names) == 20
    assert names[:2] == ["000.wav", "005.wav"]


def test_too_few_recordings_are_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "one.FLAC").touch()
    with pytest.raises(CalibrationError, match="holds 1 recordings"):
        find_recordings(tmp_path)
    with pytest.raises(CalibrationError, match="holds 0 recordings"):
        find_recordings(tmp_path / "none")


@pytest.mark.parametrize(
    ("samples", "message"),
    [(np.zeros(9000), "is silent"), (None, "broken")],
    ids=["silent", "text"],
)
def test_what_is_no_speech_is_named(
    tmp_path: Path, cloner: VoiceCloner, samples: np.ndarray | None, message: str
) -> None:
    path = tmp_path / "broken.wav"
    if samples is None:
        path.write_text("no audio")
    else:
        soundfile.write(path, samples, 22050)
    with pytest.raises(CalibrationError, match=message):
        read_speech([path], cloner)
