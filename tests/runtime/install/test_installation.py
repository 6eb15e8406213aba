from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from runtime import VoiceCloner
from runtime.bundle import Bundle
from runtime.commands.main import main
from runtime.install import download
from runtime.install.official import OFFICIAL_MODELS
from runtime.install.proof import WARNING_DB
from runtime.interface import tone_converter_interface, tone_encoder_interface
from runtime.sessions import SessionSettings, open_graph
from tests.official import PARITY, official_shapes
from tests.runtime.install import checkpoints
from tests.runtime.install.checkpoints import Call, Global, state_of, storage, storages_of, tensor
from tests.runtime.install.hub import PlayedHub

ROOT = Path(__file__).parents[3]
CASES = {"v2_case_a": "v2", "v2_case_b": "v2", "v1_case_a": "v1"}
V1_FILES = "/myshell-ai/OpenVoice/resolve/main/checkpoints/converter/"
V2_FILES = "/myshell-ai/OpenVoiceV2/resolve/main/converter/"


def fail(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    """Run an installation, see that it fails with exit code 1, and return its one line."""
    capsys.readouterr()
    assert main(["install", *map(str, arguments)]) == 1
    # bars of progress rewrite their own lines
    lines = capsys.readouterr().err.removesuffix("\n").split("\n")
    messages = [line for line in lines if "\r" not in line]
    assert len(messages) == 1
    assert messages[0].startswith("error: ")
    return messages[0]


@pytest.mark.parametrize(("case_name", "variant"), CASES.items())
def test_the_recipes_weights_give_the_originals_numbers(
    installed: dict[str, Path], case_name: str, variant: str
) -> None:
    bundle = Bundle.read(installed[variant])
    settings = SessionSettings("cpu")
    encoder = open_graph(bundle.tone_encoder, tone_encoder_interface(bundle.manifest), settings)
    converter = open_graph(
        bundle.tone_converter, tone_converter_interface(bundle.manifest), settings
    )
    with np.load(PARITY / f"{case_name}.npz") as case:
        tone = encoder.run(spectrogram=case["spectrogram"])
        wanted = case["source_tone"]
        assert np.abs(tone - wanted).max() <= 1e-4 * np.abs(wanted).max()
        audio = converter.run(
            spectrogram=case["spectrogram"],
            source_tone=case["source_tone"],
            target_tone=case["target_tone"],
            noise=case["noise"] * case["temperature"],
        )
        assert np.abs(audio - case["audio"]).max() <= 1e-4 * np.abs(case["audio"]).max()


def test_the_manifest_says_where_the_weights_come_from(
    installed: dict[str, Path], recipe_folders: dict[str, Path]
) -> None:
    for variant, folder in installed.items():
        manifest = Bundle.read(folder).manifest
        data = (recipe_folders[variant] / "checkpoint.pth").read_bytes()
        assert manifest.checkpoint_sha256 == hashlib.sha256(data).hexdigest()
        assert manifest.variant == variant
        assert manifest.provenance == "installed from checkpoint.pth"
        assert sorted(path.name for path in folder.iterdir()) == [
            "manifest.json",
            "tone_converter.onnx",
            "tone_encoder.onnx",
        ]


def test_weights_drawn_at_random_are_warned_of(installed: dict[str, Path]) -> None:
    for folder in installed.values():
        figures = Bundle.read(folder).manifest.quality["install"]
        assert figures["log_mel_distance_at_tau_0_db"] > WARNING_DB
        assert "may not be a trained converter's" in figures["warning"]


def test_the_receptive_field_is_measured_for_live_conversion(installed: dict[str, Path]) -> None:
    for folder in installed.values():
        manifest = Bundle.read(folder).manifest
        for frames in (manifest.look_back_frames, manifest.look_ahead_frames):
            by_tolerance = [frames[name] for name in ("exact", "1e-4", "1e-3", "1e-2")]
            assert by_tolerance == sorted(by_tolerance, reverse=True)
            assert by_tolerance[0] == manifest.context_frames
            assert 0 < by_tolerance[1] < manifest.context_frames / 2


def put(hub: PlayedHub, files: str, folder: Path) -> bytes:
    """Publish a folder's checkpoint and config on the played hub; return the checkpoint."""
    for name in ("checkpoint.pth", "config.json"):
        hub.behaviour.files[files + name] = (folder / name).read_bytes()
    return hub.behaviour.files[files + "checkpoint.pth"]


def test_a_model_is_installed_from_the_hub_by_name(
    hub: PlayedHub,
    models: Path,
    installed: dict[str, Path],
    recipe_folders: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(download, "PAUSES_SECONDS", (0.0,))
    data = put(hub, V1_FILES, recipe_folders["v1"])
    dropped: list[bool] = []

    def drop() -> None:
        if hub.requests[-1][0].endswith(".pth") and not dropped:
            dropped.append(True)
            hub.behaviour.drops = [0.6]

    hub.behaviour.before = drop
    assert main(["install", "openvoice-v1"]) == 0
    said = capsys.readouterr()
    digest = hashlib.sha256(data).hexdigest()
    assert f"SHA-256 is {digest}; the official file's is not known here" in said.out
    assert "warning: at tau 0" in said.err
    assert [headers.get("Range") for _, headers in hub.requests] == [
        None,
        None,
        f"bytes={round(0.6 * len(data))}-",
    ]
    assert [path.name for path in models.iterdir()] == ["openvoice-v1"]
    for name in ("tone_encoder.onnx", "tone_converter.onnx"):
        local = installed["v1"] / name
        assert (models / "openvoice-v1" / name).read_bytes() == local.read_bytes()
    cloner = VoiceCloner.load("openvoice-v1", provider="cpu")
    assert cloner.manifest.provenance == (
        "installed from myshell-ai/OpenVoice/checkpoints/converter"
    )
    _lists_and_removes(models, capsys)


def _lists_and_removes(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["install", "openvoice-v1", "--if-missing"]) == 0
    assert main(["models"]) == 0
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["name", "precision", "size", "licence", "folder"]
    row = next(row for row in rows if row.startswith("openvoice-v1"))
    assert "fp32" in row
    assert str(models / "openvoice-v1") in row
    assert main(["remove", "openvoice-v1"]) == 0
    assert list(models.iterdir()) == []
    assert main(["remove", "openvoice-v1"]) == 1
    assert "no model of that name is installed" in capsys.readouterr().err


def test_another_file_than_the_official_one_is_refused(
    hub: PlayedHub,
    models: Path,
    recipe_folders: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = put(hub, V2_FILES, recipe_folders["v2"])
    official = OFFICIAL_MODELS["openvoice-v2"].checkpoint_bytes
    assert f"it is {len(data)} bytes there, the official file is {official}" in fail(
        capsys, "openvoice-v2"
    )
    assert not models.exists()
    wrong = "0" * 64
    assert "what came is not the expected file" in fail(capsys, "openvoice-v2", "--sha256", wrong)
    assert not models.exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [(404, "the hub has no such file (404)"), (401, "it may want a token in HF_TOKEN")],
)
def test_a_hub_that_refuses(
    hub: PlayedHub,
    models: Path,
    capsys: pytest.CaptureFixture[str],
    status: int,
    words: str,
) -> None:
    hub.behaviour.status = status
    assert words in fail(capsys, "openvoice-v2")
    assert not models.exists()


def test_another_generations_config_is_refused(
    models: Path, recipe_folders: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = recipe_folders["v1"] / "checkpoint.pth"
    message = fail(capsys, "openvoice-v2", "--checkpoint", path)
    assert "zero_g is false, not true: this is not the config of V2" in message
    assert not models.exists()


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"[" * 10**5, b'{"data": {}}'])
def test_a_config_that_is_none(
    tmp_path: Path, models: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (tmp_path / "config.json").write_bytes(content)
    (tmp_path / "checkpoint.pth").touch()
    assert "config.json: " in fail(
        capsys, "openvoice-v2", "--checkpoint", tmp_path / "checkpoint.pth"
    )
    assert not models.exists()


def _command(path: Path) -> None:
    command = Call(Global("os", "system"), (f"touch {path.parent / 'owned'}",))
    checkpoints.write_archive(path, {"model": command}, {})


def _declared_storage(path: Path) -> None:
    shapes = official_shapes()
    state = {name: tensor(storage("0", 10**10), shape) for name, shape in shapes.items()}
    checkpoints.write_archive(path, {"model": state}, {"0": bytes(64)})


def _cut_off(path: Path) -> None:
    checkpoints.write_archive(path, {"model": {}}, {"0": bytes(1000)})
    path.write_bytes(path.read_bytes()[:-400])


def _bomb(path: Path) -> None:
    data = {"0": bytes(1 << 24)}
    checkpoints.write_archive(path, {"model": {}}, data, zipfile.ZIP_DEFLATED)


def _missing_and_extra(path: Path) -> None:
    arrays = {"dec.cond.bias": np.zeros(512, np.float32), "enc_p.weight": np.zeros(3, np.float32)}
    checkpoints.write_archive(path, {"model": state_of(arrays)}, storages_of(arrays))


def _not_finite(path: Path) -> None:
    arrays = checkpoints.draw_all()
    arrays["flow.flows.6.post.bias"][3] = np.nan
    checkpoints.write_checkpoint(path, arrays)


def _no_direction(path: Path) -> None:
    arrays = checkpoints.draw_all()
    arrays["dec.ups.1.weight_v"][7] = 0
    checkpoints.write_checkpoint(path, arrays)


def _unused_not_finite(path: Path) -> None:
    arrays = checkpoints.draw_all()
    arrays["dec.cond.weight"][0] = np.inf
    checkpoints.write_checkpoint(path, arrays)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (_command, "its pickle calls os.system"),
        (_declared_storage, "declares a storage of 40000000000 bytes, the file holds 64"),
        (_cut_off, "is not a whole checkpoint"),
        (_bomb, "is compressed or encrypted"),
        (_missing_and_extra, "is missing; "),
        (_not_finite, "flow.flows.6.post.bias holds numbers that are not finite"),
        (_no_direction, "dec.ups.1.weight_v: a channel's direction is all zeros"),
        (_unused_not_finite, "dec.cond.weight holds numbers that are not finite"),
    ],
)
def test_a_hostile_checkpoint_is_one_line_and_leaves_nothing(
    tmp_path: Path,
    models: Path,
    capsys: pytest.CaptureFixture[str],
    write: Callable[[Path], None],
    words: str,
) -> None:
    path = tmp_path / "checkpoint.pth"
    write(path)
    assert words in fail(capsys, "openvoice-v2", "--checkpoint", path)
    assert [left.name for left in tmp_path.iterdir()] == ["checkpoint.pth"]


