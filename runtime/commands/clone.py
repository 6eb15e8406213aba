"""`python -m runtime clone`: convert a file of speech to another voice."""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from runtime.arrays import Tone
from runtime.cloner import DEFAULT_TAU, DEFAULT_TEMPERATURE, VoiceCloner
from runtime.commands.arguments import add_model_arguments
from runtime.errors import InvalidOption, OpenVoiceError
from runtime.files import Progress, convert_file, embed_file
from runtime.options import check_seed, check_share

NAME = "clone"
HELP = "convert a file of speech to another voice"

MINIMUM_TARGET_SECONDS = 0.5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument(
        "--target",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="the voice to imitate: one clip, or several of one speaker",
    )
    parser.add_argument(
        "--source", type=Path, required=True, metavar="FILE", help="the speech to convert"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="the WAV file to write"
    )
    parser.add_argument(
        "--tau",
        type=float,
        default=DEFAULT_TAU,
        help="how strongly the target's voice is applied, 0 to 1 (default %(default)s)",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=DEFAULT_TEMPERATURE,
        help="scale of the posterior's noise, 0 to 1; 0 is deterministic (default %(default)s)",
    )
    parser.add_argument("--seed", type=int, help="seed of the noise, for a repeatable result")
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Convert the source and write the WAV file."""
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


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Put the file's name before an error about its audio."""
    try:
        yield
    except OpenVoiceError as error:
        error.add_note(f"{path}:")
        raise


@contextmanager
def _progress(label: str, total_seconds: float | None) -> Iterator[Progress]:
    """Show a progress bar on a terminal once the work has taken more than a second."""
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
