"""A model opened so that its graphs can be timed apart from what is around them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.options import Options
from runtime import Manifest, Tone, VoiceCloner, Waveform
from runtime.bundle import Bundle
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.noise import draw_noise
from runtime.sessions import Graph, SessionSettings, open_graph
from runtime.spectrogram import SpectrogramTransform

Inputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Model:
    """A loaded bundle and its parts.

    Attributes:
        encoder: the tone encoder's graph.
        converter: the tone converter's.
        cloner: works with both.
    """

    encoder: Graph
    converter: Graph
    cloner: VoiceCloner

    @property
    def manifest(self) -> Manifest:
        """What the model is."""
        return self.cloner.manifest

    @property
    def label(self) -> str:
        """Name, precision and provider, for a report."""
        provider = self.cloner.providers[0].removesuffix("ExecutionProvider")
        return f"{self.manifest.name} ({self.manifest.precision}, {provider})"

    def frames(self, seconds: float) -> int:
        """Count the frames of a clip."""
        return self.transform.frames(round(seconds * self.manifest.sample_rate_hz))

    @property
    def transform(self) -> SpectrogramTransform:
        """What makes its spectrograms."""
        return SpectrogramTransform.of(self.manifest)

    def converter_inputs(self, waveform: Waveform, source: Tone, target: Tone) -> Inputs:
        """Prepare a whole clip for the converter's graph, as a run of one window would.

        Args:
            waveform: [samples].
            source: embedding of its voice, [tone_dimension].
            target: embedding of the voice to convert to, [tone_dimension].
        """
        spectrogram = self.spectrogram(waveform)
        frames = spectrogram.shape[2]
        noise = draw_noise(0, self.manifest.latent_channels, 0, frames, 0.3)
        return {
            "spectrogram": spectrogram,
            "source_tone": source[np.newaxis, :, np.newaxis],
            "target_tone": target[np.newaxis, :, np.newaxis],
            "noise": noise[np.newaxis],
        }

    def spectrogram(self, waveform: Waveform) -> NDArray[np.float32]:
        """Transform a whole clip, the last frame filled up with zeros: [1, bins, frames]."""
        samples = self.transform.frames(len(waveform)) * self.manifest.hop_samples
        return self.transform(np.pad(waveform, (0, samples - len(waveform))))[np.newaxis]


def open_model(path: Path, options: Options, *, spinning: bool = True) -> Model:
    """Open a bundle.

    Args:
        path: its folder.
        options: provider and threads.
        spinning: keep idle threads busy-waiting.

    Raises:
        ModelError: it cannot be opened as asked.
    """
    settings = SessionSettings(options.provider, options.threads, spinning)
    bundle = Bundle.read(path)
    encoder = open_graph(bundle.tone_encoder, tone_encoder_interface(bundle.manifest), settings)
    converter = open_graph(
        bundle.tone_converter, tone_converter_interface(bundle.manifest), settings
    )
    return Model(encoder, converter, VoiceCloner(bundle.manifest, encoder, converter))
