"""`python -m export.verify`: compare an installed float32 bundle with PyTorch."""

import argparse
import dataclasses
import sys
from pathlib import Path

from export.bundle import PARITY
from export.checkpoint import build_converter, read_state
from export.checks import ABSOLUTE_TOLERANCE, compare_window, require
from export.config import ConverterConfig
from export.eager import eager_cloner
from export.errors import ExportError
from export.fidelity import open_on_cpu
from export.parity import compare_values
from export.speaker import compare_speakers
from runtime.bundle import Bundle
from runtime.install.placement import write_manifest
from runtime.interface import tone_converter_interface, tone_encoder_interface


def verify(folder: Path, checkpoint: Path) -> None:
    """Hold both graphs against PyTorch as an export does, and note the result in the manifest.

    Args:
        folder: The bundle.
        checkpoint: What it was made from.

    Raises:
        ExportError: the checkpoint cannot be read, or a graph differs.
    """
    bundle = Bundle.read(folder)
    manifest = bundle.manifest
    config = ConverterConfig(zero_g=manifest.variant == "v2")
    converter = build_converter(config, read_state(checkpoint))
    differences = {}
    for module, data, interface in (
        (converter.ref_enc, bundle.tone_encoder, tone_encoder_interface(manifest)),
        (converter, bundle.tone_converter, tone_converter_interface(manifest)),
    ):
        graph = open_on_cpu(data, interface)
        tolerance = ABSOLUTE_TOLERANCE[interface.output]
        checks = compare_values(module, graph, manifest.minimum_reference_frames, tolerance)
        differences[interface.output] = require(checks, announce)
    window = compare_window(graph, manifest.context_frames, manifest.hop_samples)
    require([window], announce)
    eager = eager_cloner(manifest, converter.ref_enc, converter)
    require(compare_speakers(folder, eager), announce)
    quality = {**manifest.quality, PARITY: differences}
    write_manifest(dataclasses.replace(manifest, quality=quality), folder)


def announce(line: str) -> None:
    """Print a line of the report at once."""
    print(line, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: Without the program's name; None takes the process's.

    Returns:
        The exit status: 0 only where every check passed.
    """
    parser = argparse.ArgumentParser(prog="python -m export.verify", description=__doc__)
    parser.add_argument("bundle", type=Path, help="folder of a float32 bundle")
    parser.add_argument("--checkpoint", type=Path, required=True, help="what it was made from")
    options = parser.parse_args(arguments)
    try:
        verify(options.bundle, options.checkpoint)
    except ExportError as error:
        print(f"export.verify: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
