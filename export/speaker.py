"""End-to-end check: a bundle converts a sample as its reference does."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from export.calibration_speech import SAMPLES
from export.checks import ABSOLUTE_TOLERANCE, Check, compare
from runtime import Tone, VoiceCloner, Waveform
from runtime.manifest import Precision

SOURCE, TARGET = SAMPLES / "scottish-man.wav", SAMPLES / "english-woman.flac"
EXCERPT_SECONDS = 2.0
# An odd length, so that the excerpt is several windows and the last one is short.
WINDOW_FRAMES = 83
# How far the similarity may be off: by float32 rounding, or by what a lower precision loses.
SIMILARITY_TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 1e-3, "int8": 2e-2}


def compare_speakers(
    folder: Path, reference: VoiceCloner, audio_tolerance: float = ABSOLUTE_TOLERANCE["audio"]
) -> Iterator[Check]:
    """Convert a sample into another voice with a bundle and with its reference.

    The bundle runs in windows, as the runtime does by default; the reference gets the clip whole.

    Args:
        folder: Folder of the bundle.
        reference: What the bundle was made from: PyTorch networks, or the float32 bundle.
        audio_tolerance: Largest difference of a sample that is accepted.

    Yields:
        Checks of the tones, of the audio if the bundle is in float32, and of the similarity of the
        converted speech to the target.
    """
    bundle = VoiceCloner.load(folder, provider="cpu")
    source, target = _excerpt(bundle, SOURCE), _excerpt(bundle, TARGET)
    own, wanted = [(cloner.tone(source), cloner.tone(target)) for cloner in (bundle, reference)]
    tolerance = ABSOLUTE_TOLERANCE["tone"]
    yield compare("tone of the source", own[0], wanted[0], tolerance)
    yield compare("tone of the target", own[1], wanted[1], tolerance)
    in_windows = bundle.conversion(source, *own, tau=1.0, seed=0, window_frames=WINDOW_FRAMES)
    found = np.concatenate(list(in_windows))
    whole = reference.convert(source, *wanted, tau=1.0, seed=0)
    precision = bundle.manifest.precision
    if precision == "fp32":
        yield compare("speech converted in windows", found, whole, audio_tolerance)
    similarity = cosine(reference.tone(whole, allow_silent=True), wanted[1])
    yield Check(
        f"similarity of converted speech to the target, {similarity:.3f} for the reference",
        abs(cosine(bundle.tone(found, allow_silent=True), own[1]) - similarity),
        SIMILARITY_TOLERANCE[precision],
    )


def _excerpt(cloner: VoiceCloner, path: Path) -> Waveform:
    """Decode the beginning of a sample."""
    return cloner.decode(path.read_bytes())[: round(EXCERPT_SECONDS * cloner.sample_rate_hz)]


def cosine(first: Tone, second: Tone) -> float:
    """Compute the cosine of the angle between two tones."""
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
