from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch
pytest.importorskip("torch")

import huggingface_hub
import huggingface_hub.constants
import torch
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from export import checkpoint
from export.config import ConverterConfig
from export.errors import CheckpointError
from tests.export import official_files
from tests.official import official_shapes

SMALL = ConverterConfig(
    filter_length=512,
    win_length=512,
    hop_length=4,
    inter_channels=8,
    hidden_channels=8,
    upsample_rates=(2, 2),
    upsample_kernel_sizes=(4, 4),
    upsample_initial_channel=16,
    gin_channels=8,
)


@pytest.fixture
def small_state() -> dict[str, Tensor]:
    return official_files.draw_state(checkpoint.expected_shapes(SMALL))


def test_the_official_tensors_are_expected_and_no_others() -> None:
    assert checkpoint.expected_shapes(ConverterConfig()) == official_shapes()


def test_weight_norm_is_multiplied_out_as_pytorch_does() -> None:
    convolution = torch.nn.utils.parametrizations.weight_norm(torch.nn.ConvTranspose1d(6, 4, 3))
    original = convolution.parametrizations.weight
    folded = checkpoint.fold_weight_norm(
        {
            "up.weight_g": original.original0,
            "up.weight_v": original.original1,
            "up.bias": convolution.bias,
        }
    )
    assert folded.keys() == {"up.weight", "up.bias"}
    torch.testing.assert_close(folded["up.weight"], convolution.weight.detach())


def test_zero_tones_are_folded_exactly(small_state: dict[str, Tensor]) -> None:
    import dataclasses

    conditioned = checkpoint.build_converter(dataclasses.replace(SMALL, zero_g=False), small_state)
    folded = checkpoint.build_converter(SMALL, dict(reversed(small_state.items())))
    spectrogram, latent, zeros = torch.rand(2, 257, 9), torch.rand(2, 8, 9), torch.zeros(2, 8, 1)
    for found, wanted in zip(
        folded.enc_q(spectrogram), conditioned.enc_q(spectrogram, zeros), strict=True
    ):
        torch.testing.assert_close(found, wanted)
    torch.testing.assert_close(folded.dec(latent), conditioned.dec(latent, zeros))


def _without(state: dict[str, Tensor]) -> None:
    del state["enc_q.enc.in_layers.3.weight_g"]


def _with_more(state: dict[str, Tensor]) -> None:
    state["enc_p.encoder.weight"] = torch.zeros(3)


def _misshapen(state: dict[str, Tensor]) -> None:
    state["ref_enc.proj.bias"] = torch.zeros(9)


def _not_a_number(state: dict[str, Tensor]) -> None:
    state["dec.conv_pre.bias"][2] = torch.nan


def _whole_numbers(state: dict[str, Tensor]) -> None:
    state["flow.flows.2.post.bias"] = torch.zeros(4, dtype=torch.int64)


def _without_direction(state: dict[str, Tensor]) -> None:
    state["dec.ups.1.weight_v"][0] = 0


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_without, r"missing: enc_q\.enc\.in_layers\.3\.weight_g \[16, 1, 1\]"),
        (_with_more, r"extra: enc_p\.encoder\.weight"),
        (_misshapen, r"misshapen: ref_enc\.proj\.bias is \[9\], should be \[8\]"),
        (_not_a_number, r"not finite: dec\.conv_pre\.bias"),
        (_whole_numbers, r"not a tensor of floats: flow\.flows\.2\.post\.bias"),
        (
            _without_direction,
            r"a row is zero, so that it cannot be normalised: dec\.ups\.1\.weight_v",
        ),
    ],
)
def test_a_wrong_tensor_is_named(
    small_state: dict[str, Tensor], spoil: Callable[[dict[str, Tensor]], None], message: str
) -> None:
    spoil(small_state)
    with pytest.raises(CheckpointError, match=message):
        checkpoint.build_converter(SMALL, small_state)


def test_many_faults_are_counted() -> None:
    with pytest.raises(CheckpointError, match=r"and \d+ more"):
        checkpoint.build_converter(SMALL, {})


def test_half_precision_tensors_are_taken(small_state: dict[str, Tensor]) -> None:
    halves = {name: tensor.half() for name, tensor in small_state.items()}
    converter = checkpoint.build_converter(SMALL, halves)
    assert {tensor.dtype for tensor in converter.state_dict().values()} == {torch.float32}


