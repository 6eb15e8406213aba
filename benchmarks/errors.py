"""What keeps a benchmark from being one."""


class BenchmarkError(Exception):
    """Something that is to be timed does not work, or does not give what it should."""
