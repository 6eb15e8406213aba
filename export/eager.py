"""PyTorch modules in the place of graphs, so that the runtime can run them."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from export.graphs import run_module
from runtime.cloner import VoiceCloner
from runtime.interface import GraphInterface, tone_converter_interface, tone_encoder_interface
from runtime.manifest import Manifest
from runtime.sessions import Graph


class EagerGraph(Graph):
    """A module with the interface of a loaded graph.

    Args:
        module: Module in evaluation mode that takes the interface's inputs in order.
        interface: Names and shapes.
    """

    def __init__(self, module: nn.Module, interface: GraphInterface) -> None:
        self.interface = interface
        self.providers = ("PyTorch",)
        self._module = module

    def run_all(self, **inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the module.

        Args:
            inputs: Float32 arrays by input name.

        Returns:
            The module's outputs by name.
        """
        tensors = {name: torch.tensor(array) for name, array in inputs.items()}
        outputs = run_module(self._module, self.interface, tensors)
        return {name: output.numpy() for name, output in outputs.items()}


def eager_cloner(
    manifest: Manifest, tone_encoder: nn.Module, tone_converter: nn.Module
) -> VoiceCloner:
    """Build a cloner that runs PyTorch networks.

    Args:
        manifest: Manifest of the model.
        tone_encoder: Tone encoder.
        tone_converter: Tone converter.

    Returns:
        The cloner.
    """
    return VoiceCloner(
        manifest,
        EagerGraph(tone_encoder, tone_encoder_interface(manifest)),
        EagerGraph(tone_converter, tone_converter_interface(manifest)),
    )
