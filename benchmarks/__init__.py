"""Benchmark commands, which check outputs, time what they compare in turns, and report."""
