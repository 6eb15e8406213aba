"""`python -m deploy.ray.convert`: convert a data set to one voice, on all machines of a cluster.

Started again, it converts what is missing. Clips that cannot be converted are listed in a table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from deploy.ray.clips import AUDIO, NAME, Clips
from deploy.ray.converter import ConversionOptions, Converter
from deploy.ray.results import (
    Failure,
    FailureTable,
    Results,
    failures_of,
    remove_partial,
    results_at,
)
from runtime import OpenVoiceError, VoiceCloner
from runtime.commands.arguments import (
    add_conversion_arguments,
    add_marking_argument,
    add_model_arguments,
    add_target_argument,
)
from runtime.commands.voices import embed_voice
from runtime.errors import InvalidOption
from runtime.options import check_count, check_seed, check_share

if TYPE_CHECKING:
    from pyarrow import Table
    from ray.data import Dataset

CODE, MESSAGE = "code", "message"

_BATCH_CLIPS = 8
"""Clips that an actor converts between two reports."""


class BatchConverter:
    """A `Converter` for Ray Data: takes a table of clips, returns one of what became of them.

    Args:
        arguments: Those of `Converter`.
    """

    def __init__(self, *arguments: Any) -> None:
        self._converter = Converter(*arguments)

    def __call__(self, batch: Table) -> Table:
        """Convert a batch; the rows that are returned have no code where all went well."""
        from pyarrow import Table, schema, string

        found = self._converter.convert_all(batch.to_pylist())
        rows = [
            {NAME: each.name, CODE: each.code, MESSAGE: each.message}
            if isinstance(each, Failure)
            else {NAME: each.name}
            for each in found
        ]
        columns = schema([(column, string()) for column in (NAME, CODE, MESSAGE)])
        return Table.from_pylist(rows, columns)


def select(clips: Clips, results: Results, failures: FailureTable) -> tuple[list[str], int]:
    """Return the names of the clips that are to be converted, and how many are done or failed.

    Raises:
        InvalidOption: Two clips would have the same result, or a name cannot be used.
    """
    names = clips.names()
    keys: dict[str, str] = {}
    for name in names:
        try:
            key = results.key(name)
        except ValueError as error:
            raise InvalidOption("input", str(clips.path), str(error)) from None
        if key in keys:
            reason = f"{keys[key]} and {name} would have the same result"
            raise InvalidOption("input", str(clips.path), reason)
        keys[key] = name
    done, failed = results.done(), failures.names()
    left = [name for key, name in keys.items() if key not in done and name not in failed]
    return left, len(names) - len(left)


def run(dataset: Dataset, arguments: tuple[Any, ...], *, actors: int, threads: int) -> Dataset:
    """Return the data set of what becomes of clips, which Ray computes when it is read.

    Args:
        dataset: The clips.
        arguments: Those of `Converter`.
        actors: Processes that convert at once.
        threads: CPUs of each.
    """
    from ray.data import ActorPoolStrategy

    return dataset.map_batches(
        BatchConverter,
        fn_constructor_args=arguments,
        batch_size=_BATCH_CLIPS,
        batch_format="pyarrow",
        compute=ActorPoolStrategy(size=actors),
        num_cpus=threads,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parse(arguments)
    try:
        return _convert(options)
    except (OpenVoiceError, OSError) as error:
        print("convert:", *getattr(error, "__notes__", ()), error, file=sys.stderr)
        return 1


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.ray.convert", description=__doc__)
    parser.add_argument(
        "--input",
        type=Path,
        required=True,
        metavar="PATH",
        help="a folder of audio files at any depth, or a Parquet file or folder; every machine of "
        "the cluster must see it",
    )
    add_target_argument(parser)
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help="folder for a WAV file of each clip, or a name ending in .parquet for a folder of "
        "Parquet; every machine of the cluster must see it",
    )
    parser.add_argument("--name-column", default=NAME, help="column of names (default: name)")
    parser.add_argument("--audio-column", default=AUDIO, help="column of files (default: audio)")
    parser.add_argument(
        "--retry-failures", action="store_true", help="try again what failed in earlier runs"
    )
    parser.add_argument(
        "--address", help="address of the cluster (default: that of the environment, or a new one)"
    )
    parser.add_argument(
        "--actors",
        type=int,
        help="processes that convert at once (default: the CPUs of the cluster over --threads)",
    )
    add_conversion_arguments(parser)
    add_marking_argument(parser)
    add_model_arguments(parser)
    parser.set_defaults(seed=0, threads=1)
    return parser.parse_args(arguments)


def _convert(options: argparse.Namespace) -> int:
    for name in ("tau", "temperature"):
        check_share(name, getattr(options, name))
    check_seed(options.seed)
    check_count("threads", options.threads)
    check_count("actors", options.actors)
    clips = Clips(options.input, options.name_column, options.audio_column)
    output = options.output.resolve()
    results, failures = results_at(output), failures_of(output)
    if options.retry_failures:
        failures.clear()
    remove_partial(output)
    left, before = select(clips, results, failures)
    print(f"{before} clips are done or failed before, {len(left)} are to be converted")
    if not left:
        return 0
    cloner = VoiceCloner.load(options.model, provider=options.provider, threads=options.threads)
    tone = embed_voice(cloner, options.target)
    how = ConversionOptions(
        options.model.resolve() if options.model.exists() else options.model,
        options.provider,
        options.threads,
        options.tau,
        options.temperature,
        options.seed,
        options.marking,
    )
    import ray
    from ray.data import DataContext

    ray.init(
        address=options.address,
        ignore_reinit_error=True,
        log_to_driver=False,
        include_dashboard=False,
    )
    DataContext.get_current().enable_progress_bars = False
    actors = options.actors or max(1, int(ray.cluster_resources()["CPU"]) // options.threads)
    told = run(
        clips.dataset(left, actors), (how, tone, results), actors=actors, threads=options.threads
    ).iter_batches(batch_size=None, batch_format="pyarrow")
    failed = 0
    with tqdm(total=len(left), unit="clip") as bar:
        for batch in told:
            rows = batch.to_pylist()
            found = [Failure(**row) for row in rows if row[CODE] is not None]
            failures.add(found)
            failed += len(found)
            bar.update(len(rows))
    print(f"{len(left) - failed} clips are converted, {failed} failed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
