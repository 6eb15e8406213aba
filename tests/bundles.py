"""Tiny model bundles of the real interface, for tests that need no trained model.

The converter is local in time, conditioned on the tones, and has a known receptive field; the
tone encoder's output depends on the spectrum and not on the length.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

BINS = 513
TONE_DIMENSION = 256
LATENT_CHANNELS = 8
HOP_SAMPLES = 256
HIDDEN = 12
CONTEXT_FRAMES = 5
"""Two convolutions of 3 and 5 frames need 3 frames of context, the transposed one 2 more."""

MINIMUM_REFERENCE_FRAMES = 24
WINDOW_FRAMES = 200
DOUBLINGS = 13
"""The running sum of phases reaches over a minute and a half, every clip that tests convert."""


def make_bundle(folder: Path | str, **changes: Any) -> Path:
    """Write a bundle into a folder, which is made if need be.

    Args:
        folder: Where the manifest and both graphs go.
        changes: Manifest fields to set otherwise. The graphs stay the same, but that
            `carries_phase` adds a hum whose phase is carried.

    Returns:
        The folder.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_graph(folder / "tone_encoder.onnx", tone_encoder())
    carries_phase = changes.get("carries_phase", False)
    write_graph(folder / "tone_converter.onnx", tone_converter(carries_phase=carries_phase))
    write_manifest(folder, **changes)
    return folder


def write_manifest(folder: Path, **changes: Any) -> dict[str, Any]:
    """Write the manifest of the graphs in a folder."""
    files = {
        name: {"sha256": hashlib.sha256((folder / name).read_bytes()).hexdigest()}
        for name in ("tone_encoder.onnx", "tone_converter.onnx")
    }
    manifest: dict[str, Any] = {
        "format": 1,
        "name": "tiny",
        "variant": "compact",
        "model_id": files["tone_encoder.onnx"]["sha256"][:12],
        "sample_rate_hz": 22050,
        "fft_samples": 1024,
        "window_samples": 1024,
        "hop_samples": HOP_SAMPLES,
        "bins": BINS,
        "tone_dimension": TONE_DIMENSION,
        "latent_channels": LATENT_CHANNELS,
        "input_bandwidth_hz": 8000,
        "reference_frames": 1024,
        "minimum_reference_frames": MINIMUM_REFERENCE_FRAMES,
        "context_frames": CONTEXT_FRAMES,
        "window_frames": WINDOW_FRAMES,
        "precision": "fp32",
        "tau_curve": [[0, 0], [0.2, 0.1], [0.3, 0.25], [0.5, 0.6], [1, 1]],
        "opset": 17,
        "files": files,
        "checkpoint_sha256": None,
        "licence": "MIT",
        "provenance": "weights drawn at random for tests",
        "quality": {},
    }
    manifest.update(changes)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return manifest


def tone_encoder() -> onnx.ModelProto:
    """Build the graph that embeds a voice, which fails on fewer frames than its minimum."""
    generator = np.random.default_rng(1)
    weights = {
        # a kernel of the minimum's length, which cannot be applied to a shorter window
        "smooth": np.full((BINS, 1, MINIMUM_REFERENCE_FRAMES), 1 / MINIMUM_REFERENCE_FRAMES),
        "project": 0.1 * generator.standard_normal((TONE_DIMENSION, BINS, 1)) / np.sqrt(BINS),
    }
    nodes = [
        helper.make_node("Log", ["spectrogram"], ["log"]),
        helper.make_node("Conv", ["log", "smooth"], ["smoothed"], group=BINS),
        helper.make_node("ReduceMean", ["smoothed"], ["mean"], axes=[2], keepdims=1),
        helper.make_node("Conv", ["mean", "project"], ["projected"]),
        helper.make_node("Tanh", ["projected"], ["tone"]),
    ]
    return _model(
        nodes,
        weights,
        {"spectrogram": ("batch", BINS, "frames")},
        {"tone": ("batch", TONE_DIMENSION, 1)},
    )


