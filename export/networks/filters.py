"""Filter banks on spectrograms."""

import torch
from torch import Tensor


def mel_filters(
    sample_rate_hz: int, fft_samples: int, bands: int, upper_hz: float, lower_hz: float = 50.0
) -> Tensor:
    """Triangular filters evenly spaced in mel, each summing to one.

    The scale is O'Shaughnessy's, `2595 log10(1 + f / 700)`.

    Args:
        sample_rate_hz: Sample rate of the spectrogram.
        fft_samples: FFT length.
        bands: Number of filters.
        upper_hz: Frequency where the last filter ends.
        lower_hz: Frequency where the first filter begins.

    Returns:
        [bands, bins] with bins = fft_samples // 2 + 1.
    """
    edges_mel = torch.linspace(
        2595 * torch.log10(torch.tensor(1 + lower_hz / 700, dtype=torch.float64)).item(),
        2595 * torch.log10(torch.tensor(1 + upper_hz / 700, dtype=torch.float64)).item(),
        bands + 2,
        dtype=torch.float64,
    )
    edges = 700 * (10 ** (edges_mel / 2595) - 1) * fft_samples / sample_rate_hz
    # A band narrower than a bin would be empty: each filter reaches at least one bin to each side.
    left = torch.minimum(edges[:-2], edges[1:-1] - 1)[:, None]
    right = torch.maximum(edges[2:], edges[1:-1] + 1)[:, None]
    centre = edges[1:-1, None]
    bins = torch.arange(fft_samples // 2 + 1, dtype=torch.float64)
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    filters = torch.minimum(rising, falling).clamp(min=0)
    return (filters / filters.sum(1, keepdim=True)).float()
