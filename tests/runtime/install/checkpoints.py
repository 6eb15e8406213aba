"""Checkpoint files as PyTorch writes them, and hostile ones, written without PyTorch."""

from __future__ import annotations

import copy
import math
import struct
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.stand_in_weights import draw_weights
from tests.official import V2_CONFIG, official_shapes


def draw_all() -> dict[str, NDArray[np.float32]]:
    """Draw every tensor of the official checkpoint."""
    return draw_weights(official_shapes())


def config(variant: str) -> dict[str, Any]:
    """Give a config.json as the official one of a generation is."""
    content = copy.deepcopy(V2_CONFIG)
    if variant == "v1":
        del content["model"]["zero_g"]
    return content


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
