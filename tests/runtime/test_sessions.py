import logging
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from runtime.errors import InvalidBundle, InvalidOption, ProviderUnavailable
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.manifest import Manifest
from runtime.providers import CPU, CUDA, ONNX_RUNTIME_NAMES, Provider
from runtime.sessions import SessionSettings, available_cpus, open_graph


@pytest.fixture(scope="module")
def manifest(bundle: Path) -> Manifest:
    return Manifest.read(bundle / "manifest.json")


def test_a_graph_says_where_it_runs(bundle: Path, manifest: Manifest) -> None:
    data = (bundle / "tone_encoder.onnx").read_bytes()
    graph = open_graph(data, tone_encoder_interface(manifest), SessionSettings("cpu", 1))
    assert graph.providers == (CPU,)
    assert not graph.on_cuda
    tone = graph.run(spectrogram=np.full((2, 513, 30), 0.5, np.float32))
    assert tone.shape == (2, 256, 1)
    assert np.ptp(tone[0] - tone[1]) == 0


def test_outputs_have_memory_of_their_own(bundle: Path, manifest: Manifest) -> None:
    data = (bundle / "tone_encoder.onnx").read_bytes()
    graph = open_graph(data, tone_encoder_interface(manifest), SessionSettings("cpu", 1))
    first = graph.run(spectrogram=np.full((1, 513, 30), 0.5, np.float32))
    kept = first.copy()
    graph.run(spectrogram=np.full((1, 513, 30), 0.001, np.float32))
    np.testing.assert_array_equal(first, kept)
    first += 1


def test_a_graph_runs_in_several_threads(bundle: Path, manifest: Manifest) -> None:
    data = (bundle / "tone_converter.onnx").read_bytes()
    interface = tone_converter_interface(manifest)
    graph = open_graph(data, interface, SessionSettings("cpu", 2))
    inputs = []
    for seed in range(8):
        generator = np.random.default_rng(seed)
        inputs.append(
            {
                name: generator.random(array.shape, np.float32) + np.float32(0.1)
                for name, array in interface.zeros(1, 40 + seed).items()
            }
        )
    alone = [graph.run(**one) for one in inputs]
    together: list[Any] = [None] * len(inputs)

    def work(index: int) -> None:
        for _ in range(5):
            together[index] = graph.run(**inputs[index])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for expected, found in zip(alone, together, strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_something_else_than_a_graph_is_refused(manifest: Manifest) -> None:
    with pytest.raises(InvalidBundle, match=r"tone_encoder\.onnx: cannot be loaded"):
        open_graph(b"no graph", tone_encoder_interface(manifest), SessionSettings("cpu"))


@pytest.mark.skipif(
    CUDA in onnxruntime.get_available_providers(), reason="this ONNX Runtime has CUDA"
)
def test_cuda_where_there_is_none_is_an_error(bundle: Path, manifest: Manifest) -> None:
    data = (bundle / "tone_encoder.onnx").read_bytes()
    with pytest.raises(ProviderUnavailable, match="onnxruntime-gpu"):
        open_graph(data, tone_encoder_interface(manifest), SessionSettings("cuda"))


def test_cuda_that_does_not_start_is_an_error(
    bundle: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    # what a build with CUDA does on a machine without a GPU: the session starts on the CPU
    create = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)
    monkeypatch.setattr(
        onnxruntime,
        "InferenceSession",
        lambda data, options, providers: create(data, options, providers=[CPU]),
    )
    data = (bundle / "tone_encoder.onnx").read_bytes()
    interface = tone_encoder_interface(manifest)
    with pytest.raises(ProviderUnavailable, match="check the GPU"):
        open_graph(data, interface, SessionSettings("cuda"))
    with caplog.at_level(logging.INFO, logger="runtime.sessions"):
        assert open_graph(data, interface, SessionSettings("auto")).providers == (CPU,)
    assert "runs on the CPU" in caplog.text


def test_computation_left_to_the_cpu_is_an_error(
    bundle: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Pretender(onnxruntime.InferenceSession):  # type: ignore[misc]
        def __init__(self, data: bytes, options: Any, providers: list[Any]) -> None:
            super().__init__(data, options, providers=[CPU])

        def get_providers(self) -> list[str]:
            return [CUDA, CPU]

    real_value = onnxruntime.OrtValue.ortvalue_from_numpy
    real_binding = onnxruntime.InferenceSession.io_binding

    def on_cpu(self: Any) -> Any:
        binding = real_binding(self)
        bind = binding.bind_output
        binding.bind_output = lambda name, device: bind(name, "cpu")
        return binding

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CUDA, CPU])
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)
    monkeypatch.setattr(onnxruntime, "InferenceSession", Pretender)
    monkeypatch.setattr(Pretender, "io_binding", on_cpu)
    monkeypatch.setattr(
        onnxruntime.OrtValue, "ortvalue_from_numpy", lambda array, device: real_value(array)
    )
    data = (bundle / "tone_encoder.onnx").read_bytes()
    for provider in ("cuda", "auto"):
        with pytest.raises(ProviderUnavailable, match=r"would run on the CPU: .*Conv"):
            open_graph(data, tone_encoder_interface(manifest), SessionSettings(provider))


