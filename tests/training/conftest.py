import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from tests.training.speech_like import vowel


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `prepare` writes, for two speakers of one rate with one other voice each."""
    pytest.importorskip("torch", reason="needs torch")
    from training.recordings import Recording

    folder = tmp_path_factory.mktemp("prepared")
    waveforms, contours, start = [], [], 0
    rows: list[Recording] = []
    for speaker, pitches in {"1": (110.0, 160.0), "2": (210.0, 140.0)}.items():
        for voice, pitch in enumerate(pitches):
            waveform = np.round(vowel(pitch, 5.0) * 32767).astype(np.int16)
            contour = np.full(500, pitch, np.float32)
            contour[200:300] = 0
            place = (start, len(waveform), 500 * len(rows), len(contour))
            rows.append(Recording(speaker, 1.0, voice, *place, float(np.log(pitch)), 0.1))
            waveforms.append(waveform)
            contours.append(contour)
            start += len(waveform)
    np.save(folder / "waveforms.npy", np.concatenate(waveforms))
    np.save(folder / "pitch.npy", np.concatenate(contours))
    (folder / "recordings.json").write_text(json.dumps([asdict(row) for row in rows]))
    teacher = np.random.default_rng(7).standard_normal((len(rows), 256)).astype(np.float32)
    np.save(folder / "teacher.npy", teacher / np.linalg.norm(teacher, axis=1, keepdims=True))
    return folder
