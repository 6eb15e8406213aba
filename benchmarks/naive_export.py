"""The export to compare with: traced by PyTorch, not optimised, run with default settings."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from export.graphs import dynamic_axes, example_inputs
from runtime.interface import GraphInterface
from runtime.providers import CPU

_OPSET = 17
_EXAMPLE_FRAMES = 200


class NaiveGraph:
    """A module exported by tracing, in a session with ONNX Runtime's defaults.

    Args:
        module: Module in evaluation mode that takes the interface's inputs in order.
        interface: Names and shapes.
        threads: CPU threads of a run.
    """

    def __init__(self, module: nn.Module, interface: GraphInterface, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            export_naively(module, interface), options, providers=[CPU]
        )

    def run(self, **inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the graph.

        Args:
            inputs: Float32 arrays by input name.

        Returns:
            The output.
        """
        output: NDArray[np.float32] = self._session.run(None, inputs)[0]
        return output


def export_naively(module: nn.Module, interface: GraphInterface) -> bytes:
    """Trace a module into an ONNX file.

    Args:
        module: Module in evaluation mode that takes the interface's inputs in order.
        interface: Names and shapes.

    Returns:
        The file's bytes.
    """
    example = example_inputs(interface, 1, _EXAMPLE_FRAMES)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # the tracing exporter warns that it is deprecated, and of what it did not fold
        warnings.simplefilter("ignore")
        file = Path(folder) / interface.file_name
        torch.onnx.export(
            module,
            tuple(example.values()),
            file,
            dynamo=False,
            input_names=list(example),
            output_names=list(interface.outputs),
            dynamic_axes={name: dynamic_axes(shape) for name, shape in interface.inputs.items()},
            opset_version=_OPSET,
        )
        return file.read_bytes()
