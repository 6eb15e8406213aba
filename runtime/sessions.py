"""ONNX Runtime sessions: execution provider, threads, memory and graph options."""

import logging
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as onnxruntime_errors

from runtime.errors import InvalidBundle, InvalidOption, ProviderUnavailable
from runtime.interface import GraphInterface
from runtime.options import check_count
from runtime.profile import signal_nodes
from runtime.providers import CPU, CUDA, ONNX_RUNTIME_NAMES, TENSORRT, Provider

CGROUP_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")
PROBE_FRAMES = 64

_LOAD_ERRORS = (
    onnxruntime_errors.Fail,
    onnxruntime_errors.InvalidArgument,
    onnxruntime_errors.InvalidGraph,
    onnxruntime_errors.InvalidProtobuf,
    onnxruntime_errors.NotImplemented,
    onnxruntime_errors.RuntimeException,
)
_CUDA_OPTIONS = {
    # grow the arena by what a new window length needs, not to the next power of two
    "arena_extend_strategy": "kSameAsRequested",
    # an exhaustive search would stall the first request of every length
    "cudnn_conv_algo_search": "HEURISTIC",
    "cudnn_conv_use_max_workspace": "1",
    "do_copy_in_default_stream": "1",
    # TF32 has less precision than the fp32 that graphs are named for
    "use_tf32": "0",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SessionSettings:
    """Settings of the sessions that run a model's graphs.

    Attributes:
        provider: Execution provider: `auto`, which takes `cuda` where it works and else `cpu`, or
            one by name.
        threads: Number of CPU threads of one run; None uses every CPU available to this process.
            Concurrent runs share the threads; with 1, each run stays on the thread that called it.
        spinning: Whether idle threads busy-wait for a while before they sleep: faster for runs
            one after the other, wasteful where several share the CPUs.
        provider_options: Options of a provider other than the CPU's, by ONNX Runtime's names;
            they take precedence over the ones set here.
    """

    provider: Provider = "auto"
    threads: int | None = None
    spinning: bool = True
    provider_options: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.provider not in get_args(Provider):
            raise InvalidOption(
                "provider", self.provider, f"one of {', '.join(get_args(Provider))} is needed"
            )
        check_count("threads", self.threads)


class Graph:
    """A loaded graph, safe to run from several threads at once.

    Args:
        session: Session that runs the graph.
        interface: Inputs and output of the graph.

    Attributes:
        interface: Inputs and output of the graph.
        providers: Active execution providers, in the order in which they are tried for a node.
    """

    def __init__(self, session: onnxruntime.InferenceSession, interface: GraphInterface) -> None:
        self.interface = interface
        self.providers: tuple[str, ...] = tuple(session.get_providers())
        self._session = session
        self._device = "cuda" if self.on_cuda else "cpu"

    @property
    def on_cuda(self) -> bool:
        """Whether the graph runs on a GPU."""
        return self.providers[0] == CUDA

    def run(self, **inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Run the graph once.

        Args:
            inputs: Arrays by input name, float32.

        Returns:
            The output that the graph is for, in newly allocated memory.
        """
        return self.run_all(**inputs)[self.interface.output]

    def run_all(self, **inputs: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run the graph once.

        Args:
            inputs: Arrays by input name, float32.

        Returns:
            All outputs by name, in newly allocated memory.
        """
        binding = self._session.io_binding()
        for name, array in inputs.items():
            value = onnxruntime.OrtValue.ortvalue_from_numpy(
                np.ascontiguousarray(array, dtype=np.float32), self._device
            )
            binding.bind_ortvalue_input(name, value)
        names = list(self.interface.outputs)
        for name in names:
            binding.bind_output(name, self._device)
        self._session.run_with_iobinding(binding)
        return dict(zip(names, binding.copy_outputs_to_cpu(), strict=True))


def open_graph(data: bytes, interface: GraphInterface, settings: SessionSettings) -> Graph:
    """Load a graph; check its interface and that the requested provider computes all of it.

    Args:
        data: Bytes of the ONNX file.
        interface: Inputs and output that the graph must have.
        settings: Provider and threads.

    Raises:
        InvalidBundle: The data is not a graph with that interface.
        ProviderUnavailable: The requested provider is missing, inactive, or leaves computation
            to the CPU.
    """
    if settings.provider == "cpu":
        return _open_on_cpu(data, interface, settings)
    wanted = CUDA if settings.provider == "auto" else ONNX_RUNTIME_NAMES[settings.provider]
    if wanted in onnxruntime.get_available_providers():
        graph = _open_on(wanted, data, interface, settings)
        if graph is not None:
            return graph
        reason = "ONNX Runtime could not start it"
        if wanted == CUDA:
            reason += "; check the GPU, its driver, CUDA and cuDNN"
    else:
        reason = "this build of ONNX Runtime does not include it"
        if wanted == CUDA:
            reason += "; install onnxruntime-gpu"
    if settings.provider != "auto":
        raise ProviderUnavailable(wanted, reason)
    _log.info("%s runs on the CPU: %s", interface.file_name, reason)
    return _open_on_cpu(data, interface, settings)


def available_cpus(limit_file: Path = CGROUP_CPU_LIMIT) -> int:
    """Count the CPUs available to this process by its affinity and its container's quota.

    Args:
        limit_file: The control group's `cpu.max` file, which holds quota and period.
    """
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    count = count or 1
    try:
        quota, period = limit_file.read_text().split()
    except (OSError, ValueError):
        return count
    if quota == "max":
        return count
    return max(1, min(count, round(int(quota) / int(period))))


def _open_on_cpu(data: bytes, interface: GraphInterface, settings: SessionSettings) -> Graph:
    session = _session(data, interface, _options(settings), [CPU])
    return Graph(session, interface)


def _open_on(
    provider: str, data: bytes, interface: GraphInterface, settings: SessionSettings
) -> Graph | None:
    """Open a graph on a provider other than the CPU's.

    Returns:
        The graph; None where ONNX Runtime started it on the CPU instead.

    Raises:
        ProviderUnavailable: The provider leaves computation to the CPU.
    """
    own = _CUDA_OPTIONS if provider == CUDA else {}
    providers: list[Any] = [(provider, {**own, **settings.provider_options}), CPU]
    if provider in (CUDA, TENSORRT):
        onnxruntime.preload_dlls()
    if provider == TENSORRT:
        # it leaves what it cannot compute to the next one
        providers.insert(1, (CUDA, _CUDA_OPTIONS))
    options = _options(settings)
    with tempfile.TemporaryDirectory(prefix="openvoice-profile-") as folder:
        options.enable_profiling = True
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = _session(data, interface, options, providers)
        if session.get_providers()[0] != provider:
            session.end_profiling()
            return None
        graph = Graph(session, interface)
        graph.run(**interface.zeros(1, PROBE_FRAMES))
        left = signal_nodes(Path(session.end_profiling()), CPU)
    if left:
        raise ProviderUnavailable(
            provider,
            f"these nodes of {interface.file_name} would run on the CPU: {', '.join(left)}",
        )
    return graph


def _session(
    data: bytes,
    interface: GraphInterface,
    options: onnxruntime.SessionOptions,
    providers: list[Any],
) -> onnxruntime.InferenceSession:
    try:
        session = onnxruntime.InferenceSession(data, options, providers=providers)
    except _LOAD_ERRORS as error:
        reason = str(error).splitlines()[0]
        raise InvalidBundle(interface.file_name, f"cannot be loaded: {reason}") from error
    session.disable_fallback()
    interface.check(session)
    return session


def _options(settings: SessionSettings) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.intra_op_num_threads = settings.threads or available_cpus()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry(
        "session.intra_op.allow_spinning", "1" if settings.spinning else "0"
    )
    # denormal numbers, which occur near silence, are slow to compute; this option covers the
    # session's own threads and the thread that opened the process's first session
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    return options
