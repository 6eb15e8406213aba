"""A checkpoint poured into the skeletons: the two graphs of a float32 bundle."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from runtime.install.checkpoint import Checkpoint
from runtime.install.errors import InvalidConfig
from runtime.install.plan import Folding, Plan
from runtime.install.skeleton import Skeleton
from runtime.manifest import TONE_CONVERTER, TONE_ENCODER

CONFIG_SECTIONS = ("data", "model")
LARGEST_CONFIG_BYTES = 1 << 20


class Pouring:
    """A generation's skeletons and plan, ready to be filled.

    Args:
        folder: Holds them.
    """

    def __init__(self, folder: Path) -> None:
        self.plan = Plan.read(folder)
        self._skeletons = {name: Skeleton(folder / name) for name in (TONE_ENCODER, TONE_CONVERTER)}

    @property
    def filled_bytes(self) -> int:
        """Size of both graphs with their weights."""
        return sum(skeleton.filled_bytes for skeleton in self._skeletons.values())

    def check_config(self, path: Path) -> None:
        """See that a config.json describes this network.

        Raises:
            InvalidConfig: naming what differs.
        """
        found = _read_config(path)
        for name, wanted in self.plan.config.items():
            if name not in found:
                raise InvalidConfig(path, f"it lacks {name}")
            if found[name] != wanted or type(found[name]) is not type(wanted):
                raise InvalidConfig(
                    path,
                    f"{name} is {json.dumps(found[name]):.60}, not {json.dumps(wanted)}: "
                    f"this is not the config of {self.plan.manifest['variant'].upper()}",
                )

    def pour(self, checkpoint_path: Path, folder: Path) -> None:
        """Write both graphs, one tensor in memory at a time.

        Args:
            checkpoint_path: The checkpoint.
            folder: To write to.

        Raises:
            InvalidCheckpoint: it is damaged, hostile or another network's.
        """
        weight_bytes = sum(skeleton.weight_bytes for skeleton in self._skeletons.values())
        with (
            Checkpoint(checkpoint_path, self.plan.shapes) as checkpoint,
            tqdm(total=weight_bytes, unit="B", unit_scale=True, desc="pouring", delay=0.5) as bar,
        ):
            folding = Folding(self.plan.shapes, checkpoint.tensor)
            used = set()
            for name, skeleton in self._skeletons.items():
                recipes = self.plan.weights[name]
                used |= {tensor for recipe in recipes.values() for tensor in recipe.tensors()}

                def weight(of: str, recipes: Any = recipes) -> NDArray[np.float32]:
                    made = folding.weight(recipes[of])
                    bar.update(made.nbytes)
                    return made

                with (folder / name).open("wb") as file:
                    skeleton.fill(file, weight)
            # those that no weight is made of, too: they tell whether the file is sound
            read = {stored for name in used for stored in folding.stored(name)}
            for name in self.plan.shapes.keys() - read:
                checkpoint.tensor(name)


def _read_config(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > LARGEST_CONFIG_BYTES:
            raise InvalidConfig(path, "is too large for a config.json")
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidConfig(path, error.strerror or "cannot be read") from error
    except (ValueError, RecursionError) as error:
        raise InvalidConfig(path, "is not JSON") from error
    if not isinstance(content, dict):
        raise InvalidConfig(path, "holds no JSON object")
    # V1's does not say zero_g, which is false
    flat = {"zero_g": False, **content}
    for section in CONFIG_SECTIONS:
        if isinstance(content.get(section), dict):
            flat |= content[section]
    return flat
