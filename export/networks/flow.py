"""The tone-conditioned invertible flow that takes a latent out of one voice and into another."""

import torch
from torch import Tensor, nn

from export.networks.wavenet import WaveNet


class Coupling(nn.Module):
    """A mean-only coupling (Dinh et al. 2017): half of the channels shifts the other half."""

    def __init__(
        self,
        latent_channels: int,
        hidden_channels: int,
        kernel_size: int,
        layers: int,
        tone_dimension: int,
    ) -> None:
        """Args as for `Flow`."""
        super().__init__()
        self.pre = nn.Conv1d(latent_channels // 2, hidden_channels, 1)
        self.enc = WaveNet(hidden_channels, kernel_size, layers, tone_dimension)
        self.post = nn.Conv1d(hidden_channels, latent_channels // 2, 1)

    def forward(self, latent: Tensor, tone: Tensor, reverse: bool) -> Tensor:
        """Args and result as for `Flow.forward`."""
        kept, moved = latent.chunk(2, dim=1)
        shift = self.post(self.enc(self.pre(kept), tone))
        return torch.cat([kept, moved - shift if reverse else moved + shift], dim=1)


class ChannelFlip(nn.Module):
    """Reverses the channels, so that the next coupling moves the half that this one kept."""

    def forward(self, latent: Tensor, tone: Tensor, reverse: bool) -> Tensor:
        """Args and result as for `Flow.forward`; its own inverse."""
        return latent.flip(1)


class Flow(nn.Module):
    """Couplings with a channel flip after each; exactly invertible for a given tone."""

    def __init__(
        self,
        latent_channels: int,
        hidden_channels: int,
        kernel_size: int,
        layers: int,
        tone_dimension: int,
        couplings: int = 4,
    ) -> None:
        """Args:
        latent_channels: channels of the latent, even.
        hidden_channels: width of each coupling's WaveNet.
        kernel_size: its kernel, in frames.
        layers: its depth.
        tone_dimension: size of the tone embedding.
        couplings: number of couplings.
        """
        super().__init__()
        self.flows = nn.ModuleList()
        for _ in range(couplings):
            self.flows.append(
                Coupling(latent_channels, hidden_channels, kernel_size, layers, tone_dimension)
            )
            self.flows.append(ChannelFlip())

    def forward(self, latent: Tensor, tone: Tensor, reverse: bool = False) -> Tensor:
        """Args:
            latent: [batch, latent_channels, frames].
            tone: [batch, tone_dimension, 1].
            reverse: False takes the latent out of the tone's voice, True puts it in.

        Returns:
            The moved latent, [batch, latent_channels, frames].
        """
        for step in reversed(self.flows) if reverse else self.flows:
            latent = step(latent, tone, reverse)
        return latent
