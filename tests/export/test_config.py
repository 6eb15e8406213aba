from pathlib import Path
from typing import Any

import pytest

from export.config import ConverterConfig, config_from, read_config
from export.errors import ConfigError
from tests.export.official_files import write_config
from tests.official import V2_CONFIG

pytestmark = pytest.mark.torch

DATA: dict[str, Any] = dict(V2_CONFIG["data"])
MODEL: dict[str, Any] = dict(V2_CONFIG["model"])


def test_official_sections_are_the_defaults(tmp_path: Path) -> None:
    config = read_config(write_config(tmp_path, V2_CONFIG))
    assert config == ConverterConfig()
    assert (config.bins, config.variant) == (513, "v2")


def test_a_flat_file_is_the_same() -> None:
    assert config_from(DATA | MODEL, "flat") == ConverterConfig()


def test_without_zero_g_it_is_v1() -> None:
    flat = DATA | MODEL
    del flat["zero_g"]
    assert config_from(flat, "flat").variant == "v1"


@pytest.mark.parametrize("name", ["sampling_rate", "resblock_dilation_sizes", "gin_channels"])
def test_a_missing_field_is_named(name: str) -> None:
    flat = DATA | MODEL
    del flat[name]
    with pytest.raises(ConfigError, match=f"lacks {name}"):
        config_from(flat, "flat")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sampling_rate", "22050"),
        ("sampling_rate", True),
        ("hidden_channels", 0),
        ("hop_length", 128),
        ("win_length", 512),
        ("n_speakers", 10),
        ("zero_g", 1),
        ("inter_channels", 191),
        ("resblock", "2"),
        ("resblock", 1),
        ("resblock_kernel_sizes", [3, 7]),
        ("resblock_kernel_sizes", [3, 7, 10]),
        ("resblock_dilation_sizes", [1, 3, 5]),
        ("upsample_rates", []),
        ("upsample_rates", [8, 8, 4]),
        ("upsample_kernel_sizes", [16, 16, 4, 5]),
        ("upsample_initial_channel", 520),
    ],
)
def test_a_wrong_field_is_named(name: str, value: object) -> None:
    with pytest.raises(ConfigError, match=name):
        config_from(DATA | MODEL | {name: value}, "flat")


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000])
def test_a_file_that_holds_no_object(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.json"):
        read_config(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        read_config(tmp_path / "none.json")
