"""The command line: `python -m runtime clone` and `python -m runtime info`."""

import argparse
import json
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import numpy as np
import onnxruntime
import soundfile
from tqdm import tqdm

from runtime.arrays import Tone
from runtime.cloner import DEFAULT_MODEL, DEFAULT_TAU, DEFAULT_TEMPERATURE, VoiceCloner
from runtime.errors import InvalidOption, OpenVoiceError
from runtime.files import Progress, convert_file, embed_file
from runtime.options import check_seed, check_share
from runtime.sessions import Provider, available_cpus

MINIMUM_TARGET_SECONDS = 0.5

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what stands behind the program's name; None takes the process's own.

    Returns:
        The exit code: 0, 1 where something failed (one line on standard error says what),
        2 where the arguments are not understood, 130 where it was interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "clone":
            _clone(options)
        else:
            _info(options)
    except OpenVoiceError as error:
        return _fail(" ".join([*getattr(error, "__notes__", []), str(error)]))
    except OSError as error:
        return _fail(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        _fail("interrupted")
        return EXIT_INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m runtime", description="Say what one voice says in another."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    clone = commands.add_parser("clone", help="convert a file of speech to another voice")
    clone.add_argument(
        "--target",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="the voice to imitate: one clip, or several of one speaker",
    )
    clone.add_argument(
        "--source", type=Path, required=True, metavar="FILE", help="the speech to convert"
    )
    clone.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the WAV file to write"
    )
    clone.add_argument(
        "--tau",
        type=float,
        default=DEFAULT_TAU,
        help="how strongly the target is applied, 0 to 1 (default %(default)s)",
    )
    clone.add_argument(
        "--temperature",
        type=float,
        default=DEFAULT_TEMPERATURE,
        help="of the posterior's noise, 0 to 1; 0 is deterministic (default %(default)s)",
    )
    clone.add_argument("--seed", type=int, help="of the noise, for a result that repeats")
    info = commands.add_parser("info", help="say what a model is and how it runs here, as JSON")
    for command in (clone, info):
        command.add_argument(
            "--model", type=Path, default=DEFAULT_MODEL, metavar="DIR", help="model folder"
        )
        command.add_argument(
            "--provider",
            choices=get_args(Provider),
            default="auto",
            help="where graphs run; auto: cuda where it works, else cpu",
        )
        command.add_argument(
            "--threads", type=int, help="CPU threads (default: every CPU there is to use)"
        )
    return parser


def _clone(options: argparse.Namespace) -> None:
    check_share("tau", options.tau)
    check_share("temperature", options.temperature)
    if options.seed is not None:
        check_seed(options.seed)
    if options.output.suffix.lower() not in {".wav", ""}:
        raise InvalidOption("output", str(options.output), "the result is WAV, name it .wav")
    begun = time.perf_counter()
    cloner = VoiceCloner.load(options.model, provider=options.provider, threads=options.threads)
    target_tone = _target_tone(cloner, options.target)
    with _naming(options.source), _progress("reading", None) as progress:
        source = embed_file(cloner, options.source, allow_silent=True, progress=progress)
    seconds = source.samples / cloner.sample_rate_hz
    with _naming(options.source), _progress("converting", seconds) as progress:
        seed = convert_file(
            cloner,
            source,
            target_tone,
            options.output,
            tau=options.tau,
            temperature=options.temperature,
            seed=options.seed,
            progress=progress,
        )
    taken = time.perf_counter() - begun
    print(f"{options.output}: {seconds:.2f} s of audio in {taken:.2f} s, seed {seed}")


def _target_tone(cloner: VoiceCloner, paths: Sequence[Path]) -> Tone:
    weighted = []
    for path in paths:
        with _naming(path), _progress("reading", None) as progress:
            target = embed_file(
                cloner, path, minimum_seconds=MINIMUM_TARGET_SECONDS, progress=progress
            )
        weighted.append((target.tone, target.samples / cloner.sample_rate_hz))
    return cloner.average_tones(weighted)


def _info(options: argparse.Namespace) -> None:
    cloner = VoiceCloner.load(options.model, provider=options.provider, threads=options.threads)
    manifest = json.loads((options.model / "manifest.json").read_bytes())
    document = {
        "model": str(options.model),
        "manifest": manifest,
        "providers": list(cloner.providers),
        "available_providers": onnxruntime.get_available_providers(),
        "threads": options.threads or available_cpus(),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "onnxruntime": onnxruntime.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
        },
    }
    print(json.dumps(document, ensure_ascii=False, indent=2))


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an error about a file's audio say which file."""
    try:
        yield
    except OpenVoiceError as error:
        error.add_note(f"{path}:")
        raise


@contextmanager
def _progress(label: str, total_seconds: float | None) -> Iterator[Progress]:
    """Show a bar where a person looks on and the work takes more than a moment."""
    with tqdm(
        desc=label,
        total=total_seconds,
        unit="s",
        delay=1.0,
        disable=None,
        bar_format=None
        if total_seconds is None
        else "{l_bar}{bar}| {n:.0f}/{total:.0f} s {remaining}",
    ) as bar:

        def advance(seconds: float) -> None:
            bar.update(seconds)

        yield advance


def _fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return EXIT_FAILED
