"""Where a session's nodes really ran, read from its own profile."""

import json
from pathlib import Path
from typing import Any

CPU = "CPUExecutionProvider"

# Shapes and indices are integers and belong on the CPU; these types carry the signal.
_SIGNAL_TYPES = frozenset({"float", "float16", "bfloat16", "double", "int8", "uint8"})


def cpu_compute_nodes(profile: Path) -> list[str]:
    """List the nodes that computed signal values on the CPU, each as `operator name`.

    Args:
        profile: file that a session wrote with profiling on.

    Returns:
        Sorted names, without doubles.
    """
    events: list[dict[str, Any]] = json.loads(profile.read_text(encoding="utf-8"))
    found = set()
    for event in events:
        details = event.get("args", {})
        if event.get("cat") != "Node" or details.get("provider") != CPU:
            continue
        if any(
            kind in _SIGNAL_TYPES
            for value in details.get("output_type_shape", [])
            for kind in value
        ):
            node = str(event["name"]).removesuffix("_kernel_time")
            found.add(f"{details['op_name']} {node}")
    return sorted(found)
