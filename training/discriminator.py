"""Adversaries of the decoder: they hear the grain that a spectral distance averages away."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from export.networks.stft import bins_up_to
from training.speech import SAMPLE_RATE_HZ

RESOLUTIONS = ((1024, 256), (512, 128), (256, 64))
"""FFT length and hop of each adversary."""
SLOPE = 0.1


class SpectralDiscriminator(nn.Module):
    """A small two-dimensional network on the log-magnitude STFT (UnivNet, Jang et al. 2021)."""

    window: Tensor

    def __init__(self, fft_samples: int, hop_samples: int, upper_hz: float, channels: int) -> None:
        """Args:
        fft_samples: window and FFT length.
        hop_samples: hop.
        upper_hz: bins above this are not heard.
        channels: width of the first layer; later ones are twice as wide.
        """
        super().__init__()
        self.hop_samples = hop_samples
        self.heard_bins = bins_up_to(upper_hz, fft_samples, SAMPLE_RATE_HZ)
        self.register_buffer("window", torch.hann_window(fft_samples), persistent=False)
        widths = [1, channels, 2 * channels, 2 * channels, 2 * channels]
        self.layers = nn.ModuleList(
            nn.utils.parametrizations.weight_norm(
                nn.Conv2d(before, after, (5, 3), stride=(2, 1), padding=(2, 1))
            )
            for before, after in pairwise(widths)
        )
        self.verdict = nn.utils.parametrizations.weight_norm(
            nn.Conv2d(widths[-1], 1, (3, 3), padding=1)
        )

    def forward(self, waveform: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Args:
            waveform: [batch, samples].

        Returns:
            Scores [batch, 1, bands, frames] and every layer's features.
        """
        window = self.window
        spectrum = torch.stft(
            waveform,
            len(window),
            self.hop_samples,
            window=window / window.pow(2).sum().sqrt(),
            center=False,
            return_complex=True,
        )[:, : self.heard_bins]
        # Quiet consonants weigh as vowels do. Phases are left out: beside them, these networks
        # learnt nothing in the time that a run has.
        power = spectrum.real**2 + spectrum.imag**2 + 1e-8
        hidden = (0.2 * torch.log(power) + 1.0)[:, None]
        features = []
        for layer in self.layers:
            hidden = functional.leaky_relu(layer(hidden), SLOPE)
            features.append(hidden)
        return self.verdict(hidden), features


class Discriminators(nn.Module):
    """One adversary a resolution."""

    def __init__(self, upper_hz: float, channels: int = 16) -> None:
        """Args:
        upper_hz: what the model's output reaches to.
        channels: width of each adversary.
        """
        super().__init__()
        self.members = nn.ModuleList(
            SpectralDiscriminator(fft_samples, hop_samples, upper_hz, channels)
            for fft_samples, hop_samples in RESOLUTIONS
        )

    def judge(self, real: Tensor, made: Tensor) -> Tensor:
        """The adversaries' own loss (least squares, Mao et al. 2017).

        Args:
            real: [batch, samples].
            made: [batch, samples], detached here.

        Returns:
            A scalar.
        """
        total = real.new_zeros(())
        for member in self.members:
            scores = member(torch.cat([real, made.detach()]))[0].float()
            of_real, of_made = scores.split([len(real), len(made)])
            total = total + ((1 - of_real) ** 2).mean() + (of_made**2).mean()
        return total / len(self.members)

    def persuade(self, real: Tensor, made: Tensor, paired: int) -> tuple[Tensor, Tensor]:
        """The generator's losses.

        Args:
            real: [batch, samples].
            made: [batch, samples]; the first `paired` of both say the same in the same voice.
            paired: how many items features are compared for.

        Returns:
            Adversarial loss and feature matching (Larsen et al. 2016), both scalars.
        """
        adversarial, matching = made.new_zeros(()), made.new_zeros(())
        for member in self.members:
            scores, features = member(made)
            with torch.no_grad():
                _, wanted = member(real[:paired])
            adversarial = adversarial + ((1 - scores.float()) ** 2).mean()
            for is_made, is_real in zip(features, wanted, strict=True):
                scale = is_real.float().abs().mean() + 1e-3
                difference = (is_made[:paired].float() - is_real.float()).abs().mean()
                matching = matching + difference / scale / len(features)
        return adversarial / len(self.members), matching / len(self.members)
