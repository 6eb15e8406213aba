"""`marking`: what the watermark costs, what it survives, and what is taken for it."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import partial

import numpy as np

from benchmarks import clips
from benchmarks.attacks import attacks
from benchmarks.clips import resampled
from benchmarks.errors import BenchmarkError
from benchmarks.model import Model, open_model
from benchmarks.options import Options
from benchmarks.report import Cell, Goal, Report, Table
from benchmarks.rounds import alternate, distributions
from runtime import Waveform
from runtime.marking.reader import Reading, WatermarkReader
from runtime.marking.writer import WatermarkWriter

LEAST_READ, MOST_MISTAKEN, MOST_COST = 0.99, 1 / 200, 0.1
# attacks that a mark should survive
REQUIRED = (
    "untouched",
    "MP3, 64 kbit/s",
    "Opus, 24 kbit/s",
    "16 kHz",
    "8 kHz",
    "-20 dB, 16 bits",
    "+6 dB, clipped",
    "2 s cut out",
)

_COST_SECONDS = 20.0
_CLIP_SECONDS = 8.0
_MOST_CLIPS = 10_000


def run(options: Options) -> Report:
    """Measure cost and reading on the first model's conversions."""
    model = open_model(options.model, options)
    rate_hz = model.cloner.sample_rate_hz
    writer = WatermarkWriter.load(rate_hz, provider=options.provider, threads=options.threads)
    reader = WatermarkReader.load(provider=options.provider, threads=options.threads)
    cost, share = _cost(model, writer, options)
    sources = _sources(model, options)
    plain = _conversions(model, sources)
    marked = [writer.mark(clip) for clip in plain]
    rows, goals = [], []
    for name, attack in attacks().items():
        found = [_read(reader, attack(clip, rate_hz), rate_hz) for clip in marked]
        present = statistics.fmean(each.present for each in found)
        rows.append((name, len(found), present, *_quantiles(found)))
        if name in REQUIRED:
            goals.append(Goal(f"{name}: read as marked", present, LEAST_READ, at_least=True))
    unmarked: list[Sequence[Cell]] = []
    mistaken = []
    for name, group in (("speech", sources), ("conversions", plain)):
        found = [_read(reader, clip, rate_hz) for clip in group]
        present = statistics.fmean(each.present for each in found)
        unmarked.append((name, len(found), present, *_quantiles(found)))
        mistaken.append(Goal(f"unmarked {name}: read as marked", present, MOST_MISTAKEN))
    columns = ("clips", "read as marked", "least confidence", "median", "highest")
    return Report(
        "marking",
        "The watermark in conversions of the shipped samples, or of the folder given.",
        [
            Table(
                "Cost",
                "Time to convert a clip of some windows and to mark the result.",
                ("model", "clip s", "conversion s", "marking s", "share", "runs"),
                cost,
            ),
            Table(
                "Marked",
                "Marked conversions, after what happens to a file.",
                ("what happens", *columns),
                rows,
            ),
            Table(
                "Not marked",
                "Speech as it was recorded, and conversions without a watermark.",
                ("what", *columns),
                unmarked,
            ),
        ],
        [Goal("marking against conversion", share, MOST_COST), *goals, *mistaken],
    )


def _cost(
    model: Model, writer: WatermarkWriter, options: Options
) -> tuple[list[Sequence[Cell]], float]:
    seconds = 4.0 if options.quick else _COST_SECONDS
    clip = clips.of_length(model.cloner, seconds)
    tone = model.cloner.tone(clip)
    if len(writer.mark(clip)) != len(clip):
        raise BenchmarkError("marking changed the length of a clip")
    taken = alternate(
        {
            "convert": partial(model.cloner.convert, clip, tone, tone, seed=0),
            "mark": partial(writer.mark, clip),
        },
        1 if options.quick else 15,
        0.0 if options.quick else 60.0,
    )
    found = distributions(taken)
    convert, mark = found["convert"].median, found["mark"].median
    share = mark / convert
    return [(model.label, seconds, convert, mark, share, found["mark"].runs)], share


def _sources(model: Model, options: Options) -> list[Waveform]:
    seconds = 3.0 if options.quick else _CLIP_SECONDS
    if options.speech is None:
        return clips.voices(model.cloner, seconds)
    return clips.of_folder(model.cloner, options.speech, seconds, _MOST_CLIPS)


def _conversions(model: Model, sources: Sequence[Waveform]) -> list[Waveform]:
    """Convert each clip to the voice of the next."""
    cloner = model.cloner
    tones = [cloner.tone(clip, allow_silent=True) for clip in sources]
    targets = [*tones[1:], tones[0]]
    return [
        cloner.convert(clip, tone, target, seed=index)
        for index, (clip, tone, target) in enumerate(zip(sources, tones, targets, strict=True))
    ]


def _read(reader: WatermarkReader, clip: Waveform, rate_hz: int) -> Reading:
    return reader.read(resampled(clip, rate_hz, reader.sample_rate_hz))


def _quantiles(found: Sequence[Reading]) -> tuple[float, float, float]:
    confidences = np.array([each.confidence for each in found])
    return float(confidences.min()), float(np.median(confidences)), float(confidences.max())
