"""`python -m runtime info`: what a model is and how it runs here, as JSON."""

import argparse
import json
import platform

import numpy as np
import onnxruntime
import soundfile

from runtime.cloner import VoiceCloner
from runtime.commands.arguments import add_model_arguments
from runtime.sessions import available_cpus

NAME = "info"
HELP = "print what a model is and how it runs on this machine, as JSON"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    add_model_arguments(parser)


def run(options: argparse.Namespace) -> None:
    """Load the model and print its manifest, the active providers and the versions in use."""
    cloner = VoiceCloner.load(options.model, provider=options.provider, threads=options.threads)
    manifest = json.loads((options.model / "manifest.json").read_bytes())
    document = {
        "model": str(options.model),
        "manifest": manifest,
        "providers": list(cloner.providers),
        "available_providers": onnxruntime.get_available_providers(),
        "threads": options.threads or available_cpus(),
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "onnxruntime": onnxruntime.__version__,
            "libsndfile": soundfile.__libsndfile_version__,
        },
    }
    print(json.dumps(document, ensure_ascii=False, indent=2))
