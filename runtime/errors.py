"""Errors that the library raises on purpose.

::

    OpenVoiceError
    ├── AudioError               a clip cannot be used
    │   ├── UndecodableAudio
    │   ├── AudioTooShort
    │   ├── AudioTooLong
    │   └── SilentAudio
    ├── InvalidOption            an argument is outside its range
    ├── ToneModelMismatch        a tone embedding belongs to another model
    └── ModelError               a model cannot be loaded as asked
        ├── InvalidBundle
        └── ProviderUnavailable

Each class has a ``code`` and builds its English sentence from ``facts``, which are plain
JSON values, so that a caller can say the same in another language.
"""

from pathlib import Path
from typing import ClassVar, Literal, TypeAlias

Fact: TypeAlias = str | int | float | None

UndecodableReason: TypeAlias = Literal[
    "unknown_format", "corrupt", "truncated", "sample_rate", "channels", "not_finite"
]

MINIMUM_SAMPLE_RATE_HZ = 4_000
MAXIMUM_SAMPLE_RATE_HZ = 384_000
MAXIMUM_CHANNELS = 8

_UNDECODABLE: dict[UndecodableReason, str] = {
    "unknown_format": "the file is not WAV, MP3, FLAC or OGG (Vorbis or Opus)",
    "corrupt": "the file's audio data is damaged",
    "truncated": "the file ends before the audio that its header announces",
    "sample_rate": (
        f"the sample rate, {{sample_rate_hz}} Hz, is outside "
        f"{MINIMUM_SAMPLE_RATE_HZ} to {MAXIMUM_SAMPLE_RATE_HZ} Hz"
    ),
    "channels": f"the file has {{channels}} channels, more than {MAXIMUM_CHANNELS}",
    "not_finite": "the file holds samples that are not finite numbers",
}


class OpenVoiceError(Exception):
    """Base of every error that this library raises on purpose.

    Attributes:
        code: a stable name of what went wrong.
        facts: the values that the sentence is made from.
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
    """A clip is shorter than what it is needed for, or holds no samples at all."""

    code = "audio_too_short"

    def __init__(self, seconds: float, minimum_seconds: float) -> None:
        message = (
            f"the audio lasts {seconds:.3f} s, at least {minimum_seconds:g} s are needed"
            if minimum_seconds > 0
            else "the audio holds no samples"
        )
        super().__init__(message, seconds=round(seconds, 3), minimum_seconds=minimum_seconds)


class AudioTooLong(AudioError):
    """A clip is longer than allowed; ``seconds`` is None where its length was not found out."""

    code = "audio_too_long"

    def __init__(self, seconds: float | None, maximum_seconds: float) -> None:
        length = "longer" if seconds is None else f"{seconds:.1f} s long"
        super().__init__(
            f"the audio is {length}, at most {maximum_seconds:g} s are allowed",
            seconds=None if seconds is None else round(seconds, 3),
            maximum_seconds=maximum_seconds,
        )


class SilentAudio(AudioError):
    """A clip that should hold a voice is silent."""

    code = "silent_audio"

    def __init__(self) -> None:
        super().__init__("the audio is silent, a voice is needed")


class InvalidOption(OpenVoiceError):
    """An argument is of the wrong kind or outside its range."""

    code = "invalid_field"

    def __init__(self, name: str, value: object, reason: str) -> None:
        shown = repr(value)
        shown = shown if len(shown) <= 40 else shown[:37] + "..."
        super().__init__(f"{name} is {shown}: {reason}", name=name, value=shown, reason=reason)


class ToneModelMismatch(OpenVoiceError):
    """A tone embedding was made by another model than the one that should use it."""

    code = "tone_model_mismatch"

    def __init__(self, model_id: str, expected_model_id: str) -> None:
        super().__init__(
            f"the tone embedding comes from model {model_id!r}, "
            f"this model is {expected_model_id!r}",
            model_id=model_id,
            expected_model_id=expected_model_id,
        )


class ModelError(OpenVoiceError):
    """A model cannot be loaded as asked."""


class InvalidBundle(ModelError):
    """A model folder is incomplete, damaged or not what its manifest says."""

    code = "invalid_bundle"

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", path=str(path), reason=reason)


class ProviderUnavailable(ModelError):
    """An execution provider was asked for and cannot do the work."""

    code = "provider_unavailable"

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(
            f"execution provider {provider} cannot be used: {reason}",
            provider=provider,
            reason=reason,
        )
