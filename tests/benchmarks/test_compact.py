from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError

pytest.importorskip("torch")
import onnx_ir
import torch

from benchmarks.compact import compact_networks
from export.graphs import DEFAULT_OPSET, export_graph
from export.networks.compact import CompactConfig, CompactModel
from export.weights import rounded_to_half, store_half
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.manifest import Manifest
from tests.bundles import make_bundle

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_weights_come_back_from_the_graphs(tmp_path: Path) -> None:
    config = CompactConfig()
    torch.manual_seed(0)
    trained = CompactModel(config).eval().requires_grad_(False)
    for weight in trained.parameters():
        # as training leaves them: no two alike, which the exporter would store once
        weight.add_(0.01 * torch.randn(weight.shape))
    model = rounded_to_half(trained)
    assert isinstance(model, CompactModel)
    folder = make_bundle(
        tmp_path / "compact", latent_channels=config.latent_channels, carries_phase=True
    )
    manifest = Manifest.read(folder / "manifest.json")
    networks = (model.tone_encoder, model.converter)
    interfaces = (tone_encoder_interface(manifest), tone_converter_interface(manifest))
    for network, interface in zip(networks, interfaces, strict=True):
        graph = export_graph(network, interface, DEFAULT_OPSET)
        store_half(graph)
        data = onnx_ir.to_proto(graph).SerializeToString()
        (folder / interface.file_name).write_bytes(data)
    for found, wanted in zip(compact_networks(folder), networks, strict=True):
        parameters = dict(wanted.named_parameters())
        assert all(
            torch.equal(weight, parameters[name]) for name, weight in found.named_parameters()
        )


def test_a_bundle_of_other_networks_is_an_error(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "tiny")
    with pytest.raises(BenchmarkError, match="was not exported from this network"):
        compact_networks(folder)
