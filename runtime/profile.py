"""Reading from a session's profile which execution provider computed each node."""

import json
from pathlib import Path
from typing import Any

# Shapes and indices are integers and belong on the CPU; these types carry the signal.
_SIGNAL_TYPES = frozenset({"float", "float16", "bfloat16", "double", "int8", "uint8"})


def signal_nodes(profile: Path, provider: str) -> list[str]:
    """List the nodes that computed signal values on a provider, each as `operator name`.

    Args:
        profile: File that a session wrote with profiling on.
        provider: ONNX Runtime's name of the execution provider.

    Returns:
        Sorted names, each once.
    """
    events: list[dict[str, Any]] = json.loads(profile.read_text(encoding="utf-8"))
    found = set()
    for event in events:
        details = event.get("args", {})
        if event.get("cat") != "Node" or details.get("provider") != provider:
            continue
        if any(
            kind in _SIGNAL_TYPES
            for value in details.get("output_type_shape", [])
            for kind in value
        ):
            node = str(event["name"]).removesuffix("_kernel_time")
            found.add(f"{details['op_name']} {node}")
    return sorted(found)
