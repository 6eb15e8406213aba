"""The documentation's pictures: what a conversion does to a spectrogram, and what tau does."""

import io
import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from runtime import VoiceCloner
from runtime.spectrogram import SpectrogramTransform
from training.pitch import pitch_hz

PROMISED = {0.0: 0.0, 0.2: 0.2, 0.3: 0.4, 0.5: 0.7, 0.6: 0.85, 1.0: 1.0}
"""Share of the rise in similarity that the API promises at each tau."""
HIGHEST_HZ, HIGHEST_F0_HZ = 5000.0, 400.0


def draw_all(model: Path, source: Path, target: Path, straight: Path | None, output: Path) -> None:
    """Draw `spectrograms.png`, and `tau.png` where the manifest has shares over tau.

    Args:
        model: Folder of a bundle.
        source: Speech for the spectrograms.
        target: Voice for them.
        straight: Evaluation with a straight tau curve, to show beside the manifest's.
        output: Folder of the pictures.
    """
    cloner = VoiceCloner.load(model, provider="cpu")
    spectrograms(cloner, source, target, output / "spectrograms.png")
    curved = cloner.manifest.quality.get("tau_shares", {})
    before = json.loads(straight.read_text())["tau_shares"] if straight else {}
    if curved or before:
        tau_plot(before, dict(curved), output / "tau.png")


def spectrograms(
    cloner: VoiceCloner, source: Path, target: Path, output: Path, seconds: float = 4.0
) -> None:
    """Draw source, target and converted speech with F0 over each.

    Args:
        cloner: The model.
        source: The speech.
        target: The voice.
        output: PNG to write.
        seconds: How much of each is drawn.
    """
    said, voice = (cloner.decode(path.read_bytes()) for path in (source, target))
    made = cloner.convert(said, cloner.tone(said), cloner.tone(voice), tau=1.0, seed=1)
    figure, axes = plt.subplots(3, 1, figsize=(9, 7), sharex=True, layout="constrained")
    titles = (f"source: {source.stem}", f"target: {target.stem}", "source in the target's voice")
    for axis, title, waveform in zip(axes, titles, (said, voice, made), strict=True):
        draw(axis, waveform[: round(seconds * cloner.sample_rate_hz)], cloner)
        axis.set_title(title, loc="left")
    axes[-1].set_xlabel("seconds")
    save(figure, output)


def draw(axis: Axes, waveform: NDArray[np.float32], cloner: VoiceCloner) -> None:
    """Draw one spectrogram, in decibels below its loudest point, with F0 on a scale of its own."""
    magnitudes = SpectrogramTransform.of(cloner.manifest)(waveform)
    levels_db = 20 * np.log10(magnitudes / magnitudes.max())
    seconds = len(waveform) / cloner.sample_rate_hz
    axis.imshow(
        levels_db,
        origin="lower",
        aspect="auto",
        extent=(0.0, seconds, 0.0, cloner.sample_rate_hz / 2),
        vmin=-75.0,
        vmax=0.0,
        cmap="magma",
    )
    pitch = pitch_hz(waveform)
    times = np.linspace(0.0, seconds, len(pitch))
    axis.set_ylim(0.0, HIGHEST_HZ)
    axis.set_ylabel("hertz")
    melody = axis.twinx()
    melody.plot(times, np.where(pitch > 0, pitch, np.nan), color="cyan", linewidth=2.0)
    melody.set_ylim(0.0, HIGHEST_F0_HZ)
    melody.set_ylabel("F0, hertz", color="darkcyan")


def tau_plot(before: dict[str, float], after: dict[str, float], output: Path) -> None:
    """Draw the share of the rise in similarity over tau.

    Args:
        before: Shares by tau with a straight curve.
        after: Shares by tau with the manifest's curve; empty where they were not measured.
        output: PNG to write.
    """
    figure, axis = plt.subplots(figsize=(7, 4.5), layout="constrained")
    axis.plot(list(PROMISED), list(PROMISED.values()), "k--", label="what the API promises")
    for shares, label in ((before, "a straight line"), (after, "the model's curve")):
        if shares:
            taus = sorted(shares, key=float)
            axis.plot(
                [float(tau) for tau in taus], [shares[tau] for tau in taus], "o-", label=label
            )
    axis.set_xlabel("tau")
    axis.set_ylabel("share of the rise in similarity to the target")
    axis.legend()
    axis.grid(alpha=0.3)
    save(figure, output)


def save(figure: Figure, output: Path) -> None:
    """Write a figure whole or not at all, and closes it."""
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=75)
    plt.close(figure)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(picture.getvalue())
