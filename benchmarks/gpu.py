"""Speed of the official size on a GPU, by batch size, compared with PyTorch on the same GPU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks.model import open_model
from benchmarks.official import official_bundle, official_networks
from benchmarks.options import Options
from benchmarks.report import Cell, Table
from benchmarks.rounds import alternate, distributions
from export.examples import example_arrays
from export.fidelity import signal_to_noise_db
from runtime.interface import Inputs
from runtime.providers import CUDA

BATCHES = (1, 4, 16)
PRECISIONS = ("fp32", "fp16")

_COLUMNS = (
    "converter",
    "batch",
    "real-time factor",
    "requests a second",
    "median ms",
    "SNR dB",
)


class TorchOnDevice:
    """A PyTorch module on a device that takes and returns arrays.

    Args:
        module: Module in evaluation mode.
        device: PyTorch's name of the device.
    """

    def __init__(self, module: nn.Module, device: str) -> None:
        self._module = module.to(device)
        self._device = device

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Run the module; copies to and from the device count, as they do for a graph.

        Args:
            inputs: Arrays in the module's order.

        Returns:
            The output.
        """
        tensors = [torch.from_numpy(array).to(self._device) for array in inputs.values()]
        with torch.inference_mode():
            output: NDArray[np.float32] = self._module(*tensors).cpu().numpy()
        return output


def has_gpu() -> bool:
    """Whether ONNX Runtime and PyTorch can both compute on a GPU here."""
    return CUDA in onnxruntime.get_available_providers() and torch.cuda.is_available()


def table(options: Options) -> Table:
    """Measure batches on the GPU, or report them as not measured if there is none.

    Args:
        options: What to measure, and how.

    Returns:
        The table.
    """
    about = (
        "The tone converter of the official size on CUDA: whole clips of ten seconds in a batch, "
        "with the copies to and from the GPU. The signal-to-noise ratio is against PyTorch."
    )
    if not (options.official and has_gpu()):
        names = ["PyTorch", *(f"ours, {precision}" for precision in PRECISIONS)]
        return Table("GPU", about, _COLUMNS, [not_measured(name) for name in names])
    return Table("GPU", about, _COLUMNS, measure(options, "cuda"))


def not_measured(name: str) -> list[Cell]:
    """List the row of a converter that could not be measured.

    Args:
        name: Name of the converter.
    """
    return [name, *(None for _ in _COLUMNS[1:])]


def measure(options: Options, device: str) -> list[Sequence[Cell]]:
    """Measure batches on a device.

    Args:
        options: What to measure, and how.
        device: PyTorch's name of the device that both compute on.

    Returns:
        Rows of the table.
    """
    on_device = replace(options, provider="cuda" if device == "cuda" else "cpu")
    module = TorchOnDevice(official_networks(options)[1], device)
    precisions = PRECISIONS if device == "cuda" else PRECISIONS[:1]
    models = {
        f"ours, {precision}": open_model(official_bundle(options, precision), on_device)
        for precision in precisions
    }
    first = next(iter(models.values()))
    seconds = 0.5 if options.quick else 10.0
    rows: list[Sequence[Cell]] = []
    for batch in BATCHES:
        inputs = example_arrays(first.converter.interface, batch, first.frames(seconds))
        reference = module.run(inputs)
        snr = {
            name: signal_to_noise_db([model.converter.run(**inputs)], [reference])
            for name, model in models.items()
        }
        actions = {"PyTorch": partial(module.run, inputs)}
        actions |= {name: partial(model.converter.run, **inputs) for name, model in models.items()}
        taken = alternate(actions, *((2, 1.0) if options.quick else (15, 15.0)), warm_ups=2)
        for name, found in distributions(taken).items():
            rows.append(
                (
                    name,
                    batch,
                    found.median / (batch * seconds),
                    batch / found.median,
                    1000 * found.median,
                    snr.get(name),
                )
            )
    return rows
