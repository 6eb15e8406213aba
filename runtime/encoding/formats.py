"""Formats of results: names, media types, sample rates and bit rates, and the choice of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from runtime.errors import InvalidOption
from runtime.limits import MAXIMUM_OUTPUT_HZ, MINIMUM_OUTPUT_HZ

AudioFormat: TypeAlias = Literal["wav", "flac", "mp3", "ogg", "pcm"]
"""Formats that a caller chooses among; `ogg` holds Opus, `pcm` is raw 16-bit little-endian."""

Codec: TypeAlias = AudioFormat | Literal["l16", "ulaw", "alaw"]
"""All that can be encoded: `l16` is raw 16-bit big-endian, the last two are raw G.711."""

FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)

# Layer III of MPEG-1, MPEG-2 and MPEG-2.5 (ISO 11172-3, 13818-3): a version for three rates each
_MP3_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
MPEG1_FROM_HZ = 32_000
"""Lowest sample rate of MPEG-1."""
MPEG1_KBPS = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
MPEG2_KBPS = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Bit rates of MPEG-2 and MPEG-2.5."""
_MPEG25_BELOW_HZ = 16_000
# MPEG-2.5 has the higher bit rates too, but not every decoder reads them
_MPEG25_KBPS = MPEG2_KBPS[: MPEG2_KBPS.index(64) + 1]

_OPUS_KBPS = range(6, 257)
_DEFAULT_OPUS_KBPS = 64


@dataclass(frozen=True)
class _Format:
    """What is fixed about a codec.

    Attributes:
        media_type: Media type of a file or stream; `{rate}` stands for the sample rate.
        rates_hz: Sample rates that it has; empty where it has every one.
        default_hz: Sample rate unless another is asked for; None is that of the audio.
    """

    media_type: str
    rates_hz: tuple[int, ...] = ()
    default_hz: int | None = None


_TELEPHONE_HZ = 8000

_FORMATS: dict[Codec, _Format] = {
    "wav": _Format("audio/wav"),
    "flac": _Format("audio/flac"),
    "mp3": _Format("audio/mpeg", _MP3_RATES_HZ),
    "ogg": _Format("audio/ogg", (48_000,), 48_000),
    "pcm": _Format("audio/pcm;rate={rate};channels=1"),
    # RFC 2586: the byte order of L16 is the network's
    "l16": _Format("audio/L16;rate={rate};channels=1"),
    "ulaw": _Format("audio/basic", (_TELEPHONE_HZ,), _TELEPHONE_HZ),
    "alaw": _Format("audio/x-alaw-basic", (_TELEPHONE_HZ,), _TELEPHONE_HZ),
}


@dataclass(frozen=True)
class Encoding:
    """How a result is encoded; `Encoding.choose` makes one that is checked.

    Attributes:
        codec: Format of the result.
        sample_rate_hz: Sample rate of the result.
        kbps: Bit rate of MP3 and Opus, in kbit/s; 0 for others.
    """

    codec: Codec
    sample_rate_hz: int
    kbps: int = 0

    @classmethod
    def choose(
        cls,
        codec: Codec,
        audio_hz: int,
        *,
        sample_rate_hz: int | None = None,
        kbps: int | None = None,
    ) -> "Encoding":
        """Complete and check what was asked for.

        Args:
            codec: Format of the result.
            audio_hz: Sample rate of the audio to encode, which most formats keep by default.
            sample_rate_hz: Sample rate of the result; None takes the format's own.
            kbps: Bit rate of MP3 or Opus; None takes one at which speech loses little.

        Raises:
            InvalidOption: The format has no such sample rate or bit rate.
        """
        form = _FORMATS[codec]
        rate_hz = sample_rate_hz or form.default_hz or audio_hz
        if form.rates_hz:
            if rate_hz not in form.rates_hz:
                raise InvalidOption("sample_rate", rate_hz, f"{codec} has {_list(form.rates_hz)}")
        elif not MINIMUM_OUTPUT_HZ <= rate_hz <= MAXIMUM_OUTPUT_HZ:
            raise InvalidOption(
                "sample_rate", rate_hz, f"{MINIMUM_OUTPUT_HZ} to {MAXIMUM_OUTPUT_HZ} are possible"
            )
        return cls(codec, rate_hz, _choose_kbps(codec, rate_hz, kbps))

    @property
    def media_type(self) -> str:
        """Media type of the file or stream."""
        return _FORMATS[self.codec].media_type.format(rate=self.sample_rate_hz)


def sample_rates_hz(codec: Codec) -> tuple[int, ...]:
    """Return the sample rates that a format has; empty where it has every one."""
    return _FORMATS[codec].rates_hz


def mp3_kbps(sample_rate_hz: int) -> tuple[int, ...]:
    """Return the bit rates that an MP3 file of a sample rate is encoded at, in kbit/s."""
    if sample_rate_hz >= MPEG1_FROM_HZ:
        return MPEG1_KBPS
    return _MPEG25_KBPS if sample_rate_hz < _MPEG25_BELOW_HZ else MPEG2_KBPS


def _choose_kbps(codec: Codec, rate_hz: int, kbps: int | None) -> int:
    if codec == "mp3":
        # a mono channel at some 3 bits a sample
        default = 128 if rate_hz >= MPEG1_FROM_HZ else 64 if rate_hz >= _MPEG25_BELOW_HZ else 32
        possible: Sequence[int] = mp3_kbps(rate_hz)
    elif codec == "ogg":
        default, possible = _DEFAULT_OPUS_KBPS, _OPUS_KBPS
    else:
        return 0
    if kbps is not None and kbps not in possible:
        raise InvalidOption("kbps", kbps, f"{codec} has {possible[0]} to {possible[-1]}")
    return default if kbps is None else kbps


def _list(numbers: Sequence[int]) -> str:
    *most, last = map(str, numbers)
    return f"{', '.join(most)} and {last}" if most else last
