"""The smooth spectral envelope of a voice, and the scale of frequency that it is described on."""

import math

import torch
from torch import Tensor, nn

SCALE_HZ = 2000.0
"""Bands are evenly spaced in log(1 + f / 2000): 47 Hz apart at the bottom, 240 Hz at 8 kHz."""
SMOOTHING_HZ = (70.0, 90.0, 115.0, 148.0, 190.0, 244.0, 313.0, 402.0)
"""Half-widths that the envelope is smoothed by; a triangle as wide as the pitch hides harmonics."""
UNVOICED_HZ = 150.0
"""Half-width where there is no pitch."""
GROUP_BANDS = 16
"""Neighbouring bands that are smoothed by one matrix product, over the bins that they reach."""


def band_spacing(bands: int, upper_hz: float) -> float:
    """Give the step between bands in log(1 + f / `SCALE_HZ`), from 0 Hz to `upper_hz`."""
    return math.log1p(upper_hz / SCALE_HZ) / (bands - 1)


def band_centres_hz(bands: int, upper_hz: float) -> Tensor:
    """Give the centres of the envelope's bands, from 0 Hz to `upper_hz`, float64 [bands]."""
    top = math.log1p(upper_hz / SCALE_HZ)
    return SCALE_HZ * torch.expm1(torch.linspace(0, top, bands, dtype=torch.float64))


def smoothing(bands: int, fft_samples: int, sample_rate_hz: int, half_width_hz: float) -> Tensor:
    """Make triangular weights over the bins of a power spectrum, mirrored at 0 Hz.

    Args:
        bands: Number of bands up to half the sample rate.
        fft_samples: FFT length.
        sample_rate_hz: Sample rate.
        half_width_hz: Half-width of each triangle, where bands are not further apart than that.

    Returns:
        [bands, bins], each row of sum one.
    """
    centres = band_centres_hz(bands, sample_rate_hz / 2)
    spacing = (centres + SCALE_HZ) * math.log1p(sample_rate_hz / 2 / SCALE_HZ) / (bands - 1)
    half = spacing.clamp(min=half_width_hz)[:, None]
    bins = torch.arange(fft_samples // 2 + 1, dtype=torch.float64)
    frequencies = bins * sample_rate_hz / fft_samples
    weights = (1 - (frequencies - centres[:, None]).abs() / half).clamp(min=0)
    mirrored = (1 - (frequencies + centres[:, None]).abs() / half).clamp(min=0)
    mirrored[:, 0] = 0
    total = weights + mirrored
    return (total / total.sum(1, keepdim=True)).float()


def interpolation(bands: int, fft_samples: int, sample_rate_hz: int) -> Tensor:
    """Make the linear interpolation from bands to the bins of a spectrum, [bins, bands]."""
    bins = torch.arange(fft_samples // 2 + 1, dtype=torch.float64)
    top = math.log1p(sample_rate_hz / 2 / SCALE_HZ)
    place = torch.log1p(bins * sample_rate_hz / fft_samples / SCALE_HZ) / top * (bands - 1)
    distance = (place[:, None] - torch.arange(bands, dtype=torch.float64)).abs()
    return (1 - distance).clamp(min=0).float()


def cosine_basis(coefficients: int, bands: int) -> Tensor:
    """Make the first rows of the orthonormal discrete cosine transform, [coefficients, bands]."""
    place = (torch.arange(bands, dtype=torch.float64) + 0.5) * math.pi / bands
    rows = torch.cos(torch.arange(coefficients, dtype=torch.float64)[:, None] * place)
    rows *= math.sqrt(2 / bands)
    rows[0] /= math.sqrt(2)
    return rows.float()


def reached(weights: Tensor) -> tuple[int, int]:
    """Give the bins that weights [widths, bands, bins] reach: the first, and one past the last."""
    places = torch.nonzero(weights.amax((0, 1)))[:, 0]
    return int(places[0]), int(places[-1]) + 1


class Envelope(nn.Module):
    """A log-spectral envelope that harmonics have been smoothed out of, whatever the pitch.

    The smoothing is as wide as the pitch, as in CheapTrick (Morise 2015): over a triangle of that
    half-width, evenly spaced harmonics add up to the same power wherever the triangle lies.

    Args:
        bands: Number of bands from 0 Hz to half the sample rate.
        fft_samples: Window and FFT length of the spectrogram; the window is a Hann.
        sample_rate_hz: Sample rate.
    """

    widths: Tensor

    def __init__(self, bands: int, fft_samples: int, sample_rate_hz: int) -> None:
        super().__init__()
        matrices = [smoothing(bands, fft_samples, sample_rate_hz, h) for h in SMOOTHING_HZ]
        groups = torch.split(torch.stack(matrices), GROUP_BANDS, dim=1)
        self.reaches = [reached(group) for group in groups]
        for index, (group, (first, end)) in enumerate(zip(groups, self.reaches, strict=True)):
            weights = group[..., first:end].flatten(0, 1)
            self.register_buffer(f"weights_{index}", weights, persistent=False)
        widths = torch.log(torch.tensor(SMOOTHING_HZ))[None, :, None]
        self.register_buffer("widths", widths, persistent=False)
        self.ratio = math.log(SMOOTHING_HZ[-1] / SMOOTHING_HZ[0]) / (len(SMOOTHING_HZ) - 1)
        # What a Hann window makes of white noise of variance one.
        self.white = 0.5 * math.log(fft_samples * 0.375)

    def forward(self, spectrogram: Tensor, log_f0_hz: Tensor, voiced: Tensor) -> Tensor:
        """Describe what a white excitation has to be filtered by.

        Args:
            spectrogram: Linear magnitude, [batch, bins, frames].
            log_f0_hz: Natural logarithm of F0 in hertz, [batch, 1, frames].
            voiced: 0 or 1, same shape.

        Returns:
            Natural log-gain over an excitation of power one, [batch, bands, frames].
        """
        power = spectrogram * spectrogram
        smoothed = [
            torch.matmul(self.get_buffer(f"weights_{index}"), power[:, first:end])
            for index, (first, end) in enumerate(self.reaches)
        ]
        by_width = [torch.unflatten(group, 1, (len(SMOOTHING_HZ), -1)) for group in smoothed]
        logs = 0.5 * torch.log(torch.cat(by_width, 2))
        width = voiced * log_f0_hz + (1 - voiced) * math.log(UNVOICED_HZ)
        width = width.clamp(math.log(SMOOTHING_HZ[0]), math.log(SMOOTHING_HZ[-1]))
        shares = (1 - (width - self.widths).abs() / self.ratio).clamp(min=0)
        return (logs * shares.unsqueeze(2)).sum(1) - self.white
