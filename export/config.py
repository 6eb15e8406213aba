"""The official converter's config.json."""

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal

from export.errors import ConfigError

SECTIONS = ("data", "model")


@dataclass(frozen=True)
class ConverterConfig:
    """Sizes of the converter, by the official file's names; the defaults are V2's."""

    sampling_rate: int = 22050
    filter_length: int = 1024
    hop_length: int = 256
    win_length: int = 1024
    n_speakers: int = 0
    zero_g: bool = True
    inter_channels: int = 192
    hidden_channels: int = 192
    resblock: str = "1"
    resblock_kernel_sizes: tuple[int, ...] = (3, 7, 11)
    resblock_dilation_sizes: tuple[tuple[int, ...], ...] = ((1, 3, 5),) * 3
    upsample_rates: tuple[int, ...] = (8, 8, 2, 2)
    upsample_initial_channel: int = 512
    upsample_kernel_sizes: tuple[int, ...] = (16, 16, 4, 4)
    gin_channels: int = 256

    @property
    def bins(self) -> int:
        """Number of bins of the spectrogram."""
        return self.filter_length // 2 + 1

    @property
    def variant(self) -> Literal["v1", "v2"]:
        """Generation of the converter, as the manifest names it."""
        return "v2" if self.zero_g else "v1"


def read_config(path: Path) -> ConverterConfig:
    """Read a config.json with the official sections `data` and `model`, or without sections.

    Fields that the network does not depend on are ignored.

    Args:
        path: Path of the file.

    Returns:
        The sizes.

    Raises:
        ConfigError: The file cannot be read, lacks a field, or describes another network.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path} is not a JSON object")
    return config_from(content, str(path))


def config_from(content: Mapping[str, Any], origin: str) -> ConverterConfig:
    """Build and check a config; `zero_g` is false if the file lacks it, as V1's does.

    Args:
        content: The parsed file.
        origin: Name of the file for messages.

    Returns:
        The config.

    Raises:
        ConfigError: Names the wrong field.
    """
    flat = {"zero_g": False, **content}
    for section in SECTIONS:
        if isinstance(content.get(section), dict):
            flat |= content[section]
    values = {}
    for field in dataclasses.fields(ConverterConfig):
        if field.name not in flat:
            raise ConfigError(f"{origin} lacks {field.name}")
        values[field.name] = _checked(flat[field.name], field.type, f"{origin}: {field.name}")
    config = ConverterConfig(**values)
    fault = _fault(config)
    if fault:
        raise ConfigError(f"{origin}: {fault}")
    return config


def _checked(value: Any, kind: Any, name: str) -> Any:
    """Return a value as the field's type, with tuples for lists."""
    if isinstance(kind, GenericAlias):
        if not isinstance(value, list) or not value:
            raise ConfigError(f"{name} should be a list, not {value!r}")
        return tuple(_checked(item, kind.__args__[0], name) for item in value)
    if kind is int:
        smallest = 0 if name.endswith("n_speakers") else 1
        if type(value) is not int or value < smallest:
            raise ConfigError(f"{name} should be a whole number from {smallest} up, not {value!r}")
    elif type(value) is not kind:
        raise ConfigError(f"{name} should be a {kind.__name__}, not {value!r}")
    return value


def _fault(config: ConverterConfig) -> str | None:
    """Describe the first size that does not fit the others; None if all fit."""
    rates, kernels = config.upsample_rates, config.upsample_kernel_sizes
    if config.n_speakers != 0:
        return f"n_speakers {config.n_speakers} is a text-to-speech model's; a converter has 0"
    if config.resblock != "1":
        return f"resblock {config.resblock!r} is not supported, only '1'"
    if config.filter_length != config.win_length:
        return "filter_length and win_length differ"
    if config.inter_channels % 2:
        return f"inter_channels {config.inter_channels} is odd"
    if len(config.resblock_kernel_sizes) != len(config.resblock_dilation_sizes):
        return "resblock_kernel_sizes and resblock_dilation_sizes differ in length"
    if any(kernel % 2 == 0 for kernel in config.resblock_kernel_sizes):
        return f"resblock_kernel_sizes {config.resblock_kernel_sizes} holds an even one"
    if len(rates) != len(kernels):
        return "upsample_rates and upsample_kernel_sizes differ in length"
    if any(
        kernel < rate or (kernel - rate) % 2 for rate, kernel in zip(rates, kernels, strict=True)
    ):
        return f"upsample_kernel_sizes {kernels} do not fit upsample_rates {rates}"
    if math.prod(rates) != config.hop_length:
        return f"upsample_rates {rates} do not multiply to hop_length {config.hop_length}"
    if config.upsample_initial_channel % 2 ** len(rates):
        return f"upsample_initial_channel does not halve {len(rates)} times"
    return None
