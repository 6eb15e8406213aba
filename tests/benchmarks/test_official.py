from dataclasses import replace

import numpy as np
import pytest

from benchmarks.options import Options

pytest.importorskip("torch")
import torch

from benchmarks import official
from benchmarks.model import open_model
from export.eager import EagerGraph
from export.examples import example_arrays
from runtime.interface import tone_converter_interface

pytestmark = [pytest.mark.torch, pytest.mark.slow]


def test_the_export_says_what_upstream_says(options: Options) -> None:
    folder = official.official_bundle(options)
    model = open_model(folder, options)
    inputs = example_arrays(model.converter.interface, 1, 61)
    networks = official.official_networks(options)
    eager = EagerGraph(networks[1], tone_converter_interface(model.manifest))
    np.testing.assert_allclose(model.converter.run(**inputs), eager.run(**inputs), atol=2e-5)


def test_an_export_that_is_there_is_kept(options: Options) -> None:
    folder = official.official_bundle(options)
    before = (folder / "manifest.json").stat().st_mtime_ns
    assert official.official_bundle(options) == folder
    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_v1_shows_its_tones_to_every_part() -> None:
    config = replace(official.SMALL, zero_g=False)
    state = official.drawn_state(config)
    heard, deaf = (
        official.Upstream(replace(config, zero_g=zero_g), state).eval() for zero_g in (False, True)
    )
    generator = torch.Generator().manual_seed(0)
    spectrogram = torch.rand(1, config.bins, 20, generator=generator)
    tones = [torch.randn(1, 256, 1, generator=generator) for _ in range(2)]
    noise = torch.zeros(1, config.inter_channels, 20)
    with torch.inference_mode():
        first, second = (part(spectrogram, *tones, noise) for part in (heard, deaf))
    assert first.shape == (1, 1, 20 * 256)
    assert not torch.allclose(first, second, atol=1e-4)
