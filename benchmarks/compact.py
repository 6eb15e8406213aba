"""The compact model's networks in PyTorch, with the weights that its graphs hold.

A graph keeps few names: linear layers are transposed, norms reshaped, both renamed. Where each
weight went is learnt from an export of the same networks with known, distinct weights.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx_ir
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from benchmarks.errors import BenchmarkError
from export.graphs import export_graph
from export.networks.compact import CompactConfig, CompactModel
from runtime.interface import GraphInterface, tone_converter_interface, tone_encoder_interface
from runtime.manifest import Manifest

_STORED_IN_HALF = ".half"

Arrays = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Place:
    """Where a graph holds a weight.

    Attributes:
        name: of the graph's constant.
        transposed: whether it is turned round there.
    """

    name: str
    transposed: bool

    def take(self, constants: Arrays, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Get the weight out of a graph's constants.

        Raises:
            BenchmarkError: it is not there.
        """
        found = constants.get(self.name)
        if found is None or found.size != np.prod(shape):
            raise BenchmarkError(f"the graph has no {self.name} of shape {shape}")
        return (found.T if self.transposed else found).reshape(shape)


def compact_networks(folder: Path) -> tuple[nn.Module, nn.Module]:
    """Build tone encoder and converter of a compact bundle.

    Args:
        folder: the bundle.

    Raises:
        BenchmarkError: its graphs were not made from this checkout's networks.
    """
    manifest = Manifest.read(folder / "manifest.json")
    model = CompactModel(CompactConfig()).eval().requires_grad_(False)
    networks = (model.tone_encoder, model.converter)
    interfaces = (tone_encoder_interface(manifest), tone_converter_interface(manifest))
    for network, interface in zip(networks, interfaces, strict=True):
        _fill(network)
        places = _places(network, interface, manifest.opset)
        constants = _constants(onnx.load(folder / interface.file_name))
        for name, weight in network.named_parameters():
            taken = places[name].take(constants, tuple(weight.shape))
            weight.copy_(torch.from_numpy(taken.copy()))
    return networks


def _fill(network: nn.Module) -> None:
    """Give every weight numbers of its own."""
    generator = torch.Generator().manual_seed(0)
    for weight in network.parameters():
        weight.copy_(torch.randn(weight.shape, generator=generator))


def _places(network: nn.Module, interface: GraphInterface, opset: int) -> dict[str, Place]:
    """Find out where the exporter puts each weight."""
    model = export_graph(network, interface, opset)
    constants = _constants(onnx_ir.to_proto(model))
    found = {}
    for name, weight in network.named_parameters():
        wanted = weight.numpy().ravel()
        for constant, values in constants.items():
            if values.size != wanted.size:
                continue
            if np.array_equal(values.ravel(), wanted):
                found[name] = Place(constant, transposed=False)
            elif values.ndim == 2 and np.array_equal(values.T.ravel(), wanted):
                found[name] = Place(constant, transposed=True)
        if name not in found:
            raise BenchmarkError(f"{interface.file_name} keeps nothing that is {name} alone")
    return found


def _constants(model: onnx.ModelProto) -> dict[str, NDArray[np.float32]]:
    return {
        tensor.name.removesuffix(_STORED_IN_HALF): numpy_helper.to_array(tensor).astype(np.float32)
        for tensor in model.graph.initializer
        if tensor.data_type in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    }
