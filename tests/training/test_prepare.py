from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch", reason="needs torch")
pytestmark = pytest.mark.torch

import torch
from torch import Tensor

import training.prepare
from tests.training.speech_like import vowel
from training.recordings import Recordings


class Listener:
    def __call__(self, waveform: Tensor) -> list[Tensor]:
        return [torch.ones(1, waveform.shape[1] // 529, 4)] * 7


def test_the_first_folder_is_split_and_paced_and_others_are_taken_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training.prepare, "Listener", Listener)
    monkeypatch.setattr(training.prepare, "pitch_hz", lambda waveform: np.zeros(100))
    read, others, made = (tmp_path / name for name in ("read", "others", "made"))
    for folder, names in ((read, ("a-1-1", "b-1-1")), (others, ("c",))):
        folder.mkdir()
        for name in names:
            soundfile.write(folder / f"{name}.flac", vowel(120.0, 2.0), 22050)
    training.prepare.prepare([read, others], made)
    stems = sorted(path.stem for path in made.iterdir())
    # The first of eight speakers is held out.
    assert stems == ["b-1-1", "b-1-1@0.89", "b-1-1@1.12", "c"]
    lengths = [len(row.waveform) / 44100 for row in Recordings(made, 1).rows]
    assert lengths == pytest.approx([1, 1 / 0.89, 1 / 1.12, 1], abs=0.01)
