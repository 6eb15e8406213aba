"""The label of generated content that a file's metadata holds, after GB 45438-2025.

The standard names a JSON object under the key `AIGC` and its seven fields. It calls the one who
generates content its producer, and the one who spreads it its propagator.
"""

import json
from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

from runtime.errors import InvalidOption

Marking: TypeAlias = Literal["full", "metadata", "none"]
"""How results say that they were generated: `full` is watermark and label."""

KEY = "AIGC"
GENERATED = "1"
"""Content that is certainly generated; `2` and `3` stand for what may be, and what is suspected."""

COMMENT = "AI-generated speech"
SOFTWARE = DEFAULT_PRODUCER = "openvoice-onnx"

MAXIMUM_CHARACTERS = 200

_NAMES = {
    "label": "Label",
    "content_producer": "ContentProducer",
    "produce_id": "ProduceID",
    "reserved_code_1": "ReservedCode1",
    "content_propagator": "ContentPropagator",
    "propagate_id": "PropagateID",
    "reserved_code_2": "ReservedCode2",
}
_LONGEST_JSON = 1 << 16


@dataclass(frozen=True)
class Label:
    """A label of generated content.

    Attributes:
        content_producer: Name or code of the service that generated the content.
        produce_id: Id that the producer gave the content.
        label: `1` for generated content.
        reserved_code_1: What the producer adds to protect the label.
        content_propagator: Name or code of the service that spreads the content.
        propagate_id: Id that the propagator gave it.
        reserved_code_2: What the propagator adds to protect the label.
    """

    content_producer: str
    produce_id: str
    label: str = GENERATED
    reserved_code_1: str = ""
    content_propagator: str = ""
    propagate_id: str = ""
    reserved_code_2: str = ""

    def to_json(self) -> str:
        """Write the object that the standard describes."""
        return json.dumps(
            {name: getattr(self, field) for field, name in _NAMES.items()}, ensure_ascii=False
        )

    @classmethod
    def from_json(cls, text: bytes) -> "Label | None":
        """Read such an object; None where it is none. Fields that are missing are empty."""
        if len(text) > _LONGEST_JSON:
            return None
        try:
            found = json.loads(text.rstrip(b"\0"))
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or _NAMES["label"] not in found:
            return None
        return cls(**{entry.name: str(found.get(_NAMES[entry.name], "")) for entry in fields(cls)})


def check_label_text(name: str, text: str) -> str:
    """Check text that a label is made with.

    Raises:
        InvalidOption: The text is too long, or holds control characters.
    """
    if len(text) > MAXIMUM_CHARACTERS or not (text.isprintable() or not text):
        raise InvalidOption(
            name, text, f"at most {MAXIMUM_CHARACTERS} characters without line breaks are possible"
        )
    return text
