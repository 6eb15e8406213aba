"""The tone-conditioned invertible flow, which removes a voice from a latent and adds another."""

import torch
from torch import Tensor, nn

from export.networks.wavenet import WaveNet


class Coupling(nn.Module):
    """A mean-only coupling (Dinh et al. 2017): half of the channels shifts the other half.

    Its arguments are those of `Flow`.
    """

    def __init__(
        self,
        latent_channels: int,
        hidden_channels: int,
        kernel_size: int,
        layers: int,
        tone_dimension: int,
    ) -> None:
        super().__init__()
        self.pre = nn.Conv1d(latent_channels // 2, hidden_channels, 1)
        self.enc = WaveNet(hidden_channels, kernel_size, layers, tone_dimension)
        self.post = nn.Conv1d(hidden_channels, latent_channels // 2, 1)

    def forward(self, latent: Tensor, tone: Tensor, reverse: bool) -> Tensor:
        """Shift half of the channels; arguments and result as for `Flow.forward`."""
        kept, moved = latent.chunk(2, dim=1)
        shift = self.post(self.enc(self.pre(kept), tone))
        return torch.cat([kept, moved - shift if reverse else moved + shift], dim=1)


class ChannelFlip(nn.Module):
    """Reverse the channels, so that the next coupling shifts the other half."""

    def forward(self, latent: Tensor, tone: Tensor, reverse: bool) -> Tensor:
        """Reverse the channels, its own inverse; arguments and result as for `Flow.forward`."""
        return latent.flip(1)


class Flow(nn.Module):
    """Couplings with a channel flip after each; exactly invertible for a given tone.

    Args:
        latent_channels: Channels of the latent, an even number.
        hidden_channels: Channels of each coupling's WaveNet.
        kernel_size: Kernel of each WaveNet, in frames.
        layers: Layers of each WaveNet.
        tone_dimension: Size of the tone embedding.
        couplings: Number of couplings.
    """

    def __init__(
        self,
        latent_channels: int,
        hidden_channels: int,
        kernel_size: int,
        layers: int,
        tone_dimension: int,
        couplings: int = 4,
    ) -> None:
        super().__init__()
        self.flows = nn.ModuleList()
        for _ in range(couplings):
            self.flows.append(
                Coupling(latent_channels, hidden_channels, kernel_size, layers, tone_dimension)
            )
            self.flows.append(ChannelFlip())

    def forward(self, latent: Tensor, tone: Tensor, reverse: bool = False) -> Tensor:
        """Move a latent out of a voice or into it.

        Args:
            latent: [batch, latent_channels, frames].
            tone: [batch, tone_dimension, 1].
            reverse: Whether to add the tone's voice; False removes it.

        Returns:
            The latent, [batch, latent_channels, frames].
        """
        for step in reversed(self.flows) if reverse else self.flows:
            latent = step(latent, tone, reverse)
        return latent
