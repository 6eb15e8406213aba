"""`python -m export.skeletons`: graph skeletons and pouring plans for `runtime install`.

A skeleton is a graph as `python -m export` makes it, without its weights' bytes; the plan says
which of a checkpoint's tensors each weight is made of. Both are in the repository. Run this again
when a network, the exporter or the folding of checkpoints has changed.
"""

import argparse
import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnx_ir
import torch
from numpy.typing import NDArray
from onnx import external_data_helper, numpy_helper

from export.checkpoint import build_converter, expected_shapes
from export.config import ConverterConfig
from export.errors import ExportError
from export.graphs import DEFAULT_OPSET, export_graph
from export.networks.converter import POSTERIOR_LAYERS
from export.official import official_facts
from export.operators import GATES
from export.receptive_field import exact_receptive_field, minimum_frames
from runtime.install.official import SKELETONS, skeleton_folder
from runtime.install.plan import Folding, Plan, Recipe
from runtime.install.skeleton import DATA_FILE
from runtime.interface import GraphInterface, tone_converter_interface, tone_encoder_interface
from runtime.manifest import TONE_CONVERTER, TONE_ENCODER

CONFIGS = {"v2": ConverterConfig(), "v1": ConverterConfig(zero_g=False)}
# Larger constants than this are weights, and must be in the plan.
LARGEST_CONSTANT = 8
SCALE = 0.02
# What a manifest says of one bundle, not of the network.
OF_ONE_BUNDLE = {
    "name",
    "model_id",
    "files",
    "provenance",
    "checkpoint_sha256",
    "quality",
    "look_back_frames",
    "look_ahead_frames",
    "carries_phase",
}

State = Mapping[str, torch.Tensor]
Graphs = dict[str, onnx.ModelProto]


def write_skeletons(config: ConverterConfig, folder: Path) -> None:
    """Trace a converter and write its skeletons and plan.

    Args:
        config: Its sizes.
        folder: To write to.

    Raises:
        ExportError: a weight of a graph cannot be made by the plan.
    """
    state = draw_state(config)
    graphs, manifest = trace(config, state)
    shapes = expected_shapes(config)
    weights = {
        TONE_ENCODER: encoder_recipes(config, graphs[TONE_ENCODER]),
        TONE_CONVERTER: converter_recipes(config, graphs[TONE_CONVERTER]),
    }
    plan = Plan(manifest, dataclasses.asdict(config), shapes, weights)
    check_plan(plan, graphs, state)
    folder.mkdir(parents=True, exist_ok=True)
    place = 0
    for name, graph in graphs.items():
        place = empty_weights(graph, plan.weights[name], place)
        (folder / name).write_bytes(graph.SerializeToString())
    plan.write(folder)


def draw_state(config: ConverterConfig) -> dict[str, torch.Tensor]:
    """Draw a checkpoint's tensors; all numbers differ, so that no two weights can be confused.

    They are small enough that no activation overflows, which would blur the receptive field.
    """
    generator = torch.Generator().manual_seed(0)
    return {
        name: SCALE * torch.randn(shape, generator=generator)
        for name, shape in expected_shapes(config).items()
    }


def trace(config: ConverterConfig, state: State) -> tuple[Graphs, dict[str, object]]:
    """Export a converter's graphs as `python -m export` does.

    Args:
        config: The converter's sizes.
        state: Its checkpoint's tensors.

    Returns:
        The graphs by file name, and the manifest's fields that every checkpoint shares.
    """
    converter = build_converter(config, state)
    facts = official_facts(config, name="", provenance="", checkpoint_sha256=None)
    draft = facts.manifest(DEFAULT_OPSET, 0, 1)
    encoder_interface, converter_interface = (
        tone_encoder_interface(draft),
        tone_converter_interface(draft),
    )
    context = max(exact_receptive_field(converter, converter_interface, config.hop_length))
    minimum = minimum_frames(converter.ref_enc, encoder_interface)
    manifest = dataclasses.asdict(facts.manifest(DEFAULT_OPSET, context, minimum))
    graphs = {
        TONE_ENCODER: _exported(converter.ref_enc, encoder_interface),
        TONE_CONVERTER: _exported(converter, converter_interface),
    }
    return graphs, {name: value for name, value in manifest.items() if name not in OF_ONE_BUNDLE}


def _exported(module: torch.nn.Module, interface: GraphInterface) -> onnx.ModelProto:
    return onnx_ir.to_proto(export_graph(module, interface, DEFAULT_OPSET))


