"""The official converters: where they are published, and what is known of their files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

SKELETONS = Path(__file__).resolve().parent / "skeletons"

OfficialVariant = Literal["v1", "v2"]


@dataclass(frozen=True)
class OfficialModel:
    """A published converter.

    Args:
        name: That it is installed by.
        variant: Its generation.
        repository: On the hub.
        folder: In the repository, of the checkpoint and its config.json.
        checkpoint_bytes: Size of the checkpoint, where it is known.
        checkpoint_sha256: Of the checkpoint, where it is known.
    """

    name: str
    variant: OfficialVariant
    repository: str
    folder: str
    checkpoint_bytes: int | None = None
    checkpoint_sha256: str | None = None


OFFICIAL_MODELS = {
    model.name: model
    for model in (
        OfficialModel(
            "openvoice-v2",
            "v2",
            "myshell-ai/OpenVoiceV2",
            "converter",
            131_320_490,
            "9652c27e92b6b2a91632590ac9962ef7ae2b712e5c5b7f4c34ec55ee2b37ab9e",
        ),
        # Nobody whom we could ask twice has published this one's hash.
        OfficialModel("openvoice-v1", "v1", "myshell-ai/OpenVoice", "checkpoints/converter"),
    )
}


def skeleton_folder(variant: str) -> Path:
    """Give the folder of a generation's graph skeletons and pouring plan."""
    return SKELETONS / f"openvoice-{variant}"
