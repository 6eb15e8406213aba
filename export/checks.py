"""Comparisons of two outputs, a line of the report each, and the error when one fails."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from export.errors import ParityError
from export.examples import example_arrays
from runtime.interface import PHASE, window_inputs
from runtime.sessions import Graph

# Largest absolute difference that float32 rounding may make, by output; no relative one is allowed.
# Audio: below the step of 16-bit samples, 3.1e-5. Tones: the logarithms and square roots of
# statistics that some encoders end in cost a digit.
ABSOLUTE_TOLERANCE = {"tone": 5e-5, "audio": 2e-5}
WINDOW_FRAMES = 61

# Receives a line of progress.
Announce: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Check:
    """The result of one comparison.

    Attributes:
        subject: What was compared.
        difference: Largest absolute difference.
        tolerance: Largest difference that is accepted.
    """

    subject: str
    difference: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the difference is a number within the tolerance."""
        return self.difference <= self.tolerance

    def __str__(self) -> str:
        """One line of a report."""
        verdict = "" if self.passed else "  FAILED"
        return f"{self.subject}: {self.difference:.1e} of {self.tolerance:.0e}{verdict}"


def compare(
    subject: str, found: NDArray[np.float32], wanted: NDArray[np.float32], tolerance: float
) -> Check:
    """Compare two outputs.

    Args:
        subject: What they are, for the report.
        found: Output to check.
        wanted: Output of the reference.
        tolerance: Largest absolute difference that is accepted.

    Returns:
        The check; its difference is infinite where shapes differ or a value is not finite.
    """
    if found.shape != wanted.shape or not np.isfinite(found).all():
        return Check(subject, np.inf, tolerance)
    return Check(subject, float(np.abs(found - wanted).max()), tolerance)


def compare_window(graph: Graph, context_frames: int, hop_samples: int) -> Check:
    """Compare a window, its context cut off, with the same stretch of the whole clip.

    The window is told the phases of its context, as the runtime does.

    Args:
        graph: The tone converter.
        context_frames: Frames of context on each side.
        hop_samples: Samples of audio a frame.

    Returns:
        The check.
    """
    inputs = example_arrays(graph.interface, 1, 2 * (context_frames + WINDOW_FRAMES) + 1)
    start, stop = WINDOW_FRAMES, 2 * WINDOW_FRAMES + 2 * context_frames
    whole = graph.run_all(**inputs)
    window = window_inputs(inputs, start, stop, whole.get(PHASE), start + context_frames)
    inner = slice((start + context_frames) * hop_samples, (stop - context_frames) * hop_samples)
    kept = slice(context_frames * hop_samples, (context_frames + WINDOW_FRAMES) * hop_samples)
    return compare(
        f"a window of {WINDOW_FRAMES} frames with {context_frames} of context on each side",
        graph.run(**window)[:, :, kept],
        whole[graph.interface.output][:, :, inner],
        ABSOLUTE_TOLERANCE[graph.interface.output],
    )


def require(checks: Iterable[Check], announce: Announce) -> float:
    """Run all checks, then raise an error that names those that failed.

    Args:
        checks: The checks.
        announce: Receives a line about each.

    Returns:
        The largest difference of all.

    Raises:
        ParityError: Names every check that failed.
    """
    done = []
    for check in checks:
        announce(str(check))
        done.append(check)
    failed = [str(check) for check in done if not check.passed]
    if failed:
        raise ParityError("the graphs differ from their reference:\n  " + "\n  ".join(failed))
    return max(check.difference for check in done)
