"""Errors that the library raises on purpose.

::

    OpenVoiceError
    ├── AudioError               a clip cannot be used
    │   ├── UndecodableAudio
    │   ├── AudioTooShort
    │   ├── AudioTooLong
    │   └── SilentAudio
    ├── InvalidOption            an argument is outside its range
    └── ModelError               a model cannot be loaded as asked
        ├── InvalidBundle
        └── ProviderUnavailable

Each class has a ``code`` and builds its English sentence from ``facts``, which are plain
JSON values, so that a caller can say the same in another language.
"""

from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

from runtime.limits import MAXIMUM_CHANNELS, MAXIMUM_SAMPLE_RATE_HZ, MINIMUM_SAMPLE_RATE_HZ

Fact: TypeAlias = str | int | float | None

UndecodableReason: TypeAlias = Literal[
    "unknown_format",
    "formats_not_installed",
    "no_audio_track",
    "unknown_codec",
    "corrupt",
    "truncated",
    "sample_rate",
    "channels",
    "not_finite",
]

_UNDECODABLE: dict[UndecodableReason, str] = {
    "unknown_format": "the file is not WAV, MP3, FLAC or OGG (Vorbis or Opus)",
    "formats_not_installed": (
        "M4A, AAC, WebM and MP4 need PyAV, which the extra `formats` of this package installs"
    ),
    "no_audio_track": "the file has no sound track",
    "unknown_codec": "the file's sound is not in AAC, ALAC, FLAC, MP3, Opus or Vorbis",
    "corrupt": "the file's audio data is damaged",
    "truncated": "the file ends before the audio that its header announces",
    "sample_rate": (
        f"the file's sample rate is {{sample_rate_hz}} Hz, and only "
        f"{MINIMUM_SAMPLE_RATE_HZ} to {MAXIMUM_SAMPLE_RATE_HZ} Hz can be read"
    ),
    "channels": f"the file has {{channels}} channels, and at most {MAXIMUM_CHANNELS} can be read",
    "not_finite": "the file holds samples that are not finite numbers",
}


class OpenVoiceError(Exception):
    """Base of every error that this library raises on purpose.

    Attributes:
        code: Stable name of what went wrong.
        facts: Values that the sentence is made from.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **facts: Fact) -> None:
        super().__init__(message)
        self.facts = facts


class AudioError(OpenVoiceError):
    """A clip cannot be used."""


class UndecodableAudio(AudioError):
    """The bytes are not audio that can be read, for a ``reason`` that the facts name."""

    code = "undecodable_audio"

    def __init__(self, reason: UndecodableReason, **facts: Fact) -> None:
        super().__init__(_UNDECODABLE[reason].format(**facts), reason=reason, **facts)


class AudioTooShort(AudioError):
    """A clip is shorter than it must be, or has no samples at all."""

    code = "audio_too_short"

    def __init__(self, seconds: float, minimum_seconds: float) -> None:
        message = (
            f"the audio is {seconds:.3f} s long, and at least {minimum_seconds:g} s are needed"
            if minimum_seconds > 0
            else "the audio has no samples"
        )
        super().__init__(message, seconds=round(seconds, 3), minimum_seconds=minimum_seconds)


class AudioTooLong(AudioError):
    """A clip is longer than allowed; ``seconds`` is None where its length is not known."""

    code = "audio_too_long"

    def __init__(self, seconds: float | None, maximum_seconds: float) -> None:
        message = (
            f"the audio is longer than the {maximum_seconds:g} s that are allowed"
            if seconds is None
            else f"the audio is {seconds:.1f} s long, and at most {maximum_seconds:g} s are allowed"
        )
        super().__init__(
            message,
            seconds=None if seconds is None else round(seconds, 3),
            maximum_seconds=maximum_seconds,
        )


class SilentAudio(AudioError):
    """A clip that should hold a voice is silent."""

    code = "silent_audio"

    def __init__(self) -> None:
        super().__init__("the audio is silent, and a voice is needed")


class InvalidOption(OpenVoiceError):
    """An argument is of the wrong kind or outside its range."""

    code = "invalid_field"

    def __init__(self, name: str, value: object, reason: str) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= 40 else shown[:37] + "..."
        super().__init__(f"{name} is {shown}: {reason}", name=name, value=shown, reason=reason)


class ModelError(OpenVoiceError):
    """A model cannot be loaded as asked."""


class InvalidBundle(ModelError):
    """A model folder is incomplete, damaged or different from what its manifest says."""

    code = "invalid_bundle"

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", path=str(path), reason=reason)


class ProviderUnavailable(ModelError):
    """An execution provider was asked for and cannot be used."""

    code = "provider_unavailable"

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(
            f"execution provider {provider} cannot be used: {reason}",
            provider=provider,
            reason=reason,
        )
