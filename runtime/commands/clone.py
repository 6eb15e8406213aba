"""`python -m runtime clone`: convert a file of speech to another voice."""

import argparse
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from runtime.arrays import Tone
from runtime.cloner import VoiceCloner
from runtime.commands.arguments import add_model_arguments
from runtime.errors import InvalidOption, OpenVoiceError
from runtime.files import Progress, convert_file, embed_file
from runtime.limits import MINIMUM_TARGET_SECONDS
from runtime.options import DEFAULT_TAU, DEFAULT_TEMPERATURE, check_seed, check_share

NAME = "clone"
HELP = "convert a file of speech to another voice"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument(
        "--target",
        type=Path,
        nargs="+",
        required=True,
        metavar="FILE",
        help="clip of the voice to imitate, or several clips of one speaker",
    )
    parser.add_argument(
        "--source", type=Path, required=True, metavar="FILE", help="speech to convert"
    )
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="WAV file to write"
    )
    parser.add_argument(
        "--tau",
        type=float,
        default=DEFAULT_TAU,
        help="strength of the target's voice, 0 to 1: higher sounds more like the target and less "
        "like the source (default: %(default)s)",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=DEFAULT_TEMPERATURE,
        help="random variation of the result, 0 to 1: higher varies more from run to run, 0 always "
        "gives the same result (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=int,
        help="seed of the random variation: the same seed gives the same result "
        "(default: a new one, which is printed)",
    )
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Convert the source and write the WAV file."""
    check_share("tau", options.tau)
    check_share("temperature", options.temperature)
    if options.seed is not None:
        check_seed(options.seed)
    if options.output.suffix.lower() not in {".wav", ""}:
        raise InvalidOption("output", str(options.output), "the result is a WAV file; name it .wav")
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
    """Put the file's name before the message of an error about its audio."""
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
