"""Official converter checkpoints: found, read strictly, and folded into plain weights."""

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

CHECKPOINT_NAME = "checkpoint.pth"
CONFIG_NAME = "config.json"
# Where the official repositories and archives keep the converter, as folders of theirs.
LAYOUTS = (".", "converter", "checkpoints/converter", "checkpoints_v2/converter")
HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
WEIGHT_NORMALISED = re.compile(
    r"(enc_q\.enc|flow\.flows\.\d+\.enc|dec\.ups|dec\.resblocks|ref_enc\.convs)\..*\.weight"
)
FAULTS_SHOWN = 8


@dataclass(frozen=True)
class CheckpointFiles:
    """A checkpoint on disk.

    Attributes:
        checkpoint: the file.
        config: the config.json beside it, where there is one.
        origin: what to call it elsewhere: its hub name, or the file's.
    """

    checkpoint: Path
    config: Path | None
    origin: str


def find_checkpoint(name: str) -> CheckpointFiles:
    """Finds a checkpoint by file, folder or Hugging Face hub name; what is not here is downloaded.

    Args:
        name: a file, a folder laid out as an official one, or `owner/repository`.

    Returns:
        The files.

    Raises:
        CheckpointError: there is none, or the hub cannot be reached.
    """
    path = Path(name)
    if path.is_file():
        return _beside(path)
    if path.is_dir():
        found = [path / layout / CHECKPOINT_NAME for layout in LAYOUTS]
        found = [file for file in found if file.is_file()]
        if len(found) != 1:
            places = ", ".join(map(str, found)) or "none of " + ", ".join(LAYOUTS)
            raise CheckpointError(f"{name} should hold one {CHECKPOINT_NAME}; it has {places}")
        return _beside(found[0])
    if HUB_NAME.fullmatch(name):
        return _download(name)
    raise CheckpointError(f"{name} is no file, no folder and no hub name (owner/repository)")


def _beside(checkpoint: Path) -> CheckpointFiles:
    """Pairs a checkpoint with its neighbour config.json."""
    config = checkpoint.parent / CONFIG_NAME
    return CheckpointFiles(checkpoint, config if config.is_file() else None, checkpoint.name)


def _download(repository: str) -> CheckpointFiles:
    """Fetches checkpoint and config from the hub, or from its cache where that is out of reach."""
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
            f"the hub has no repository {repository}, nor is it a path"
        ) from error
    except (HfHubHTTPError, HFValidationError) as error:
        raise CheckpointError(f"{repository} cannot be had from the hub: {error}") from error
    if unreachable is not None:
        raise CheckpointError(
            f"{repository} is no path here, and the Hugging Face hub cannot be reached to look for "
            f"it there: download its {CHECKPOINT_NAME} and {CONFIG_NAME} elsewhere and give their "
            "folder"
        ) from unreachable
    raise CheckpointError(f"{repository} holds no {CHECKPOINT_NAME} with a {CONFIG_NAME} beside it")


def read_state(path: Path) -> dict[str, Tensor]:
    """Reads the tensors of an official checkpoint file, without running any code that it may carry.

    Args:
        path: the file.

    Returns:
        Name to tensor, as stored.

    Raises:
        CheckpointError: the file cannot be read or holds no state dict under `model`.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror or error}") from error
    except (pickle.UnpicklingError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path} is no PyTorch checkpoint of tensors: {reason}") from error
    state = content.get("model") if isinstance(content, dict) else None
    if not isinstance(state, dict):
        raise CheckpointError(f"{path} holds no state dict under the key 'model'")
    return state


def build_converter(config: ConverterConfig, state: Mapping[str, Tensor]) -> ToneColourConverter:
    """Builds the converter from an official state dict, weight norm and zero tones folded.

    Args:
        config: its sizes.
        state: name to tensor, as the official file stores them.

    Returns:
        The converter in evaluation mode.

    Raises:
        CheckpointError: naming every missing, extra, misshapen or non-finite tensor.
    """
    faults = _faults(expected_shapes(config), state)
    if faults:
        shown = faults[:FAULTS_SHOWN]
        if len(faults) > len(shown):
            shown.append(f"... and {len(faults) - len(shown)} more")
        raise CheckpointError("the checkpoint is not this converter's:\n  " + "\n  ".join(shown))
    plain = fold_weight_norm(state)
    if config.zero_g:
        plain = fold_zero_tones(plain)
    converter = ToneColourConverter(config, conditioned=not config.zero_g)
    converter.load_state_dict(plain, strict=True)
    return converter.eval().requires_grad_(False)


def expected_shapes(config: ConverterConfig) -> dict[str, tuple[int, ...]]:
    """Lists what the official file holds for a config.

    Args:
        config: the sizes.

    Returns:
        Name to shape of every tensor. V1 and V2 store the same ones.
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
    """Says, a line a tensor, what keeps the state dict from being the expected one."""
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
            faults.append(f"no direction to normalise, a row is zero: {name}")
    return faults


def fold_weight_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Multiplies out weight normalisation (Salimans & Kingma 2016): `w = g v / |v|`.

    Args:
        state: name to tensor; a `weight_v` is normalised over every axis but the first.

    Returns:
        Name to float32 tensor, each pair replaced by one `weight`.
    """
    plain = {}
    for name, tensor in state.items():
        if name.endswith(".weight_v"):
            direction = tensor.double()
            norm = direction.flatten(1).norm(dim=1).view(-1, *(1 for _ in tensor.shape[1:]))
            weight = state[f"{name[:-1]}g"].double() * direction / norm
            plain[name.removesuffix("_v")] = weight.float()
        elif not name.endswith(".weight_g"):
            plain[name] = tensor.float()
    return plain


def fold_zero_tones(plain: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Folds the condition of a tone of zeros, its bias alone, into the layers that it is added to.

    Args:
        plain: name to plain tensor of a conditioned converter.

    Returns:
        Those of the converter whose posterior encoder and generator take no tone.
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
