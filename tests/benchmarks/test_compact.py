from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError

pytest.importorskip("torch")
from benchmarks.compact import compact_networks
from export.eager import EagerGraph
from export.examples import example_arrays
from export.fidelity import signal_to_noise_db
from runtime.bundle import Bundle
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.models import DEFAULT_MODEL, find_model
from runtime.sessions import SessionSettings, open_graph
from tests.bundles import make_bundle

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_networks_with_a_bundles_weights_give_what_its_graphs_give() -> None:
    folder = find_model(DEFAULT_MODEL)
    bundle = Bundle.read(folder)
    interfaces = (
        tone_encoder_interface(bundle.manifest),
        tone_converter_interface(bundle.manifest),
    )
    graphs = (bundle.tone_encoder, bundle.tone_converter)
    for network, interface, data in zip(compact_networks(folder), interfaces, graphs, strict=True):
        inputs = example_arrays(interface, batch=1, frames=100)
        found = open_graph(data, interface, SessionSettings("cpu", 1, False)).run(**inputs)
        wanted = EagerGraph(network, interface).run(**inputs)
        assert signal_to_noise_db(found, wanted) > 30


def test_a_bundle_of_other_networks_is_an_error(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "tiny")
    with pytest.raises(BenchmarkError, match="was not exported from this network"):
        compact_networks(folder)
