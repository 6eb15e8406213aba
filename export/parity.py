"""Exported graphs against PyTorch: names and axes, then values on awkward lengths."""

from collections.abc import Iterator

import numpy as np
import onnx_ir
from numpy.typing import NDArray
from torch import Tensor, nn

from export.checks import Check, compare
from export.errors import ParityError
from export.graphs import dynamic_axes, example_inputs, output_axes, run_module
from runtime.interface import PHASE, GraphInterface, Shape
from runtime.sessions import Graph

# (batch, frames): single frames, primes, odd batches of them, the reference window and one more.
LENGTHS = ((1, 1), (1, 2), (1, 31), (2, 31), (1, 173), (2, 173), (1, 1024), (1, 1025))


def check_axes(model: onnx_ir.Model, interface: GraphInterface) -> None:
    """Check names, types and axes of an exported graph, dynamic axes by name.

    Args:
        model: The graph.
        interface: Inputs and output that it should have.

    Raises:
        ParityError: Names what differs.
    """
    wanted = {name: _axes(shape) for name, shape in interface.inputs.items()}
    for side, values, axes in (
        ("inputs", model.graph.inputs, wanted),
        ("outputs", model.graph.outputs, output_axes(interface)),
    ):
        found = {str(value.name): _shape_of(value) for value in values}
        if found != axes:
            raise ParityError(f"{interface.file_name}: its {side} are {found}, not {axes}")
        for value in values:
            if value.dtype != onnx_ir.DataType.FLOAT:
                raise ParityError(
                    f"{interface.file_name}: {value.name} is {value.dtype}, not FLOAT"
                )


def _axes(shape: Shape) -> list[int | str]:
    """List a shape's lengths, and names in the place of free axes."""
    names = dynamic_axes(shape)
    return [names[place] if size is None else size for place, size in enumerate(shape)]


def _shape_of(value: onnx_ir.Value) -> list[int | str | None]:
    """List an ONNX value's axes."""
    axes = [] if value.shape is None else value.shape.dims
    return [axis if isinstance(axis, int) else axis.value for axis in axes]


def run_graph(graph: Graph, inputs: dict[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    """Run a graph on the same inputs as `export.graphs.run_module`.

    Args:
        graph: An opened graph.
        inputs: Tensors by name.

    Returns:
        The graph's outputs by name.
    """
    return graph.run_all(**{name: tensor.numpy() for name, tensor in inputs.items()})


def compare_values(
    module: nn.Module, graph: Graph, minimum_frames: int, tolerance: float
) -> Iterator[Check]:
    """Compare a graph's outputs with its module's, on lengths that the network takes.

    Args:
        module: The module that was exported.
        graph: The graph made of it.
        minimum_frames: Fewest frames that the network takes.
        tolerance: Largest absolute difference that is accepted.

    Yields:
        A check an output and length.
    """
    for seed, (batch, frames) in enumerate(LENGTHS):
        if frames < minimum_frames:
            continue
        inputs = example_inputs(graph.interface, batch, frames, seed)
        wanted = run_module(module, graph.interface, inputs)
        for name, found in run_graph(graph, inputs).items():
            expected = wanted[name].numpy()
            if name == PHASE:
                # whole cycles apart is no difference
                found = found - np.round(found - expected)
            yield compare(f"{name} of {batch} x {frames} frames", found, expected, tolerance)
