import pytest

from runtime.marking.reader import WatermarkReader
from runtime.marking.writer import WatermarkWriter


@pytest.fixture(scope="session")
def writer() -> WatermarkWriter:
    return WatermarkWriter.load(22050, provider="cpu", threads=1)


@pytest.fixture(scope="session")
def reader() -> WatermarkReader:
    return WatermarkReader.load(provider="cpu", threads=1)
