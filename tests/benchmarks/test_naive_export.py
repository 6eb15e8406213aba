import numpy as np
import pytest

from benchmarks.model import Model

pytest.importorskip("torch")
import torch
from torch import Tensor, nn

from benchmarks.naive_export import NaiveGraph

pytestmark = pytest.mark.torch


class Blend(nn.Module):
    """A converter of a kind: one convolution, and the tones added."""

    def __init__(self, bins: int, latent_channels: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.convolution = nn.Conv1d(bins + latent_channels, 256, 3, padding=1)

    def forward(
        self, spectrogram: Tensor, source_tone: Tensor, target_tone: Tensor, noise: Tensor
    ) -> Tensor:
        hidden: Tensor = self.convolution(torch.cat([spectrogram, noise], 1))
        hidden = hidden + target_tone - source_tone
        return hidden.transpose(1, 2).reshape(hidden.shape[0], 1, -1)


def test_the_graph_gives_what_the_module_gives_at_any_length(model: Model) -> None:
    interface = model.converter.interface
    module = Blend(513, 8).eval()
    graph = NaiveGraph(module, interface, threads=1)
    for frames in (1, 33):
        generator = torch.Generator().manual_seed(frames)
        tensors = {
            name: torch.rand(zeros.shape, generator=generator)
            for name, zeros in interface.zeros(1, frames).items()
        }
        found = graph.run(**{name: tensor.numpy() for name, tensor in tensors.items()})
        with torch.inference_mode():
            wanted = module(*tensors.values())
        np.testing.assert_allclose(found, wanted.numpy(), atol=1e-5)
