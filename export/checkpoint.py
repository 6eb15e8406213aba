"""Official converter checkpoints: found, read, checked, and folded into plain weights."""

import pickle
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import huggingface_hub
import torch
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
)
from torch import Tensor

from export.config import ConverterConfig
from export.errors import CheckpointError
from export.networks.converter import POSTERIOR_LAYERS, ToneColourConverter
from runtime.install.folding import normalised_weight

CHECKPOINT_NAME = "checkpoint.pth"
CONFIG_NAME = "config.json"
# Folders of the converter in the official repositories and archives.
LAYOUTS = (".", "converter", "checkpoints/converter", "checkpoints_v2/converter")
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
WEIGHT_NORMALISED = re.compile(
    r"(enc_q\.enc|flow\.flows\.\d+\.enc|dec\.ups|dec\.resblocks|ref_enc\.convs)\..*\.weight"
)
FAULTS_SHOWN = 8


@dataclass(frozen=True)
class CheckpointFiles:
    """Files of a checkpoint.

    Attributes:
        checkpoint: Path of the checkpoint.
        config: Path of the config.json beside it, if there is one.
        origin: Name for the manifest: the hub's name, or the file's.
    """

    checkpoint: Path
    config: Path | None
    origin: str


def find_checkpoint(name: str) -> CheckpointFiles:
    """Find a checkpoint on disk, or download it from the Hugging Face hub.

    Args:
        name: A file, a folder laid out as an official one, or a hub name `owner/repository`.

    Returns:
        The files.

    Raises:
        CheckpointError: There is none, or the hub cannot be reached.
    """
    path = Path(name)
    if path.is_file():
        return _beside(path)
    if path.is_dir():
        found = [path / layout / CHECKPOINT_NAME for layout in LAYOUTS]
        found = [file for file in found if file.is_file()]
        if len(found) != 1:
            places = ", ".join(map(str, found)) or "none of " + ", ".join(LAYOUTS)
            raise CheckpointError(f"{name} should hold one {CHECKPOINT_NAME}; found: {places}")
        return _beside(found[0])
    if HUB_NAME.fullmatch(name):
        return _download(name)
    raise CheckpointError(f"{name} is not a file, a folder or a hub name (owner/repository)")


def _beside(checkpoint: Path) -> CheckpointFiles:
    """Pair a checkpoint with the config.json in its folder."""
    config = checkpoint.parent / CONFIG_NAME
    return CheckpointFiles(checkpoint, config if config.is_file() else None, checkpoint.name)


def _download(repository: str) -> CheckpointFiles:
    """Download checkpoint and config, or take them from the hub's cache if it cannot be reached."""
    unreachable: LocalEntryNotFoundError | None = None
    try:
        for layout in LAYOUTS:
            folder = "" if layout == "." else f"{layout}/"
            try:
                config, checkpoint = (
                    huggingface_hub.hf_hub_download(
                        repository, folder + name, local_files_only=unreachable is not None
                    )
                    for name in (CONFIG_NAME, CHECKPOINT_NAME)
                )
            except LocalEntryNotFoundError as error:
                unreachable = error
            except EntryNotFoundError:
                continue
            else:
                return CheckpointFiles(Path(checkpoint), Path(config), repository)
    except RepositoryNotFoundError as error:
        raise CheckpointError(
            f"{repository} is neither a path nor a repository on the Hugging Face hub"
        ) from error
    except (HfHubHTTPError, HFValidationError) as error:
        raise CheckpointError(f"{repository} cannot be downloaded from the hub: {error}") from error
    if unreachable is not None:
        raise CheckpointError(
            f"{repository} is not a path, and the Hugging Face hub cannot be reached: download its "
            f"{CHECKPOINT_NAME} and {CONFIG_NAME} on another machine and pass their folder"
        ) from unreachable
    raise CheckpointError(f"{repository} holds no {CHECKPOINT_NAME} with a {CONFIG_NAME} beside it")


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the tensors of an official checkpoint without running any code that it contains.

    Args:
        path: Path of the checkpoint.

    Returns:
        Tensors by name, as stored.

    Raises:
        CheckpointError: The file cannot be read, or holds no state dict under `model`.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}") from error
    except (pickle.UnpicklingError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is not a PyTorch checkpoint of tensors: {reason}") from error
    state = content.get("model") if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} holds no state dict under the key 'model'")
    return state


