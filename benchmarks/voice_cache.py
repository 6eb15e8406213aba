"""Time that the tone cache saves."""

from __future__ import annotations

from benchmarks import clips
from benchmarks.distribution import COLUMNS, Distribution
from benchmarks.exchange import clone_body, open_client, post, stages_of
from benchmarks.model import open_model
from benchmarks.options import Options
from benchmarks.report import Table
from benchmarks.server import Server

_EXTRACTION = ("decode", "tone")


def measure(options: Options, source: bytes) -> Table:
    """Measure requests with new targets, each sent twice.

    Args:
        options: What to measure, and how.
        source: Bytes of the source audio file.

    Returns:
        The table.
    """
    model = open_model(options.model, options)
    rate_hz = model.cloner.sample_rate_hz
    taken: dict[str, list[float]] = {"new": [], "known": []}
    with Server(**options.serving) as server, open_client(server.url) as client:
        for turn in range(3 if options.quick else 15):
            # a different clip each time, all of the same length
            clip = clips.of_length(model.cloner, 8.0 + turn / rate_hz, first=turn)
            target = clips.wav_file(clip[-8 * rate_hz :], rate_hz, rate_hz)
            body = clone_body(source, target=target)
            for seconds in taken.values():
                stages = stages_of(post(client, body).headers["Server-Timing"])
                seconds.append(sum(stages[stage] for stage in _EXTRACTION))
    return Table(
        "Tone cache",
        "Time to decode and to extract the tone (`extract_time` of the answer), for a target of "
        "eight seconds that is new to the server and for the same target again.",
        ("target", *COLUMNS),
        [(name, *Distribution.of(each).milliseconds) for name, each in taken.items()],
    )
