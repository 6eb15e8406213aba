"""VoiceCloner: a loaded model that embeds voices and converts speech."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from runtime.arrays import Tone, Waveform
from runtime.bundle import Bundle
from runtime.conversion import Conversion
from runtime.decode import decode_audio
from runtime.errors import InvalidOption
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.limits import MAXIMUM_SECONDS
from runtime.live.conversion import LiveConversion
from runtime.live.source_tone import EnrolledTone, RunningTone, SourceTone
from runtime.live.window import Latency, LiveWindow
from runtime.manifest import Manifest
from runtime.marking.reader import WatermarkReader
from runtime.marking.verification import Verification, verify
from runtime.models import DEFAULT_MODEL, find_model
from runtime.noise import fresh_seed
from runtime.options import (
    DEFAULT_TAU,
    DEFAULT_TEMPERATURE,
    check_count,
    check_seed,
    check_share,
    check_tone,
    check_waveform,
)
from runtime.planner import WARM_UP_FRAMES, WindowPlanner
from runtime.providers import Provider
from runtime.sessions import Graph, SessionSettings, open_graph
from runtime.spectrogram import SpectrogramTransform
from runtime.tau import blend_tones, tone_weight
from runtime.tone import ToneExtraction, average_tones
from runtime.voice_activity import voice_warnings
from runtime.window_runner import WindowRunner


class VoiceCloner:
    """A loaded model. Immutable, and safe to use from several threads at once.

    `VoiceCloner.load` makes one from a model folder.

    Args:
        manifest: Description of the model.
        encoder: Graph that embeds a voice.
        converter: Graph that converts speech.

    Attributes:
        manifest: Description of the model.
        converter: Graph that converts speech.
        providers: Active execution providers, in the order in which they are tried for a node.
    """

    def __init__(self, manifest: Manifest, encoder: Graph, converter: Graph) -> None:
        self.manifest = manifest
        self._encoder = encoder
        self.converter = converter
        self.providers: tuple[str, ...] = converter.providers
        self._transform = SpectrogramTransform.of(manifest)
        self._planner = WindowPlanner(manifest, on_cuda=converter.on_cuda)

    @classmethod
    def load(
        cls,
        model: Path | str = DEFAULT_MODEL,
        *,
        provider: Provider = "auto",
        threads: int | None = None,
        spinning: bool = True,
    ) -> "VoiceCloner":
        """Load a model.

        Args:
            model: Name of an installed model, or folder with manifest.json and two graphs.
            provider: Execution provider, or `auto`, which takes `cuda` where it works and else
                `cpu`.
            threads: Number of CPU threads of one run; None uses every available CPU.
            spinning: Whether idle threads busy-wait for a while before they sleep: faster for one
                caller, wasteful for several at once.

        Raises:
            InvalidBundle: The folder differs from what its manifest says.
            ProviderUnavailable: The provider that was asked for cannot be used.
            InvalidOption: An argument is wrong.
        """
        settings = SessionSettings(provider, threads, spinning)
        bundle = Bundle.read(find_model(model))
        manifest = bundle.manifest
        return cls(
            manifest,
            open_graph(bundle.tone_encoder, tone_encoder_interface(manifest), settings),
            open_graph(bundle.tone_converter, tone_converter_interface(manifest), settings),
        )

    @property
    def sample_rate_hz(self) -> int:
        """Sample rate of every waveform that goes in and comes out."""
        return self.manifest.sample_rate_hz

    def warm_up(self) -> None:
        """Run both graphs once; on a GPU, once for every window length that longer clips need.

        A clip that is shorter than the shortest of these windows runs at its own length, which is
        not warmed up.
        """
        frames = max(WARM_UP_FRAMES, self.manifest.minimum_reference_frames)
        self._encoder.run(**self._encoder.interface.zeros(1, frames))
        for batch, frames in self._planner.warm_up_shapes():
            self.converter.run(**self.converter.interface.zeros(batch, frames))

    def decode(
        self,
        data: bytes | bytearray | memoryview,
        *,
        minimum_seconds: float = 0.0,
        maximum_seconds: float = MAXIMUM_SECONDS,
    ) -> Waveform:
        """Decode an audio file to the model's sample rate; see `runtime.decode.decode_audio`."""
        return decode_audio(
            data,
            self.sample_rate_hz,
            minimum_seconds=minimum_seconds,
            maximum_seconds=maximum_seconds,
        )

    def tone_extraction(
        self, waveform: Waveform | Iterable[Waveform], *, allow_silent: bool = False
    ) -> ToneExtraction:
        """Prepare to embed a voice, with one encoder run a step.

        Args:
            waveform: Clip, [samples], or blocks of a clip that is too long to hold in memory.
            allow_silent: Whether a silent clip is embedded as it is instead of being refused.
        """
        blocks = [check_waveform(waveform)] if isinstance(waveform, np.ndarray) else waveform
        return ToneExtraction(self._encoder, self.manifest, blocks, allow_silent=allow_silent)

    def tone(self, waveform: Waveform, *, allow_silent: bool = False) -> Tone:
        """Embed the voice in a clip; silence is left out.

        Args:
            waveform: Clip, [samples].
            allow_silent: Whether a silent clip is embedded as it is instead of being refused.

        Returns:
            Embedding, [tone_dimension].

        Raises:
            SilentAudio: The clip holds no voice.
        """
        return self.tone_extraction(waveform, allow_silent=allow_silent).tone

    def average_tones(self, weighted: Sequence[tuple[Tone, float]]) -> Tone:
        """Average the embeddings of several clips of one voice, weighted by length.

        Args:
            weighted: Embeddings, each with the seconds of its clip.

        Returns:
            Embedding, [tone_dimension].

        Raises:
            InvalidOption: There are no embeddings, or one does not have the model's size.
        """
        if not weighted:
            raise InvalidOption("tones", weighted, "at least one is needed")
        for tone, seconds in weighted:
            check_tone("tone", tone, self.manifest.tone_dimension)
            if not seconds > 0:
                raise InvalidOption("seconds", seconds, "a number above 0 is needed")
        return average_tones(weighted)

    def voice_warnings(self, waveform: Waveform) -> list[str]:
        """Name what would hurt a clone: any of short, quiet, clipped, mostly_silence."""
        return voice_warnings(check_waveform(waveform), self.manifest)

    def conversion(
        self,
        source: Waveform | Iterable[Waveform],
        source_tone: Tone,
        target_tone: Tone,
        *,
        tau: float = DEFAULT_TAU,
        temperature: float = DEFAULT_TEMPERATURE,
        seed: int | None = None,
        window_frames: int | None = None,
        samples: int | None = None,
    ) -> Conversion:
        """Prepare to convert a clip; iterating over the returned object converts it.

        How the clip is cut into windows does not change the result.

        Args:
            source: Clip, [samples], or blocks of a clip that is too long to hold in memory.
            source_tone: Embedding of the source's voice, [tone_dimension].
            target_tone: Embedding of the voice to convert to, [tone_dimension].
            tau: Strength with which the target's voice is applied, 0 to 1.
            temperature: Scale of the posterior's noise, 0 to 1; 0 draws none.
            seed: Seed of the noise, below 2^63; None draws a fresh one.
            window_frames: Frames of each window; None takes the model's advice.
            samples: Length of a source that comes in blocks.

        Raises:
            InvalidOption: An argument is wrong.
            AudioTooShort: The source has no samples.
        """
        dimension = self.manifest.tone_dimension
        check_tone("source_tone", source_tone, dimension)
        check_tone("target_tone", target_tone, dimension)
        weight = tone_weight(check_share("tau", tau), self.manifest.tau_curve)
        check_share("temperature", temperature)
        seed = fresh_seed() if seed is None else check_seed(seed)
        if isinstance(source, np.ndarray):
            blocks: Iterable[Waveform] = [check_waveform(source)]
            samples = len(source)
        elif samples is None or samples < 1:
            raise InvalidOption("samples", samples, "the length of a source in blocks is needed")
        else:
            blocks = source
        return Conversion(
            self.converter,
            self.manifest,
            blocks,
            samples,
            self._planner.plan(
                self._transform.frames(samples), check_count("window_frames", window_frames)
            ),
            source_tone=source_tone,
            tone=blend_tones(source_tone, target_tone, weight),
            temperature=temperature,
            seed=seed,
        )

    def convert(
        self,
        source: Waveform,
        source_tone: Tone,
        target_tone: Tone,
        *,
        tau: float = DEFAULT_TAU,
        temperature: float = DEFAULT_TEMPERATURE,
        seed: int | None = None,
    ) -> Waveform:
        """Convert a clip; arguments and errors are those of `conversion`.

        Returns:
            Waveform with as many samples as the source.
        """
        return self.conversion(
            source, source_tone, target_tone, tau=tau, temperature=temperature, seed=seed
        ).joined()

    def live(
        self,
        target_tone: Tone,
        *,
        latency: Latency = "balanced",
        source_tone: Tone | None = None,
        sample_rate_hz: int | None = None,
        chunk_frames: int | None = None,
        tau: float = DEFAULT_TAU,
        temperature: float = DEFAULT_TEMPERATURE,
        seed: int | None = None,
    ) -> LiveConversion:
        """Prepare to convert speech while it is spoken.

        Args:
            target_tone: Embedding of the voice to convert to, [tone_dimension].
            latency: `low`, `balanced` or `exact`: the longer the wait, the nearer the result is to
                that of `convert`, which `exact` gives to float rounding.
            source_tone: Embedding of the speaker's voice, [tone_dimension]; None works it out while
                they speak.
            sample_rate_hz: Sample rate of the speech, 8 to 48 kHz; None is the model's.
            chunk_frames: Frames that a step converts; None takes the preset's. More of them wait
                longer and cost less.
            tau: Strength with which the target's voice is applied, 0 to 1.
            temperature: Scale of the posterior's noise, 0 to 1; 0 draws none.
            seed: Seed of the noise, below 2^63; None draws a fresh one.

        Raises:
            InvalidOption: An argument is wrong.
        """
        dimension = self.manifest.tone_dimension
        check_tone("target_tone", target_tone, dimension)
        weight = tone_weight(check_share("tau", tau), self.manifest.tau_curve)
        speaker: SourceTone
        if source_tone is None:
            speaker = RunningTone(self._encoder, self.manifest, target_tone)
        else:
            speaker = EnrolledTone(check_tone("source_tone", source_tone, dimension))
        return LiveConversion(
            WindowRunner(
                self.converter,
                self.manifest,
                temperature=check_share("temperature", temperature),
                seed=fresh_seed() if seed is None else check_seed(seed),
            ),
            self.manifest,
            LiveWindow.of(self.manifest, latency, chunk_frames),
            source_tone=speaker,
            target_tone=target_tone,
            target_weight=weight,
            sample_rate_hz=self.sample_rate_hz if sample_rate_hz is None else sample_rate_hz,
        )

    def verify(
        self,
        data: bytes | bytearray | memoryview,
        *,
        maximum_seconds: float = MAXIMUM_SECONDS,
    ) -> Verification:
        """Tell whether an audio file is marked as generated; see `runtime.marking`.

        The first call loads the watermark's decoder, on the CPU.

        Args:
            data: Bytes of the file.
            maximum_seconds: Length above which the file is refused.

        Raises:
            AudioError: The file cannot be used.
        """
        return verify(data, self._watermark_reader, maximum_seconds=maximum_seconds)

    @cached_property
    def _watermark_reader(self) -> WatermarkReader:
        return WatermarkReader.load(provider="cpu")

    def clone(
        self,
        target: bytes | Sequence[bytes],
        source: bytes,
        *,
        tau: float = DEFAULT_TAU,
        temperature: float = DEFAULT_TEMPERATURE,
        seed: int | None = None,
    ) -> Waveform:
        """Convert the speech in one audio file to the voice in another.

        Args:
            target: Audio file of the voice to imitate, or several of one speaker.
            source: Audio file of the speech to convert.
            tau: Strength with which the target's voice is applied, 0 to 1.
            temperature: Scale of the posterior's noise, 0 to 1; 0 draws none.
            seed: Seed of the noise, below 2^63; None draws a fresh one.

        Returns:
            Waveform at `sample_rate_hz`, exactly as long as the source.

        Raises:
            OpenVoiceError: The conversion failed; `runtime.errors` lists the subclasses.
        """
        files = [target] if isinstance(target, bytes) else target
        weighted = []
        for file in files:
            waveform = self.decode(file)
            weighted.append((self.tone(waveform), len(waveform) / self.sample_rate_hz))
        target_tone = self.average_tones(weighted)
        speech = self.decode(source)
        source_tone = self.tone(speech, allow_silent=True)
        return self.convert(
            speech, source_tone, target_tone, tau=tau, temperature=temperature, seed=seed
        )
