"""From prepared clips to trained networks: the stages in their order, and their schedules."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from torch import distributed
from torch.multiprocessing.spawn import spawn

from export.networks.compact import CompactConfig, CompactModel
from training import eigenvoices, processes
from training.coarticulation import CoarticulationStage
from training.loop import Run, Schedule, Stage
from training.recordings import SHORTEST_SECONDS, Recordings
from training.stages import ContentStage, ConversionStage, PitchStage, RenderingStage
from training.units import clusters

SCHEDULES = {
    "content": Schedule(steps=2600, learning_rate=1.5e-3, warm_up_steps=80),
    "pitch": Schedule(steps=1500, learning_rate=1.5e-3, warm_up_steps=100),
    "rendering": Schedule(steps=1200, learning_rate=1e-3, warm_up_steps=50),
    "coarticulation": Schedule(steps=1500, learning_rate=1e-3, warm_up_steps=50),
    "conversion": Schedule(
        steps=1500,
        learning_rate=4e-4,
        warm_up_steps=20,
        weight_decay=0.0,
        largest_gradient=0.5,
        average_decay=0.99,
    ),
}
STAGES = ("content", "pitch", "rendering", "voices", "coarticulation", "conversion")
STAGE_SHORTEST_SECONDS = {"voices": 4.0, "coarticulation": 4.0, "conversion": 7.0}
"""Clips shorter than this are left out of a stage; other stages take all."""
SEED = 1
LONGEST_WAIT = timedelta(hours=1)
"""Until another process has to have done its share: the first one embeds all recordings."""


def train(
    stage: str, prepared: Path, run: Path, steps: int | None, threads: int, count: int = 1
) -> None:
    """Train one stage on top of those before it, or resume it.

    Args:
        stage: One of `STAGES`.
        prepared: Folder that `prepare` wrote.
        run: Folder of the run, with a checkpoint a stage.
        steps: Last step of the schedule; None for the recipe's.
        threads: Threads of PyTorch in each process.
        count: Processes that share each batch of the stage `conversion`.

    Raises:
        FileNotFoundError: The stage before has not been trained, or nothing was prepared.
        ValueError: Another stage is asked to be shared.
    """
    if count == 1:
        _train(stage, prepared, run, steps, threads)
        return
    if stage != "conversion":
        raise ValueError(f"the stage {stage} is trained in one process")
    with TemporaryDirectory() as folder:
        meeting = (Path(folder) / "processes").as_uri()
        arguments = (count, meeting, prepared, run, steps, threads)
        spawn(_train_share, arguments, count)  # type: ignore[no-untyped-call]


def _train_share(
    rank: int,
    count: int,
    meeting: str,
    prepared: Path,
    run: Path,
    steps: int | None,
    threads: int,
) -> None:
    """Train the stage `conversion` as one of several processes that meet at a file's address."""
    distributed.init_process_group(
        "gloo", init_method=meeting, rank=rank, world_size=count, timeout=LONGEST_WAIT
    )
    _train("conversion", prepared, run, steps, threads)
    distributed.destroy_process_group()


def _train(stage: str, prepared: Path, run: Path, steps: int | None, threads: int) -> None:
    """Train one stage in this process."""
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    shortest_seconds = STAGE_SHORTEST_SECONDS.get(stage, SHORTEST_SECONDS)
    paced = stage != "conversion"
    recordings = Recordings(prepared, SEED, shortest_seconds, paced)
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
    going = Run(made(stage, model, recordings, run), schedule, run / f"{stage}.pt")
    # Neither a resumed run nor another process draws what has been drawn.
    drawn = [SEED, STAGES.index(stage), processes.rank(), going.step]
    recordings.random = np.random.default_rng(drawn)
    torch.manual_seed(int(recordings.random.integers(1 << 32)))
    going.fit()


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
    if stage == "coarticulation":
        return CoarticulationStage(model, recordings)
    from training.critics import CampPlus, Resemblyzer
    from training.listener import Listener
    from training.quality import DistillMos

    critics = [Resemblyzer(stride_frames=20).eval(), CampPlus().eval()]
    path = run / "embeddings.pt"
    if not path.exists() and processes.rank() == 0:
        torch.save([eigenvoices.embeddings(critic, recordings) for critic in critics], path)
    processes.wait_for_all()
    known = torch.load(path, weights_only=True)
    judges = critics, known, DistillMos()
    return ConversionStage(model, recordings, Listener().eval(), *judges, processes.count())


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
        "coarticulation": converter.coarticulation,
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