def build_converter(config: ConverterConfig, state: Mapping[str, Tensor]) -> ToneColourConverter:
    """Build the converter from an official state dict, with weight norm and zero tones folded.

    Args:
        config: Sizes of the converter.
        state: Tensors by name, as the official file stores them.

    Returns:
        The converter in evaluation mode.

    Raises:
        CheckpointError: Names every missing, extra, misshapen or non-finite tensor.
    """
    faults = _faults(expected_shapes(config), state)
    if faults:
        shown = faults[:FAULTS_SHOWN]
        if len(faults) > len(shown):
            shown.append(f"... and {len(faults) - len(shown)} more")
        raise CheckpointError(
            "the checkpoint does not fit this converter:\n  " + "\n  ".join(shown)
        )
    plain = fold_weight_norm(state)
    if config.zero_g:
        plain = fold_zero_tones(plain)
    converter = ToneColourConverter(config, conditioned=not config.zero_g)
    converter.load_state_dict(plain, strict=True)
    return converter.eval().requires_grad_(False)


def expected_shapes(config: ConverterConfig) -> dict[str, tuple[int, ...]]:
    """List the tensors that the official file holds; V1 and V2 hold the same ones.

    Args:
        config: Sizes of the converter.

    Returns:
        Shape by name.
    """
    with torch.device("meta"):
        network = ToneColourConverter(config, conditioned=True)
    shapes: dict[str, tuple[int, ...]] = {}
    for name, tensor in network.state_dict().items():
        shape = tuple(tensor.shape)
        if WEIGHT_NORMALISED.fullmatch(name):
            shapes[f"{name}_g"] = (shape[0], *(1 for _ in shape[1:]))
            shapes[f"{name}_v"] = shape
        else:
            shapes[name] = shape
    return shapes


def _faults(expected: Mapping[str, tuple[int, ...]], state: Mapping[str, Tensor]) -> list[str]:
    """List what is wrong with a state dict, a line a tensor."""
    faults = [f"missing: {name} {list(expected[name])}" for name in expected if name not in state]
    for name, tensor in state.items():
        if name not in expected:
            faults.append(f"extra: {name}")
        elif not isinstance(tensor, Tensor) or not tensor.is_floating_point():
            faults.append(f"not a tensor of floats: {name}")
        elif tuple(tensor.shape) != expected[name]:
            faults.append(
                f"misshapen: {name} is {list(tensor.shape)}, should be {list(expected[name])}"
            )
        elif not torch.isfinite(tensor).all():
            faults.append(f"not finite: {name}")
        elif name.endswith(".weight_v") and not tensor.flatten(1).any(1).all():
            faults.append(f"a row is zero, so that it cannot be normalised: {name}")
    return faults


def fold_weight_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Multiply out weight normalisation with the arithmetic that `runtime install` uses.

    Args:
        state: Tensors by name; a `weight_v` is normalised over every axis but the first.

    Returns:
        Float32 tensors by name, each pair replaced by one `weight`.
    """
    plain = {}
    for name, tensor in state.items():
        if name.endswith(".weight_v"):
            gain = state[f"{name[:-1]}g"].detach().float().numpy()
            weight = normalised_weight(gain, tensor.detach().float().numpy())
            plain[name.removesuffix("_v")] = torch.from_numpy(weight)
        elif not name.endswith(".weight_g"):
            plain[name] = tensor.float()
    return plain


def fold_zero_tones(plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Fold the condition on a zero tone, which is only a bias, into the layers that add it.

    Args:
        plain: Plain tensors by name, of a conditioned converter.

    Returns:
        Tensors of the converter whose posterior encoder and generator take no tone.
    """
    folded = dict(plain)
    for name in ("enc_q.enc.cond_layer", "dec.cond"):
        del folded[f"{name}.weight"]
    folded["dec.conv_pre.bias"] = plain["dec.conv_pre.bias"] + folded.pop("dec.cond.bias")
    condition = folded.pop("enc_q.enc.cond_layer.bias")
    for layer, bias in enumerate(condition.chunk(POSTERIOR_LAYERS)):
        name = f"enc_q.enc.in_layers.{layer}.bias"
        folded[name] = plain[name] + bias
    return folded
