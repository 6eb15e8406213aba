"""An installation from start to end: fetch, pour, prove, place."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from runtime.cloner import VoiceCloner
from runtime.install.context import measure_context
from runtime.install.download import Download, Expected
from runtime.install.errors import DownloadFailed, InvalidCheckpoint, InvalidConfig
from runtime.install.export_command import require_export, run_export
from runtime.install.hub import Hub
from runtime.install.official import OfficialModel, skeleton_folder
from runtime.install.placement import file_sha256, replacing, write_manifest
from runtime.install.pouring import Pouring
from runtime.install.proof import Proof, prove
from runtime.install.space import require_space
from runtime.manifest import Manifest
from runtime.models import models_folder

CHECKPOINT, CONFIG = "checkpoint.pth", "config.json"
DOWNLOADS = ".downloads"
QUANTIZE, VERIFY = "export.quantize", "export.verify"

InstallPrecision = Literal["fp32", "int8"]
Announce = Callable[[str], None]


@dataclass(frozen=True)
class InstallOptions:
    """What an installation was asked to do.

    Args:
        checkpoint: A file to take instead of the hub's; its config.json is looked for beside it.
        output: The bundle's folder; None takes the model's name in the models folder.
        sha256: That the checkpoint must have; None takes the official one where it is known.
        precision: That the converter computes with.
        calibration: Folder of speech that int8 is calibrated on; None takes the shipped samples.
        verify_with_torch: Whether to hold the poured graphs against PyTorch.
    """

    checkpoint: Path | None = None
    output: Path | None = None
    sha256: str | None = None
    precision: InstallPrecision = "fp32"
    calibration: Path | None = None
    verify_with_torch: bool = False


@dataclass(frozen=True)
class Installed:
    """What an installation has done.

    Args:
        folder: The bundle's.
        manifest: Of the bundle.
        proof: What the model showed.
    """

    folder: Path
    manifest: Manifest
    proof: Proof


class Installation:
    """Installs one official model.

    Args:
        model: Which.
        options: How.
        announce: Receives each step, a line each.
        environment: The process's variables.
    """

    def __init__(
        self,
        model: OfficialModel,
        options: InstallOptions,
        announce: Announce,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._model = model
        self._options = options
        self._announce = announce
        self._hub = Hub(environment)
        self.folder = options.output or models_folder(environment) / model.name
        self._downloads = self.folder.parent / DOWNLOADS / model.name

    def run(self) -> Installed:
        """Do it; the bundle appears whole or not at all.

        Raises:
            InstallError: one of its kinds, see `runtime.install.errors`.
        """
        options = self._options
        if options.precision == "int8":
            require_export(QUANTIZE, "--precision int8", ["onnx"], "quantize")
        if options.verify_with_torch:
            require_export(VERIFY, "--verify-with-torch", ["torch", "onnx"], "export")
        pouring = Pouring(skeleton_folder(self._model.variant))
        with replacing(self.folder) as draft:
            require_space(draft, pouring.filled_bytes + self._download_bytes(pouring))
            try:
                checkpoint, digest = self._checkpoint(pouring)
                require_space(draft, pouring.filled_bytes)
                pouring.pour(checkpoint, draft)
            except (DownloadFailed, InvalidCheckpoint, InvalidConfig):
                self._discard_download()
                raise
            self._write_manifest(draft, pouring, checkpoint, digest)
            if options.verify_with_torch:
                run_export(VERIFY, [draft, "--checkpoint", checkpoint])
            if options.precision == "int8":
                run_export(QUANTIZE, self._quantize_arguments(draft))
            manifest, proof = self._try(draft)
            manifest = write_manifest(manifest, draft)
            self._discard_download()
        return Installed(self.folder, manifest, proof)

    def _download_bytes(self, pouring: Pouring) -> int:
        """Count what still has to be fetched, or the tensors where the size is unknown."""
        if self._options.checkpoint is not None:
            return 0
        arrived = sum(path.stat().st_size for path in self._downloads.glob(f"{CHECKPOINT}*"))
        size = self._model.checkpoint_bytes or pouring.plan.tensor_bytes
        return max(0, size - arrived)

    def _checkpoint(self, pouring: Pouring) -> tuple[Path, str]:
        """Give the checkpoint's file and SHA-256; fetch what is not here."""
        given = self._options.checkpoint
        if given is not None:
            config = given.parent / CONFIG
            if config.is_file():
                pouring.check_config(config)
            else:
                variant = self._model.variant.upper()
                self._announce(f"no {CONFIG} beside {given}: it is taken for {variant}'s")
            digest = file_sha256(given)
            if self._options.sha256 not in (None, digest):
                raise InvalidCheckpoint(
                    given, f"its SHA-256 is {digest}, not {self._options.sha256}"
                )
            self._say_whether_official(digest)
            return given, digest
        self._downloads.mkdir(parents=True, exist_ok=True)
        config = self._downloads / CONFIG
        self._fetch(CONFIG, Expected())
        pouring.check_config(config)
        expected = Expected(self._model.checkpoint_bytes, self._model.checkpoint_sha256)
        if self._options.sha256 is not None:
            expected = Expected(sha256=self._options.sha256)
        digest = self._fetch(CHECKPOINT, expected)
        self._say_whether_official(digest)
        return self._downloads / CHECKPOINT, digest

    def _fetch(self, name: str, expected: Expected) -> str:
        target = self._downloads / name
        url = self._hub.url(self._model.repository, f"{self._model.folder}/{name}")
        if target.is_file():
            digest = file_sha256(target)
            if expected.sha256 in (None, digest):
                return digest
            target.unlink()
        self._announce(f"fetching {url}")
        return Download(self._hub, url, target, expected).run()

    def _say_whether_official(self, digest: str) -> None:
        official = self._model.checkpoint_sha256
        if official is None:
            self._announce(
                f"the checkpoint's SHA-256 is {digest}; the official file's is not known here, "
                "so that nothing was compared with it"
            )
        elif digest == official:
            self._announce("the checkpoint is the official file, by its SHA-256")
        else:
            self._announce(f"this is not the official checkpoint: its SHA-256 is {digest}")

    def _write_manifest(self, draft: Path, pouring: Pouring, checkpoint: Path, digest: str) -> None:
        given = self._options.checkpoint
        origin = checkpoint.name if given else f"{self._model.repository}/{self._model.folder}"
        fields = dict(pouring.plan.manifest)
        manifest = Manifest(
            name=self.folder.absolute().name,
            model_id="",
            files={},
            checkpoint_sha256=digest,
            provenance=f"installed from {origin}",
            quality={},
            **fields,
        )
        write_manifest(manifest, draft)

    def _try(self, draft: Path) -> tuple[Manifest, Proof]:
        """Convert samples; return the manifest with what was measured, and the proof."""
        cloner = VoiceCloner.load(draft, provider="cpu", spinning=False)
        manifest = cloner.manifest
        self._announce("proving the model on a sample")
        proof = prove(cloner)
        self._announce("measuring how many frames live conversion needs")
        look_back, look_ahead = measure_context(cloner)
        measured = replace(
            manifest,
            look_back_frames=look_back,
            look_ahead_frames=look_ahead,
            quality={**manifest.quality, "install": proof.figures()},
        )
        return measured, proof

    def _quantize_arguments(self, draft: Path) -> list[str | Path]:
        arguments: list[str | Path] = [draft]
        if self._options.calibration is not None:
            arguments += ["--calibration", self._options.calibration]
        return arguments

    def _discard_download(self) -> None:
        """Delete what was fetched, except a part of a checkpoint, which the next run resumes."""
        for name in (CHECKPOINT, CONFIG, f"{CONFIG}.part", f"{CONFIG}.tag"):
            (self._downloads / name).unlink(missing_ok=True)
        for folder in (self._downloads, self._downloads.parent):
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
