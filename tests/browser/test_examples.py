"""Examples run as written: those of the original page, and those that this page shows."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.audio import voice_file
from tests.browser.conftest import Pages
from tests.browser.playground import samples_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
ORIGINAL_PAGE = ROOT.parent / "shared" / "original-api-page.txt"
SOURCE_SECONDS = 25

SETUP = """
const openvoice = await import("/static/openvoice.js");
const { extractSegment, convertToBase64, mergeSegments } = openvoice;
const file = async (url, name) => new File([await (await fetch(url)).blob()], name);
const targetFile = await file(argument.target, "target.wav");
const sourceFile = await file(argument.source, "source.wav");
const fileArrayBuffer = await sourceFile.arrayBuffer();
const audioElement = document.createElement("audio");
"""


def original(start: str, end: str) -> str:
    """Return the original page's text between two of its lines."""
    if not ORIGINAL_PAGE.exists():
        pytest.skip("the original page's text is not here")
    text = ORIGINAL_PAGE.read_text("utf-8")
    return text.split(f"\n{start}\n")[1].split(f"\n{end}")[0]


def reindented(python: str) -> str:
    """Give lines the indentation that the text of the page lost."""
    depth, lines = 0, []
    for line in python.splitlines():
        lines.append("    " * depth + line)
        if line.endswith(":"):
            depth += 1
        elif line.startswith("return"):
            depth = 0
    return "\n".join(lines)


def data_url(data: bytes) -> str:
    return "data:audio/wav;base64," + base64.b64encode(data).decode()


@pytest.mark.browser
def test_the_original_pages_javascript_runs_as_written(page: Page) -> None:
    basic = original("基础用法:", "流式处理长音频:")
    long = original("流式处理长音频:", "📖 Python 使用示例")
    finished = """
    while (audioElement.readyState < HTMLMediaElement.HAVE_METADATA) {
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return [audioElement.duration, await openvoice.fileToBase64(mergedAudio)];"""
    seconds, merged = page.evaluate(
        f"async (argument) => {{ {SETUP}\n{basic}\n{{ {long}\n{finished} }} }}",
        {
            "target": data_url(voice_file(4.0, pitch_hz=210.0)),
            "source": data_url(voice_file(SOURCE_SECONDS)),
        },
    )
    assert seconds == pytest.approx(SOURCE_SECONDS, abs=1e-3)
    assert len(samples_of(base64.b64decode(merged.split(",")[1]))) == SOURCE_SECONDS * 22050


def test_the_original_pages_python_runs_as_written(live_server: str, tmp_path: Path) -> None:
    pytest.importorskip("requests")
    code = original("📖 Python 使用示例", "⚙️ 参数说明")
    here = code.replace("http://localhost:5000", live_server)
    assert here != code
    (tmp_path / "target.wav").write_bytes(voice_file(4.0, pitch_hz=210.0))
    (tmp_path / "source.wav").write_bytes(voice_file(SOURCE_SECONDS))
    subprocess.run([sys.executable, "-c", reindented(here)], cwd=tmp_path, check=True)
    assert len(samples_of((tmp_path / "output.wav").read_bytes())) == SOURCE_SECONDS * 22050


def shown(page: Page, language: str) -> dict[str, str]:
    """Return the page's examples in one language, by the section or place that shows them."""
    for tab in page.get_by_role("tab", name=language, exact=True).all():
        tab.click()
    texts: dict[str, str] = page.evaluate(
        """() => Object.fromEntries(
            [...document.querySelectorAll("[data-operation], [data-example]")].map((place) => [
                place.dataset.example ?? place.id, place.querySelector("pre").textContent]))"""
    )
    return texts


@pytest.mark.browser
@pytest.mark.parametrize("example", ["clone", "stream", "tone", "segments"])
def test_the_javascript_shown_runs(page: Page, example: str) -> None:
    page.mouse.click(5, 5)  # browsers let pages play sound once they have been touched
    code = shown(page, "JavaScript")[example]
    assert "await" in code
    name = "whole" if example == "segments" else "audio"
    size = page.evaluate(f"async () => {{ {code}\n return {name}.size; }}")
    assert size == pytest.approx(44 + 2 * 7.92 * 22050, rel=0.01)


@pytest.mark.browser
def test_the_commands_shown_run(pages: Pages, tmp_path: Path) -> None:
    if not shutil.which("curl"):
        pytest.skip("no curl here")
    page = pages.open()
    code = shown(page, "curl")
    outputs = {
        name: subprocess.run(
            ["sh", "-euc", code[name]], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout
        for name in ("start", "clone", "stream", "tone", "voices-api", "verify", "info", "health")
    }
    lines = [json.loads(line) for line in outputs["stream"].splitlines()]
    assert len(samples_of((tmp_path / "result.wav").read_bytes())) == lines[0]["samples"]
    assert lines[-1]["success"] is True
    assert json.loads(outputs["tone"])["warnings"] == []
    assert json.loads(outputs["voices-api"])["voice"]["name"] == "my-voice"
    assert json.loads(outputs["verify"])["metadata"] is None
    assert json.loads(outputs["info"])["version"] == "v2"
    assert json.loads(outputs["health"])["status"] == "ok"


@pytest.mark.browser
def test_the_python_shown_runs(pages: Pages, tmp_path: Path) -> None:
    pytest.importorskip("requests")
    code = shown(pages.open(), "Python")
    for name, sample in (
        ("target.flac", "english-woman.flac"),
        ("source.flac", "english-man.flac"),
    ):
        shutil.copy(ROOT / "samples" / sample, tmp_path / name)
    for example in ("clone", "stream", "tone"):
        (tmp_path / "result.wav").unlink(missing_ok=True)
        run = subprocess.run(
            [sys.executable, "-c", code[example]],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        assert run.stdout
        if example != "tone":
            seconds = len(samples_of((tmp_path / "result.wav").read_bytes())) / 22050
            assert seconds == pytest.approx(7.92, abs=0.01)


@pytest.mark.browser
def test_the_python_client_shown_runs(pages: Pages, tmp_path: Path) -> None:
    command = shown(pages.open(), "curl")["command"].replace("\\\n", " ").split()
    for name, sample in (
        ("target.flac", "english-woman.flac"),
        ("source.flac", "english-man.flac"),
    ):
        shutil.copy(ROOT / "samples" / sample, tmp_path / name)
    assert command[0] == "python"
    subprocess.run(
        [sys.executable, *command[1:]],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        check=True,
        capture_output=True,
    )
    assert (tmp_path / "result.wav").exists()
