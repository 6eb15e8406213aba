"""`gpu`: the official size on a GPU, beside PyTorch, by batch; a server's requests and memory."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks import clips
from benchmarks.exchange import audio_of, clone_body, open_client, post, stream
from benchmarks.load import closed_loop
from benchmarks.model import Model, open_model
from benchmarks.official import official_bundle, official_networks
from benchmarks.options import Options
from benchmarks.report import Cell, Report, Table
from benchmarks.rounds import alternate, distributions
from benchmarks.server import Server
from export.examples import example_arrays
from export.fidelity import signal_to_noise_db
from runtime.interface import Inputs, tone_converter_interface
from runtime.providers import CUDA, TENSORRT, Provider
from runtime.sessions import Graph, SessionSettings, open_graph

BATCHES = (1, 2, 4, 8, 16, 32)
PRECISIONS = ("fp32", "fp16")
CLIENTS = (1, 8)
TF32 = {"use_tf32": "1"}

_COLUMNS = (
    "converter",
    "batch",
    "real-time factor",
    "clips a second",
    "median ms",
    "SNR dB",
)
_SERVER_COLUMNS = (
    "model",
    "clients",
    "requests a second",
    "median ms",
    "first audio ms",
    "GPU memory MiB",
)

Run = Callable[[Inputs], NDArray[np.float32]]


@dataclass(frozen=True)
class Device:
    """What is measured on.

    Attributes:
        torch_name: PyTorch's name of the device.
        provider: Execution provider of our graphs.
        others: Further converters: our fp32 graph by a provider and its options, by name.
        memory_mib: Reads the memory in use on the device; None where it cannot be read.
    """

    torch_name: str
    provider: Provider
    others: Mapping[str, tuple[Provider, Mapping[str, str]]]
    memory_mib: Callable[[], float | None]


class TorchOnDevice:
    """A PyTorch module on a device that takes and returns arrays.

    Args:
        module: Module in evaluation mode.
        device: PyTorch's name of the device.
        tf32: Whether float32 products are rounded to TF32.
        half: Whether it computes in fp16 (autocast).
    """

    def __init__(
        self, module: nn.Module, device: str, tf32: bool = False, half: bool = False
    ) -> None:
        self._module = module.to(device)
        self._device = device
        self._tf32 = tf32
        self._half = half

    def run(self, inputs: Inputs) -> NDArray[np.float32]:
        """Run the module; copies to and from the device count, as they do for a graph.

        Args:
            inputs: Arrays in the module's order.

        Returns:
            The output.
        """
        torch.backends.cuda.matmul.allow_tf32 = self._tf32
        torch.backends.cudnn.allow_tf32 = self._tf32
        tensors = [torch.from_numpy(array).to(self._device) for array in inputs.values()]
        with (
            torch.inference_mode(),
            torch.autocast(self._device, torch.float16, enabled=self._half),
        ):
            output: NDArray[np.float32] = self._module(*tensors).float().cpu().numpy()
        return output


def has_gpu() -> bool:
    """Whether ONNX Runtime and PyTorch can both compute on a GPU here."""
    return CUDA in onnxruntime.get_available_providers() and torch.cuda.is_available()


def gpu() -> Device:
    """Describe this machine's GPU."""
    others: dict[str, tuple[Provider, Mapping[str, str]]] = {"ours, TF32": ("cuda", TF32)}
    if TENSORRT in onnxruntime.get_available_providers():
        others["ours, TensorRT fp16"] = ("tensorrt", {"trt_fp16_enable": "1"})
    return Device("cuda", "cuda", others, used_memory_mib)


def used_memory_mib() -> float | None:
    """Read the memory in use on the first GPU; None without nvidia-smi."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return None
    listed = subprocess.run(
        [command, "--query-gpu=memory.used", "--format=csv,noheader,nounits"],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(listed.stdout.splitlines()[0])


def run(options: Options) -> Report:
    """Measure the official size on this machine's GPU; without one, report it as not measured."""
    return report(options, gpu() if options.official and has_gpu() else None)


