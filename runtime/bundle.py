"""A model folder: its manifest and two graphs, whose hashes the manifest holds."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from runtime.errors import InvalidBundle
from runtime.manifest import TONE_CONVERTER, TONE_ENCODER, Manifest


@dataclass(frozen=True)
class Bundle:
    """A model folder's contents, checked against its manifest.

    Attributes:
        path: Model folder.
        manifest: Description of the model.
        tone_encoder: Bytes of the graph that embeds a voice.
        tone_converter: Bytes of the graph that converts speech.
    """

    path: Path
    manifest: Manifest
    tone_encoder: bytes = field(repr=False)
    tone_converter: bytes = field(repr=False)

    @classmethod
    def read(cls, path: Path | str) -> "Bundle":
        """Read a model folder and check each graph's SHA-256.

        Raises:
            InvalidBundle: A file is missing or differs from what the manifest says.
        """
        folder = Path(path)
        if not folder.is_dir():
            raise InvalidBundle(folder, "not a folder")
        manifest = Manifest.read(folder / "manifest.json")
        return cls(
            folder,
            manifest,
            read_graph(folder / TONE_ENCODER, manifest.files[TONE_ENCODER]),
            read_graph(folder / TONE_CONVERTER, manifest.files[TONE_CONVERTER]),
        )


def read_graph(path: Path, sha256: str) -> bytes:
    """Read a graph and check its SHA-256, in hex.

    Raises:
        InvalidBundle: The file is missing, or its hash is another.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidBundle(path, error.strerror or "cannot be read") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise InvalidBundle(path, f"its SHA-256 is {digest}, and the manifest has {sha256}")
    return data