def test_a_hostile_download_is_deleted(
    hub: PlayedHub, models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "checkpoint.pth"
    _command(path)
    (tmp_path / "config.json").write_text(json.dumps(checkpoints.config("v1")))
    put(hub, V1_FILES, tmp_path)
    assert "its pickle calls os.system" in fail(capsys, "openvoice-v1")
    assert not models.exists()


def test_a_full_disk_is_told_first(
    models: Path,
    recipe_folders: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = shutil.disk_usage(ROOT)._replace(free=100 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    path = recipe_folders["v2"] / "checkpoint.pth"
    message = fail(capsys, "openvoice-v2", "--checkpoint", path)
    assert "120 MiB are needed on this disk, 100 MiB are free" in message
    assert not models.exists()


def test_a_folder_of_something_else_is_left(
    tmp_path: Path, recipe_folders: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").touch()
    path = recipe_folders["v2"] / "checkpoint.pth"
    assert "no bundle" in fail(capsys, "openvoice-v2", "--checkpoint", path, "--output", tmp_path)


# The kernel's own count of this process: a child's rusage begins at its parent's.
PEAK = """
import sys
from pathlib import Path
from runtime.commands.main import main
assert main(sys.argv[1:]) == 0
assert "torch" not in sys.modules and "onnx" not in sys.modules
print(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
def test_an_installation_takes_little_memory(
    tmp_path: Path, recipe_folders: dict[str, Path]
) -> None:
    checkpoint = recipe_folders["v2"] / "checkpoint.pth"
    arguments = ["install", "openvoice-v2", "--checkpoint", checkpoint, "--output", tmp_path / "m"]
    result = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(result.stdout.splitlines()[-1]) < 600
