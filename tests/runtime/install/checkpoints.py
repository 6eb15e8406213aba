"""Checkpoint files as PyTorch writes them, and hostile ones, written without PyTorch."""

from __future__ import annotations

import json
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARITY = Path(__file__).resolve().parents[2] / "parity"


def official_shapes() -> dict[str, tuple[int, ...]]:
    """List the official checkpoint's tensors."""
    listed = json.loads((PARITY / "state_dict.json").read_text("utf-8"))
    return {name: tuple(shape) for name, shape in listed.items()}


def draw(name: str, shape: tuple[int, ...], salt: str = "") -> NDArray[np.float32]:
    """Draw a tensor by the recipe of tests/parity/README.md; a salt gives another checkpoint."""
    generator = np.random.default_rng(zlib.crc32((salt + name).encode()))
    normal = generator.standard_normal(shape, dtype=np.float32)
    if name.endswith("weight_v"):
        return normal
    if name.endswith("weight_g"):
        return np.float32(0.8) + np.float32(0.4) * generator.random(shape, dtype=np.float32)
    if name == "ref_enc.layernorm.weight":
        return 1 + np.float32(0.1) * normal
    if "bias" in name.rpartition(".")[2]:
        return np.float32(0.05) * normal
    return (0.5 * normal / math.sqrt(math.prod(shape[1:]))).astype(np.float32)


def draw_all(salt: str = "") -> dict[str, NDArray[np.float32]]:
    """Draw every tensor of the official checkpoint."""
    return {name: draw(name, shape, salt) for name, shape in official_shapes().items()}


def config(variant: str) -> dict[str, Any]:
    """Give a config.json as the official ones are, in what the converter depends on."""
    model: dict[str, Any] = {
        "zero_g": True,
        "inter_channels": 192,
        "hidden_channels": 192,
        "filter_channels": 768,
        "resblock": "1",
        "resblock_kernel_sizes": [3, 7, 11],
        "resblock_dilation_sizes": [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        "upsample_rates": [8, 8, 2, 2],
        "upsample_initial_channel": 512,
        "upsample_kernel_sizes": [16, 16, 4, 4],
        "gin_channels": 256,
    }
    if variant == "v1":
        del model["zero_g"]
    data = {
        "sampling_rate": 22050,
        "filter_length": 1024,
        "hop_length": 256,
        "win_length": 1024,
        "n_speakers": 0,
    }
    return {"data": data, "model": model}


@dataclass(frozen=True)
class Global:
    """A global in a pickle."""

    module: str
    name: str


@dataclass(frozen=True)
class Call:
    """A call in a pickle."""

    function: object
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Persistent:
    """A persistent identifier in a pickle."""

    identifier: object


@dataclass(frozen=True)
class WithState:
    """An object whose state is set in a pickle."""

    target: object
    state: object


@dataclass(frozen=True)
class Filled:
    """A dictionary in a pickle that a call makes and that is then filled."""

    target: object
    items: dict[str, object]


def pickled(value: object) -> bytes:
    """Pickle a description, protocol 2, as PyTorch does."""
    return b"\x80\x02" + _instructions(value) + b"."


def _instructions(value: object) -> bytes:
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            if -(2**31) <= value < 2**31:
                return b"J" + struct.pack("<i", value)
            data = value.to_bytes(9, "little", signed=True)
            return b"\x8a" + bytes([len(data)]) + data
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            text = value.encode()
            return b"X" + struct.pack("<I", len(text)) + text
        case tuple():
            return b"(" + b"".join(map(_instructions, value)) + b"t"
        case list():
            return b"](" + b"".join(map(_instructions, value)) + b"e"
        case dict():
            items = b"".join(_instructions(k) + _instructions(v) for k, v in value.items())
            return b"}(" + items + b"u"
        case Filled():
            items = b"".join(_instructions(k) + _instructions(v) for k, v in value.items.items())
            return _instructions(value.target) + b"(" + items + b"u"
        case Global():
            return b"c" + f"{value.module}\n{value.name}\n".encode()
        case Call():
            return _instructions(value.function) + _instructions(value.arguments) + b"R"
        case Persistent():
            return _instructions(value.identifier) + b"Q"
        case WithState():
            return _instructions(value.target) + _instructions(value.state) + b"b"
    raise TypeError(f"{value!r} cannot be pickled here")


def storage(key: str, numbers: int, kind: str = "FloatStorage") -> Persistent:
    """Describe a storage."""
    return Persistent(("storage", Global("torch", kind), key, "cpu", numbers))


def tensor(
    held: Persistent,
    shape: tuple[int, ...],
    offset: int = 0,
    strides: tuple[int, ...] | None = None,
) -> Call:
    """Describe a tensor."""
    if strides is None:
        strides = tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))
    rebuild = Global("torch._utils", "_rebuild_tensor_v2")
    hooks = Call(Global("collections", "OrderedDict"), ())
    return Call(rebuild, (held, offset, shape, strides, False, hooks))


def state_of(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, object]:
    """Describe a state dict, a storage a tensor, keyed by its place."""
    return {
        name: tensor(storage(str(place), array.size), array.shape)
        for place, (name, array) in enumerate(arrays.items())
    }


def storages_of(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, bytes]:
    """Give the storages that `state_of` describes."""
    return {
        str(place): np.ascontiguousarray(array, "<f4").tobytes()
        for place, array in enumerate(arrays.values())
    }


def write_archive(
    path: Path,
    content: object,
    storages: Mapping[str, bytes],
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    """Write a checkpoint file of a pickle's description and its storages."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled(content))
        archive.writestr("archive/byteorder", b"little")
        for key, data in storages.items():
            archive.writestr(f"archive/data/{key}", data)
        archive.writestr("archive/version", b"3\n")
    return path


def write_checkpoint(path: Path, arrays: Mapping[str, NDArray[np.float32]]) -> Path:
    """Write a file laid out as the official one is, its state dict's metadata included."""
    state = Call(Global("collections", "OrderedDict"), ())
    content = {
        "model": WithState(Filled(state, state_of(arrays)), {"_metadata": {"": {"version": 1}}}),
        "iteration": 0,
        "optimizer": None,
        "learning_rate": 1e-4,
    }
    return write_archive(path, content, storages_of(arrays))
