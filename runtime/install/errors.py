"""Errors that an installation ends with.

::

    OpenVoiceError
    └── InstallError
        ├── DownloadFailed      the hub cannot be reached, refuses, or sends something else
        ├── InvalidCheckpoint   a checkpoint is damaged, hostile, or another network's
        ├── InvalidConfig       a config.json describes another network
        ├── NotEnoughSpace      the disk is too full
        ├── PlaceTaken          a bundle cannot be written where it was asked for
        ├── ProofFailed         the poured model does not work
        ├── ExportNeeded        an option needs export/ or packages that are not here
        └── ExportFailed        a step of export/ failed
"""

from pathlib import Path

from runtime.errors import OpenVoiceError

MIB = 1 << 20


class InstallError(OpenVoiceError):
    """A model cannot be installed as asked."""


class DownloadFailed(InstallError):
    """A file cannot be had from the hub, or is not the one that was expected."""

    code = "download_failed"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url}: {reason}", url=url, reason=reason)


class InvalidCheckpoint(InstallError):
    """A checkpoint is damaged, holds more than tensors, or belongs to another network."""

    code = "invalid_checkpoint"

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", path=str(path), reason=reason)


class InvalidConfig(InstallError):
    """A config.json cannot be read or describes another network."""

    code = "invalid_config"

    def __init__(self, path: Path | str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", path=str(path), reason=reason)


class NotEnoughSpace(InstallError):
    """The disk has less room than an installation takes."""

    code = "not_enough_space"

    def __init__(self, folder: Path, needed_bytes: int, free_bytes: int) -> None:
        super().__init__(
            f"{folder}: {needed_bytes / MIB:.0f} MiB are needed on this disk, "
            f"{free_bytes / MIB:.0f} MiB are free",
            path=str(folder),
            needed_bytes=needed_bytes,
            free_bytes=free_bytes,
        )


class PlaceTaken(InstallError):
    """A bundle cannot be written to a folder, or the folder holds something else."""

    code = "place_taken"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(f"{folder} {reason}", path=str(folder), reason=reason)


class ProofFailed(InstallError):
    """A poured model's output is not audio."""

    code = "proof_failed"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the poured model does not work: {reason}", reason=reason)


class ExportNeeded(InstallError):
    """An option needs the export/ folder of a checkout, or packages that are not installed."""

    code = "export_needed"

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)


class ExportFailed(InstallError):
    """A step of export/ failed; it has said why."""

    code = "export_failed"

    def __init__(self, module: str) -> None:
        super().__init__(f"python -m {module} failed; its last lines say why", module=module)
