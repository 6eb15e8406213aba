"""What training minimises, apart from the adversarial terms."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.compact import mel_filters
from training.speech import SAMPLE_RATE_HZ

RESOLUTIONS = ((2048, 512, 100), (1024, 256, 80), (512, 128, 56), (256, 64, 32))
"""FFT length, hop and mel bands of each spectral loss."""
FLOOR = 1e-3


def magnitude(waveform: Tensor, window: Tensor, hop_samples: int) -> Tensor:
    """The runtime's spectrogram of a waveform that brings its own margins.

    Args:
        waveform: [batch, samples].
        window: [fft].
        hop_samples: hop.

    Returns:
        [batch, fft // 2 + 1, frames].
    """
    spectrum = torch.stft(
        waveform, len(window), hop_samples, window=window, center=False, return_complex=True
    )
    return torch.sqrt(spectrum.real**2 + spectrum.imag**2 + 1e-6)


class SpectralLoss(nn.Module):
    """Mean absolute difference of log-mel spectrograms at several resolutions."""

    def __init__(self, upper_hz: float) -> None:
        """Args:
        upper_hz: where the bands end.
        """
        super().__init__()
        for fft_samples, _, bands in RESOLUTIONS:
            filters = mel_filters(SAMPLE_RATE_HZ, fft_samples, bands, upper_hz)
            self.register_buffer(f"filters_{fft_samples}", filters, persistent=False)
            window = torch.hann_window(fft_samples)
            self.register_buffer(f"window_{fft_samples}", window, persistent=False)

    def forward(self, made: Tensor, wanted: Tensor) -> Tensor:
        """Args:
            made: [batch, samples].
            wanted: [batch, samples].

        Returns:
            A scalar, in nepers, averaged over resolutions.
        """
        total = made.new_zeros(())
        for fft_samples, hop_samples, _ in RESOLUTIONS:
            filters = self.get_buffer(f"filters_{fft_samples}")
            window = self.get_buffer(f"window_{fft_samples}")
            # Windows of every length are scaled to the level of the 1024-sample one.
            scale = 1024 / fft_samples
            is_made, is_wanted = (
                torch.log(torch.matmul(filters, magnitude(w, window, hop_samples)) * scale + FLOOR)
                for w in (made, wanted)
            )
            total = total + functional.l1_loss(is_made, is_wanted)
        return total / len(RESOLUTIONS)


def divergence(latent: Tensor, log_scale: Tensor) -> Tensor:
    """KL divergence of the posterior, after a volume-preserving flow, from a standard normal.

    Equation 3 of VITS (Kim et al. 2021) with a fixed prior.

    Args:
        latent: the flow's output for a posterior sample, [batch, channels, frames].
        log_scale: the posterior's log-scale, same shape.

    Returns:
        A scalar, in nats a channel and frame.
    """
    return (0.5 * latent**2 - log_scale - 0.5).mean()


def pitch_loss(log_f0: Tensor, voicing: Tensor, true_log_f0: Tensor, true_voiced: Tensor) -> Tensor:
    """What the pitch head says against Praat.

    Args:
        log_f0: natural logarithm of F0 over `CENTRE_HZ`, [batch, 1, frames].
        voicing: logit of being voiced, same shape.
        true_log_f0: same shape; counts where voiced.
        true_voiced: 0 or 1, same shape.

    Returns:
        A scalar: ten times the error in nepers where voiced, and the cross-entropy of voicing.
    """
    error = ((log_f0 - true_log_f0).abs() * true_voiced).sum() / (true_voiced.sum() + 1)
    return 10 * error + functional.binary_cross_entropy_with_logits(voicing, true_voiced)


def misheard(made: list[Tensor], wanted: list[Tensor]) -> Tensor:
    """How far two recordings are apart to a listener.

    Args:
        made: features of one, each [batch, frames, channels].
        wanted: those of the other.

    Returns:
        A scalar: the mean absolute difference as a share of the mean absolute value, averaged over
        the features that are given. 20 dB of noise come to 0.16 at the encoder's output, other
        words to 1.1.
    """
    shares = [
        (one - other).abs().mean() / other.abs().mean()
        for one, other in zip(made, wanted, strict=True)
    ]
    return torch.stack(shares).mean()
