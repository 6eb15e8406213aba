from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from server.__main__ import main, parse_arguments
from server.settings import OPTIONS, SettingsError


def test_only_given_options_are_settings() -> None:
    assert parse_arguments([], "serve") == {}
    given = parse_arguments(
        ["--host", "0.0.0.0", "--port", "81", "--model", "m", "--provider", "cpu"], "serve"
    )
    assert given == {"host": "0.0.0.0", "port": 81, "model": Path("m"), "provider": "cpu"}


def test_help_names_every_setting(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_arguments(["--help"], "serve")
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all("--" + name.replace("_", "-") in shown for name in OPTIONS)


def test_a_bad_value_names_its_option() -> None:
    with pytest.raises(SettingsError, match="--body-bytes"):
        parse_arguments(["--body-bytes", "many"], "serve")
    with pytest.raises(SettingsError, match="--port"):
        parse_arguments(["--port", "-1"], "serve")


def test_a_new_key_is_printed_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new-key", "anna"]) == 0
    key, line = capsys.readouterr().out.splitlines()
    assert line == f"anna:{hashlib.sha256(key.encode()).hexdigest()}"
    assert main(["new-key", "a b"]) == 2
    assert "1 to 64" in capsys.readouterr().err


def test_what_the_server_cannot_use_ends_it_before_a_model_is_loaded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--api-keys", "/nowhere"]) == 2
    assert "api_keys: /nowhere" in capsys.readouterr().err
    assert main(["--voices", "mysql://host"]) == 2
    assert "must be a file or a postgresql://" in capsys.readouterr().err


def test_a_bad_value_ends_the_command_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--workers", "0"]) == 2
    assert "--workers" in capsys.readouterr().err
