"""`stages`: time of each stage of a request, and real-time factor by length."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks import clips
from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.exchange import audio_of, clone_body, open_client, post, stages_of
from benchmarks.model import Model, open_model
from benchmarks.options import Options
from benchmarks.report import Goal, Plot, Report, Table
from benchmarks.rounds import Action, alternate, distributions
from benchmarks.server import Server
from runtime import Tone, VoiceCloner, Waveform, wav
from runtime.decode import AudioFile
from runtime.resample import resample_blocks
from runtime.source import MemorySource

FILE_RATE_HZ = 44_100
"""Rate of most files, so that resampling is measured too."""

BOTH_GRAPHS = "both graphs"
AROUND = "around the graphs"


def run(options: Options) -> Report:
    """Measure a model's stages, alone and behind HTTP."""
    seconds = 2.0 if options.quick else 10.0
    model = open_model(options.model, options)
    clip = clips.of_length(model.cloner, seconds)
    file = clips.wav_file(clip, model.cloner.sample_rate_hz, FILE_RATE_HZ)
    stages = distributions(
        alternate(_stages(model, clip, file), *_effort(options, 30, 30.0), warm_ups=2)
    )
    served = _served(options, model, file)
    graphs = served[BOTH_GRAPHS].median
    real_time_factors, points = _lengths(model, options)
    return Report(
        "stages",
        f"{model.label}, a clip of {seconds:g} s as a WAV file at {FILE_RATE_HZ} Hz.",
        [
            Table(
                "Stages",
                "Each stage alone, in one process, in turns. `tone` and `conversion` are calls "
                "of the "
                "library and include the spectrogram and the graphs.",
                ("stage", *COLUMNS, "of the clip's time %"),
                [
                    (name, *found.milliseconds, 100 * found.median / seconds)
                    for name, found in stages.items()
                ],
            ),
            Table(
                "Behind HTTP",
                "The same clip posted to /api/clone by one client, with the target's tone in the "
                "cache: stages by the server's clock (Server-Timing), what HTTP adds, and the "
                "client's time. In turns with it, both graphs alone in another process on the "
                "whole "
                "clip; the rest of the client's time is around the graphs.",
                ("stage", *COLUMNS, "of the clip's time %"),
                [
                    (name, *found.milliseconds, 100 * found.median / seconds)
                    for name, found in served.items()
                ],
            ),
            real_time_factors,
            _formats(model, clip, options),
            _sessions(model, clip, options),
        ],
        [
            Goal("real-time factor of the two graphs", graphs / seconds, 0.02),
            Goal(
                f"time around the graphs for {seconds:g} s over HTTP, of the clip's time",
                100 * served[AROUND].median / seconds,
                1.0,
                "%",
            ),
        ],
        [
            Plot(
                "real-time-factor",
                "Real-time factor by length",
                "clip s",
                "real-time factor",
                points,
            )
        ],
    )


def _effort(options: Options, rounds: int, most_seconds: float) -> tuple[int, float]:
    return (2, 1.0) if options.quick else (rounds, most_seconds)


def _stages(model: Model, clip: Waveform, file: bytes) -> Mapping[str, Action]:
    cloner, rate_hz = model.cloner, model.cloner.sample_rate_hz
    blocks = list(_blocks(file))
    source_tone = cloner.tone(clip)
    target_tone = cloner.tone(cloner.decode(clips.target_bytes()))
    inputs = model.converter_inputs(clip, source_tone, target_tone)
    converted = cloner.convert(clip, source_tone, target_tone, seed=0)
    again = cloner.convert(clip, source_tone, target_tone, seed=0)
    if len(converted) != len(clip) or not np.array_equal(converted, again):
        raise BenchmarkError("a conversion is not as long as its source, or not repeatable")
    return {
        "decoding": lambda: list(_blocks(file)),
        "resampling": lambda: list(resample_blocks(blocks, FILE_RATE_HZ, rate_hz)),
        "spectrogram": lambda: model.spectrogram(clip),
        "tone encoder's graph": partial(model.encoder.run, spectrogram=inputs["spectrogram"]),
        "tone converter's graph": partial(model.converter.run, **inputs),
        "tone": lambda: cloner.tone(clip),
        "conversion": lambda: cloner.convert(clip, source_tone, target_tone, seed=0),
        "WAV encoding": lambda: wav.encode(converted, rate_hz),
    }


def _blocks(file: bytes) -> list[Waveform]:
    with AudioFile(MemorySource(file), maximum_seconds=600.0) as audio:
        return list(audio.blocks())


