"""PyTorch modules in the place of graphs, so that the runtime can run both alike."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from runtime.cloner import VoiceCloner
from runtime.interface import GraphInterface, tone_converter_interface, tone_encoder_interface
from runtime.manifest import Manifest
from runtime.sessions import Graph


class EagerGraph(Graph):
    """A module that is run as the graph made from it would be."""

    def __init__(self, module: nn.Module, interface: GraphInterface) -> None:
        """Args:
        module: in evaluation mode; takes the interface's inputs in order.
        interface: names and shapes.
        """
        self.interface = interface
        self.providers = ("PyTorch",)
        self._module = module

    def run(self, **inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Args:
            inputs: float32 arrays by input name.

        Returns:
            The module's output.
        """
        tensors = [torch.tensor(inputs[name]) for name in self.interface.inputs]
        with torch.inference_mode():
            output: NDArray[np.float32] = self._module(*tensors).numpy()
        return output


def eager_cloner(
    manifest: Manifest, tone_encoder: nn.Module, tone_converter: nn.Module
) -> VoiceCloner:
    """Puts the runtime's own cloner together from PyTorch networks.

    Args:
        manifest: of the model.
        tone_encoder: its first network.
        tone_converter: its second.

    Returns:
        A cloner that runs PyTorch where others run ONNX Runtime.
    """
    return VoiceCloner(
        manifest,
        EagerGraph(tone_encoder, tone_encoder_interface(manifest)),
        EagerGraph(tone_converter, tone_converter_interface(manifest)),
    )