def tone_converter(*, carries_phase: bool = False) -> onnx.ModelProto:
    """Build the graph that converts: its output at a frame depends on 5 frames to each side."""
    generator = np.random.default_rng(2)

    def normal(*shape: int) -> NDArray[np.float64]:
        scale = float(np.sqrt(np.prod(shape[1:])))
        return generator.standard_normal(shape) / scale

    weights = {
        "first": normal(HIDDEN, BINS, 3),
        "noise_in": normal(HIDDEN, LATENT_CHANNELS, 1),
        "tone_in": normal(HIDDEN, TONE_DIMENSION, 1),
        "second": normal(HIDDEN, HIDDEN, 5),
        "third": normal(HIDDEN, HIDDEN, 1),
        # overlapping by 1024 samples, as an inverse Fourier transform does
        "synthesis": 0.3 * normal(HIDDEN, 1, 1024) * 32,
    }
    nodes = [
        helper.make_node("Log", ["spectrogram"], ["log"]),
        helper.make_node("Conv", ["log", "first"], ["a"], pads=[1, 1]),
        helper.make_node("Conv", ["noise", "noise_in"], ["b"]),
        helper.make_node("Sub", ["target_tone", "source_tone"], ["difference"]),
        helper.make_node("Conv", ["difference", "tone_in"], ["c"]),
        helper.make_node("Add", ["a", "b"], ["ab"]),
        helper.make_node("Add", ["ab", "c"], ["abc"]),
        helper.make_node("Tanh", ["abc"], ["hidden"]),
        helper.make_node("Conv", ["hidden", "second"], ["d"], pads=[2, 2]),
        helper.make_node("Add", ["d", "c"], ["dc"]),
        helper.make_node("Tanh", ["dc"], ["deep"]),
        helper.make_node("Conv", ["deep", "third"], ["e"]),
        helper.make_node(
            "ConvTranspose", ["e", "synthesis"], ["wave"], strides=[HOP_SAMPLES], pads=[384, 384]
        ),
    ]
    inputs: dict[str, tuple[str | int, ...]] = {
        "spectrogram": ("batch", BINS, "frames"),
        "source_tone": ("batch", TONE_DIMENSION, 1),
        "target_tone": ("batch", TONE_DIMENSION, 1),
        "noise": ("batch", LATENT_CHANNELS, "frames"),
    }
    outputs: dict[str, tuple[str | int, ...]] = {"audio": ("batch", 1, "samples")}
    if not carries_phase:
        nodes.append(helper.make_node("Tanh", ["wave"], ["audio"]))
        return _model(nodes, weights, inputs, outputs)
    inputs["known_phase"] = outputs["phase"] = ("batch", 1, "frames")
    weights["pitch"] = normal(1, BINS, 3)
    weights["hop"] = 0.1 * np.ones((1, 1, HOP_SAMPLES))
    weights |= {"zero": np.zeros(1), "one": np.ones(1), "turn": np.full(1, 2 * np.pi)}
    nodes += [
        helper.make_node("Conv", ["log", "pitch"], ["raw"], pads=[1, 1]),
        helper.make_node("Sigmoid", ["raw"], ["cycles"]),
        helper.make_node("GreaterOrEqual", ["known_phase", "zero"], ["is_known"]),
        helper.make_node("Where", ["is_known", "known_phase", "cycles"], ["sum_0"]),
        helper.make_node("Where", ["is_known", "zero", "one"], ["open_0"]),
    ]
    for number in range(DOUBLINGS):
        nodes += _doubling(number)
    nodes += [
        helper.make_node("Identity", [f"sum_{DOUBLINGS}"], ["phase"]),
        helper.make_node("Mul", ["phase", "turn"], ["angle"]),
        helper.make_node("Sin", ["angle"], ["sine"]),
        helper.make_node("ConvTranspose", ["sine", "hop"], ["hum"], strides=[HOP_SAMPLES]),
        helper.make_node("Add", ["wave", "hum"], ["sound"]),
        helper.make_node("Tanh", ["sound"], ["audio"]),
    ]
    return _model(nodes, weights, inputs, outputs)


def _doubling(number: int) -> list[onnx.NodeProto]:
    """Make a round of the running sum over frames whose phase is not known."""
    frames = 1 << number
    constants = {
        "pads": np.array([0, 0, frames, 0, 0, 0]),
        "starts": np.array([0]),
        "ends": np.array([-frames]),
        "axes": np.array([2]),
    }
    nodes = [
        helper.make_node("Constant", [], [f"{name}_{number}"], value=numpy_helper.from_array(value))
        for name, value in constants.items()
    ]
    slicing = [f"{name}_{number}" for name in ("starts", "ends", "axes")]
    for name in ("sum", "open"):
        padded, delayed = f"{name}_padded_{number}", f"{name}_delayed_{number}"
        nodes += [
            helper.make_node("Pad", [f"{name}_{number}", f"pads_{number}"], [padded]),
            helper.make_node("Slice", [padded, *slicing], [delayed]),
        ]
    gated, total = f"gated_{number}", f"total_{number}"
    return [
        *nodes,
        helper.make_node("Mul", [f"open_{number}", f"sum_delayed_{number}"], [gated]),
        helper.make_node("Add", [f"sum_{number}", gated], [total]),
        helper.make_node("Floor", [total], [f"whole_{number}"]),
        helper.make_node("Sub", [total, f"whole_{number}"], [f"sum_{number + 1}"]),
        helper.make_node(
            "Mul", [f"open_{number}", f"open_delayed_{number}"], [f"open_{number + 1}"]
        ),
    ]


def write_graph(path: Path, model: onnx.ModelProto) -> None:
    """Write a graph after checking it."""
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def _model(
    nodes: list[onnx.NodeProto],
    weights: dict[str, NDArray[Any]],
    inputs: dict[str, tuple[str | int, ...]],
    outputs: dict[str, tuple[str | int, ...]],
) -> onnx.ModelProto:
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in inputs.items()
        ],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in outputs.items()
        ],
        [
            numpy_helper.from_array(array.astype(np.float32), name)
            for name, array in weights.items()
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
