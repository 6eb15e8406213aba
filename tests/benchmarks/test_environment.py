from dataclasses import replace

import numpy as np

from benchmarks.environment import describe
from benchmarks.options import Options


def test_machine_and_versions_are_named(options: Options) -> None:
    found = describe(options)
    assert found["CPU"]
    assert found["numpy"] == np.__version__
    assert (found["threads"], found["provider"]) == (1, "cpu")
    assert not any(str(options.output) in str(value) for value in found.values())


def test_threads_left_open_are_every_cpu(options: Options) -> None:
    found = describe(replace(options, threads=None))
    assert found["threads"] == found["CPUs to use"]
