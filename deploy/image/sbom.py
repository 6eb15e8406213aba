"""`python -m deploy.image.sbom ROOT`: the parts of an image's root file system, and their licences.

It writes a software bill of materials (CycloneDX 1.6, JSON) with the Debian packages, CPython, the
Python distributions and the shared libraries that their wheels carry, and copies every licence text
that lies in the image. It needs the extra `deploy`. What it knows of a licence is what each part
says of itself; a library in a wheel says nothing, and is listed without one.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

BILL = "sbom.cdx.json"
LICENCES = "licences"


@dataclass(frozen=True)
class Part:
    """One thing that is in an image.

    Args:
        kind: The type of a package URL: deb, pypi or generic.
        name: The name.
        version: The version; empty where none is told.
        licence: The licence as the part itself tells it, an SPDX expression where it has one.
        texts: Files with the licence's text.
        inside: The distribution that carries it; empty where it stands alone.
    """

    kind: str
    name: str
    version: str
    licence: str = ""
    texts: tuple[Path, ...] = field(default=(), compare=False)
    inside: str = ""


def parts_of(root: Path) -> list[Part]:
    """List what is in a root file system."""
    return [*debian_packages(root), *python_itself(root), *distributions(root)]


def debian_packages(root: Path) -> Iterator[Part]:
    """Yield the Debian packages that dpkg's database lists."""
    database = root / "var" / "lib" / "dpkg" / "status"
    if not database.exists():
        return
    for entry in re.split(r"\n\n+", database.read_text("utf-8").strip()):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", entry, re.MULTILINE))
        text = root / "usr" / "share" / "doc" / fields["Package"] / "copyright"
        licences: list[str] = []
        if text.exists():
            licences = re.findall(r"^License: *(\S.*)$", text.read_text("utf-8"), re.MULTILINE)
        yield Part(
            "deb",
            fields["Package"],
            fields["Version"],
            "; ".join(dict.fromkeys(licences)),
            (text,) if text.exists() else (),
        )


def python_itself(root: Path) -> Iterator[Part]:
    """Yield CPython, where it is below /usr/local."""
    for shared in (root / "usr" / "local" / "lib").glob("libpython3.*.so.*"):
        found = re.search(rb"\x00(3\.\d+\.\d+)\x00", shared.read_bytes())
        version = found[1].decode() if found else ""
        texts = sorted(shared.parent.glob("python3.*/LICENSE.txt"))
        yield Part("generic", "cpython", version, "PSF-2.0", tuple(texts))


def distributions(root: Path) -> Iterator[Part]:
    """Yield the Python distributions, each followed by the shared libraries that it carries."""
    folders = sorted(root.glob("opt/venv/lib/python3*/site-packages/*.dist-info"))
    for folder in folders:
        distribution = PathDistribution(folder)
        texts = [
            path
            for path in folder.rglob("*")
            if re.match(r"(?i)licen[cs]e|copying|notice", path.name)
        ]
        name = distribution.metadata["Name"]
        yield Part(
            "pypi",
            name,
            distribution.version,
            licence_of(distribution),
            tuple(path for path in sorted(texts) if path.is_file()),
        )
        for library in sorted((folder.parent / f"{name.replace('-', '_')}.libs").glob("*.so*")):
            if library.is_symlink():  # to a Debian package's, which is listed as such
                continue
            stem, _, version = library.name.partition(".so")
            yield Part(
                "generic", re.sub(r"-[0-9a-f]{8,}$", "", stem), version.strip("."), inside=name
            )


def licence_of(distribution: Distribution) -> str:
    """Tell a distribution's licence: its SPDX expression, else its short text, else classifiers."""
    metadata = distribution.metadata
    for name in ("License-Expression", "License"):
        for text in metadata.get_all(name) or []:
            if "\n" not in text and len(text) < 80:
                return str(text)
    classifiers = metadata.get_all("Classifier") or []
    return "; ".join(
        name.rpartition(" :: ")[2] for name in classifiers if name.startswith("License ::")
    )


def bill_of(parts: Sequence[Part]) -> str:
    """Write parts as a CycloneDX document."""
    bill = Bom()
    for part in parts:
        address = PackageURL(
            part.kind, "debian" if part.kind == "deb" else None, part.name, part.version
        )
        bill.components.add(
            Component(
                name=part.name,
                version=part.version or None,
                type=ComponentType.LIBRARY,
                bom_ref=f"{part.inside}:{address}" if part.inside else str(address),
                purl=address,
                licenses=[DisjunctiveLicense(name=part.licence)] if part.licence else [],
                description=f"carried by {part.inside}" if part.inside else None,
            )
        )
    return JsonV1Dot6(bill).output_as_string(indent=2)


def copy_licences(parts: Sequence[Part], folder: Path) -> int:
    """Copy the licence texts of parts into one folder for each; return how many texts these are."""
    count = 0
    for part in parts:
        for text in part.texts:
            place = folder / f"{part.kind}-{part.name}" / text.name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(text, place)
            count += 1
    return count


def table_of(parts: Sequence[Part]) -> str:
    """Give parts as lines of kind, name, version and licence."""
    return "\n".join(
        f"{part.kind:8}{part.name:32}{part.version:28}{part.licence or f'in {part.inside}'}"
        for part in parts
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the bill and the licences of a root file system, and print a table of both."""
    parser = argparse.ArgumentParser(prog="python -m deploy.image.sbom", description=__doc__)
    parser.add_argument("root", type=Path, help="the image's root file system")
    parser.add_argument(
        "--output", type=Path, default=Path(), help="folder to write to (default: this one)"
    )
    options = parser.parse_args(arguments)
    parts = parts_of(options.root)
    if not parts:
        print(f"{options.root} has neither Debian packages nor Python", file=sys.stderr)
        return 1
    options.output.mkdir(parents=True, exist_ok=True)
    (options.output / BILL).write_text(bill_of(parts), "utf-8")
    texts = copy_licences(parts, options.output / LICENCES)
    print(table_of(parts))
    print(f"{len(parts)} parts in {BILL}, {texts} texts in {LICENCES}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
