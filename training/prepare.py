"""Speech to training recordings: playback rates, other voices in parallel, teacher targets."""

import json
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from training.channel import equalise
from training.perturb import another_voice
from training.pitch import pitch_hz
from training.recordings import Recording
from training.speech import Clip, split
from training.teacher import EMBEDDING_DIMENSION, Teachers

RATES = (0.84, 0.92, 1.0, 1.09, 1.19)
VOICES = 2
"""Copies in another voice for each clip and rate, beside the recording itself."""


@dataclass(frozen=True)
class Voice:
    """A waveform before it has its place in the prepared set."""

    rate: float
    voice: int
    waveform: NDArray[np.int16]
    pitch_hz: NDArray[np.float32]


def make_voices(clip: Clip) -> list[Voice]:
    """Args:
        clip: a file.

    Returns:
        The clip at each rate, each as itself and in other voices.
    """
    made = []
    for rate in RATES:
        random = np.random.default_rng([zlib.crc32(clip.path.name.encode()), round(100 * rate)])
        natural = clip.read(rate)
        if rate != 1.0:
            natural = equalise(natural, random, 2.5)
        pitch = pitch_hz(natural)
        voiced = pitch[pitch > 0]
        median_hz = float(np.median(voiced)) if len(voiced) else 150.0
        waveforms = [natural]
        waveforms += [another_voice(natural, median_hz, random) for _ in range(VOICES)]
        for voice, waveform in enumerate(waveforms):
            quantised = np.round(np.clip(waveform, -1, 1) * 32767).astype(np.int16)
            made.append(Voice(rate, voice, quantised, pitch_hz(waveform).astype(np.float32)))
    return made


def prepare(folder: Path, work: Path, processes: int) -> None:
    """Writes the prepared set of the speakers to train on.

    That is `waveforms.npy`, `pitch.npy` (F0 every 10 ms), `recordings.json` and `teacher.npy`.

    Args:
        folder: the speech.
        work: where the prepared set goes.
        processes: how many clips are made at once.
    """
    trained, _ = split(folder)
    work.mkdir(parents=True, exist_ok=True)
    voices: list[Voice] = []
    recordings: list[Recording] = []
    start, pitch_start = 0, 0
    with ProcessPoolExecutor(processes) as pool:
        made_clips = pool.map(make_voices, trained)
        for clip, made in zip(trained, tqdm(made_clips, "voices", len(trained)), strict=True):
            for voice in made:
                heard = voice.pitch_hz > 0
                log_f0 = np.log(voice.pitch_hz[heard]) if heard.any() else np.log([150.0])
                recordings.append(
                    Recording(
                        clip.speaker,
                        voice.rate,
                        voice.voice,
                        start,
                        len(voice.waveform),
                        pitch_start,
                        len(voice.pitch_hz),
                        float(log_f0.mean()),
                        float(log_f0.std()),
                    )
                )
                voices.append(voice)
                start += len(voice.waveform)
                pitch_start += len(voice.pitch_hz)
    np.save(work / "waveforms.npy", np.concatenate([voice.waveform for voice in voices]))
    np.save(work / "pitch.npy", np.concatenate([voice.pitch_hz for voice in voices]))
    (work / "recordings.json").write_text(json.dumps([asdict(row) for row in recordings]))
    teacher = Teachers().eval()
    embeddings = np.zeros((len(recordings), EMBEDDING_DIMENSION), np.float32)
    with torch.inference_mode():
        for index, voice in enumerate(tqdm(voices, "teacher")):
            samples = torch.from_numpy(voice.waveform.astype(np.float32) / 32768)[None]
            embeddings[index] = teacher(samples).numpy()[0]
    np.save(work / "teacher.npy", embeddings)
