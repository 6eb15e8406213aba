import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from export.networks.reference_encoder import ReferenceEncoder


@pytest.mark.parametrize("frames", [1, 2, 63, 64, 65, 173])
def test_any_number_of_frames_gives_one_tone(frames: int) -> None:
    tone = ReferenceEncoder(bins=65, tone_dimension=16)(torch.rand(3, 65, frames))
    assert tone.shape == (3, 16, 1)
    assert torch.isfinite(tone).all()


def test_frames_are_normalised_one_by_one() -> None:
    encoder = ReferenceEncoder(bins=65, tone_dimension=16).eval()
    spectrogram = torch.rand(1, 65, 40)
    louder = spectrogram * torch.linspace(1, 100, 40)
    torch.testing.assert_close(encoder(louder), encoder(spectrogram), rtol=0, atol=1e-3)
