"""What happens to a marked clip on its way: codecs, resampling, noise, cuts, rooms, tempo."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benchmarks.clips import resampled
from runtime import Waveform
from runtime.decode import decode_audio
from runtime.encoding import Codec, Encoding, encode

Attack: TypeAlias = Callable[[Waveform, int], Waveform]
"""Changes a clip, [samples], of a sample rate."""

CUT_SECONDS = 2.0
_REVERBERATION_SECONDS = 0.4
_SEMITONE = 2 ** (1 / 12)


def attacks() -> Mapping[str, Attack]:
    """Return the attacks that this machine can run, by what they do."""
    found: dict[str, Attack] = {
        "untouched": lambda clip, rate_hz: clip,
        "MP3, 64 kbit/s": partial(_coded, "mp3", 64),
        "Opus, 24 kbit/s": partial(_coded, "ogg", 24),
        "16 kHz": partial(_at_rate, 16_000),
        "8 kHz": partial(_at_rate, 8_000),
        "-20 dB, 16 bits": partial(_louder, -20.0),
        "+6 dB, clipped": partial(_louder, 6.0),
        "2 s cut out": _cut,
        "room, 0.4 s of reverberation": _in_room,
        "noise at 20 dB": partial(_noisy, 20.0),
        "noise at 10 dB": partial(_noisy, 10.0),
        "speed and pitch +3 %": partial(_faster, 1.03),
    }
    if shutil.which("ffmpeg"):
        found |= {
            "tempo -10 %": partial(_filtered, "atempo=0.9"),
            "tempo +10 %": partial(_filtered, "atempo=1.1"),
            "pitch +1 semitone": _higher,
        }
    return found


def _coded(codec: Codec, kbps: int, clip: Waveform, rate_hz: int) -> Waveform:
    encoding = Encoding.choose(codec, rate_hz, kbps=kbps)
    data = b"".join(encode([clip], encoding, len(clip), rate_hz))
    return decode_audio(data, rate_hz)


def _at_rate(low_hz: int, clip: Waveform, rate_hz: int) -> Waveform:
    return resampled(resampled(clip, rate_hz, low_hz), low_hz, rate_hz)


def _louder(gain_db: float, clip: Waveform, rate_hz: int) -> Waveform:
    scaled = np.clip(clip * 10 ** (gain_db / 20), -1, 1)
    rounded: Waveform = (np.rint(scaled * 32767) / 32767).astype(np.float32)
    return rounded


def _cut(clip: Waveform, rate_hz: int) -> Waveform:
    samples = round(CUT_SECONDS * rate_hz)
    start = int(_generator().integers(0, max(1, len(clip) - samples)))
    return clip[start : start + samples]


def _noisy(ratio_db: float, clip: Waveform, rate_hz: int) -> Waveform:
    noise = _generator().standard_normal(len(clip), dtype=np.float32)
    return clip + noise * np.float32(np.sqrt(np.square(clip).mean() / 10 ** (ratio_db / 10)))


def _in_room(clip: Waveform, rate_hz: int) -> Waveform:
    """Convolve with a direct sound and decaying noise, whose energies are about equal."""
    samples = round(_REVERBERATION_SECONDS * rate_hz)
    # 60 dB quieter at the end
    decay = 10 ** (-3 * np.arange(samples) / samples)
    response = _generator().standard_normal(samples) * decay
    response *= 1 / np.sqrt(np.square(response).sum())
    response[0] += 1
    size = len(clip) + samples
    spectrum: NDArray[np.complex128] = np.fft.rfft(clip, size) * np.fft.rfft(response, size)
    wet: Waveform = np.fft.irfft(spectrum, size)[: len(clip)].astype(np.float32)
    return wet


def _faster(factor: float, clip: Waveform, rate_hz: int) -> Waveform:
    return resampled(clip, round(rate_hz * factor), rate_hz)


def _higher(clip: Waveform, rate_hz: int) -> Waveform:
    tempo = 1 / _SEMITONE
    return _filtered(
        f"asetrate={round(rate_hz * _SEMITONE)},aresample={rate_hz},atempo={tempo:.6f}",
        clip,
        rate_hz,
    )


def _filtered(filters: str, clip: Waveform, rate_hz: int) -> Waveform:
    pcm = ["-f", "f32le", "-ar", str(rate_hz), "-ac", "1"]
    command = ["ffmpeg", "-loglevel", "error", *pcm, "-i", "-", "-af", filters, *pcm, "-"]
    done = subprocess.run(command, input=clip.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.float32)


def _generator() -> np.random.Generator:
    return np.random.default_rng(0)
