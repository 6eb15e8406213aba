"""One thread that loads the model and then prepares it, while the rest of the server starts.

Imports as little as it can, because the loading should begin before everything else is imported.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from runtime import DEFAULT_MODEL, VoiceCloner
from server.settings import Settings

if TYPE_CHECKING:
    from server.inference.engine import Engine

T = TypeVar("T")


class ModelLoader:
    """Loads a model in a thread of its own, from the moment it is created.

    Building a session of ONNX Runtime releases Python's lock, so imports continue meanwhile.

    Args:
        load: Called in the thread; returns the loaded model.
    """

    def __init__(self, load: Callable[[], Engine]) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="load")
        self._engine: Future[Engine] = self._thread.submit(load)

    @classmethod
    def from_settings(cls, settings: Settings) -> ModelLoader:
        """Start to load the model that the settings name."""
        return cls(
            partial(
                VoiceCloner.load,
                DEFAULT_MODEL if settings.model is None else settings.model,
                provider=settings.provider,
                threads=settings.threads,
                # Idle threads that spin would slow down the other inference steps that run.
                spinning=False,
            )
        )

    def prepare(self, step: Callable[[Engine], T]) -> Future[T]:
        """Run a step with the loaded model in the same thread, which ends after it.

        Returns:
            What the step returns, or the error of the loading or of the step.
        """
        try:
            return self._thread.submit(lambda: step(self._engine.result()))
        finally:
            self._thread.shutdown(wait=False)
