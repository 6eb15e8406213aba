"""The package resemble-perth, run without librosa, scipy, torchaudio and pkg_resources.

It needs them for resampling and for a short-time Fourier transform; stand-ins give the same. What
it takes of scipy, it does not use here.
"""

import sys
import types
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
import soxr
import torch
from torch import Tensor, nn


class _Spectrogram(nn.Module):
    window: Tensor

    def __init__(self, n_fft: int, hop_length: int, **others: Any) -> None:
        super().__init__()
        self.sizes = (n_fft, hop_length)
        self.register_buffer("window", torch.hann_window(n_fft))


class Forward(_Spectrogram):
    def forward(self, signal: Tensor) -> Tensor:
        return torch.stft(signal, *self.sizes, window=self.window, return_complex=True)


class Inverse(_Spectrogram):
    def forward(self, spectrum: Tensor) -> Tensor:
        return torch.istft(spectrum, *self.sizes, window=self.window)


class Stretch(nn.Module):
    def __init__(self, n_freq: int, hop_length: int) -> None:
        super().__init__()
        self.register_buffer("phase_advance", torch.zeros(n_freq, 1))


def resample(signal: Any, orig_sr: int, target_sr: int, **others: Any) -> Any:
    return soxr.resample(signal, orig_sr, target_sr).astype(np.float32)


def open_original(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the package's watermarker, on the CPU."""
    package = files("perth")

    def module(name: str, **members: Any) -> None:
        stand_in = types.ModuleType(name)
        stand_in.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, stand_in)

    module("pkg_resources", resource_filename=lambda _, name: str(package / "perth_net" / name))
    module("librosa", resample=resample)
    module("scipy")
    module("scipy.signal", butter=None, filtfilt=None)
    module("torchaudio")
    module(
        "torchaudio.transforms",
        Spectrogram=Forward,
        InverseSpectrogram=Inverse,
        TimeStretch=Stretch,
    )
    for name in [name for name in sys.modules if name.partition(".")[0] == "perth"]:
        monkeypatch.delitem(sys.modules, name)
    import perth

    return perth.PerthImplicitWatermarker()