def encoder_recipes(config: ConverterConfig, graph: onnx.ModelProto) -> dict[str, Recipe]:
    """Say what each weight of the tone encoder is made of.

    Args:
        config: The converter's sizes.
        graph: The tone encoder's.

    Returns:
        Recipes by weight.
    """
    gru = "ref_enc.gru."
    height = expected_shapes(config)[f"{gru}weight_hh_l0"][0] // GATES
    special = {
        "gru.weight": _update_first(f"{gru}weight_ih_l0", height),
        "gru.recurrence": _update_first(f"{gru}weight_hh_l0", height),
        "gru.bias": (
            *_update_first(f"{gru}bias_ih_l0", height),
            *_update_first(f"{gru}bias_hh_l0", height),
        ),
    }
    return {
        weight.name: Recipe(special.get(weight.name, ((f"ref_enc.{weight.name}",),)))
        for weight in _weights(graph)
    }


def _update_first(name: str, height: int) -> tuple[tuple[str, ...], ...]:
    """Order a GRU's gates as ONNX does: PyTorch's second one, its first, its third."""
    return tuple((f"{name}[{gate * height}:{(gate + 1) * height}]",) for gate in (1, 0, 2))


def converter_recipes(config: ConverterConfig, graph: onnx.ModelProto) -> dict[str, Recipe]:
    """Say what each weight of the tone converter is made of.

    Args:
        config: The converter's sizes.
        graph: The tone converter's.

    Returns:
        Recipes by weight.
    """
    special = {}
    if config.zero_g:
        special["dec.conv_pre.bias"] = ("dec.conv_pre.bias", "dec.cond.bias")
        height = 2 * config.hidden_channels
        for layer in range(POSTERIOR_LAYERS):
            rows = f"[{layer * height}:{(layer + 1) * height}]"
            bias = f"enc_q.enc.in_layers.{layer}.bias"
            special[bias] = (bias, f"enc_q.enc.cond_layer.bias{rows}")
    return {
        weight.name: Recipe((special.get(weight.name, (weight.name,)),))
        for weight in _weights(graph)
    }


def _weights(graph: onnx.ModelProto) -> list[onnx.TensorProto]:
    return [
        tensor
        for tensor in graph.graph.initializer
        if tensor.data_type == onnx.TensorProto.FLOAT
        and int(np.prod(tensor.dims)) > LARGEST_CONSTANT
    ]


def check_plan(plan: Plan, graphs: Graphs, state: State) -> None:
    """Hold what the plan makes of a checkpoint against what the export made of it.

    Args:
        plan: The plan.
        graphs: Exported from the checkpoint.
        state: The checkpoint's tensors.

    Raises:
        ExportError: naming the weights that differ by a single bit.
    """

    def tensor(name: str) -> NDArray[np.float32]:
        array: NDArray[np.float32] = state[name].numpy()
        return array

    folding = Folding(plan.shapes, tensor)
    unequal = []
    for name, graph in graphs.items():
        for weight in _weights(graph):
            exported = numpy_helper.to_array(weight)
            try:
                poured = folding.weight(plan.weights[name][weight.name])
            except KeyError:
                unequal.append(f"{name}: {weight.name}, which no tensor is called")
                continue
            if poured.size != exported.size or not np.array_equal(poured.ravel(), exported.ravel()):
                unequal.append(f"{name}: {weight.name}")
    if unequal:
        raise ExportError(
            "the plan does not make these weights as the export does:\n  " + "\n  ".join(unequal)
        )


def empty_weights(graph: onnx.ModelProto, weights: Mapping[str, Recipe], place: int) -> int:
    """Take the bytes out of a graph's weights and note where they lie in the data file.

    Args:
        graph: Changed in place.
        weights: Those to take out.
        place: Where the first one goes.

    Returns:
        Where the next graph's first one goes.
    """
    for tensor in graph.graph.initializer:
        if tensor.name in weights:
            length = len(tensor.raw_data)
            external_data_helper.set_external_data(tensor, DATA_FILE, place, length)
            tensor.ClearField("raw_data")
            place += length
    return place


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Without the program's name; None takes the process's.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python -m export.skeletons", description=__doc__)
    parser.add_argument(
        "--output", type=Path, default=SKELETONS, help="folder to write to (default %(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        for variant, config in CONFIGS.items():
            folder = options.output / skeleton_folder(variant).name
            write_skeletons(config, folder)
            print(f"wrote {folder}", flush=True)
    except ExportError as error:
        print(f"export.skeletons: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