def report(options: Options, device: Device | None) -> Report:
    """Measure the official size on a device.

    Args:
        options: What to measure, and how.
        device: The device; None reports everything as not measured.

    Returns:
        The report.
    """
    seconds = 0.5 if options.quick else 10.0
    if device is None:
        names = ["PyTorch, fp32", "PyTorch, TF32", "PyTorch, fp16", "ours, fp32", "ours, TF32"]
        batches: list[Sequence[Cell]] = [
            _not_measured(name, _COLUMNS) for name in (*names, "ours, fp16")
        ]
        served: list[Sequence[Cell]] = [
            _not_measured(f"ours, {name}", _SERVER_COLUMNS) for name in PRECISIONS
        ]
    else:
        # the server first: PyTorch keeps the memory that it has taken
        served = serve(options, device, seconds)
        batches = measure(options, device, seconds)
    return Report(
        "gpu",
        "The official size on one GPU.",
        [
            Table(
                "Batches",
                f"The tone converter: whole clips of {seconds:g} s in a batch, with the copies to "
                "and from the GPU, in turns. The signal-to-noise ratio is against PyTorch in fp32.",
                _COLUMNS,
                batches,
            ),
            Table(
                "Server",
                f"`python -m server` with a clip of {seconds:g} s a request, closed loop; first "
                "audio of the same clip streamed; memory that the server added to the GPU's by the "
                "end.",
                _SERVER_COLUMNS,
                served,
            ),
        ],
        [],
    )


def measure(options: Options, device: Device, seconds: float) -> list[Sequence[Cell]]:
    """Measure batches on a device.

    Args:
        options: What to measure, and how.
        device: The device.
        seconds: Length of each clip.

    Returns:
        Rows of the table.
    """
    on_device = replace(options, provider=device.provider)
    module = official_networks(options)[1]
    torch_runs: dict[str, Run] = {"PyTorch, fp32": TorchOnDevice(module, device.torch_name).run}
    precisions: Sequence[str] = PRECISIONS[:1]
    if device.torch_name == "cuda":
        precisions = PRECISIONS
        torch_runs["PyTorch, TF32"] = TorchOnDevice(module, "cuda", tf32=True).run
        torch_runs["PyTorch, fp16"] = TorchOnDevice(module, "cuda", half=True).run
    models = {
        f"ours, {precision}": open_model(official_bundle(options, precision), on_device)
        for precision in precisions
    }
    first = models["ours, fp32"]
    graphs = {name: model.converter for name, model in models.items()}
    graphs |= _others(options, device, first)
    runs = torch_runs | {name: partial(_run_graph, graph) for name, graph in graphs.items()}
    rows: list[Sequence[Cell]] = []
    for batch in BATCHES[:2] if options.quick else BATCHES:
        inputs = example_arrays(first.converter.interface, batch, first.frames(seconds))
        reference = runs["PyTorch, fp32"](inputs)
        snr = {
            name: signal_to_noise_db([action(inputs)], [reference])
            for name, action in runs.items()
            if name != "PyTorch, fp32"
        }
        taken = alternate(
            {name: partial(action, inputs) for name, action in runs.items()},
            *((2, 1.0) if options.quick else (15, 15.0)),
            warm_ups=0 if options.quick else 2,
        )
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


def serve(options: Options, device: Device, seconds: float) -> list[Sequence[Cell]]:
    """Measure a server on a device.

    Args:
        options: What to measure, and how.
        device: The device.
        seconds: Length of each clip.

    Returns:
        Rows of the table.
    """
    rows: list[Sequence[Cell]] = []
    for precision in PRECISIONS if device.provider == "cuda" else PRECISIONS[:1]:
        folder = official_bundle(options, precision)
        cloner = open_model(folder, replace(options, provider="cpu")).cloner
        clip = clips.of_length(cloner, seconds, first=1)
        rate_hz = cloner.sample_rate_hz
        body = clone_body(clips.wav_file(clip, rate_hz, rate_hz), target=clips.target_bytes())
        del cloner
        before = device.memory_mib()
        serving = replace(options, models=(folder,), provider=device.provider).serving
        with Server(**serving) as server:
            with open_client(server.url) as client:
                audio_of(post(client, body))
                first_audio = stream(client, body).first_audio
            effort = (0.5, 2) if options.quick else (15.0, 10_000)
            loads = {
                clients: asyncio.run(closed_loop(server.url, body, clients, *effort))
                for clients in CLIENTS
            }
            after = device.memory_mib()
        added = None if before is None or after is None else after - before
        rows += [
            (
                f"ours, {precision}",
                clients,
                load.throughput,
                1000 * load.latency.median,
                1000 * first_audio,
                added,
            )
            for clients, load in loads.items()
        ]
    return rows


def _others(options: Options, device: Device, model: Model) -> dict[str, Graph]:
    """Open the fp32 converter in the device's other ways."""
    data = (official_bundle(options) / model.converter.interface.file_name).read_bytes()
    interface = tone_converter_interface(model.manifest)
    return {
        name: open_graph(
            data,
            interface,
            SessionSettings(provider, options.threads, provider_options=provider_options),
        )
        for name, (provider, provider_options) in device.others.items()
    }


def _run_graph(graph: Graph, inputs: Inputs) -> NDArray[np.float32]:
    return graph.run(**inputs)


def _not_measured(name: str, columns: Sequence[str]) -> list[Cell]:
    return [name, *(None for _ in columns[1:])]
