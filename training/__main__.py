"""`python -m training prepare|train|evaluate|export|figures`."""

import argparse
import json
from dataclasses import fields
from pathlib import Path

from training.recipe import Recipe

WORK = Path("training/work")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    prepare = commands.add_parser("prepare", help="speech to training recordings")
    prepare.add_argument("--speech", type=Path, required=True, help="folder of speaker-*.flac")
    prepare.add_argument("--processes", type=int, default=2)
    train = commands.add_parser("train", help="train, or go on where a run stopped")
    train.add_argument("--run", required=True, help="name of the run's folder")
    train.add_argument("--begin-from", help="name of a finished run to take the weights of")
    for choice in fields(Recipe):
        kind = {"int": int, "float": float}[str(getattr(choice.type, "__name__", choice.type))]
        option = "--" + choice.name.replace("_", "-")
        train.add_argument(option, type=kind, default=argparse.SUPPRESS)
    export = commands.add_parser("export", help="a run's averaged weights to a model bundle")
    export.add_argument("--run", required=True)
    export.add_argument("--output", type=Path, default=Path("onnx_models/compact"))
    export.add_argument(
        "--straight", type=Path, help="evaluation with a straight tau curve, to bend the curve by"
    )
    export.add_argument("--report", type=Path, help="evaluation to write into the manifest")
    evaluate = commands.add_parser("evaluate", help="examine a bundle on held-out speakers")
    evaluate.add_argument("--speech", type=Path, required=True, help="folder of speaker-*.flac")
    evaluate.add_argument("--model", type=Path, default=Path("onnx_models/compact"))
    evaluate.add_argument(
        "--only-tau", action="store_true", help="measure the shares over tau and nothing else"
    )
    evaluate.add_argument("--report", type=Path, help="where to keep the figures as JSON")
    figures = commands.add_parser("figures", help="the documentation's pictures of a bundle")
    figures.add_argument("--model", type=Path, default=Path("onnx_models/compact"))
    figures.add_argument("--source", type=Path, default=Path("samples/english-man.flac"))
    figures.add_argument("--target", type=Path, default=Path("samples/english-woman.flac"))
    figures.add_argument("--straight", type=Path, help="evaluation made with a straight tau curve")
    figures.add_argument("--output", type=Path, default=Path("docs/figures"))
    for command in (prepare, train, export):
        command.add_argument("--work", type=Path, default=WORK, help="prepared speech and runs")
    return top


def main() -> None:
    """Runs one command."""
    arguments = parser().parse_args()
    if arguments.command == "prepare":
        from training.prepare import prepare

        prepare(arguments.speech, arguments.work / "prepared", arguments.processes)
    elif arguments.command == "train":
        train(arguments)
    elif arguments.command == "export":
        from training.bundle import export_run

        run = arguments.work / arguments.run
        export_run(run, arguments.output, arguments.straight, arguments.report)
    elif arguments.command == "figures":
        from training.figures import draw_all

        draw_all(
            arguments.model,
            arguments.source,
            arguments.target,
            arguments.straight,
            arguments.output,
        )
    else:
        from training.evaluation import evaluate

        report = json.dumps(
            evaluate(arguments.model, arguments.speech, arguments.only_tau), indent=1
        )
        print(report)
        if arguments.report:
            arguments.report.write_text(report + "\n")


def train(arguments: argparse.Namespace) -> None:
    """Begins a run, or goes on with it where its folder holds a checkpoint."""
    from training.trainer import Trainer

    chosen = {
        choice.name: getattr(arguments, choice.name)
        for choice in fields(Recipe)
        if hasattr(arguments, choice.name)
    }
    run = arguments.work / arguments.run
    recipe = Recipe(**chosen)
    critic = None
    if recipe.critic_weight:
        from training.teacher import Teachers

        critic = Teachers()
    listener = None
    if recipe.words_weight:
        from training.listener import Listener

        listener = Listener()
    trainer = Trainer(recipe, arguments.work / "prepared", run, critic, listener)
    if (run / "checkpoint.pt").exists():
        trainer.load(run / "checkpoint.pt", begin_again=False)
    elif arguments.begin_from:
        trainer.load(arguments.work / arguments.begin_from / "checkpoint.pt", begin_again=True)
    trainer.fit()


if __name__ == "__main__":
    main()
