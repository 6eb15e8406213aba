"""A run's averaged weights as a model bundle."""

import json
from pathlib import Path
from typing import Any

from export.bundle import BundleFacts, write_bundle
from export.networks.compact import CompactConfig
from training.recipe import load_run

STRAIGHT = ((0.0, 0.0), (1.0, 1.0))
WINDOW_FRAMES = 861
"""Ten seconds: a piece of the recommended client is one window."""

PROVENANCE = (
    "trained by this project's recipe (training/README.md) on LibriSpeech train-clean-100 (c) 2014 "
    "Vassil Panayotov, CC BY 4.0, openslr.org/12, on clean speech of "
    "Picovoice/speech-to-intent-benchmark, Apache License 2.0, and on speech that was made with "
    "Kokoro-82M, Apache License 2.0"
)
AUDIO_TOLERANCE = 1e-3
"""The phase of the fiftieth harmonic is fifty times a sum of many rounded pitches."""


def tau_curve(shares: dict[str, float]) -> tuple[tuple[float, float], ...]:
    """Find the weights that give the shares which the API promises.

    Args:
        shares: Measured share of the rise in similarity by weight, of a straight curve.

    Returns:
        Points of tau and weight, both rising from 0 to 1.
    """
    promised = {0.2: 0.2, 0.3: 0.4, 0.5: 0.7, 0.6: 0.85}
    weights = sorted(float(weight) for weight in shares)
    rising: list[float] = []
    for weight in weights:
        share = shares[str(weight)]
        rising.append(max(share, rising[-1] + 1e-6 if rising else share))
    points = [(0.0, 0.0)]
    for tau, share in promised.items():
        upper = next(index for index, value in enumerate(rising) if value >= share)
        low, high = rising[upper - 1], rising[upper]
        along = (share - low) / (high - low)
        weight = weights[upper - 1] + along * (weights[upper] - weights[upper - 1])
        points.append((tau, round(weight, 3)))
    return (*points, (1.0, 1.0))


def export_run(run: Path, output: Path, straight: Path | None, report: Path | None) -> None:
    """Write the bundle, weights stored in half precision, and check it against the networks.

    Args:
        run: Folder of a run.
        output: Folder of the bundle.
        straight: Evaluation of the same weights with a straight tau curve, to bend it by.
        report: Evaluation whose figures go into the manifest.
    """
    model = load_run(run).eval()
    config = CompactConfig()
    quality: dict[str, Any] = json.loads(report.read_text()) if report else {}
    curve = tau_curve(json.loads(straight.read_text())["tau_shares"]) if straight else STRAIGHT
    write_bundle(
        model.tone_encoder,
        model.converter,
        BundleFacts(
            name="compact",
            variant="compact",
            sample_rate_hz=config.sample_rate_hz,
            fft_samples=config.fft_samples,
            hop_samples=config.hop_samples,
            tone_dimension=config.tone_dimension,
            latent_channels=config.latent_channels,
            input_bandwidth_hz=config.sample_rate_hz / 2,
            tau_curve=curve,
            window_frames=WINDOW_FRAMES,
            licence="MIT",
            provenance=PROVENANCE,
            quality=quality,
            carries_phase=True,
        ),
        output,
        store_weights="fp16",
        audio_tolerance=AUDIO_TOLERANCE,
    )
