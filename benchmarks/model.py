"""A bundle opened so that its graphs can be timed alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.options import Options
from runtime import Manifest, Tone, VoiceCloner, Waveform
from runtime.bundle import Bundle
from runtime.interface import (
    Inputs,
    converter_inputs,
    tone_converter_interface,
    tone_encoder_interface,
)
from runtime.sessions import Graph, SessionSettings, open_graph
from runtime.spectrogram import SpectrogramTransform


@dataclass(frozen=True)
class Model:
    """A loaded bundle and its graphs.

    Attributes:
        encoder: Graph of the tone encoder.
        converter: Graph of the tone converter.
        cloner: The library's cloner on these graphs.
    """

    encoder: Graph
    converter: Graph
    cloner: VoiceCloner

    @property
    def manifest(self) -> Manifest:
        """The bundle's manifest."""
        return self.cloner.manifest

    @property
    def label(self) -> str:
        """Name, precision and provider, for a report."""
        provider = self.cloner.providers[0].removesuffix("ExecutionProvider")
        return f"{self.manifest.name} ({self.manifest.precision}, {provider})"

    def frames(self, seconds: float) -> int:
        """Count the frames of a clip.

        Args:
            seconds: Length of the clip.
        """
        return self.transform.frames(round(seconds * self.manifest.sample_rate_hz))

    @property
    def transform(self) -> SpectrogramTransform:
        """The transform that makes the model's spectrograms."""
        return SpectrogramTransform.of(self.manifest)

    def converter_inputs(self, waveform: Waveform, source: Tone, target: Tone) -> Inputs:
        """Make the converter's inputs for a whole clip.

        Args:
            waveform: The clip, [samples].
            source: Tone of the clip's voice, [tone_dimension].
            target: Tone of the voice to convert to, [tone_dimension].

        Returns:
            Inputs by name.
        """
        return converter_inputs(self.manifest, self.spectrogram(waveform)[0], source, target)

    def spectrogram(self, waveform: Waveform) -> NDArray[np.float32]:
        """Compute the spectrogram of a whole clip, its last frame padded with zeros.

        Args:
            waveform: The clip, [samples].

        Returns:
            [1, bins, frames].
        """
        samples = self.transform.frames(len(waveform)) * self.manifest.hop_samples
        return self.transform(np.pad(waveform, (0, samples - len(waveform))))[np.newaxis]


def open_model(path: Path, options: Options, *, spinning: bool = True) -> Model:
    """Open a bundle.

    Args:
        path: Folder of the bundle.
        options: Provider and threads.
        spinning: Whether idle threads wait busily.

    Returns:
        The model.

    Raises:
        InvalidBundle: The folder holds no valid bundle.
        ProviderUnavailable: The provider cannot be used here.
    """
    settings = SessionSettings(options.provider, options.threads, spinning)
    bundle = Bundle.read(path)
    encoder = open_graph(bundle.tone_encoder, tone_encoder_interface(bundle.manifest), settings)
    converter = open_graph(
        bundle.tone_converter, tone_converter_interface(bundle.manifest), settings
    )
    return Model(encoder, converter, VoiceCloner(bundle.manifest, encoder, converter))
