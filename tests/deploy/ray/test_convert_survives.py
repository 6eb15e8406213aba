"""Conversion of a data set whose command is killed twice: what is done stays, and nothing is lost.

`CLIPS=2000 pytest -s tests/deploy/ray/test_convert_survives.py` tries a larger one.
"""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soundfile

pytest.importorskip("ray.data", reason="Ray, of the extra ray, is not installed")

from deploy.ray.converter import seed_of
from deploy.ray.results import Results, failures_of, results_at
from runtime import VoiceCloner
from runtime.files import convert_file, embed_file
from runtime.marking.label import DEFAULT_PRODUCER, Label
from runtime.marking.writer import WatermarkWriter
from tests.server.audio import encoded
from tests.server.live import wait_until

CLIPS = int(os.environ.get("CLIPS", "60"))
"""Clips of the data set, of which a tenth is damaged; CLIPS=2000 takes many minutes."""

ROOT = Path(__file__).parents[3]
TARGET = ROOT / "samples" / "english-woman.flac"
SPEECH = ("english-man.flac", "mandarin-man.flac", "mandarin-woman.flac", "scottish-man.wav")
FORMATS = ("WAV", "FLAC", "OGG", "MP3")
SEED, TAU = 7, 1.0
LONGEST_SECONDS = 3600.0

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def damage(kind: int, samples: np.ndarray[Any, Any], rate_hz: int) -> bytes:
    """Write a file that holds no usable audio, of one of several kinds."""
    whole = encoded(samples, rate_hz, ("FLAC", "MP3")[kind % 2])
    not_finite = np.where(np.arange(len(samples)) == 100, np.nan, samples)
    kinds = (
        whole[: len(whole) // 2],
        b"This is no audio.\n" * 100,
        b"",
        encoded(not_finite, rate_hz, "WAV", "FLOAT"),
        encoded(samples[:0], rate_hz),
        np.random.default_rng(kind).bytes(5000),
    )
    return kinds[kind % len(kinds)]


def make_clips() -> tuple[dict[str, bytes], set[str]]:
    """Cut clips of about a second out of the samples, and damage a tenth of them.

    Returns:
        All files by name, and the names of the damaged ones.
    """
    generator = np.random.default_rng(SEED)
    speech = [soundfile.read(ROOT / "samples" / name, dtype="float32") for name in SPEECH]
    clips, damaged = {}, set()
    for index in range(CLIPS):
        samples, rate_hz = speech[index % len(speech)]
        length = int(generator.integers(round(0.8 * rate_hz), round(1.2 * rate_hz)))
        start = int(generator.integers(len(samples) - length))
        kind = FORMATS[index // len(speech) % len(FORMATS)]
        name = f"{index % 7}/{index:05}.{kind.lower()}"
        cut = samples[start : start + length]
        if index % 10 == 3:
            damaged.add(name)
            clips[name] = damage(index // 10, cut, rate_hz)
        else:
            clips[name] = encoded(cut, rate_hz, kind)
    return clips, damaged


@dataclass
class DataSet:
    """A data set on disk, and the command that converts it."""

    source: Path
    output: Path
    clips: dict[str, bytes]
    damaged: set[str]
    model: Path
    address: str

    @property
    def results(self) -> Results:
        return results_at(self.output)

    def start(self) -> psutil.Popen:
        """Start the command on the cluster of the tests."""
        command = [sys.executable, "-m", "deploy.ray.convert", "--target", str(TARGET)]
        command += ["--input", str(self.source), "--output", str(self.output)]
        command += ["--model", str(self.model), "--provider", "cpu", "--actors", "2"]
        command += ["--seed", str(SEED), "--tau", str(TAU), "--address", self.address]
        return psutil.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)

    def wait_for(self, share: float, command: psutil.Popen) -> None:
        """Wait until a share of the clips that can be converted is."""
        wanted = share * (len(self.clips) - len(self.damaged))

        def is_there() -> bool:
            assert command.poll() is None, "the command ended before it could be killed"
            time.sleep(0.1)
            return len(self.results.done()) >= wanted

        wait_until(is_there, LONGEST_SECONDS)

    def files(self) -> dict[Path, tuple[int, int, int]]:
        """Return the inode, the time and the size of each finished file."""
        found = {}
        for path in self.output.rglob("[!.]*"):
            if path.is_file() and path.suffix in (".wav", ".parquet"):
                status = path.stat()
                found[path] = (status.st_ino, status.st_mtime_ns, status.st_size)
        return found


@pytest.fixture(params=["folder", "parquet"])
def data_set(
    request: pytest.FixtureRequest, ray_address: str, model_folder: Path, tmp_path: Path
) -> DataSet:
    clips, damaged = make_clips()
    if request.param == "folder":
        for name, data in clips.items():
            (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "in" / name).write_bytes(data)
        return DataSet(tmp_path / "in", tmp_path / "out", clips, damaged, model_folder, ray_address)
    pyarrow = pytest.importorskip("pyarrow", reason="Ray Data's pyarrow is missing")
    from pyarrow import parquet

    rows = [{"name": name, "audio": data} for name, data in clips.items()]
    source, output = tmp_path / "in.parquet", tmp_path / "out.parquet"
    parquet.write_table(pyarrow.Table.from_pylist(rows), source, row_group_size=100)
    return DataSet(source, output, clips, damaged, model_folder, ray_address)


def workers() -> list[psutil.Process]:
    """Return the processes of the cluster that convert."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "BatchConverter" in " ".join(process.cmdline()):
                found.append(process)
    return found


def kill(*processes: psutil.Process) -> None:
    """End processes as a machine that fails does."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def outputs(data_set: DataSet) -> dict[str, bytes]:
    """Return the results by the names of their clips, each of which is there once."""
    if data_set.output.suffix == ".parquet":
        from pyarrow import parquet

        rows = parquet.read_table(data_set.output).to_pylist()
        assert Counter(row["name"] for row in rows).most_common(1)[0][1] == 1
        assert all(row["seed"] == seed_of(row["name"], SEED) for row in rows)
        return {row["name"]: row["audio"] for row in rows}
    names = {str(Path(name).with_suffix(".wav")): name for name in data_set.clips}
    found = sorted(path for path in data_set.output.rglob("*") if path.is_file())
    assert found.pop(found.index(data_set.output / "failures.csv"))
    relative = [path.relative_to(data_set.output).as_posix() for path in found]
    return {names[name]: (data_set.output / name).read_bytes() for name in relative}


def check_bits(data_set: DataSet, found: dict[str, bytes], folder: Path) -> int:
    """Compare results with what the runtime writes for the same clips, and count them."""
    cloner = VoiceCloner.load(data_set.model, provider="cpu", threads=1)
    writer = WatermarkWriter.load(cloner.sample_rate_hz, provider="cpu", threads=1)
    target = embed_file(cloner, TARGET).tone
    for name, result in found.items():
        (folder / "clip").write_bytes(data_set.clips[name])
        source = embed_file(cloner, folder / "clip", allow_silent=True)
        seed = seed_of(name, SEED)
        label = Label(DEFAULT_PRODUCER, f"{seed:016x}")
        options: dict[str, Any] = {"tau": TAU, "seed": seed, "writer": writer, "label": label}
        convert_file(cloner, source, target, folder / "expected.wav", **options)
        assert result == (folder / "expected.wav").read_bytes(), name
    return len(found)


def test_a_conversion_that_is_killed_twice_does_each_clip_once(
    data_set: DataSet, tmp_path: Path
) -> None:
    failures = failures_of(data_set.output)
    before: dict[Path, tuple[int, int, int]] = {}
    for share, victims in ((1 / 3, "all"), (2 / 3, "command"), (5 / 6, "worker")):
        failed = failures.names()
        command = data_set.start()
        data_set.wait_for(share, command)
        converting = workers()
        assert converting
        if victims == "worker":
            kill(converting[0])
        else:
            kill(command, *converting if victims == "all" else ())
        told = command.communicate()[0]
        assert command.returncode == (0 if victims == "worker" else -signal.SIGKILL), told
        now = data_set.files()
        # what was there before is neither replaced nor gone
        assert before.items() <= now.items()
        assert failed <= failures.names()
        before = now
        counts = f"{len(data_set.results.done())} results, {len(failures.names())} failures"
        print(f"{victims} killed: {counts}")

    found = outputs(data_set)
    assert set(found) == set(data_set.clips) - data_set.damaged
    text = failures_path(data_set).read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert sorted(row["name"] for row in rows) == sorted(data_set.damaged)
    assert {row["code"] for row in rows} <= {"undecodable_audio", "audio_too_short"}
    compared = check_bits(data_set, found, tmp_path)
    print(f"{compared} results equal the runtime's")

    told = data_set.start().communicate()[0]
    assert f"{CLIPS} clips are done or failed before, 0 are to be converted" in told
    assert data_set.files() == before


def failures_path(data_set: DataSet) -> Path:
    output = data_set.output
    if output.suffix == ".parquet":
        return output.with_suffix(".failures.csv")
    return output / "failures.csv"
