"""The check at the level of speakers: a bundle, loaded and used, against its PyTorch networks."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import nn

from export.eager import eager_cloner
from export.parity import ABSOLUTE_TOLERANCE, Check, compare
from export.speech import SAMPLES
from runtime import Tone, VoiceCloner, Waveform
from runtime.manifest import Precision

SOURCE, TARGET = SAMPLES / "scottish-man.wav", SAMPLES / "english-woman.flac"
EXCERPT_SECONDS = 2.0
# An odd length, so that the excerpt is several windows and the last one is short.
WINDOW_FRAMES = 83
# How far likeness may be off: by rounding of float32, or by what a lesser precision loses.
LIKENESS_TOLERANCE: dict[Precision, float] = {"fp32": 1e-4, "fp16": 1e-3, "int8": 2e-2}


def compare_speakers(
    tone_encoder: nn.Module,
    tone_converter: nn.Module,
    folder: Path,
    audio_tolerance: float = ABSOLUTE_TOLERANCE["audio"],
) -> Iterator[Check]:
    """Converts a sample into another's voice, once through the bundle and once through PyTorch.

    The bundle goes through the runtime's own loading and windows; PyTorch gets the clip whole.

    Args:
        tone_encoder: the network that the bundle's first graph was made from.
        tone_converter: that of the second.
        folder: the bundle.
        audio_tolerance: the largest difference of a sample that is accepted.

    Yields:
        Checks of tones, audio and the likeness of the result to the target's voice; of less than
        float32, audio has been judged already.
    """
    bundle = VoiceCloner.load(folder, provider="cpu", threads=torch.get_num_threads())
    eager = eager_cloner(bundle.manifest, tone_encoder, tone_converter)
    source, target = _excerpt(bundle, SOURCE), _excerpt(bundle, TARGET)
    own, wanted = [(cloner.tone(source), cloner.tone(target)) for cloner in (bundle, eager)]
    tolerance = ABSOLUTE_TOLERANCE["tone"]
    yield compare("the source's tone", own[0], wanted[0], tolerance)
    yield compare("the target's tone", own[1], wanted[1], tolerance)
    in_windows = bundle.conversion(source, *own, tau=1.0, seed=0, window_frames=WINDOW_FRAMES)
    found = np.concatenate(list(in_windows))
    reference = eager.convert(source, *wanted, tau=1.0, seed=0)
    precision = bundle.manifest.precision
    if precision == "fp32":
        yield compare("speech converted in windows", found, reference, audio_tolerance)
    likeness = _cosine(eager.tone(reference, allow_silent=True), wanted[1])
    yield Check(
        f"likeness of converted speech to the target, {likeness:.3f} in PyTorch",
        abs(_cosine(bundle.tone(found, allow_silent=True), own[1]) - likeness),
        LIKENESS_TOLERANCE[precision],
    )


def _excerpt(cloner: VoiceCloner, path: Path) -> Waveform:
    """Decodes the beginning of a sample."""
    return cloner.decode(path.read_bytes())[: round(EXCERPT_SECONDS * cloner.sample_rate_hz)]


def _cosine(first: Tone, second: Tone) -> float:
    """The cosine between two tones."""
    return float(first @ second / (np.linalg.norm(first) * np.linalg.norm(second)))
