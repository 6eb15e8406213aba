"""Modules to optimised ONNX graphs, by the interface that the runtime expects of them."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx_ir
import torch
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from onnxscript import optimizer
from torch import Tensor, nn

from export.operators import with_onnx_operators
from runtime.interface import GraphInterface, Shape

DEFAULT_OPSET = 20
OPSETS = range(18, 24)
BATCH, FRAMES, SAMPLES = "batch", "frames", "samples"
# Long enough that no axis, however strided, is one long in the example and taken for a constant.
EXAMPLE_BATCH, EXAMPLE_FRAMES = 2, 200
# Elements up to which a constant expression is folded: any weight of these networks.
FOLD_LIMIT = 1 << 26


def example_inputs(
    interface: GraphInterface, batch: int, frames: int, seed: int = 0
) -> dict[str, Tensor]:
    """Draws seeded inputs of a graph; magnitudes are log-normal, as speech's roughly are.

    Args:
        interface: of the graph.
        batch: length of the batch axis.
        frames: length of the frames axis.
        seed: seed of the draw.

    Returns:
        Float32 tensors by name, in the interface's order.
    """
    generator = torch.Generator().manual_seed(seed)
    inputs = {}
    for name, zeros in interface.zeros(batch, frames).items():
        draw = torch.randn(zeros.shape, generator=generator)
        inputs[name] = 0.1 * draw.exp() if name == "spectrogram" else 0.3 * draw
    return inputs


def export_graph(module: nn.Module, interface: GraphInterface, opset: int) -> onnx_ir.Model:
    """Exports a module and optimises the graph as far as every machine gains from.

    Args:
        module: in evaluation mode; takes the interface's inputs in order and returns its output.
        interface: of the graph.
        opset: ONNX operator set.

    Returns:
        The graph, weights inside.
    """
    example = example_inputs(interface, EXAMPLE_BATCH, EXAMPLE_FRAMES)
    dimensions = {name: torch.export.Dim(name) for name in (BATCH, FRAMES)}
    dynamic_shapes = tuple(
        {place: dimensions[name] for place, name in dynamic_axes(shape).items()}
        for shape in interface.inputs.values()
    )
    with _quiet_exporter():
        program = torch.onnx.export(
            with_onnx_operators(module),
            tuple(example.values()),
            dynamo=True,
            dynamic_shapes=dynamic_shapes,
            input_names=list(example),
            output_names=[interface.output],
            opset_version=opset,
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("the exporter gave nothing back")
    model = program.model
    model.graph.name = Path(interface.file_name).stem
    optimizer.optimize(model, input_size_limit=FOLD_LIMIT, output_size_limit=FOLD_LIMIT)
    model.graph.outputs[0].shape = onnx_ir.Shape(output_axes(interface))
    # The exporter's notes on every node name files of the machine that it ran on.
    ClearMetadataAndDocStringPass()(model)
    for value in (*model.graph.inputs, *model.graph.initializers.values()):
        value.metadata_props.clear()
    return model


def output_axes(interface: GraphInterface) -> list[int | str]:
    """Names the free axes of a graph's output.

    Args:
        interface: of the graph.

    Returns:
        Lengths, and names in the place of free ones.
    """
    return [BATCH, *(SAMPLES if size is None else size for size in interface.output_shape[1:])]


def dynamic_axes(shape: Shape) -> dict[int, str]:
    """Names the free axes of an input.

    Args:
        shape: lengths, None where an axis is free: batch first, frames last.

    Returns:
        Name by position.
    """
    free = [place for place, size in enumerate(shape) if size is None]
    return {place: BATCH if place == 0 else FRAMES for place in free}


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silences what PyTorch's exporter says about its own internals, and nothing else."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.filterwarnings("ignore", r"(?s).*The axis name: ", UserWarning)
            yield
    finally:
        logger.setLevel(level)
