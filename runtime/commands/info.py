"""`python -m runtime info`: print a model's description and how it runs on this machine."""

import argparse
import json
import platform
from dataclasses import asdict

import numpy as np
import onnxruntime
import soundfile

from runtime.cloner import VoiceCloner
from runtime.commands.arguments import add_model_arguments
from runtime.cpu import int8_support
from runtime.manifest import MANIFEST
from runtime.models import find_model
from runtime.sessions import available_cpus

NAME = "info"
HELP = "print a model's description and how it runs on this machine, as JSON"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Load the model; print its manifest, providers, threads, int8 support and versions."""
    folder = find_model(options.model)
    cloner = VoiceCloner.load(folder, provider=options.provider, threads=options.threads)
    manifest = json.loads((folder / MANIFEST).read_bytes())
    document = {
        "model": str(folder),
        "manifest": manifest,
        "providers": list(cloner.providers),
        "available_providers": onnxruntime.get_available_providers(),
        "threads": options.threads or available_cpus(),
        "int8": asdict(int8_support()),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "onnxruntime": onnxruntime.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
        },
    }
    print(json.dumps(document, ensure_ascii=False, indent=2))
