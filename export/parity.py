"""Exported graphs held against PyTorch: interface, values on awkward lengths, windows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import onnx_ir
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from export.errors import ParityError
from export.graphs import dynamic_axes, example_inputs, output_axes
from runtime.interface import GraphInterface, Shape
from runtime.sessions import Graph, SessionSettings, open_graph

# (batch, frames): single frames, primes, odd batches of them, the reference window and one more.
LENGTHS = ((1, 1), (1, 2), (1, 31), (2, 31), (1, 173), (2, 173), (1, 1024), (1, 1025))
# Largest absolute difference that float32 rounding may make, by output; relative tolerance is none.
# Audio: below the step of 16-bit samples, 3.1e-5. Tones: the logarithms and square roots of
# statistics that some encoders end in cost a digit.
ABSOLUTE_TOLERANCE = {"tone": 5e-5, "audio": 2e-5}
WINDOW_FRAMES = 61

Arrays = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Check:
    """One comparison, done.

    Attributes:
        subject: what was compared.
        difference: the largest absolute difference.
        tolerance: the largest that is accepted.
    """

    subject: str
    difference: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the difference is a number within the tolerance."""
        return self.difference <= self.tolerance

    def __str__(self) -> str:
        """One line of a report."""
        verdict = "" if self.passed else "  FAILED"
        return f"{self.subject}: {self.difference:.1e} of {self.tolerance:.0e}{verdict}"


def open_for_parity(data: bytes, interface: GraphInterface) -> Graph:
    """Opens a graph as the runtime does, on the CPU and as many threads as PyTorch has.

    Args:
        data: the ONNX file's bytes.
        interface: what it should take and give.

    Returns:
        The graph, its interface checked.
    """
    return open_graph(data, interface, SessionSettings("cpu", torch.get_num_threads()))


def check_axes(model: onnx_ir.Model, interface: GraphInterface) -> None:
    """Checks names, types and axes, dynamic ones by name, of a graph as it was exported.

    Args:
        model: the graph.
        interface: what it should take and give.

    Raises:
        ParityError: naming what differs.
    """
    wanted = {name: _axes(shape) for name, shape in interface.inputs.items()}
    wanted_output = {interface.output: output_axes(interface)}
    for side, values, axes in (
        ("inputs", model.graph.inputs, wanted),
        ("outputs", model.graph.outputs, wanted_output),
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
    """Fills in the names of a shape's free axes."""
    names = dynamic_axes(shape)
    return [names[place] if size is None else size for place, size in enumerate(shape)]


def _shape_of(value: onnx_ir.Value) -> list[int | str | None]:
    """Lists an ONNX value's axes."""
    axes = [] if value.shape is None else value.shape.dims
    return [axis if isinstance(axis, int) else axis.value for axis in axes]


def run_module(module: nn.Module, inputs: dict[str, Tensor]) -> NDArray[np.float32]:
    """Runs a module without gradients.

    Args:
        module: takes the inputs in order.
        inputs: tensors by name.

    Returns:
        Its output.
    """
    with torch.inference_mode():
        output: NDArray[np.float32] = module(*inputs.values()).numpy()
    return output


def run_graph(graph: Graph, inputs: dict[str, Tensor]) -> NDArray[np.float32]:
    """Runs a graph on the same inputs as `run_module`.

    Args:
        graph: an opened graph.
        inputs: tensors by name.

    Returns:
        Its output.
    """
    return graph.run(**{name: tensor.numpy() for name, tensor in inputs.items()})


def compare_values(
    module: nn.Module, graph: Graph, minimum_frames: int, tolerance: float
) -> Iterator[Check]:
    """Compares a graph's output with its module's, on lengths that the network takes.

    Args:
        module: what was exported.
        graph: what it became.
        minimum_frames: the fewest frames that the network takes.
        tolerance: the largest absolute difference that is accepted.

    Yields:
        A check a length.
    """
    output = graph.interface.output
    for seed, (batch, frames) in enumerate(LENGTHS):
        if frames < minimum_frames:
            continue
        inputs = example_inputs(graph.interface, batch, frames, seed)
        yield compare(
            f"{output} of {batch} x {frames} frames",
            run_graph(graph, inputs),
            run_module(module, inputs),
            tolerance,
        )


def compare_window(graph: Graph, context_frames: int, hop_samples: int) -> Check:
    """Compares a window with its context cut off with the same stretch of the whole.

    Args:
        graph: the tone converter.
        context_frames: frames of context to each side.
        hop_samples: samples that a frame becomes.

    Returns:
        The check.
    """
    inputs = example_inputs(graph.interface, 1, 2 * (context_frames + WINDOW_FRAMES) + 1)
    start, stop = WINDOW_FRAMES, 2 * WINDOW_FRAMES + 2 * context_frames
    window = {
        name: tensor[:, :, start:stop] if tensor.shape[2] > 1 else tensor
        for name, tensor in inputs.items()
    }
    inner = slice((start + context_frames) * hop_samples, (stop - context_frames) * hop_samples)
    kept = slice(context_frames * hop_samples, (context_frames + WINDOW_FRAMES) * hop_samples)
    return compare(
        f"a window of {WINDOW_FRAMES} frames with {context_frames} of context to each side",
        run_graph(graph, window)[:, :, kept],
        run_graph(graph, inputs)[:, :, inner],
        ABSOLUTE_TOLERANCE[graph.interface.output],
    )


def compare(
    subject: str, found: NDArray[np.float32], wanted: NDArray[np.float32], tolerance: float
) -> Check:
    """Compares two outputs.

    Args:
        subject: what they are of.
        found: the graph's.
        wanted: the reference's.
        tolerance: the largest absolute difference that is accepted.

    Returns:
        The check; its difference is infinite where shapes differ or a value is no number.
    """
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return Check(subject, np.inf, tolerance)
    return Check(subject, float(np.abs(found - wanted).max()), tolerance)


def require(checks: Iterable[Check], announce: Callable[[str], None]) -> float:
    """Goes through checks to the end, then fails with those that did not pass.

    Args:
        checks: the checks.
        announce: is told each.

    Returns:
        The largest difference of all.

    Raises:
        ParityError: naming every check that failed.
    """
    done = []
    for check in checks:
        announce(str(check))
        done.append(check)
    failed = [str(check) for check in done if not check.passed]
    if failed:
        raise ParityError("the graphs differ from PyTorch:\n  " + "\n  ".join(failed))
    return max(check.difference for check in done)
