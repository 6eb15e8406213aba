"""`quality`: how similarity follows tau, and how accurate each precision is."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks import clips
from benchmarks.errors import BenchmarkError
from benchmarks.model import Model, open_model
from benchmarks.options import Options
from benchmarks.precisions import families, models_of, variants_of
from benchmarks.report import Cell, Goal, Plot, Report, Table
from export.fidelity import LEAST_RATIO_DB, signal_to_noise_db
from export.speaker import cosine
from runtime import Waveform

TAUS = (0.0, 0.2, 0.3, 0.5, 0.6, 1.0)

RECORDED = "signal_to_noise_db"
COLUMNS = ("model", "precision", "recorded dB", "clips", "mean dB", "worst dB")

_CLIP_SECONDS = 6.0
_EXCERPT_SECONDS = 4.0


def run(options: Options) -> Report:
    """Measure similarity with each model's own tone encoder, and precisions against fp32."""
    similarity: list[Sequence[Cell]] = []
    points = {}
    goals = []
    for path in options.models:
        model = open_model(path, options)
        curve = _similarity(model, options)
        points[model.label] = [(tau, to_target) for tau, to_target, _ in curve]
        similarity += [(model.label, *row) for row in curve]
        gain = curve[-1][1] - curve[0][1]
        subject = f"{model.label}: gain of similarity to the target from tau 0 to 1"
        goals.append(Goal(subject, gain, 0.0, at_least=True))
    accuracy, accuracy_goals = _accuracy(options)
    return Report(
        "quality",
        "Checks of quality to read beside the speed. `python -m training evaluate` measures how "
        "well "
        "a model sounds.",
        [
            Table(
                "tau",
                "Cosine similarity of the converted clip's tone to the target's and to the "
                "source's, "
                "by the model's own tone encoder: means over pairs of shipped clips at temperature "
                "0.",
                ("model", "tau", "to the target", "to the source"),
                similarity,
            ),
            accuracy,
        ],
        [*goals, *accuracy_goals],
        [Plot("similarity", "Similarity to the target over tau", "tau", "cosine", points)],
    )


def _similarity(model: Model, options: Options) -> list[tuple[float, float, float]]:
    cloner = model.cloner
    voices = clips.voices(cloner, 2.0 if options.quick else _CLIP_SECONDS)
    tones = [cloner.tone(clip) for clip in voices]
    # each voice into the next, the last into the first
    pairs = [(index, (index + 1) % len(voices)) for index in range(len(voices))]
    if options.quick:
        pairs = pairs[:2]
    curve = []
    for tau in TAUS:
        to_target, to_source = [], []
        for source, target in pairs:
            found = cloner.convert(
                voices[source], tones[source], tones[target], tau=tau, temperature=0.0
            )
            if len(found) != len(voices[source]):
                raise BenchmarkError("a conversion is not as long as its source")
            tone = cloner.tone(found, allow_silent=True)
            to_target.append(cosine(tone, tones[target]))
            to_source.append(cosine(tone, tones[source]))
        curve.append((tau, statistics.fmean(to_target), statistics.fmean(to_source)))
    return curve


def _accuracy(options: Options) -> tuple[Table, list[Goal]]:
    rows: list[Sequence[Cell]] = []
    goals = []
    found = families([*models_of(options), *variants_of(options)])
    for reference_path, others in found:
        reference = open_model(reference_path, options)
        excerpts = _excerpts(reference, options)
        for path in others:
            model = open_model(path, options)
            ratios = [_snr(reference, model, clip) for clip in excerpts]
            name, precision = model.manifest.name, model.manifest.precision
            recorded = model.manifest.quality.get(precision, {}).get(RECORDED)
            measured = (statistics.fmean(ratios), min(ratios))
            rows.append((name, precision, recorded, len(excerpts), *measured))
            goals.append(
                Goal(
                    f"{name}: {precision} against fp32, unseen speech",
                    recorded,
                    LEAST_RATIO_DB[precision],
                    "dB",
                    at_least=True,
                )
            )
    source = "shipped clips" if options.speech is None else "clips of the folder given"
    table = Table(
        "Precision",
        "Signal-to-noise ratio of the tone converter's output against the same checkpoint's in "
        "fp32: as recorded at the export, on speech that calibration had not seen, and measured "
        f"now on {source}. Drawn weights give only a rough guess of the official ones' ratio.",
        COLUMNS,
        rows or [tuple(None for _ in COLUMNS)],
    )
    return table, goals


def _excerpts(model: Model, options: Options) -> list[Waveform]:
    seconds = 1.0 if options.quick else _EXCERPT_SECONDS
    if options.speech is None:
        return clips.voices(model.cloner, seconds)
    return clips.of_folder(model.cloner, options.speech, seconds, 8)


def _snr(reference: Model, model: Model, clip: Waveform) -> float:
    cloner = reference.cloner
    target = cloner.tone(cloner.decode(clips.target_bytes()))
    inputs = reference.converter_inputs(clip, cloner.tone(clip, allow_silent=True), target)
    return signal_to_noise_db([model.converter.run(**inputs)], [reference.converter.run(**inputs)])
