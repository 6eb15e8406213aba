"""The latency harness: commands that verify, warm up, alternate, measure and report."""
