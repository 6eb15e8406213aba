from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import torch

from tests.export.official_files import read_case

if TYPE_CHECKING:
    from torch import Tensor

    from export.networks.converter import ToneColourConverter

SHARE_OF_PEAK = 1e-4


def within(found: Tensor, wanted: Tensor) -> bool:
    return float((found - wanted).abs().max()) <= SHARE_OF_PEAK * float(wanted.abs().max())


def test_the_original_gives_these_numbers(converter: ToneColourConverter) -> None:
    cases = ["v1_case_a"] if converter.conditioned else ["v2_case_a", "v2_case_b"]
    for case in map(read_case, cases):
        spectrogram, source, target = (
            case[name] for name in ("spectrogram", "source_tone", "target_tone")
        )
        noise = case["noise"] * case["temperature"]
        with torch.inference_mode():
            assert within(converter.ref_enc(spectrogram), source)
            mean, log_scale = converter.enc_q(
                spectrogram, source if converter.conditioned else None
            )
            found = {"z": mean + noise * log_scale.exp()}
            found["z_p"] = converter.flow(found["z"], source)
            found["z_hat"] = converter.flow(found["z_p"], target, reverse=True)
            found["audio"] = converter(spectrogram, source, target, noise)
        for name, value in found.items():
            if name in case:
                assert within(value, case[name]), name


def test_only_v1_shows_its_tones_to_the_posterior_encoder(converter: ToneColourConverter) -> None:
    assert hasattr(converter.enc_q.enc, "cond_layer") == converter.conditioned
    assert hasattr(converter.dec, "cond") == converter.conditioned
