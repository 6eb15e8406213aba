"""The bill of materials: what it finds, in a root file system made here, and its schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("cyclonedx", reason="the extra deploy is not installed")

from deploy.image.sbom import BILL, LICENCES, main, parts_of

STATUS = """Package: libexample1
Status: install ok installed
Version: 1.2-3
Description: example
 of several lines

Package: base-files
Status: install ok installed
Version: 12.4
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "var/lib/dpkg/status": STATUS,
        "usr/share/doc/libexample1/copyright": "Files: *\nLicense: MIT\n\nLicense: BSD-3-clause\n",
        "usr/local/lib/libpython3.12.so.1.0": "\x003.12.7\x00",
        "usr/local/lib/python3.12/LICENSE.txt": "PSF",
    }
    wheel = "opt/venv/lib/python3.12/site-packages"
    files |= {
        f"{wheel}/av-18.1.0.dist-info/METADATA": "Name: av\nVersion: 18.1.0\n"
        "License-Expression: BSD-3-Clause\n",
        f"{wheel}/av-18.1.0.dist-info/licenses/LICENSE.txt": "BSD",
        f"{wheel}/av.libs/libx264-d6533a8d.so.165": "",
        f"{wheel}/old-1.dist-info/METADATA": "Name: old\nVersion: 1\n"
        "Classifier: License :: OSI Approved :: MIT License\n",
    }
    for name, text in files.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    (tmp_path / "root" / wheel / "av.libs" / "libxcb-5ddf6756.so.1").symlink_to("/lib/libxcb.so.1")
    return tmp_path / "root"


def test_every_kind_of_part_is_found(root: Path) -> None:
    found = [(part.kind, part.name, part.version, part.licence) for part in parts_of(root)]
    assert found == [
        ("deb", "libexample1", "1.2-3", "MIT; BSD-3-clause"),
        ("deb", "base-files", "12.4", ""),
        ("generic", "cpython", "3.12.7", "PSF-2.0"),
        ("pypi", "av", "18.1.0", "BSD-3-Clause"),
        ("generic", "libx264", "165", ""),
        ("pypi", "old", "1", "MIT License"),
    ]


def test_the_bill_names_them_and_the_texts_are_copied(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(root), "--output", str(tmp_path / "out")]) == 0
    bill = json.loads((tmp_path / "out" / BILL).read_text("utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    addresses = {component["purl"] for component in bill["components"]}
    assert {"pkg:deb/debian/libexample1@1.2-3", "pkg:pypi/av@18.1.0"} <= addresses
    carried = {part["name"]: part.get("description") for part in bill["components"]}
    assert carried["libx264"] == "carried by av"
    texts = {path.parent.name for path in (tmp_path / "out" / LICENCES).rglob("*.txt")}
    assert texts == {"generic-cpython", "pypi-av"}
    assert "6 parts" in capsys.readouterr().out


def test_a_folder_that_is_no_root_is_an_error(tmp_path: Path) -> None:
    assert main([str(tmp_path), "--output", str(tmp_path / "out")]) == 1
