from importlib.metadata import distribution
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

pytest.importorskip("torch", reason="needs torch")
if find_spec("moonshine_voice") is None:
    pytest.skip("needs moonshine-voice, of the training extra", allow_module_level=True)
pytestmark = [pytest.mark.torch, pytest.mark.slow]

import soundfile
import torch

from training.listener import LEVEL, Listener
from training.losses import misheard

SAMPLES = Path(__file__).parents[2] / "samples"


def speech(name: str) -> torch.Tensor:
    waveform, _ = soundfile.read(SAMPLES / f"{name}.flac", dtype="float32")
    return torch.from_numpy(waveform[:66150])[None]


def test_it_hears_what_the_shipped_graph_hears() -> None:
    listener, waveform = Listener(), speech("english-woman")
    scaled = waveform * (LEVEL / waveform.pow(2).mean().sqrt())
    resampled = listener.resampler(scaled).numpy()
    path = "moonshine_voice/assets/tiny-en/encoder_model.ort"
    session = onnxruntime.InferenceSession(
        str(distribution("moonshine-voice").locate_file(path)), providers=["CPUExecutionProvider"]
    )
    mask = np.ones(resampled.shape, np.int64)
    (expected,) = session.run(None, {"input_values": resampled, "attention_mask": mask})
    heard = listener(waveform)[-1].numpy()
    assert heard.shape == expected.shape
    # The graph rounds what it multiplies to 8 bits.
    assert np.corrcoef(heard.ravel(), expected.ravel())[0, 1] > 0.99


def test_other_words_are_further_than_noise_and_another_level_is_the_same() -> None:
    listener, waveform = Listener(), speech("english-woman")
    wanted = listener(waveform)
    noise = torch.randn(waveform.shape, generator=torch.Generator().manual_seed(1))
    noisy = listener(waveform + 0.03 * waveform.std() * noise)
    others = listener(waveform.flip(1))
    assert float(misheard(listener(0.3 * waveform), wanted)) < 0.01
    assert 0.01 < float(misheard(noisy, wanted)) < 0.5 * float(misheard(others, wanted))


def test_it_is_differentiable_and_frozen() -> None:
    listener, waveform = Listener(), speech("english-woman")[:, :22050].requires_grad_()
    listener(waveform)[-1].abs().sum().backward()
    assert waveform.grad is not None and bool(waveform.grad.abs().sum() > 0)
    assert all(p.grad is None for p in listener.parameters())
