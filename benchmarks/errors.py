"""The error of a benchmark that cannot be run."""


class BenchmarkError(Exception):
    """What should be timed does not work, or gives a wrong result."""
