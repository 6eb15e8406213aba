"""Writing of the watermark into speech, whole or piece by piece as it is converted."""

from pathlib import Path

import numpy as np

from runtime.arrays import Waveform
from runtime.marking.manifest import (
    ENCODER,
    WATERMARK_FOLDER,
    WatermarkManifest,
    open_watermark_graph,
)
from runtime.marking.stream import WatermarkStream
from runtime.marking.subband import Subband, SubbandTransform
from runtime.options import check_waveform
from runtime.providers import Provider
from runtime.sessions import Graph, SessionSettings

_WARM_UP_FRAMES = 64


class WatermarkWriter:
    """A loaded encoder of the watermark. Immutable, and safe to use from several threads at once.

    `WatermarkWriter.load` makes one from the graphs that ship with the program.

    Args:
        manifest: Description of the watermark.
        encoder: Graph that computes what is added to each level.
        sample_rate_hz: Sample rate of the speech to mark.

    Attributes:
        manifest: Description of the watermark.
        sample_rate_hz: Sample rate of the speech to mark.
    """

    def __init__(self, manifest: WatermarkManifest, encoder: Graph, sample_rate_hz: int) -> None:
        self.manifest = manifest
        self.sample_rate_hz = sample_rate_hz
        self._transform = SubbandTransform(manifest)
        self._encoder = encoder

    @classmethod
    def load(
        cls,
        sample_rate_hz: int,
        folder: Path = WATERMARK_FOLDER,
        *,
        provider: Provider = "auto",
        threads: int | None = None,
        spinning: bool = True,
    ) -> "WatermarkWriter":
        """Load the encoder.

        Args:
            sample_rate_hz: Sample rate of the speech to mark.
            folder: Folder with watermark.json and the graphs.
            provider: Execution provider, as of `VoiceCloner.load`.
            threads: Number of CPU threads of one run; None uses every available CPU.
            spinning: Whether idle threads busy-wait for a while before they sleep.

        Raises:
            InvalidBundle: The folder differs from what its manifest says.
            ProviderUnavailable: The provider that was asked for cannot be used.
            InvalidOption: An argument is wrong.
        """
        settings = SessionSettings(provider, threads, spinning)
        return cls(*open_watermark_graph(folder, ENCODER, settings), sample_rate_hz)

    def warm_up(self) -> None:
        """Run the graph once."""
        self._encoder.run(**self._encoder.interface.zeros(1, _WARM_UP_FRAMES))

    def stream(self) -> WatermarkStream:
        """Begin to mark a clip that comes in pieces."""
        return WatermarkStream(
            self._transform,
            self._residual,
            self.manifest.context_frames,
            self.sample_rate_hz,
            self.manifest.sample_rate_hz,
        )

    def mark(self, waveform: Waveform) -> Waveform:
        """Mark a clip.

        Args:
            waveform: Clip, [samples].

        Returns:
            Marked clip, [samples]; the clip that was passed stays as it is.

        Raises:
            InvalidOption: The waveform is no finite float32 array.
            AudioTooShort: The waveform has no samples.
        """
        return self.stream().finish(check_waveform(waveform))

    def _residual(self, spectrum: Subband, start: int, stop: int) -> Subband:
        wanted = spectrum[start:stop]
        if not wanted.any():
            return np.zeros_like(wanted)
        change = self._encoder.run(level=self._transform.levels(spectrum))[:, :, start:stop]
        return wanted * (self._transform.factors(change * self.manifest.strength) - 1)
