"""An outside speaker encoder as teacher and critic, differentiable from a 22050 Hz waveform."""

import math

import librosa
import torch
from resemblyzer import VoiceEncoder
from torch import Tensor, nn
from torch.nn import functional

from training.speech import SAMPLE_RATE_HZ

TEACHER_RATE_HZ = 16000
WINDOW_FRAMES = 160
"""Frames of 10 ms in one partial utterance, as the teacher was trained (Wan et al. 2018)."""


def resampling_kernel(zeros: int = 12) -> tuple[Tensor, int, int, int]:
    """A windowed-sinc polyphase bank from 22050 to 16000 Hz.

    Args:
        zeros: zero crossings of the sinc to each side.

    Returns:
        The bank [phases, 1, taps], its stride, its left padding and its phases.
    """
    common = math.gcd(SAMPLE_RATE_HZ, TEACHER_RATE_HZ)
    stride, phases = SAMPLE_RATE_HZ // common, TEACHER_RATE_HZ // common
    cutoff = 0.96 * TEACHER_RATE_HZ / SAMPLE_RATE_HZ
    reach = math.ceil(zeros / cutoff)
    taps = torch.arange(-reach, stride + reach, dtype=torch.float64)
    moment = torch.arange(phases, dtype=torch.float64)[:, None] * stride / phases
    offset = (taps - moment) * cutoff
    inside = (offset.abs() < zeros).double()
    window = torch.cos(offset * math.pi / zeros / 2) ** 2 * inside
    return (torch.sinc(offset) * window * cutoff)[:, None].float(), stride, reach, phases


class SpeakerTeacher(nn.Module):
    """Resemblyzer's GE2E encoder behind our own resampler and mel filter bank."""

    kernel: Tensor
    filters: Tensor
    hann: Tensor

    def __init__(self) -> None:
        """Loads the weights that the package ships; they stay frozen."""
        super().__init__()
        self.encoder = VoiceEncoder("cpu", verbose=False)
        self.encoder.requires_grad_(False)
        kernel, self.stride, self.reach, self.phases = resampling_kernel()
        filters = librosa.filters.mel(sr=TEACHER_RATE_HZ, n_fft=400, n_mels=40)
        self.register_buffer("kernel", kernel, persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters), persistent=False)
        self.register_buffer("hann", torch.hann_window(400), persistent=False)

    def mels(self, waveform: Tensor) -> Tensor:
        """Args:
            waveform: [batch, samples] at 22050 Hz.

        Returns:
            Power mel spectrogram, [batch, frames, 40], every 10 ms.
        """
        level = waveform.pow(2).mean(1, keepdim=True).add(1e-10).sqrt()
        waveform = waveform * (10 ** (-30 / 20) / level)
        padded = functional.pad(waveform[:, None], (self.reach, self.reach + self.stride))
        resampled = functional.conv1d(padded, self.kernel, stride=self.stride)
        resampled = resampled.transpose(1, 2).flatten(1)
        spectrum = torch.stft(
            resampled, 400, 160, window=self.hann, center=True, return_complex=True
        )
        power = spectrum.real**2 + spectrum.imag**2
        return torch.matmul(self.filters, power).transpose(1, 2)

    def forward(self, waveform: Tensor, hop_frames: int = WINDOW_FRAMES) -> Tensor:
        """Args:
            waveform: [batch, samples] at 22050 Hz; less than 1.6 s is one shorter window.
            hop_frames: frames of 10 ms from one partial utterance to the next.

        Returns:
            Unit speaker embeddings, [batch, 256], averaged over partial utterances.
        """
        mels = self.mels(waveform)
        if mels.shape[1] > WINDOW_FRAMES:
            windows = mels.unfold(1, WINDOW_FRAMES, hop_frames).transpose(2, 3)
        else:
            windows = mels[:, None]
        partial = self.encoder(windows.flatten(0, 1)).view(*windows.shape[:2], -1)
        return functional.normalize(partial.mean(1), dim=1)