@pytest.mark.parametrize("provider", ["openvino", "coreml", "directml", "tensorrt"])
def test_any_provider_that_is_missing_is_an_error(
    bundle: Path, manifest: Manifest, provider: Provider
) -> None:
    name = ONNX_RUNTIME_NAMES[provider]
    if name in onnxruntime.get_available_providers():
        pytest.skip(f"this ONNX Runtime has {name}")
    data = (bundle / "tone_encoder.onnx").read_bytes()
    with pytest.raises(ProviderUnavailable, match=f"{name} cannot be used: this build"):
        open_graph(data, tone_encoder_interface(manifest), SessionSettings(provider))


def test_a_provider_that_is_there_gets_its_options(
    bundle: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = ONNX_RUNTIME_NAMES["xnnpack"]
    given: list[Any] = []

    class Pretender(onnxruntime.InferenceSession):  # type: ignore[misc]
        def __init__(self, data: bytes, options: Any, providers: list[Any]) -> None:
            given.extend(providers)
            super().__init__(data, options, providers=[CPU])

        def get_providers(self) -> list[str]:
            return [name, CPU]

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [name, CPU])
    monkeypatch.setattr(onnxruntime, "InferenceSession", Pretender)
    monkeypatch.setattr("runtime.sessions.signal_nodes", lambda profile, provider: [])
    data = (bundle / "tone_encoder.onnx").read_bytes()
    settings = SessionSettings("xnnpack", provider_options={"intra_op_num_threads": "2"})
    graph = open_graph(data, tone_encoder_interface(manifest), settings)
    assert given == [(name, {"intra_op_num_threads": "2"}), CPU]
    assert graph.providers == (name, CPU)
    assert not graph.on_cuda


def test_names_are_those_of_onnx_runtime() -> None:
    known = onnxruntime.get_all_providers()
    assert all(name in known for name in ONNX_RUNTIME_NAMES.values())


@pytest.mark.gpu
@pytest.mark.parametrize("name", ["tone_encoder", "tone_converter"])
def test_cuda_computes_what_the_cpu_does(bundle: Path, manifest: Manifest, name: str) -> None:
    interface = {
        "tone_encoder": tone_encoder_interface,
        "tone_converter": tone_converter_interface,
    }[name](manifest)
    data = (bundle / f"{name}.onnx").read_bytes()
    generator = np.random.default_rng(0)
    inputs = {
        key: generator.random(array.shape, np.float32) + np.float32(0.1)
        for key, array in interface.zeros(3, 50).items()
    }
    on_cpu = open_graph(data, interface, SessionSettings("cpu")).run(**inputs)
    on_cuda = open_graph(data, interface, SessionSettings("cuda")).run(**inputs)
    np.testing.assert_allclose(on_cuda, on_cpu, rtol=0, atol=1e-4)


@pytest.mark.parametrize("threads", [0, -1, True, 1.5])
def test_wrong_thread_counts_are_refused(threads: Any) -> None:
    with pytest.raises(InvalidOption, match="threads"):
        SessionSettings("cpu", threads)


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(InvalidOption, match="provider is 'tpu'"):
        SessionSettings("tpu")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("max 100000\n", None),
        ("100000 100000\n", 1),
        ("50000 100000\n", 1),
        ("nonsense\n", None),
    ],
)
def test_a_containers_quota_counts(tmp_path: Path, text: str, expected: int | None) -> None:
    limit = tmp_path / "cpu.max"
    limit.write_text(text)
    assert available_cpus(limit) == (expected or len(os.sched_getaffinity(0)))


def test_without_a_quota_affinity_counts(tmp_path: Path) -> None:
    assert available_cpus(tmp_path / "cpu.max") == len(os.sched_getaffinity(0))
