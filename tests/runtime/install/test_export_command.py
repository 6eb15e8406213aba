from __future__ import annotations

from pathlib import Path

import pytest

from runtime.commands.main import main
from runtime.install import export_command
from runtime.install.errors import ExportFailed, ExportNeeded
from runtime.install.export_command import require_export, run_export


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose export/ holds one step, which writes its arguments or fails."""
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "__init__.py").touch()  # or the real export/ is found before it
    (tmp_path / "export" / "step.py").write_text(
        "import sys\nfrom pathlib import Path\n"
        "Path(sys.argv[1]).write_text(' '.join(sys.argv[2:]))\n"
        "sys.exit('fail' in sys.argv)\n"
    )
    monkeypatch.setattr(export_command, "ROOT", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_step_is_run_with_its_arguments(checkout: Path) -> None:
    require_export("export.step", "--option", ["json"], "extra")
    run_export("export.step", [checkout / "out", "--calibration", Path("speech")])
    assert (checkout / "out").read_text() == "--calibration speech"


def test_a_step_that_fails_is_an_error(checkout: Path) -> None:
    with pytest.raises(ExportFailed, match=r"python -m export\.step failed"):
        run_export("export.step", [checkout / "out", "fail"])


def test_what_is_missing_is_named_before_the_work(checkout: Path) -> None:
    with pytest.raises(ExportNeeded, match="which a checkout has and this program lacks"):
        require_export("export.other", "--option", [], "extra")
    with pytest.raises(ExportNeeded, match=r"--option needs no_such_package: pip install"):
        require_export("export.step", "--option", ["json", "no_such_package"], "x")


@pytest.mark.parametrize("option", [["--precision", "int8"], ["--verify-with-torch"]])
def test_an_installation_asks_first(
    checkout: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    arguments = ["--checkpoint", str(checkout / "none.pth"), "--output", str(checkout / "model")]
    assert main(["install", "openvoice-v2", *arguments, *option]) == 1
    assert f"error: {option[0]}" in capsys.readouterr().err
    assert not (checkout / "model").exists()


def test_calibration_goes_with_int8(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["install", "openvoice-v2", "--calibration", "speech"])
    assert "--calibration goes with --precision int8" in str(ended.value)
