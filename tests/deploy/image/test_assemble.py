"""What is copied into an image's layers, and that the lists of what is left out are true."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from deploy.image.assemble import (
    EPOCH_SECONDS,
    compile_modules,
    copy_to,
    is_elf,
    is_left_out,
    is_ours,
    kept_files,
    linked_libraries,
    replacements,
    set_times,
)
from deploy.image.contents import LEFT_OUT_OF_PACKAGES, LEFT_OUT_OF_PYTHON

SITE_PACKAGES = Path(str(importlib.util.find_spec("numpy").origin)).parents[1]  # type: ignore[union-attr]

# Program for a separate process: refuses what an image leaves out, then imports the server.
SERVE_WITHOUT = """
import sys
from pathlib import PurePosixPath
from deploy.image.assemble import is_left_out
from deploy.image.contents import (
    LEFT_OUT_OF_PACKAGES, LEFT_OUT_OF_PYTHON, LEFT_OUT_UNLESS_TRACED
)
import os

packages = LEFT_OUT_OF_PACKAGES + LEFT_OUT_UNLESS_TRACED
roots = {sys.argv[1]: packages, os.path.dirname(os.__file__): LEFT_OUT_OF_PYTHON}
import server.__main__, runtime.cloner, openvoice_onnx.command
for module in list(sys.modules.values()):
    file = getattr(module, "__file__", None) or ""
    for root, patterns in roots.items():
        if file.startswith(root + "/"):
            path = PurePosixPath(file).relative_to(root)
            if path.parts[0] != "site-packages" and is_left_out(path, patterns):
                print(path)
"""


@pytest.mark.parametrize(
    "path",
    ["numpy/ma/tests/test_core.py", "numpy/f2py/rules.py", "av/frame.pxd", "pip/__init__.py"],
)
def test_what_is_not_run_is_left_out(path: str) -> None:
    assert is_left_out(PurePosixPath(path), LEFT_OUT_OF_PACKAGES)


@pytest.mark.parametrize("path", ["numpy/testing/__init__.py", "onnxruntime/capi/_pybind_state.py"])
def test_what_is_run_stays(path: str) -> None:
    assert not is_left_out(PurePosixPath(path), LEFT_OUT_OF_PACKAGES)
    assert not is_left_out(PurePosixPath("unittest/case.py"), LEFT_OUT_OF_PYTHON)


def test_nothing_that_the_server_imports_is_left_out() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SERVE_WITHOUT, str(SITE_PACKAGES)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == []


def test_onnx_runtime_has_its_code_in_the_extension_that_stays() -> None:
    (extension,) = (SITE_PACKAGES / "onnxruntime" / "capi").glob("onnxruntime_pybind11_state*.so")
    needed = {path.name for path in linked_libraries([extension])}
    assert needed
    assert not {name for name in needed if name.startswith("libonnxruntime.so")}


def test_the_source_of_an_extension_is_not_copied(tmp_path: Path) -> None:
    for name in ("frame.py", "frame.abi3.so", "other.py"):
        (tmp_path / name).touch()
    assert [path.name for path in kept_files(tmp_path, ())] == ["frame.abi3.so", "other.py"]


def test_bytecode_is_not_copied_and_links_stay_links(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "__pycache__").mkdir(parents=True)
    (source / "__pycache__" / "a.pyc").touch()
    (source / "a.py").write_text("x = 1\n")
    (source / "link").symlink_to("a.py")
    kept = list(kept_files(source, ()))
    assert [path.name for path in kept] == ["a.py", "link"]
    for path in kept:
        copy_to(tmp_path / "root", path)
    copied = tmp_path / "root" / source.relative_to("/")
    assert os.readlink(copied / "link") == "a.py"


def test_modules_load_from_bytecode_alone_whatever_the_times(tmp_path: Path) -> None:
    (tmp_path / "answer.py").write_text("VALUE = 42\n")
    compile_modules(tmp_path, [Path("/answer.py"), Path("/in/another/layer.py")])
    (tmp_path / "answer.py").write_text("VALUE = 'the source was read'\n")
    set_times(tmp_path)
    assert (tmp_path / "answer.py").stat().st_mtime == EPOCH_SECONDS
    program = "import answer; print(answer.VALUE)"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "42\n"


def test_a_library_that_is_nowhere_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = "\tlibgone.so.1 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x00007f)\n"

    def fake_run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 1, listing)

    monkeypatch.setattr(subprocess, "run", fake_run)
    with pytest.raises(FileNotFoundError, match=r"libgone\.so\.1"):
        linked_libraries([Path(os.path.realpath(sys.executable))])


def test_libraries_are_replaced_by_debians(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "libxcb.so.1").symlink_to("libxcb.so.1.1.0")
    listing = f"\tlibxcb.so.1 (libc6,x86-64) => {tmp_path}/libxcb.so.1\n"

    def fake_run(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, listing)

    monkeypatch.setattr(subprocess, "run", fake_run)
    folder = Path("/site")
    plain, shape = (folder / "av.libs" / f"libxcb-{name}.so" for name in ("5ddf", "shape-77"))
    found = replacements([plain, folder / "av" / "a.py"], folder)
    assert found == {plain: tmp_path / "libxcb.so.1.1.0"}
    with pytest.raises(FileNotFoundError, match=r"libxcb-shape\.so\.0"):
        replacements([shape], folder)


def test_shared_libraries_are_told_from_other_files() -> None:
    assert is_elf(Path(os.path.realpath(sys.executable)))
    assert not is_elf(Path(__file__))


def test_our_layer_is_our_wheel() -> None:
    assert is_ours(Path("openvoice_onnx/server/app.py"))
    assert is_ours(Path("openvoice_onnx-0.1.0.dist-info/METADATA"))
    assert not is_ours(Path("onnxruntime/__init__.py"))
