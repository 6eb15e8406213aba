"""Voices given as files on the command line: errors that name the file, progress, embedding."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from runtime.arrays import Tone
from runtime.cloner import VoiceCloner
from runtime.errors import OpenVoiceError
from runtime.files import Progress, embed_file
from runtime.limits import MINIMUM_TARGET_SECONDS


def embed_voice(cloner: VoiceCloner, paths: Sequence[Path]) -> Tone:
    """Embed the voice of one clip, or of several clips of one speaker.

    Returns:
        Embedding, [tone_dimension].
    """
    weighted = []
    for path in paths:
        with naming(path), progress_bar("reading", None) as progress:
            clip = embed_file(
                cloner, path, minimum_seconds=MINIMUM_TARGET_SECONDS, progress=progress
            )
        weighted.append((clip.tone, clip.samples / cloner.sample_rate_hz))
    return cloner.average_tones(weighted)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name before the message of an error about its audio."""
    try:
        yield
    except OpenVoiceError as error:
        error.add_note(f"{path}:")
        raise


@contextmanager
def progress_bar(label: str, total_seconds: float | None) -> Iterator[Progress]:
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
