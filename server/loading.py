"""Reading the model: it begins first, beside the imports of everything else."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from runtime import DEFAULT_MODEL, VoiceCloner
from server.settings import Settings


def begin_loading(settings: Settings) -> Future[VoiceCloner]:
    """Load the model that the settings name, in a thread.

    Building a graph's session lets go of Python's lock, so imports go on meanwhile.

    Returns:
        The model, or an OpenVoiceError: it cannot be loaded as asked.
    """
    path = DEFAULT_MODEL if settings.model is None else settings.model
    loader = ThreadPoolExecutor(1, thread_name_prefix="load")
    try:
        return loader.submit(
            VoiceCloner.load,
            path,
            provider=settings.provider,
            threads=settings.threads,
            spinning=False,  # steps that run at once would wait for each other's spinning threads
        )
    finally:
        loader.shutdown(wait=False)
