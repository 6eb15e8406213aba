from pathlib import Path

import numpy as np
import pytest

from tests.training.speech_like import vowel


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `prepare` writes: three speakers, voiced for all but the third second of five."""
    from training.recordings import Recording

    folder = tmp_path_factory.mktemp("prepared")
    for index, pitch in enumerate((110.0, 160.0, 210.0)):
        waveform = np.round(vowel(pitch, 5.0) * 32767).astype(np.int16)
        contour = np.full(500, pitch, np.float32)
        contour[200:300] = 0
        features = np.random.default_rng(index).standard_normal((208, 12)).astype(np.float16)
        Recording(waveform, features, contour, 0.024, 0.028).save(folder / f"{index}-1-1.npz")
    return folder
