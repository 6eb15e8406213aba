from __future__ import annotations

from pathlib import Path

import pytest

from runtime import models
from runtime.errors import InvalidBundle
from runtime.manifest import MANIFEST
from runtime.models import MODELS_VARIABLE, find_model, installed_models, models_folder


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of models with one in it, which the settings name."""
    place = tmp_path / "models"
    (place / "mine").mkdir(parents=True)
    (place / "mine" / MANIFEST).touch()
    monkeypatch.setenv(MODELS_VARIABLE, str(place))
    return place


def test_models_go_beside_the_code_in_a_checkout() -> None:
    assert models_folder({}) == models.SHIPPED_MODELS


def test_models_go_to_the_users_data_where_pip_installed_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages" / "onnx_models"
    monkeypatch.setattr(models, "SHIPPED_MODELS", packages)
    data = tmp_path / "data"
    assert models_folder({"XDG_DATA_HOME": str(data)}) == data / "openvoice-onnx" / "models"
    assert models_folder({}).parts[-4:] == (".local", "share", "openvoice-onnx", "models")
    assert models_folder({MODELS_VARIABLE: "/models"}) == Path("/models")


def test_a_model_is_found_by_name_and_by_path(folder: Path, tmp_path: Path) -> None:
    assert find_model("mine") == folder / "mine"
    assert find_model(Path("mine")) == folder / "mine"
    assert find_model(folder / "mine") == folder / "mine"
    assert find_model(str(tmp_path)) == tmp_path


def test_the_shipped_model_has_a_name_wherever_models_are(folder: Path, model_folder: Path) -> None:
    if model_folder != models.DEFAULT_MODEL:
        pytest.skip("no compact model here")
    assert find_model("compact") == models.DEFAULT_MODEL


def test_a_model_that_is_not_there(folder: Path) -> None:
    with pytest.raises(InvalidBundle, match=f"no model of that name is installed in {folder}"):
        find_model("openvoice-v2")


@pytest.mark.parametrize("path", ["no/such/folder", "..x", ".hidden"])
def test_a_folder_that_is_not_there(folder: Path, path: str) -> None:
    with pytest.raises(InvalidBundle, match=r": not a folder$"):
        find_model(path)


def test_models_are_listed_by_name(folder: Path) -> None:
    (folder / ".mine-x" / "new").mkdir(parents=True)
    (folder / ".half").mkdir()
    (folder / ".half" / MANIFEST).touch()
    names = [path.name for path in installed_models()]
    assert "mine" in names
    assert names == sorted(names)
    assert not [name for name in names if name.startswith(".")]
