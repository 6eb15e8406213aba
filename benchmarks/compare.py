"""`compare`: our graphs, PyTorch and a naive export with the same weights, timed in turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmarks import clips
from benchmarks.compact import compact_networks
from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.errors import BenchmarkError
from benchmarks.model import Model, open_model
from benchmarks.naive_export import NaiveGraph
from benchmarks.official import official_bundle, official_networks
from benchmarks.options import Options
from benchmarks.report import Cell, Goal, Report, Table
from benchmarks.rounds import alternate
from export.eager import EagerGraph
from export.fidelity import signal_to_noise_db
from runtime.interface import Inputs

OURS, NAIVE, EAGER = "ours, fp32", "naive export", "PyTorch eager"
OURS_INT8 = "ours, int8"
LEAST_SNR_DB = 40.0
"""Least ratio to PyTorch at which two ways to compute a float32 network count as the same."""

Run = Callable[..., NDArray[np.float32]]


@dataclass(frozen=True)
class Contender:
    """One way to run a pair of networks.

    Attributes:
        encoder: Runs the tone encoder on named inputs.
        converter: Runs the tone converter on named inputs.
    """

    encoder: Run
    converter: Run

    def both(self, inputs: Inputs) -> NDArray[np.float32]:
        """Embed a clip and convert it, whole.

        Args:
            inputs: Inputs of the tone converter by name.

        Returns:
            The audio.
        """
        self.encoder(spectrogram=inputs["spectrogram"])
        return self.converter(**inputs)


@dataclass(frozen=True)
class Contest:
    """Times of the contenders on one model.

    Attributes:
        model: Our bundle of the model.
        seconds: Length of the clip.
        taken: Seconds of each run, by contender.
        snr: Signal-to-noise ratio of each contender's output against PyTorch's, in dB.
    """

    model: Model
    seconds: float
    taken: Mapping[str, list[float]]
    snr: Mapping[str, float]

    def ratio(self, reference: str, name: str) -> float | None:
        """Compute how many times faster a contender is than a reference.

        Args:
            reference: Name of the reference.
            name: Name of the contender.

        Returns:
            The ratio; None if the contender did not take part.
        """
        if name not in self.taken:
            return None
        return (
            Distribution.of(self.taken[reference]).median / Distribution.of(self.taken[name]).median
        )

    def rows(self) -> list[list[Cell]]:
        """List a row of the report for each contender."""
        name = self.model.manifest.name
        found: list[list[Cell]] = []
        for contender, taken in self.taken.items():
            times = Distribution.of(taken)
            found.append(
                [
                    name,
                    contender,
                    times.median / self.seconds,
                    *times.milliseconds,
                    self.ratio(EAGER, contender),
                    self.ratio(NAIVE, contender),
                    None if contender == EAGER else self.snr[contender],
                ]
            )
        return found


def run(options: Options) -> Report:
    """Compare the contenders on each model and, if asked for, on the official size."""
    seconds = 1.0 if options.quick else 10.0
    contests = []
    goals: list[Goal] = []
    for path in options.models:
        contests.append(_contest(path, compact_networks(path), (), seconds, options))
    if options.official:
        precisions = ("int8",)
        contest = _contest(
            official_bundle(options), official_networks(options), precisions, seconds, options
        )
        contests.append(contest)
        goals = _official_goals(contest)
    return Report(
        "compare",
        f"Both graphs on a clip of {seconds:g} s, whole: its tone, then its conversion. On the "
        "CPU, with the same number of threads, in turns. The outputs were compared first.",
        [
            Table(
                "Contenders",
                "The naive export is made by PyTorch's tracing exporter from the network as "
                "upstream runs it, and runs in a session with ONNX Runtime's defaults. The "
                "signal-to-noise ratio is against PyTorch.",
                (
                    "model",
                    "contender",
                    "real-time factor",
                    *COLUMNS,
                    "times PyTorch's speed",
                    "times the naive export's speed",
                    "SNR dB",
                ),
                [row for contest in contests for row in contest.rows()],
            ),
        ],
        goals,
    )


def _contest(
    path: Path,
    networks: tuple[nn.Module, nn.Module],
    precisions: tuple[str, ...],
    seconds: float,
    options: Options,
) -> Contest:
    torch.set_num_threads(options.thread_count)
    model = open_model(path, options)
    contenders = {
        EAGER: Contender(
            EagerGraph(networks[0], model.encoder.interface).run,
            EagerGraph(networks[1], model.converter.interface).run,
        ),
        NAIVE: Contender(
            NaiveGraph(networks[0], model.encoder.interface, options.thread_count).run,
            NaiveGraph(networks[1], model.converter.interface, options.thread_count).run,
        ),
        OURS: Contender(model.encoder.run, model.converter.run),
    }
    for precision in precisions:
        other = open_model(official_bundle(options, precision), options)
        contenders[f"ours, {precision}"] = Contender(other.encoder.run, other.converter.run)
    cloner = model.cloner
    clip = clips.of_length(cloner, seconds)
    target = cloner.tone(cloner.decode(clips.target_bytes()))
    inputs = model.converter_inputs(clip, cloner.tone(clip), target)
    outputs = {name: contender.both(inputs) for name, contender in contenders.items()}
    reference = outputs.pop(EAGER)
    snr = {name: signal_to_noise_db([found], [reference]) for name, found in outputs.items()}
    for name in (NAIVE, OURS):
        if not snr[name] >= LEAST_SNR_DB:
            raise BenchmarkError(
                f"{name} differs from PyTorch: signal-to-noise ratio {snr[name]:.1f} dB"
            )
    taken = alternate(
        {name: partial(contender.both, inputs) for name, contender in contenders.items()},
        *((2, 1.0) if options.quick else (9, 150.0)),
        warm_ups=0 if options.quick else 1,
    )
    return Contest(model, seconds, taken, snr)


def _official_goals(contest: Contest) -> list[Goal]:
    name = contest.model.manifest.name
    return [
        Goal(f"{name}, fp32 over PyTorch", contest.ratio(EAGER, OURS), 1.15, "x", at_least=True),
        Goal(f"{name}, fp32 over the naive export", contest.ratio(NAIVE, OURS), 1.0, "x", True),
        Goal(f"{name}, int8 over PyTorch", contest.ratio(EAGER, OURS_INT8), 2.5, "x", True),
        Goal(f"{name}, int8 over fp32", contest.ratio(OURS, OURS_INT8), 1.8, "x", True),
    ]