def test_a_written_state_is_read(tmp_path: Path, small_state: dict[str, Tensor]) -> None:
    read = checkpoint.read_state(official_files.write_checkpoint(tmp_path, small_state))
    assert all(torch.equal(read[name], small_state[name]) for name in small_state)
    assert len(read) == len(small_state)


@pytest.mark.parametrize("content", [{"weights": {}}, {"model": 3}, [1, 2]])
def test_a_file_without_a_state_dict(tmp_path: Path, content: object) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save(content, path)
    with pytest.raises(CheckpointError, match="no state dict under the key 'model'"):
        checkpoint.read_state(path)


def test_code_in_a_file_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    torch.save({"model": Path("anything that is no tensor")}, path)
    with pytest.raises(CheckpointError, match="not a PyTorch checkpoint of tensors"):
        checkpoint.read_state(path)


@pytest.mark.parametrize("data", [b"", b"not a checkpoint", b"PK\x03\x04 cut short"])
def test_a_file_that_is_no_checkpoint(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "checkpoint.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match="not a PyTorch checkpoint of tensors"):
        checkpoint.read_state(path)


@pytest.mark.parametrize("layout", checkpoint.LAYOUTS)
def test_a_folder_is_searched_as_official_ones_are_laid_out(tmp_path: Path, layout: str) -> None:
    inner = tmp_path / layout
    inner.mkdir(parents=True, exist_ok=True)
    (inner / "checkpoint.pth").touch()
    assert checkpoint.find_checkpoint(str(tmp_path)).config is None
    (inner / "config.json").touch()
    found = checkpoint.find_checkpoint(str(tmp_path))
    assert (found.checkpoint, found.config) == (inner / "checkpoint.pth", inner / "config.json")
    assert checkpoint.find_checkpoint(str(inner / "checkpoint.pth")) == found


def test_a_folder_with_two_generations_is_not_guessed_at(tmp_path: Path) -> None:
    for layout in ("checkpoints/converter", "checkpoints_v2/converter"):
        (tmp_path / layout).mkdir(parents=True)
        (tmp_path / layout / "checkpoint.pth").touch()
    with pytest.raises(CheckpointError, match="should hold one"):
        checkpoint.find_checkpoint(str(tmp_path))


def test_a_folder_without_one_and_a_name_that_is_nothing(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="none of"):
        checkpoint.find_checkpoint(str(tmp_path))
    with pytest.raises(CheckpointError, match="is not a file, a folder or a hub name"):
        checkpoint.find_checkpoint(str(tmp_path / "none"))


@pytest.mark.parametrize(
    "layout", ["converter", "checkpoints/converter"], ids=["OpenVoiceV2", "OpenVoice"]
)
def test_a_hub_repository_is_searched_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    def download(repository: str, name: str, *, local_files_only: bool) -> str:
        assert (repository, local_files_only) == ("myshell-ai/OpenVoiceV2", False)
        if not name.startswith(f"{layout}/"):
            raise EntryNotFoundError(name)
        return str(tmp_path / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    found = checkpoint.find_checkpoint("myshell-ai/OpenVoiceV2")
    assert found.checkpoint == tmp_path / layout / "checkpoint.pth"
    assert found.config == tmp_path / layout / "config.json"
    assert found.origin == "myshell-ai/OpenVoiceV2"


def test_the_hub_cache_serves_while_the_hub_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def download(repository: str, name: str, *, local_files_only: bool) -> str:
        asked.append(local_files_only)
        if not name.startswith("converter/"):
            raise LocalEntryNotFoundError(name)
        return str(tmp_path / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    found = checkpoint.find_checkpoint("myshell-ai/OpenVoiceV2")
    assert found.checkpoint == tmp_path / "converter" / "checkpoint.pth"
    assert asked == [False, True, True], "the hub is waited for once"


def test_without_the_hub_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(CheckpointError, match=r"cannot be reached.*pass their folder"):
        checkpoint.find_checkpoint("myshell-ai/OpenVoiceV2")


def test_a_repository_without_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    names = itertools.count()

    def download(repository: str, name: str, *, local_files_only: bool) -> str:
        next(names)
        raise EntryNotFoundError(name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    with pytest.raises(CheckpointError, match="holds no checkpoint"):
        checkpoint.find_checkpoint("someone/something")
    assert next(names) == len(checkpoint.LAYOUTS)
