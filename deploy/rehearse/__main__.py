"""`python -m deploy.rehearse`: build the CPU image, run it, and print the sizes of its layers.

It needs Debian's buildah, debootstrap and binutils, curl, root's rights, a Python of the image's
version, and a network for packages. The container itself gets no network.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.rehearse.base import make_base
from deploy.rehearse.builder import Image, build, import_base, mounted
from deploy.rehearse.commands import exit_status, require, require_root
from deploy.rehearse.container import serve
from deploy.rehearse.dockerfile import ROOT, python_version
from deploy.rehearse.errors import RehearsalError

MEGABYTE = 1_000_000
INFO_COMMAND = "curl --silent --fail --output info.json http://localhost:5000/api/info"
NEEDED = ("buildah", "curl", "debootstrap", "strip", "unshare")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a rehearsal.

    Returns:
        0 when the image was built and served a conversion, 1 when not, 2 when this machine cannot
        rehearse.
    """
    options = parse(arguments)
    return exit_status(lambda: rehearse(options))


def rehearse(options: argparse.Namespace) -> None:
    """Build the image, print its layers, and check what it does.

    Raises:
        RehearsalError: A step failed, or this machine cannot rehearse.
    """
    require(*NEEDED)
    require_root()
    options.work.mkdir(parents=True, exist_ok=True)
    dockerfile = ROOT / "Dockerfile.cpu"
    root = make_base(options.work, python_version(dockerfile))
    image = build(dockerfile, import_base(root), options.tag, options.work)
    print(layer_table(image))
    with mounted(image) as mount:
        if options.root is not None:
            shutil.copytree(mount, options.root, symlinks=True)
        check(image, mount)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.rehearse", description=__doc__)
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "build" / "rehearsal",
        help="folder for the base's root and the image's layers; a second rehearsal finds the "
        "base there (default: build/rehearsal)",
    )
    parser.add_argument(
        "--tag", default="localhost/openvoice-onnx:cpu", help="name of the image for buildah"
    )
    parser.add_argument(
        "--root",
        type=Path,
        metavar="DIR",
        help="new folder that gets a copy of the image's files, for `python -m deploy.image.sbom`",
    )
    return parser.parse_args(arguments)


def layer_table(image: Image) -> str:
    """Give the sizes of an image's layers as a table in Markdown, in units of 10^6 bytes."""
    rows = [
        f"| `{layer.step}` | {layer.files} | {layer.content_bytes / MEGABYTE:.1f} |"
        for layer in image.layers
    ]
    files = sum(layer.files for layer in image.layers)
    total = sum(layer.content_bytes for layer in image.layers) / MEGABYTE
    head = ["| layer | files | MB |", "| --- | --- | --- |"]
    return "\n".join([*head, *rows, f"| whole | {files} | {total:.1f} |"])


def check(image: Image, root: Path) -> None:
    """Run the image's server and README's first curl command against it.

    Raises:
        RehearsalError: The image does not behave as its Dockerfile and documentation say.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "samples", folder / "samples")
        seen = serve(root, image.config, f"{readme_command()}\n{INFO_COMMAND}", folder)
        converted = (folder / "converted.wav").read_bytes()
        formats = json.loads((folder / "info.json").read_text("utf-8"))["supported_formats"]
    print("\n".join(f"{name}: {value}" for name, value in seen.items()))
    print(f"converted.wav: {len(converted)} bytes")
    print(f"formats: {' '.join(formats)}")
    if wrong := faults(seen, image.config["User"], converted):
        raise RehearsalError("; ".join(wrong))


def faults(seen: Mapping[str, Any], user: str, converted: bytes) -> list[str]:
    """Name what is wrong with a container.

    Args:
        seen: What `serve` saw.
        user: The image's user and group.
        converted: The bytes that README's command wrote.
    """
    checks = {
        "no WAV file came back": not converted.startswith(b"RIFF"),
        "it has a network": seen["interfaces"] != ["lo"],
        "it runs as another user": seen["user"] != user.partition(":")[0],
        "it has capabilities": int(seen["capabilities"], 16) != 0,
        "its root can be written to": not seen["refuses_writes"],
        "SIGTERM did not end it cleanly": seen["exit_code"] != 0,
    }
    return [text for text, is_wrong in checks.items() if is_wrong]


def readme_command() -> str:
    """Give README's first shell example, which converts a clip with curl."""
    found = re.search(r"```sh\n(curl .*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    if found is None:
        raise RehearsalError("README.md has no curl command")
    return found[1]


if __name__ == "__main__":
    sys.exit(main())
