"""`python -m training synthesise|prepare|train|evaluate|export|figures`."""

import argparse
import json
from pathlib import Path

WORK = Path("training/work")
COMPACT = Path("onnx_models/compact")
STAGES = ("content", "pitch", "rendering", "voices", "coarticulation", "conversion")
SETS = ("clean", "hard", "trained", "wide", "choice", "hard-choice")
TAU_PAIRS = 8


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    top = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    synthesise = commands.add_parser(
        "synthesise", help="make clips of one sentence in several voices with Kokoro"
    )
    synthesise.add_argument(
        "--kokoro", type=Path, required=True, help="folder of Kokoro's unpacked packages"
    )
    synthesise.add_argument(
        "--text",
        nargs="+",
        required=True,
        metavar="LANGUAGE=PATH",
        help="plain texts, as en-us=books/ cmn=poems.txt; languages are eSpeak NG's",
    )
    synthesise.add_argument("--minutes", type=float, default=60.0)
    synthesise.add_argument(
        "--seed", type=int, default=0, help="of every choice; runs of other seeds add to a folder"
    )
    synthesise.add_argument("--output", type=Path, required=True)
    prepare = commands.add_parser("prepare", help="prepare speech for training")
    prepare.add_argument(
        "--speech",
        type=Path,
        nargs="+",
        required=True,
        help="folders of speaker-*.flac; of the first, every eighth speaker is held out",
    )
    train = commands.add_parser("train", help="train one stage, or resume it")
    train.add_argument("stage", choices=STAGES, help="stages are trained in this order")
    train.add_argument("--run", required=True, help="name of the run's folder")
    train.add_argument("--steps", type=int, help="end of the schedule; the recipe's by default")
    train.add_argument("--threads", type=int, default=2, help="threads of each process")
    train.add_argument(
        "--processes", type=int, default=1, help="processes that share a batch of conversion"
    )
    export = commands.add_parser("export", help="write a run's averaged weights as a model bundle")
    export.add_argument("--run", required=True)
    export.add_argument("--output", type=Path, default=COMPACT)
    export.add_argument(
        "--straight", type=Path, help="evaluation with a straight tau curve, to bend the curve by"
    )
    export.add_argument("--report", type=Path, help="evaluation to write into the manifest")
    evaluate = commands.add_parser("evaluate", help="examine a bundle by independent judges")
    evaluate.add_argument("--speech", type=Path, required=True, help="folder of speaker-*.flac")
    evaluate.add_argument(
        "--wide", type=Path, help="folder of folders of wide-band speech, for the set `wide`"
    )
    evaluate.add_argument("--model", type=Path, default=COMPACT)
    evaluate.add_argument("--sets", nargs="*", choices=SETS, default=list(SETS[:3]))
    evaluate.add_argument("--pairs", type=int, help="pairs of each set; all 24 by default")
    evaluate.add_argument("--tau", action="store_true", help="measure the shares over tau, too")
    evaluate.add_argument(
        "--choosing",
        action="store_true",
        help="measure the shares over tau on pairs to choose by, which no report is about",
    )
    evaluate.add_argument("--report", type=Path, help="file to write the figures to, as JSON")
    figures = commands.add_parser("figures", help="draw the documentation's pictures of a bundle")
    figures.add_argument("--model", type=Path, default=COMPACT)
    figures.add_argument("--source", type=Path, default=Path("samples/english-man.flac"))
    figures.add_argument("--target", type=Path, default=Path("samples/english-woman.flac"))
    figures.add_argument("--straight", type=Path, help="evaluation made with a straight tau curve")
    figures.add_argument("--output", type=Path, default=Path("docs/figures"))
    for command in (prepare, train, export):
        command.add_argument("--work", type=Path, default=WORK, help="prepared speech and runs")
    return top


def main() -> None:
    """Run one command."""
    arguments = parser().parse_args()
    if arguments.command == "synthesise":
        from training.synthesise import synthesise

        texts = dict(pair.split("=", 1) for pair in arguments.text)
        synthesise(
            arguments.kokoro,
            {language: Path(path) for language, path in texts.items()},
            arguments.output,
            arguments.minutes,
            arguments.seed,
        )
    elif arguments.command == "prepare":
        from training.prepare import prepare

        prepare(arguments.speech, arguments.work / "prepared")
    elif arguments.command == "train":
        from training.recipe import train

        train(
            arguments.stage,
            arguments.work / "prepared",
            arguments.work / arguments.run,
            arguments.steps,
            arguments.threads,
            arguments.processes,
        )
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
        evaluate(arguments)


def evaluate(arguments: argparse.Namespace) -> None:
    """Examine a bundle and print the report."""
    from training import sets
    from training.evaluation import Panel, evaluate
    from training.judges import DnsmosJudge, PyannoteJudge, WhisperJudge

    makers = {
        "clean": sets.clean_pairs,
        "hard": sets.hard_pairs,
        "trained": sets.trained_pairs,
        "wide": sets.wide_pairs,
        "choice": sets.choice_pairs,
        "hard-choice": sets.hard_choice_pairs,
    }
    chosen = {}
    for name in arguments.sets:
        folder = arguments.wide if name == "wide" else arguments.speech
        if folder is None:
            raise SystemExit("the set `wide` needs --wide FOLDER")
        chosen[name] = makers[name](folder)[: arguments.pairs]
    shares_of = []
    if arguments.tau:
        pairs = makers["choice" if arguments.choosing else "clean"]
        shares_of = pairs(arguments.speech)[:TAU_PAIRS]
    panel = Panel(PyannoteJudge(), WhisperJudge(), DnsmosJudge())
    report = json.dumps(evaluate(arguments.model, chosen, panel, shares_of), indent=1)
    print(report)
    if arguments.report:
        arguments.report.write_text(report + "\n")


if __name__ == "__main__":
    main()
