from pathlib import Path

import onnx
import pytest

from runtime import VoiceCloner
from runtime.errors import InvalidBundle
from runtime.interface import tone_converter_interface
from tests.bundles import make_bundle, tone_converter, tone_encoder, write_graph, write_manifest


def test_zeros_have_the_inputs_shapes(cloner: VoiceCloner) -> None:
    zeros = tone_converter_interface(cloner.manifest).zeros(2, 7)
    assert {name: array.shape for name, array in zeros.items()} == {
        "spectrogram": (2, 513, 7),
        "source_tone": (2, 256, 1),
        "target_tone": (2, 256, 1),
        "noise": (2, 8, 7),
    }


def _rename(model: onnx.ModelProto, old: str, new: str) -> onnx.ModelProto:
    for tensor in [*model.graph.input, *model.graph.output]:
        if tensor.name == old:
            tensor.name = new
    for node in model.graph.node:
        for names in (node.input, node.output):
            for index, name in enumerate(names):
                if name == old:
                    names[index] = new
    return model


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("noise", "z", "its inputs are .*z.* instead of spectrogram"),
        ("audio", "wave_out", "its outputs are wave_out instead of audio"),
    ],
)
def test_wrong_names_are_refused_at_load(tmp_path: Path, old: str, new: str, reason: str) -> None:
    make_bundle(tmp_path)
    write_graph(tmp_path / "tone_converter.onnx", _rename(tone_converter(), old, new))
    write_manifest(tmp_path)
    with pytest.raises(InvalidBundle, match=f"tone_converter.onnx: {reason}"):
        VoiceCloner.load(tmp_path, provider="cpu")


def test_graphs_in_each_others_place_are_refused(tmp_path: Path) -> None:
    make_bundle(tmp_path)
    write_graph(tmp_path / "tone_encoder.onnx", tone_converter())
    write_graph(tmp_path / "tone_converter.onnx", tone_encoder())
    write_manifest(tmp_path)
    with pytest.raises(InvalidBundle, match=r"tone_encoder\.onnx: its inputs are"):
        VoiceCloner.load(tmp_path, provider="cpu")


def test_shapes_that_the_manifest_denies_are_refused(tmp_path: Path) -> None:
    make_bundle(tmp_path, latent_channels=192)
    with pytest.raises(InvalidBundle, match=r"input noise is \[\*, 8, \*\], not \[\*, 192, \*\]"):
        VoiceCloner.load(tmp_path, provider="cpu")


def test_fixed_lengths_are_refused(tmp_path: Path) -> None:
    make_bundle(tmp_path)
    model = tone_encoder()
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 1024
    write_graph(tmp_path / "tone_encoder.onnx", model)
    write_manifest(tmp_path)
    with pytest.raises(InvalidBundle, match=r"input spectrogram is \[\*, 513, 1024\]"):
        VoiceCloner.load(tmp_path, provider="cpu")


def test_other_types_are_refused(tmp_path: Path) -> None:
    make_bundle(tmp_path)
    model = tone_encoder()
    for tensor in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        tensor.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    for weight in model.graph.initializer:
        weight.CopyFrom(
            onnx.numpy_helper.from_array(
                onnx.numpy_helper.to_array(weight).astype("float64"), weight.name
            )
        )
    write_graph(tmp_path / "tone_encoder.onnx", model)
    write_manifest(tmp_path)
    with pytest.raises(InvalidBundle, match=r"is tensor\(double\)|cannot be loaded"):
        VoiceCloner.load(tmp_path, provider="cpu")
