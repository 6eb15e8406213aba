"""`windows`: accuracy and cost of conversion in windows, and latency of streams."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import numpy as np

from benchmarks import clips
from benchmarks.distribution import Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import audio_of, open_client, post, stream
from benchmarks.model import Model, open_model
from benchmarks.options import Options
from benchmarks.payload import request_body
from benchmarks.precisions import models_of
from benchmarks.report import Cell, Goal, Plot, Report, Table
from benchmarks.rounds import alternate, distributions
from benchmarks.server import Server
from runtime import Tone, Waveform

CLIP_SECONDS = (1.0, 9.9, 10.1, 61.3)
STREAM_SECONDS = (10.0, 60.0)
LARGEST_DIFFERENCE = 1e-4
FIRST_AUDIO_SECONDS = 0.6

_CONTEXTS_A_WINDOW = (1, 2, 4, 8)

# clips that window lengths are measured on; the official size takes much longer a second
_COMPACT_SECONDS = 30.0
_OFFICIAL_SECONDS = 8.0


def run(options: Options) -> Report:
    """Compare conversion in windows with whole clips, and measure streams."""
    changes: list[Sequence[Cell]] = []
    costs: list[Sequence[Cell]] = []
    points: dict[str, list[tuple[float, float]]] = {}
    goals = []
    for path in models_of(options):
        model = open_model(path, options)
        rows = differences(model, (1.0, 4.3) if options.quick else CLIP_SECONDS)
        changes += rows
        worst = max(row[-1] for row in rows)
        goals.append(
            Goal(f"{model.label}: windowed against whole, of the peak", worst, LARGEST_DIFFERENCE)
        )
        found = _costs(model, options)
        costs += [(model.label, *row) for row in found]
        points[model.label] = [(row[1], row[2]) for row in found]
    streamed, first_audio = _streams(options)
    return Report(
        "windows",
        "Clips converted in windows, each with real context on both sides that is cut off "
        "afterwards.",
        [
            Table(
                "Difference from the whole clip",
                "Largest difference of any sample between a clip converted in windows and the same "
                "clip converted whole, as a share of the peak.",
                ("model", "clip s", "windows", "frames", "difference of peak"),
                changes,
            ),
            Table(
                "Length of windows",
                "Conversion of a long clip, by the frames that a window keeps. Another request may "
                "have to wait for one step.",
                ("model", "clip s", "frames", "real-time factor", "median step ms", "runs"),
                costs,
            ),
            Table(
                "Streams",
                f"/api/clone/stream of {options.model.name} by one client, with the target's "
                "tone in "
                "the cache. The stream's audio was compared with /api/clone's: it is the same to "
                "one "
                "least significant bit.",
                ("clip s", "first line ms", "first audio ms", "all ms", "runs"),
                streamed,
            ),
        ],
        [*goals, Goal("first audio of the longest stream", first_audio, FIRST_AUDIO_SECONDS, "s")],
        [
            Plot(
                "window-length",
                "Real-time factor by length of windows",
                "frames of a window",
                "real-time factor",
                points,
            )
        ],
    )


def differences(model: Model, lengths: Sequence[float]) -> list[tuple[str, float, str, int, float]]:
    """Convert clips in windows of several lengths and whole, and compare.

    Args:
        model: The model.
        lengths: Lengths of the clips, in seconds.

    Returns:
        Model, clip length, kind of window, frames and largest difference as a share of the peak.
    """
    rows = []
    for seconds in lengths:
        clip, source, target = _clip(model, seconds)
        frames = model.frames(seconds)
        whole = _converted(model, clip, source, target, frames)
        context = sum(model.manifest.context)
        for label, window_frames in (
            ("default", model.manifest.window_frames),
            ("short", context + 1),
        ):
            if window_frames >= frames:
                continue
            found = _converted(model, clip, source, target, window_frames)
            difference = difference_of_peak(whole, found)
            rows.append((model.label, seconds, label, window_frames, difference))
    return rows


def difference_of_peak(reference: Waveform, found: Waveform) -> float:
    """Compute the largest difference of any sample, as a share of the reference's peak.

    Args:
        reference: Samples to compare with, [samples].
        found: Samples to judge, [samples].

    Returns:
        The share.
    """
    return float(np.abs(found - reference).max() / np.abs(reference).max())


def _clip(model: Model, seconds: float) -> tuple[Waveform, Tone, Tone]:
    cloner = model.cloner
    clip = clips.of_length(cloner, seconds, first=1)
    target = cloner.tone(cloner.decode(clips.target_bytes()))
    return clip, cloner.tone(clip), target


def _converted(
    model: Model, clip: Waveform, source: Tone, target: Tone, window_frames: int
) -> Waveform:
    return model.cloner.conversion(
        clip, source, target, tau=1.0, seed=0, window_frames=window_frames
    ).joined()


def _costs(model: Model, options: Options) -> list[tuple[float, int, float, float, int]]:
    compact = model.manifest.variant == "compact"
    seconds = 2.0 if options.quick else _COMPACT_SECONDS if compact else _OFFICIAL_SECONDS
    clip, source, target = _clip(model, seconds)
    advised = model.manifest.window_frames
    sizes = {count * max(1, sum(model.manifest.context)) for count in _CONTEXTS_A_WINDOW}
    # a length near the default one would add nothing
    sizes = {size for size in sizes if not 0.8 < size / advised < 1.25} | {advised}
    sizes = {min(size, model.frames(seconds)) for size in sizes}
    steps: dict[str, list[float]] = {}

    def convert(size: int) -> None:
        conversion = model.cloner.conversion(clip, source, target, seed=0, window_frames=size)
        started = time.perf_counter()
        for _ in conversion:
            ended = time.perf_counter()
            steps.setdefault(str(size), []).append(ended - started)
            started = ended

    taken = alternate(
        {str(size): partial(convert, size) for size in sorted(sizes)},
        1 if options.quick else 7,
        0.0 if options.quick else 20.0,
        warm_ups=0 if options.quick else 1,
    )
    return [
        (
            seconds,
            int(size),
            found.median / seconds,
            1000 * Distribution.of(steps[size]).median,
            found.runs,
        )
        for size, found in distributions(taken).items()
    ]


def _streams(options: Options) -> tuple[list[tuple[float, float, float, float, int]], float]:
    rows = []
    model = open_model(options.model, options)
    with Server(**options.serving) as server, open_client(server.url) as client:
        for seconds in (2.0,) if options.quick else STREAM_SECONDS:
            body = request_body(model, seconds)
            whole = audio_of(post(client, body)).astype(np.int32)
            found = [stream(client, body) for _ in range(2 if options.quick else 7)]
            for streamed in found:
                if len(streamed.audio) != len(whole) or np.abs(streamed.audio - whole).max() > 1:
                    raise BenchmarkError("a stream's audio is not that of /api/clone")
            first_audio = Distribution.of([streamed.first_audio for streamed in found]).median
            rows.append(
                (
                    seconds,
                    1000 * Distribution.of([streamed.first_line for streamed in found]).median,
                    1000 * first_audio,
                    1000 * Distribution.of([streamed.seconds for streamed in found]).median,
                    len(found),
                )
            )
    return rows, first_audio
