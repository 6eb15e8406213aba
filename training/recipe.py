"""From prepared clips to trained networks: the stages in their order, and their schedules."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from export.networks.compact import CompactConfig, CompactModel
from training import eigenvoices
from training.loop import Run, Schedule, Stage
from training.recordings import SHORTEST_SECONDS, Recordings
from training.stages import ContentStage, ConversionStage, PitchStage, RenderingStage
from training.units import clusters

SCHEDULES = {
    "content": Schedule(steps=2600, learning_rate=1.5e-3, warm_up_steps=80),
    "pitch": Schedule(steps=1500, learning_rate=1.5e-3, warm_up_steps=100),
    "rendering": Schedule(steps=1200, learning_rate=1e-3, warm_up_steps=50),
    "conversion": Schedule(
        steps=400,
        learning_rate=4e-4,
        warm_up_steps=20,
        weight_decay=0.0,
        largest_gradient=0.5,
        average_decay=0.99,
    ),
}
STAGES = ("content", "pitch", "rendering", "voices", "conversion")
STAGE_SHORTEST_SECONDS = {"voices": 4.0, "conversion": 7.0}
"""Clips shorter than this are left out of a stage; other stages take all."""
SEED = 1


def train(stage: str, prepared: Path, run: Path, steps: int | None, threads: int) -> None:
    """Train one stage on top of those before it, or resume it.

    Args:
        stage: One of `STAGES`.
        prepared: Folder that `prepare` wrote.
        run: Folder of the run, with a checkpoint a stage.
        steps: Last step of the schedule; None for the recipe's.
        threads: Threads of PyTorch.

    Raises:
        FileNotFoundError: The stage before has not been trained, or nothing was prepared.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    shortest_seconds = STAGE_SHORTEST_SECONDS.get(stage, SHORTEST_SECONDS)
    paced = stage != "conversion"
    recordings = Recordings(prepared, SEED + STAGES.index(stage), shortest_seconds, paced)
    model = load_run(run, STAGES[: STAGES.index(stage)])
    if stage == "voices":
        eigenvoices.begin(model, eigenvoices.statistics(model, recordings))
        analysis, encoder = model.converter.analysis, model.tone_encoder
        state = {"voices": analysis.voices.state_dict(), "prior": encoder.prior.state_dict()}
        torch.save(state, run / "voices.pt")
        return
    schedule = SCHEDULES[stage]
    if steps is not None:
        schedule = replace(schedule, steps=steps)
    Run(made(stage, model, recordings, run), schedule, run / f"{stage}.pt").fit()


def made(stage: str, model: CompactModel, recordings: Recordings, run: Path) -> Stage:
    """Put a stage together.

    Args:
        stage: One of `STAGES` but `voices`.
        model: Networks.
        recordings: Prepared clips.
        run: Folder of the run; the units' centres and the critics' embeddings are kept there.

    Returns:
        The stage.
    """
    if stage == "content":
        features = np.concatenate([row.features.astype(np.float32) for row in recordings.rows])
        path = run / "centres.npy"
        if not path.exists():
            run.mkdir(parents=True, exist_ok=True)
            np.save(path, clusters(features, CompactConfig().units, recordings.random))
        centres = torch.from_numpy(np.load(path))
        return ContentStage(model, recordings, centres, float(features.var(0).sum()))
    if stage == "pitch":
        return PitchStage(model, recordings)
    if stage == "rendering":
        return RenderingStage(model, recordings)
    from training.critics import CampPlus, Resemblyzer
    from training.listener import Listener

    critics = [Resemblyzer(stride_frames=20).eval(), CampPlus().eval()]
    path = run / "embeddings.pt"
    if not path.exists():
        torch.save([eigenvoices.embeddings(critic, recordings) for critic in critics], path)
    known = torch.load(path, weights_only=True)
    return ConversionStage(model, recordings, Listener().eval(), critics, known)


def load_run(run: Path, stages: tuple[str, ...] = STAGES) -> CompactModel:
    """Load a run's averaged networks.

    Args:
        run: Folder of the run.
        stages: Stages to load, in their order; a later one's weights stand.

    Returns:
        The networks.

    Raises:
        FileNotFoundError: A stage has no checkpoint.
    """
    model = CompactModel(CompactConfig())
    converter, encoder = model.converter, model.tone_encoder
    parts = {
        "content": converter.analysis.content,
        "pitch": converter.analysis.pitch,
        "voices": converter.analysis.voices,
        "prior": encoder.prior,
        "change": converter.change,
        "renderer": converter.renderer,
        "breath": converter.breath,
    }
    for stage in stages:
        state = torch.load(run / f"{stage}.pt", weights_only=True)
        if stage == "voices":
            converter.analysis.voices.load_state_dict(state["voices"])
            encoder.prior.load_state_dict(state["prior"])
            continue
        for name, part in parts.items():
            own = {
                key.removeprefix(f"{name}."): weight
                for key, weight in state["average"].items()
                if key.startswith(f"{name}.")
            }
            if own:
                part.load_state_dict(own)
    return model
