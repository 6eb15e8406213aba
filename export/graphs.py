"""Export of PyTorch modules to optimised ONNX graphs with the runtime's interface."""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx_ir
import torch
from onnx_ir.passes.common import ClearMetadataAndDocStringPass
from onnxscript import optimizer
from torch import Tensor, nn

from export.examples import example_arrays
from export.operators import with_onnx_operators
from runtime.interface import GraphInterface, Shape

DEFAULT_OPSET = 20
OPSETS = range(18, 24)
BATCH, FRAMES, SAMPLES = "batch", "frames", "samples"
# Long enough that no axis, even a strided one, has length 1 in the example and becomes a constant.
EXAMPLE_BATCH, EXAMPLE_FRAMES = 2, 200
# Elements up to which a constant expression is folded: any weight of these networks.
FOLD_LIMIT = 1 << 26


def example_inputs(
    interface: GraphInterface, batch: int, frames: int, seed: int = 0
) -> dict[str, Tensor]:
    """Draw the inputs of `example_arrays` as tensors.

    Args:
        interface: Inputs of the graph.
        batch: Length of the batch axis.
        frames: Length of the frames axis.
        seed: Seed of the draw.

    Returns:
        Float32 tensors by name, in the interface's order.
    """
    arrays = example_arrays(interface, batch, frames, seed)
    return {name: torch.from_numpy(array) for name, array in arrays.items()}


def export_graph(module: nn.Module, interface: GraphInterface, opset: int) -> onnx_ir.Model:
    """Export a module and apply the optimisations that help on every machine.

    Args:
        module: Module in evaluation mode that takes the interface's inputs in order and returns
            its output, or its outputs in order.
        interface: Inputs and output of the graph.
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
            output_names=list(interface.outputs),
            opset_version=opset,
            optimize=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError("PyTorch's exporter returned no graph")
    model = program.model
    model.graph.name = Path(interface.file_name).stem
    optimizer.optimize_ir(
        model,
        input_size_limit=FOLD_LIMIT,
        output_size_limit=FOLD_LIMIT,
        should_fold=_reads_no_parameter(module),
    )
    for value, axes in zip(model.graph.outputs, output_axes(interface).values(), strict=True):
        value.shape = onnx_ir.Shape(axes)
    # The exporter's notes on every node name files of this machine.
    ClearMetadataAndDocStringPass()(model)
    for value in (*model.graph.inputs, *model.graph.initializers.values()):
        value.metadata_props.clear()
    return model


def _reads_no_parameter(module: nn.Module) -> Callable[[onnx_ir.Node], bool | None]:
    """Make a rule that leaves what is computed from parameters to ONNX Runtime to fold at load.

    Folding here would give the result a new name, and the weights could no longer be read back.
    """
    parameters = {name for name, _ in module.named_parameters()}

    def rule(node: onnx_ir.Node) -> bool | None:
        names = {value.name for value in node.inputs if value is not None}
        return None if names.isdisjoint(parameters) else False

    return rule


def run_module(
    module: nn.Module, interface: GraphInterface, inputs: dict[str, Tensor]
) -> dict[str, Tensor]:
    """Run a module without gradients.

    Args:
        module: A module that takes the inputs in order.
        interface: Its inputs and outputs.
        inputs: Tensors by name.

    Returns:
        Its outputs by name.
    """
    with torch.inference_mode():
        found = module(*(inputs[name] for name in interface.inputs))
    outputs = (found,) if isinstance(found, Tensor) else found
    return dict(zip(interface.outputs, outputs, strict=True))


def output_axes(interface: GraphInterface) -> dict[str, list[int | str]]:
    """List the axes of a graph's outputs.

    Args:
        interface: Inputs and outputs of the graph.

    Returns:
        Length of each axis, or its name where the length is free, by output.
    """
    return {
        name: [
            BATCH,
            *(
                size if size is not None else FRAMES if name in interface.carried else SAMPLES
                for size in shape[1:]
            ),
        ]
        for name, shape in interface.outputs.items()
    }


def dynamic_axes(shape: Shape) -> dict[int, str]:
    """Name the free axes of an input.

    Args:
        shape: Lengths, None where an axis is free: batch first, frames last.

    Returns:
        Name by position.
    """
    free = [place for place, size in enumerate(shape) if size is None]
    return {place: BATCH if place == 0 else FRAMES for place in free}


@contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Silence the warnings of PyTorch's exporter about its own internals."""
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