def _served(options: Options, model: Model, file: bytes) -> dict[str, Distribution]:
    target = clips.target_bytes()
    body = clone_body(file, target=target)
    cloner = model.cloner
    source = cloner.decode(file)
    tones = cloner.tone(source), cloner.tone(cloner.decode(target))
    wanted = wav.pcm16(cloner.convert(source, *tones, tau=1.0, temperature=0.0))
    inputs = model.converter_inputs(source, *tones)
    taken: dict[str, list[float]] = {}
    rounds, most_seconds = _effort(options, 60, 40.0)
    with Server(**options.serving) as server, open_client(server.url) as client:
        found = audio_of(post(client, body)).astype(np.int32)
        if np.abs(found - np.frombuffer(wanted, "<i2")).max() > 1:
            raise BenchmarkError("the server's audio is not the library's")
        ends = time.perf_counter() + most_seconds
        for _ in range(rounds):
            started = time.perf_counter()
            response = post(client, body)
            answered = time.perf_counter()
            model.encoder.run(spectrogram=inputs["spectrogram"])
            model.converter.run(**inputs)
            graphs, client_seconds = time.perf_counter() - answered, answered - started
            stages = stages_of(response.headers["Server-Timing"])
            stages["HTTP"] = client_seconds - stages.pop("total")
            stages |= {"client": client_seconds, BOTH_GRAPHS: graphs}
            stages[AROUND] = client_seconds - graphs
            for name, seconds in stages.items():
                taken.setdefault(name, []).append(seconds)
            if time.perf_counter() > ends:
                break
    return distributions(taken)


def _lengths(model: Model, options: Options) -> tuple[Table, dict[str, list[tuple[float, float]]]]:
    cloner = model.cloner
    target = cloner.tone(cloner.decode(clips.target_bytes()))
    rows = []
    points: dict[str, list[tuple[float, float]]] = {"all": [], "conversion": []}
    for seconds in (1.0, 2.0) if options.quick else (1.0, 3.0, 10.0, 30.0, 60.0):
        clip = clips.of_length(cloner, seconds)
        actions: dict[str, Action] = {
            "all": partial(_convert_all, cloner, clip, target),
            "conversion": partial(cloner.convert, clip, cloner.tone(clip), target, seed=0),
        }
        found = distributions(alternate(actions, *_effort(options, 9, 15.0)))
        rows.append(
            (seconds, *(found[name].median / seconds for name in points), found["all"].runs)
        )
        for name, series in points.items():
            series.append((seconds, found[name].median / seconds))
    table = Table(
        "Real-time factor by length",
        "Time over the clip's length, from decoded audio to converted audio: tone and conversion "
        "(all), and conversion alone.",
        ("clip s", "all", "conversion", "runs"),
        rows,
    )
    return table, points


def _convert_all(cloner: VoiceCloner, clip: Waveform, target: Tone) -> Waveform:
    return cloner.convert(clip, cloner.tone(clip), target, seed=0)


def _formats(model: Model, clip: Waveform, options: Options) -> Table:
    rate_hz = model.cloner.sample_rate_hz
    stereo = np.repeat(clips.resampled(clip, rate_hz, 48_000)[:, np.newaxis], 2, axis=1)
    files = {
        "WAV, 16 bit": clips.encoded(stereo, 48_000, "WAV", "PCM_16"),
        "FLAC": clips.encoded(stereo, 48_000, "FLAC", "PCM_16"),
        "MP3": clips.encoded(stereo, 48_000, "MP3", "MPEG_LAYER_III"),
        "OGG Vorbis": clips.encoded(stereo, 48_000, "OGG", "VORBIS"),
        "OGG Opus": clips.encoded(stereo, 48_000, "OGG", "OPUS"),
    }
    actions: dict[str, Action] = {
        name: partial(model.cloner.decode, file) for name, file in files.items()
    }
    taken = distributions(alternate(actions, *_effort(options, 20, 10.0)))
    return Table(
        "Formats",
        "The clip as a stereo file at 48 kHz: time to decode, mix down and resample it.",
        ("format", "KiB", *COLUMNS),
        [(name, len(files[name]) // 1024, *found.milliseconds) for name, found in taken.items()],
    )


def _sessions(model: Model, clip: Waveform, options: Options) -> Table:
    cloner = model.cloner
    tone = cloner.tone(clip)
    inputs = model.converter_inputs(clip, tone, tone)
    reference = model.converter.run(**inputs)
    actions: dict[str, Action] = {}
    for threads in sorted({1, options.thread_count}):
        for spinning in (False, True):
            graph = open_model(
                options.model, replace(options, threads=threads), spinning=spinning
            ).converter
            if not np.allclose(graph.run(**inputs), reference, rtol=0, atol=1e-4):
                raise BenchmarkError("threads change the result")
            label = f"{threads} threads, {'' if spinning else 'not '}spinning"
            actions[label] = partial(graph.run, **inputs)
    taken = distributions(alternate(actions, *_effort(options, 15, 20.0)))
    return Table(
        "Threads",
        "The converter's graph on the whole clip, by settings of its session.",
        ("session", *COLUMNS),
        [(name, *found.milliseconds) for name, found in taken.items()],
    )
