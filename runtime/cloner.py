"""VoiceCloner: a loaded model and everything that is done with it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from runtime.arrays import Tone, Waveform
from runtime.bundle import Bundle
from runtime.conversion import Conversion
from runtime.decode import AudioFile
from runtime.errors import AudioTooShort, InvalidOption
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.manifest import Manifest
from runtime.noise import fresh_seed
from runtime.options import check_frames, check_seed, check_share, check_tone, check_waveform
from runtime.planner import WARM_UP_FRAMES, WindowPlanner
from runtime.resample import resample_blocks
from runtime.sessions import Graph, Provider, SessionSettings, open_graph
from runtime.source import MemorySource
from runtime.spectrogram import SpectrogramTransform
from runtime.tau import blend_tones, tone_weight
from runtime.tone import ToneExtraction, average_tones
from runtime.voice_activity import voice_warnings

DEFAULT_MODEL = Path(__file__).resolve().parents[1] / "onnx_models" / "compact"
DEFAULT_TAU = 0.3
DEFAULT_TEMPERATURE = 0.3
DEFAULT_MAXIMUM_SECONDS = 600.0


class VoiceCloner:
    """A loaded model. Immutable, and safe to use from several threads at once.

    Attributes:
        manifest: what the model is.
        providers: active execution providers, the first doing the work.
    """

    def __init__(self, manifest: Manifest, encoder: Graph, converter: Graph) -> None:
        """Put a model together from its graphs; `load` does it from a folder."""
        self.manifest = manifest
        self.providers: tuple[str, ...] = converter.providers
        self._encoder = encoder
        self._converter = converter
        self._transform = SpectrogramTransform.of(manifest)
        self._planner = WindowPlanner(manifest, on_cuda=converter.on_cuda)

    @classmethod
    def load(
        cls,
        path: Path | str = DEFAULT_MODEL,
        *,
        provider: Provider = "auto",
        threads: int | None = None,
        spinning: bool = True,
    ) -> "VoiceCloner":
        """Load a model folder.

        Args:
            path: folder with manifest.json and two graphs.
            provider: cpu, cuda, or auto: cuda where it works, else cpu.
            threads: CPU threads of one run; None takes every CPU there is to use.
            spinning: keep idle threads busy-waiting for a while: quicker for one caller, wasteful
                for several at once.

        Raises:
            InvalidBundle: the folder is not what its manifest says.
            ProviderUnavailable: the provider asked for cannot do the work.
            InvalidOption: an argument is wrong.
        """
        settings = SessionSettings(provider, threads, spinning)
        bundle = Bundle.read(path)
        manifest = bundle.manifest
        return cls(
            manifest,
            open_graph(bundle.tone_encoder, tone_encoder_interface(manifest), settings),
            open_graph(bundle.tone_converter, tone_converter_interface(manifest), settings),
        )

    @property
    def sample_rate_hz(self) -> int:
        """Rate of every waveform that goes in and comes out."""
        return self.manifest.sample_rate_hz

    def warm_up(self) -> None:
        """Run both graphs once, on a GPU with every length that windows of longer clips have.

        A clip that is shorter than the shortest of them is one window of its own length there.
        """
        frames = max(WARM_UP_FRAMES, self.manifest.minimum_reference_frames)
        self._encoder.run(**self._encoder.interface.zeros(1, frames))
        for batch, frames in self._planner.warm_up_shapes():
            self._converter.run(**self._converter.interface.zeros(batch, frames))

    def decode(
        self,
        data: bytes | bytearray | memoryview,
        *,
        minimum_seconds: float = 0.0,
        maximum_seconds: float = DEFAULT_MAXIMUM_SECONDS,
    ) -> Waveform:
        """Decode an audio file in memory: WAV, MP3, FLAC, OGG Vorbis or OGG Opus.

        Args:
            data: the file.
            minimum_seconds: a shorter clip is refused.
            maximum_seconds: a longer clip is refused, without decoding it whole.

        Returns:
            The channels' mean at the model's sample rate, [round(seconds * rate)].

        Raises:
            UndecodableAudio: this is not such a file, or a damaged one.
            AudioTooShort: it is too short, or empty.
            AudioTooLong: it is too long.
        """
        with AudioFile(MemorySource(data), maximum_seconds=maximum_seconds) as file:
            blocks = resample_blocks(file.blocks(), file.sample_rate_hz, self.sample_rate_hz)
            # grows in place, where joining blocks at the end would hold the clip twice
            samples = bytearray()
            for block in blocks:
                samples += block.data.cast("B")
            if file.decoded_seconds < minimum_seconds:
                raise AudioTooShort(file.decoded_seconds, minimum_seconds)
        return np.frombuffer(samples, np.float32)

    def tone_extraction(
        self, waveform: Waveform | Iterable[Waveform], *, allow_silent: bool = False
    ) -> ToneExtraction:
        """Prepare to embed a voice, one encoder run a step.

        Args:
            waveform: [samples], or blocks of a clip that is too long to hold.
            allow_silent: embed a silent clip as it is instead of refusing it.
        """
        blocks = [check_waveform(waveform)] if isinstance(waveform, np.ndarray) else waveform
        return ToneExtraction(self._encoder, self.manifest, blocks, allow_silent=allow_silent)

    def tone(self, waveform: Waveform, *, allow_silent: bool = False) -> Tone:
        """Embed the voice in a clip; silence is left out.

        Args:
            waveform: [samples].
            allow_silent: embed a silent clip as it is instead of refusing it.

        Returns:
            [tone_dimension]

        Raises:
            SilentAudio: there is no voice.
        """
        return self.tone_extraction(waveform, allow_silent=allow_silent).tone

    def average_tones(self, weighted: Sequence[tuple[Tone, float]]) -> Tone:
        """Average embeddings of several clips of one voice.

        Args:
            weighted: each embedding with its clip's seconds.

        Returns:
            [tone_dimension]

        Raises:
            InvalidOption: there are none, or one is no embedding of this size.
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
        first_window_frames: int | None = None,
        window_frames: int | None = None,
        samples: int | None = None,
    ) -> Conversion:
        """Prepare to convert a clip; iterating over what is returned does it.

        How the clip is cut into windows does not change the result.

        Args:
            source: [samples], or blocks of a clip that is too long to hold.
            source_tone: embedding of the source's voice, [tone_dimension].
            target_tone: embedding of the voice to convert to, [tone_dimension].
            tau: how strongly the target is applied, 0 to 1.
            temperature: of the posterior's noise, 0 to 1; 0 draws none.
            seed: of the noise, below 2^63; None draws a fresh one.
            first_window_frames: frames of the first piece, where it should come sooner.
            window_frames: frames of the others; None takes the model's advice.
            samples: of a source that comes in blocks.

        Raises:
            InvalidOption: an argument is wrong.
            AudioTooShort: the source has no samples.
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
        groups = self._planner.plan(
            self._transform.frames(samples),
            check_frames("window_frames", window_frames),
            check_frames("first_window_frames", first_window_frames),
        )
        return Conversion(
            self._converter,
            self.manifest,
            blocks,
            samples,
            groups,
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
        """Convert a clip; arguments and errors as for `conversion`.

        Returns:
            As many samples as the source has.
        """
        return self.conversion(
            source, source_tone, target_tone, tau=tau, temperature=temperature, seed=seed
        ).joined()

    def clone(
        self,
        target: bytes | Sequence[bytes],
        source: bytes,
        *,
        tau: float = DEFAULT_TAU,
        temperature: float = DEFAULT_TEMPERATURE,
        seed: int | None = None,
    ) -> Waveform:
        """Say what one audio file says in the voice of others.

        Args:
            target: a file of the voice to imitate, or several of one speaker.
            source: a file of the speech to convert.
            tau: how strongly the target is applied, 0 to 1.
            temperature: of the posterior's noise, 0 to 1.
            seed: of the noise, below 2^63; None draws a fresh one.

        Returns:
            At `sample_rate_hz`, exactly as long as the source.

        Raises:
            OpenVoiceError: one of its kinds, see `runtime.errors`.
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
