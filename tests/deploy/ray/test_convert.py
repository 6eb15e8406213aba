"""Conversion of data sets: what does not need Ray in this process, and real Ray where it is."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from deploy.ray.clips import AUDIO, NAME, PATH, Clips
from deploy.ray.convert import main, select
from deploy.ray.converter import UNREADABLE, ConversionOptions, Converter, Row, seed_of
from deploy.ray.results import (
    Failure,
    Files,
    Parquet,
    Result,
    failures_of,
    remove_partial,
    results_at,
)
from runtime import VoiceCloner, Waveform
from runtime.errors import InvalidOption
from runtime.marking.label import Marking

ROOT = Path(__file__).parents[3]
TARGET = ROOT / "samples" / "english-woman.flac"
RATE_HZ = 16_000


def clip(seed: int, seconds: float = 0.3) -> bytes:
    samples = 0.1 * np.random.default_rng(seed).standard_normal(round(seconds * RATE_HZ))
    file = io.BytesIO()
    soundfile.write(file, samples, RATE_HZ, format="WAV", subtype="PCM_16")
    return file.getvalue()


def options_of(model: Path, marking: Marking = "none") -> ConversionOptions:
    return ConversionOptions(model, "cpu", 1, 1.0, 0.3, 7, marking)


def target_tone(cloner: VoiceCloner) -> Waveform:
    return cloner.tone(cloner.decode(TARGET.read_bytes()))


def expected(cloner: VoiceCloner, name: str, data: bytes) -> Waveform:
    speech = cloner.decode(data)
    tone = cloner.tone(speech, allow_silent=True)
    seed = seed_of(name, 7)
    return cloner.convert(speech, tone, target_tone(cloner), tau=1.0, temperature=0.3, seed=seed)


def samples_of(file: bytes) -> Waveform:
    samples: Waveform = soundfile.read(io.BytesIO(file), dtype="int16")[0]
    return samples


@pytest.fixture(scope="module")
def cloner(model_folder: Path) -> VoiceCloner:
    return VoiceCloner.load(model_folder, provider="cpu", threads=1)


def test_results_equal_the_runtimes_and_failures_are_told(
    model_folder: Path, cloner: VoiceCloner, tmp_path: Path
) -> None:
    good, again = clip(1), clip(2)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "again.wav").write_bytes(again)
    rows: list[Row] = [
        {NAME: "good.wav", AUDIO: good},
        {NAME: "bad.wav", AUDIO: b"no audio"},
        {NAME: "a/again.wav", PATH: str(tmp_path / "in" / "again.wav")},
        {NAME: "gone.wav", PATH: str(tmp_path / "in" / "gone.wav")},
    ]
    converter = Converter(options_of(model_folder), target_tone(cloner), Files(tmp_path / "out"))
    found = converter.convert_all(rows)
    assert [type(each) for each in found] == [Result, Failure, Result, Failure]
    codes = [each.code for each in found if isinstance(each, Failure)]
    assert codes == ["undecodable_audio", UNREADABLE]
    for name, data in (("good.wav", good), ("a/again.wav", again)):
        written = samples_of((tmp_path / "out" / name).read_bytes())
        exact = np.clip(np.rint(expected(cloner, name, data) * 32768), -32768, 32767)
        assert np.abs(written - exact).max() <= 1
        assert np.array_equal(written, samples_of(as_wav(expected(cloner, name, data), cloner)))


def as_wav(waveform: Waveform, cloner: VoiceCloner) -> bytes:
    from runtime import wav

    return wav.encode(waveform, cloner.sample_rate_hz)


def test_marked_results_are_the_same_each_time(
    model_folder: Path, cloner: VoiceCloner, tmp_path: Path
) -> None:
    files = []
    for folder in ("one", "two"):
        results = Files(tmp_path / folder)
        converter = Converter(options_of(model_folder, "full"), target_tone(cloner), results)
        converter.convert_all([{NAME: "a.wav", AUDIO: clip(1, 1.0)}])
        files.append((tmp_path / folder / "a.wav").read_bytes())
    assert files[0] == files[1]
    assert b"AIGC" in files[0]


def test_a_seed_follows_from_the_name_and_the_data_sets() -> None:
    seeds = {seed_of(name, seed) for name in ("a", "b", "ä") for seed in (0, 1)}
    assert len(seeds) == 6
    assert all(0 <= seed < 1 << 63 for seed in seeds)


def test_what_is_there_is_not_converted_again(tmp_path: Path) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    for name in ("a.wav", "b/c.FLAC", "d.mp3", "notes.txt"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b"")
    clips, results, failures = Clips(source), results_at(output), failures_of(output)
    assert select(clips, results, failures) == (["a.wav", "b/c.FLAC", "d.mp3"], 0)
    results.write([Result("b/c.FLAC", b"x", 1.0, 1)])
    failures.add([Failure("d.mp3", "undecodable_audio", "it,\nis broken")])
    assert select(clips, results, failures) == (["a.wav"], 2)
    assert (output / "b" / "c.wav").read_bytes() == b"x"
    with (output / "failures.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row == {"name": "d.mp3", "code": "undecodable_audio", "message": "it, is broken"}
    failures.clear()
    assert select(clips, results, failures) == (["a.wav", "d.mp3"], 1)


def test_a_run_that_was_ended_leaves_nothing_half_written(tmp_path: Path) -> None:
    results, failures = results_at(tmp_path), failures_of(tmp_path)
    failures.add([Failure("a", "c", "m")])
    with (tmp_path / "failures.csv").open("a") as file:
        file.write("b,undecod")
    assert failures.names() == {"a"}
    failures.add([Failure("b", "c", "m")])
    assert failures.names() == {"a", "b"}
    (tmp_path / ".a.wav.0.part").write_bytes(b"RI")
    remove_partial(tmp_path)
    assert results.done() == set()
    assert {path.name for path in tmp_path.iterdir()} == {"failures.csv"}


def test_clips_that_would_have_the_same_result_are_refused(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac"):
        (tmp_path / name).write_bytes(b"")
    output = tmp_path / "out"
    with pytest.raises(InvalidOption, match="same result"):
        select(Clips(tmp_path), results_at(output), failures_of(output))


@pytest.mark.parametrize("name", ["/etc/a.wav", "../a.wav", ""])
def test_a_name_cannot_lead_out_of_the_folder(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no path below"):
        Files(tmp_path).key(name)


def test_parquet_holds_each_result_once(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="Ray Data's pyarrow is missing")
    results = results_at(tmp_path / "out.parquet")
    assert isinstance(results, Parquet)
    batch = [Result("a", b"x", 1.0, 1), Result("b", b"y", 2.0, 2)]
    results.write(batch)
    results.write(batch)
    results.write([Result("c", b"z", 3.0, 3)])
    assert results.done() == {"a", "b", "c"}
    table = parquet.read_table(tmp_path / "out.parquet")
    assert sorted(table["name"].to_pylist()) == ["a", "b", "c"]
    assert Clips(tmp_path / "out.parquet").names().count("a") == 1


@pytest.fixture
def convert(
    ray_address: str, model_folder: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[[Path, Path], str]:
    """A function that runs the command with real Ray, and gives what it prints."""

    def run(source: Path, output: Path) -> str:
        arguments = ["--input", str(source), "--output", str(output), "--target", str(TARGET)]
        arguments += ["--model", str(model_folder), "--provider", "cpu", "--marking", "none"]
        arguments += ["--address", ray_address, "--actors", "2", "--seed", "7", "--tau", "1"]
        capsys.readouterr()
        assert main(arguments) == 0
        return capsys.readouterr().out

    return run


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_converts_a_folder_and_goes_on_where_it_was(
    convert: Callable[[Path, Path], str], cloner: VoiceCloner, tmp_path: Path
) -> None:
    source, output = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for index in range(20):
        data = b"broken" if index % 10 == 3 else clip(index)
        (source / f"{index:02}.wav").write_bytes(data)
    assert "18 clips are converted, 2 failed" in convert(source, output)
    (output / "05.wav").unlink()
    told = convert(source, output)
    assert "19 clips are done or failed before, 1 are to be converted" in told
    names = sorted(path.name for path in output.glob("*.wav"))
    assert names == [f"{index:02}.wav" for index in range(20) if index % 10 != 3]
    for name in names:
        exact = as_wav(expected(cloner, name, (source / name).read_bytes()), cloner)
        assert np.array_equal(samples_of((output / name).read_bytes()), samples_of(exact))
    with (output / "failures.csv").open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["03.wav", "13.wav"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_ray_converts_parquet(
    convert: Callable[[Path, Path], str], cloner: VoiceCloner, tmp_path: Path
) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="Ray Data's pyarrow is missing")
    from pyarrow import parquet

    rows = [{"name": f"clip-{index}", "audio": clip(index)} for index in range(5)]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "in.parquet")
    convert(tmp_path / "in.parquet", tmp_path / "out.parquet")
    table = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    found = {row["name"]: row["audio"] for row in table}
    assert set(found) == {row["name"] for row in rows}
    for row in rows:
        exact = as_wav(expected(cloner, str(row["name"]), row["audio"]), cloner)  # type: ignore[arg-type]
        assert np.array_equal(samples_of(found[row["name"]]), samples_of(exact))
