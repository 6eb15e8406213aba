from pathlib import Path

from benchmarks.options import Options
from runtime.sessions import available_cpus


def test_the_first_model_is_the_one() -> None:
    assert Options(models=(Path("a"), Path("b"))).model == Path("a")


def test_threads_left_open_are_every_cpu() -> None:
    assert Options(models=()).thread_count == available_cpus()
    assert Options(models=(), threads=3).thread_count == 3
