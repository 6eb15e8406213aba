"""Speech to training recordings: playback rates, other voices in parallel, teacher targets."""

import json
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from training.perturb import another_voice, equalise
from training.pitch import pitch_hz
from training.recordings import Recording
from training.speech import Clip, split
from training.teacher import SpeakerTeacher

RATES = (0.84, 0.92, 1.0, 1.09, 1.19)
VOICES = 2
"""Copies in another voice for each clip and rate, beside the recording itself."""


def make_recordings(clip: Clip) -> list[tuple[float, int, NDArray[np.int16], float, float]]:
    """Args:
        clip: a file.

    Returns:
        Rate, voice, 16-bit waveform, mean and standard deviation of its voiced log-F0, for each
        rate and voice.
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
            pitch = pitch_hz(waveform)
            log_f0 = np.log(pitch[pitch > 0]) if (pitch > 0).any() else np.log([150.0])
            quantised = np.round(np.clip(waveform, -1, 1) * 32767).astype(np.int16)
            made.append((rate, voice, quantised, float(log_f0.mean()), float(log_f0.std())))
    return made


def prepare(folder: Path, work: Path, processes: int) -> None:
    """Writes `waveforms.npy`, `recordings.json` and `teacher.npy` for the speakers to train on.

    Args:
        folder: the speech.
        work: where the prepared set goes.
        processes: how many clips are made at once.
    """
    trained, _ = split(folder)
    work.mkdir(parents=True, exist_ok=True)
    waveforms: list[NDArray[np.int16]] = []
    recordings: list[Recording] = []
    start = 0
    with ProcessPoolExecutor(processes) as pool:
        made_clips = pool.map(make_recordings, trained)
        for clip, made in zip(trained, tqdm(made_clips, "voices", len(trained)), strict=True):
            for rate, voice, waveform, mean, spread in made:
                recordings.append(
                    Recording(clip.speaker, rate, voice, start, len(waveform), mean, spread)
                )
                waveforms.append(waveform)
                start += len(waveform)
    np.save(work / "waveforms.npy", np.concatenate(waveforms))
    (work / "recordings.json").write_text(json.dumps([asdict(r) for r in recordings]))
    teacher = SpeakerTeacher().eval()
    embeddings = np.zeros((len(recordings), 256), np.float32)
    with torch.inference_mode():
        for index, waveform in enumerate(tqdm(waveforms, "teacher")):
            samples = torch.from_numpy(waveform.astype(np.float32) / 32768)[None]
            embeddings[index] = teacher(samples).numpy()[0]
    np.save(work / "teacher.npy", embeddings)
