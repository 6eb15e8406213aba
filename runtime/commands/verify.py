"""`python -m runtime verify`: whether files are marked as generated."""

import argparse
from mmap import ACCESS_READ, mmap
from pathlib import Path

from runtime import wav
from runtime.errors import AudioError
from runtime.marking.reader import Stretch, WatermarkReader
from runtime.marking.verification import Verification, verify

NAME = "verify"
HELP = "tell whether audio files are marked as generated: watermark and metadata"

EXIT_NOT_MARKED = 1
EXIT_UNREADABLE = 2

_HEADINGS = ("file", "watermark", "confidence", "marked from to", "producer", "content id")
_STRETCHES_SHOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="audio files to read")


def run(options: argparse.Namespace) -> int:
    """Print a line a file.

    Returns:
        0 if every file is marked, by watermark or label; 1 if one is not; 2 if one is unreadable.
    """
    reader = WatermarkReader.load(provider="cpu")
    rows: list[tuple[str, ...]] = [_HEADINGS]
    code = 0
    for path in options.files:
        try:
            found = _verify_file(path, reader)
        except (AudioError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            rows.append((str(path), "unreadable", "", reason or "", "", ""))
            code = EXIT_UNREADABLE
        else:
            rows.append(_row(path, found))
            code = max(code, 0 if found.marked else EXIT_NOT_MARKED)
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    return code


def _verify_file(path: Path, reader: WatermarkReader) -> Verification:
    if not path.stat().st_size:
        return verify(b"", reader)
    with path.open("rb") as file:
        data = mmap(file.fileno(), 0, access=ACCESS_READ)
        return verify(data, reader, maximum_seconds=wav.MAXIMUM_SAMPLES / reader.sample_rate_hz)


def _row(path: Path, found: Verification) -> tuple[str, ...]:
    reading, label = found.watermark, found.label
    return (
        str(path),
        "present" if reading.present else "absent",
        f"{reading.confidence:.2f}",
        _text(reading.stretches, reading.seconds),
        label.content_producer if label else "",
        label.produce_id if label else "",
    )


def _text(stretches: tuple[Stretch, ...], seconds: float) -> str:
    if not stretches:
        return ""
    shown = [f"{each.start_seconds:.1f}-{each.stop_seconds:.1f}" for each in stretches]
    if len(shown) > _STRETCHES_SHOWN:
        shown[_STRETCHES_SHOWN - 1 :] = [f"{len(shown) - _STRETCHES_SHOWN + 1} more"]
    return f"{', '.join(shown)} of {seconds:.1f} s"
