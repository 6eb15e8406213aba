"""Converters in less than float32, measured against it on speech."""

from collections.abc import Callable
from typing import Any

import onnx_ir

from export.calibration import best_range, observe
from export.errors import ParityError
from export.half import to_half
from export.parity import open_for_parity
from export.quantization import (
    Affine,
    activation_after,
    convolutions,
    leaky_relu,
    observed_values,
)
from export.selection import Selection
from export.speech import Speech, signal_to_noise_db
from runtime.interface import GraphInterface
from runtime.manifest import Precision

# What a converter must keep on speech that calibration never saw.
LEAST_RATIO_DB: dict[Precision, float] = {"fp16": 40.0, "int8": 25.0}
# What int8 is chosen for on speech that calibration saw: unseen speech may cost a decibel or two.
CHOSEN_RATIO_DB = 27.0

Announce = Callable[[str], None]


def reduce_precision(
    model: onnx_ir.Model,
    interface: GraphInterface,
    precision: Precision,
    speech: Speech,
    announce: Announce,
) -> tuple[onnx_ir.Model, dict[str, Any]]:
    """Makes a converter of less precision.

    Args:
        model: the float32 converter; left as it is.
        interface: of the graph.
        precision: `fp16` or `int8`.
        speech: to calibrate with and to judge by.
        announce: is told each step.

    Returns:
        The graph, and figures for the manifest's `quality`.

    Raises:
        ParityError: too much is lost.
    """
    figures: dict[str, Any] = {}
    if precision == "fp16":
        reduced = onnx_ir.from_proto(onnx_ir.to_proto(model))
        to_half(reduced)
    else:
        reduced, figures["int8_layers"] = _quantized(model, interface, speech, announce)
    graphs = [
        open_for_parity(onnx_ir.to_proto(each).SerializeToString(), interface)
        for each in (reduced, model)
    ]
    found, wanted = ([graph.run(**clip) for clip in speech.unseen] for graph in graphs)
    ratio = signal_to_noise_db(found, wanted)
    least = LEAST_RATIO_DB[precision]
    announce(f"{precision} against float32 on unseen speech: {ratio:.1f} dB, {least:g} needed")
    if not ratio >= least:
        raise ParityError(
            f"{precision} keeps {ratio:.1f} dB on unseen speech, {least:g} are needed"
        )
    figures["signal_to_noise_db"] = round(ratio, 1)
    return reduced, figures


def _quantized(
    model: onnx_ir.Model, interface: GraphInterface, speech: Speech, announce: Announce
) -> tuple[onnx_ir.Model, list[str]]:
    """Calibrates, chooses layers and quantises them; returns their groups' names too."""
    nodes = convolutions(model)
    announce(f"calibrating {len(nodes)} layers on {len(speech.seen)} clips")
    observations = observe(model, observed_values(nodes), speech.seen)
    ranges: dict[str, Affine] = {}
    for node in nodes:
        activation = activation_after(node)
        for value, after in ((node.inputs[0], None), (node.outputs[0], activation)):
            if value is not None and value.name not in ranges:
                behind = None if after is None else leaky_relu(after)
                ranges[str(value.name)] = best_range(observations[str(value.name)].values, behind)
    selection = Selection(onnx_ir.to_proto(model), interface, ranges, speech.seen)
    groups = selection.choose(observations, CHOSEN_RATIO_DB, announce)
    if not groups:
        raise ParityError(f"no layer can be had in int8 at {CHOSEN_RATIO_DB:g} dB")
    return selection.quantized(groups), [group.name for group in groups]
