"""Builds an image from a Dockerfile with buildah, whose steps run under chroot."""

from __future__ import annotations

import json
import os
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.rehearse.commands import run

BASE = "localhost/openvoice-rehearsal-base"


@dataclass(frozen=True)
class Layer:
    """One layer of an image.

    Args:
        step: The instruction that made it.
        content_bytes: Bytes of its files.
        files: The number of its files.
    """

    step: str
    content_bytes: int
    files: int


@dataclass(frozen=True)
class Image:
    """A built image.

    Args:
        name: The name that buildah knows it by.
        config: What a container engine reads: Env, User, Cmd, Healthcheck.
        layers: The layers from the lowest up.
    """

    name: str
    config: dict[str, Any]
    layers: list[Layer]


def import_base(root: Path) -> str:
    """Make an image of a root file system, unless an earlier rehearsal has; return its name."""
    name = f"{BASE}:{int(root.stat().st_mtime)}"
    if name in run("buildah", "images", "--format", "{{.Name}}:{{.Tag}}").splitlines():
        return name
    container = run("buildah", "from", "scratch").strip()
    try:
        run("buildah", "add", "--quiet", container, root, "/")
        run(
            "buildah",
            "config",
            "--env",
            "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            container,
        )
        run("buildah", "commit", "--quiet", container, name)
    finally:
        run("buildah", "rm", container)
    return name


def build(dockerfile: Path, base: str, tag: str, work: Path) -> Image:
    """Build a Dockerfile and measure its layers.

    Args:
        dockerfile: The file; its folder is the context.
        base: The image that stands in for the Dockerfile's argument PYTHON.
        tag: The name of the image to make.
        work: A folder for pip's settings and the image's layers.

    Raises:
        RehearsalError: A step failed.
    """
    run(
        *("buildah", "build", "--isolation", "chroot", "--format", "docker", "--layers"),
        *("--pull-never", "--build-arg", f"PYTHON={base}", *_pip_volumes(work)),
        *("--ignorefile", dockerfile.parent / ".dockerignore"),
        *("--file", dockerfile, "--tag", tag, dockerfile.parent),
        show=True,
    )
    return inspect(tag, final_steps(dockerfile.read_text("utf-8")), work)


def final_steps(dockerfile: str) -> list[str]:
    """List the instructions of a Dockerfile's last stage that make layers."""
    stage = re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[-1].replace("\\\n", "")
    return re.findall(r"^((?:ADD|COPY|RUN) .+)$", stage, re.MULTILINE)


def _pip_volumes(work: Path) -> list[str]:
    """Give the build this machine's certificates and package index, where it has its own."""
    settings = {
        "cert": os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE"),
        "index-url": os.environ.get("PIP_INDEX_URL"),
    }
    lines = [f"{name} = {value}\n" for name, value in settings.items() if value]
    if not lines:
        return []
    file = work / "pip.conf"
    file.write_text("".join(["[global]\n", *lines]), "utf-8")
    volumes = [f"{file.resolve()}:/etc/pip.conf:ro"]
    if certificates := settings["cert"]:
        volumes.append(f"{certificates}:{certificates}:ro")
    return [word for volume in volumes for word in ("--volume", volume)]


def inspect(tag: str, steps: list[str], work: Path) -> Image:
    """Read an image's settings and the sizes of its layers, of which each is one of `steps`."""
    folder = work / "layers"
    run("rm", "-rf", folder)
    run("buildah", "push", "--quiet", "--disable-compression", tag, f"dir:{folder}")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    image = json.loads(_blob(folder, manifest["config"]["digest"]).read_text("utf-8"))
    blobs = [_blob(folder, layer["digest"]) for layer in manifest["layers"]]
    layers = [_measure(step, blob) for step, blob in zip(steps, blobs, strict=True)]
    return Image(tag, image["config"], layers)


def _blob(folder: Path, digest: str) -> Path:
    return folder / digest.partition(":")[2]


def _measure(step: str, blob: Path) -> Layer:
    with tarfile.open(blob) as archive:
        sizes = [member.size for member in archive if member.isfile()]
    return Layer(step, sum(sizes), len(sizes))


@contextmanager
def mounted(image: Image) -> Iterator[Path]:
    """Give an image's root file system, for as long as the block runs."""
    container = run("buildah", "from", "--pull-never", image.name).strip()
    try:
        yield Path(run("buildah", "mount", container).strip())
    finally:
        run("buildah", "rm", container)
