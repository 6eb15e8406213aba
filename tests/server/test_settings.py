from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from runtime.limits import MAXIMUM_SECONDS
from runtime.models import MODELS_VARIABLE
from server.settings import (
    MODELS,
    OPTIONS,
    Settings,
    SettingsError,
    from_environment,
    parse,
    parse_bind,
)


def test_defaults_are_the_documented_limits() -> None:
    settings, warnings = from_environment({})
    assert settings == Settings()
    assert not warnings
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.body_bytes == 64 * 2**20
    # Not imported by the settings, which must load without the runtime.
    assert settings.source_seconds == MAXIMUM_SECONDS
    assert settings.bytes_in_flight == 512 * 2**20
    assert settings.waiting_requests == 64
    assert settings.tone_cache_entries == 256


def test_it_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("variable", "text", "name", "value"),
    [
        ("OPENVOICE_MODEL", "some/folder", "model", Path("some/folder")),
        ("OPENVOICE_PROVIDER", "cuda", "provider", "cuda"),
        ("OPENVOICE_THREADS", "3", "threads", 3),
        ("OPENVOICE_SOURCE_SECONDS", "12.5", "source_seconds", 12.5),
        ("OPENVOICE_API_KEY", "k", "api_key", "k"),
        ("OPENVOICE_ALLOWED_ORIGINS", "https://a, https://b", "allowed_origins", None),
        ("OPENVOICE_BODY_BYTES", "1000", "body_bytes", 1000),
        ("OPENVOICE_LOG_LEVEL", "debug", "log_level", "debug"),
    ],
)
def test_each_kind_of_variable(variable: str, text: str, name: str, value: Any) -> None:
    settings, warnings = from_environment({variable: text})
    wanted = ("https://a", "https://b") if name == "allowed_origins" else value
    assert getattr(settings, name) == wanted
    assert not warnings


def test_every_setting_but_the_address_is_a_variable() -> None:
    for name in OPTIONS:
        _, warnings = (
            from_environment({f"OPENVOICE_{name.upper()}": "1"})
            if name
            not in (
                "provider",
                "log_level",
                "marking",
            )
            else ({}, [])
        )
        assert bool(warnings) == (name in ("host", "port"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.0.0.0:80", {"host": "0.0.0.0", "port": 80}),
        (":8000", {"port": 8000}),
        ("[::1]:5000", {"host": "::1", "port": 5000}),
        ("[::]", {"host": "::"}),
        ("example.test", {"host": "example.test"}),
    ],
)
def test_bind(text: str, found: dict[str, Any]) -> None:
    assert parse_bind(text) == found
    settings, _ = from_environment({"OPENVOICE_BIND": text})
    assert {name: getattr(settings, name) for name in found} == found


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("OPENVOICE_BIND", "host:port"),
        ("OPENVOICE_BIND", "host:70000"),
        ("OPENVOICE_WORKERS", "0"),
        ("OPENVOICE_WORKERS", "two"),
        ("OPENVOICE_DEADLINE_SECONDS", "nan"),
        ("OPENVOICE_DEADLINE_SECONDS", "inf"),
        ("OPENVOICE_DEADLINE_SECONDS", "-1"),
        ("OPENVOICE_PROVIDER", "tpu"),
    ],
)
def test_a_bad_value_is_an_error_that_names_the_variable(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        from_environment({variable: text})


def test_what_kubernetes_injects_is_neither_read_nor_warned_of() -> None:
    injected = {
        "OPENVOICE_PORT": "tcp://10.0.0.7:5000",
        "OPENVOICE_PORT_5000_TCP": "tcp://10.0.0.7:5000",
        "OPENVOICE_PORT_5000_TCP_PROTO": "tcp",
        "OPENVOICE_PORT_5000_TCP_PORT": "5000",
        "OPENVOICE_PORT_5000_TCP_ADDR": "10.0.0.7",
        "OPENVOICE_SERVICE_HOST": "10.0.0.7",
        "OPENVOICE_SERVICE_PORT": "5000",
        "OPENVOICE_SERVICE_PORT_HTTP": "5000",
        "OPENVOICE_ONNX_SERVICE_HOST": "10.0.0.8",
        "OPENVOICE_ONNX_PORT": "tcp://10.0.0.8:5000",
    }
    assert from_environment(injected) == (Settings(), [])


def test_an_unknown_variable_is_warned_of_with_the_nearest_name() -> None:
    _, warnings = from_environment({"OPENVOICE_DEADLINE_SECOND": "3", "OTHER_DEADLINE": "3"})
    assert len(warnings) == 1
    assert "OPENVOICE_DEADLINE_SECONDS" in warnings[0]


def test_the_folder_of_models_is_left_to_the_runtime() -> None:
    assert MODELS == MODELS_VARIABLE
    assert from_environment({MODELS: "/srv/models"}) == (Settings(), [])


def test_a_port_by_its_obvious_name_is_pointed_to_bind() -> None:
    settings, warnings = from_environment({"OPENVOICE_PORT": "8080"})
    assert settings.port == 5000
    assert "OPENVOICE_BIND" in warnings[0]


def test_the_command_line_wins_and_empty_variables_are_absent() -> None:
    environment = {"OPENVOICE_WORKERS": "3", "OPENVOICE_API_KEY": ""}
    settings, _ = from_environment(environment, {"workers": 5})
    assert settings.workers == 5
    assert settings.api_key is None


def test_parse_reads_a_list_of_origins() -> None:
    assert parse("allowed_origins", "*") == ("*",)
