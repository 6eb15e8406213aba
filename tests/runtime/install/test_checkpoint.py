from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from runtime.install.checkpoint import Checkpoint
from runtime.install.errors import InvalidCheckpoint
from tests.runtime.install import checkpoints
from tests.runtime.install.checkpoints import Call, Global, state_of, storage, storages_of, tensor

SHAPES = {"a.weight": (3, 4), "a.bias": (3,), "b": (2, 1, 5)}


@pytest.fixture
def arrays() -> dict[str, NDArray[np.float32]]:
    random = np.random.default_rng(0)
    return {name: random.standard_normal(shape, dtype=np.float32) for name, shape in SHAPES.items()}


def refused(path: Path, shapes: Mapping[str, tuple[int, ...]] = SHAPES) -> str:
    """Read every tensor, see that it is refused, and return the one line that says why."""
    with pytest.raises(InvalidCheckpoint) as error, Checkpoint(path, shapes) as checkpoint:
        for name in shapes:
            checkpoint.tensor(name)
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message


def test_tensors_are_read_as_they_were_written(
    tmp_path: Path, arrays: dict[str, NDArray[np.float32]]
) -> None:
    path = checkpoints.write_checkpoint(tmp_path / "c.pth", arrays)
    with Checkpoint(path, SHAPES) as checkpoint:
        for name, array in arrays.items():
            np.testing.assert_array_equal(checkpoint.tensor(name), array)


def test_views_of_one_storage_and_other_strides_are_read(tmp_path: Path) -> None:
    # a GRU that has been on a GPU keeps its weights in one storage
    numbers = np.arange(25, dtype=np.float32)
    held = storage("0", 25)
    state = {
        "a.weight": tensor(held, (3, 4), offset=13, strides=(1, 3)),
        "a.bias": tensor(held, (3,), offset=10),
        "b": tensor(held, (2, 1, 5), strides=(5, 77, 1)),
    }
    path = checkpoints.write_archive(tmp_path / "c", {"model": state}, {"0": numbers.tobytes()})
    with Checkpoint(path, SHAPES) as checkpoint:
        np.testing.assert_array_equal(checkpoint.tensor("a.weight"), numbers[13:].reshape(4, 3).T)
        np.testing.assert_array_equal(checkpoint.tensor("a.bias"), numbers[10:13])
        np.testing.assert_array_equal(checkpoint.tensor("b"), numbers[:10].reshape(2, 1, 5))


@pytest.mark.torch
def test_what_pytorch_writes_is_read(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    gru = torch.nn.GRU(3, 4, batch_first=True)
    state = gru.state_dict() | {"norm": torch.nn.Parameter(torch.randn(2, 3).T)}
    optimizer = torch.optim.Adam(gru.parameters())
    gru(torch.randn(1, 2, 3))[0].sum().backward()
    optimizer.step()
    path = tmp_path / "c.pth"
    torch.save({"model": state, "optimizer": optimizer.state_dict(), "iteration": 3}, path)
    shapes = {name: tuple(value.shape) for name, value in state.items()}
    with Checkpoint(path, shapes) as checkpoint:
        for name, value in state.items():
            np.testing.assert_array_equal(checkpoint.tensor(name), value.detach().numpy())


@pytest.mark.torch
def test_pytorchs_older_format_is_refused_in_words(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "c.pth"
    torch.save({"model": {}}, path, _use_new_zipfile_serialization=False)
    assert "is not a whole checkpoint of PyTorch 1.6 or newer" in refused(path)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ({"a.bias": None}, "a.bias is a NoneType, not a tensor"),
        ({"c": tensor(storage("1", 3), (3,))}, "'c' is none of them"),
        ({7: 1}, "7 is none of them"),
        ({"x" * 500: 1}, "is none of them"),
        ({"a.bias": tensor(storage("1", 3), (1, 3))}, "a.bias is [1, 3], not [3]"),
        (
            {"a.bias": tensor(storage("1", 3, "HalfStorage"), (3,))},
            "a.bias is float16, not float32",
        ),
        (
            {"a.bias": tensor(storage("1", 10**10), (3,))},
            "a.bias declares a storage of 40000000000 bytes, the file holds 12",
        ),
        ({"a.bias": tensor(storage("9", 3), (3,))}, "12 bytes, the file holds 0"),
        ({"a.bias": tensor(storage("../../x", 3), (3,))}, "12 bytes, the file holds 0"),
        ({"a.bias": tensor(storage("1", 3), (3,), offset=1)}, "a.bias reaches beyond its storage"),
        ({"a.bias": tensor(storage("1", 3), (3,), strides=(0,))}, "a.bias has strides [0]"),
        ({"a.bias": tensor(storage("1", 3), (3,), strides=(2,))}, "a.bias has strides [2]"),
        ({"a.bias": tensor(storage("0", 12), (3,), offset=4)}, "a.bias overlaps a.weight"),
    ],
)
def test_other_tensors_are_named(
    tmp_path: Path,
    arrays: dict[str, NDArray[np.float32]],
    state: dict[str, object],
    reason: str,
) -> None:
    content = {"model": {**state_of(arrays), **state}}
    path = checkpoints.write_archive(tmp_path / "c", content, storages_of(arrays))
    message = refused(path)
    assert reason in message
    assert len(message) < 400


def test_missing_tensors_are_counted(
    tmp_path: Path, arrays: dict[str, NDArray[np.float32]]
) -> None:
    path = checkpoints.write_checkpoint(tmp_path / "c", arrays)
    more = {f"layer.{place}": (2, 2) for place in range(10)}
    message = refused(path, SHAPES | more)
    assert "layer.0 [2, 2] is missing" in message
    assert message.endswith("and 7 more")


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(
    tmp_path: Path, arrays: dict[str, NDArray[np.float32]], wrong: float
) -> None:
    arrays["b"][1, 0, 2] = wrong
    path = checkpoints.write_checkpoint(tmp_path / "c", arrays)
    assert "b holds numbers that are not finite" in refused(path)


@pytest.mark.parametrize("content", [{}, {"model": 3}, [1], {"state_dict": {}}])
def test_no_state_dict(tmp_path: Path, content: object) -> None:
    path = checkpoints.write_archive(tmp_path / "c", content, {})
    assert "has no state dict under the key 'model'" in refused(path)


def test_a_command_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    command = Call(Global("os", "system"), (f"touch {mark}",))
    path = checkpoints.write_archive(tmp_path / "c", {"model": command}, {})
    assert "calls os.system" in refused(path)
    assert not mark.exists()


def test_a_file_that_was_cut_off(tmp_path: Path, arrays: dict[str, NDArray[np.float32]]) -> None:
    path = checkpoints.write_checkpoint(tmp_path / "c", arrays)
    whole = path.read_bytes()
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert "is not a whole checkpoint" in refused(path)


def test_a_changed_byte_is_noticed(tmp_path: Path, arrays: dict[str, NDArray[np.float32]]) -> None:
    path = checkpoints.write_checkpoint(tmp_path / "c", arrays)
    data = bytearray(path.read_bytes())
    place = bytes(data).index(arrays["a.weight"].tobytes())
    data[place] ^= 1
    path.write_bytes(data)
    assert "archive/data/0 is damaged" in refused(path)


def test_compressed_parts_are_refused(tmp_path: Path) -> None:
    bomb = {"0": bytes(1 << 20)}
    path = checkpoints.write_archive(tmp_path / "c", {"model": {}}, bomb, zipfile.ZIP_DEFLATED)
    assert "is compressed or encrypted" in refused(path)


def test_parts_that_share_bytes_are_refused(
    tmp_path: Path, arrays: dict[str, NDArray[np.float32]]
) -> None:
    path = checkpoints.write_checkpoint(tmp_path / "c", arrays)
    with zipfile.ZipFile(path) as archive:
        first, second = (archive.getinfo(f"archive/data/{key}") for key in "01")
    # the directory's entry of one storage is pointed at the other's bytes
    data = bytearray(path.read_bytes())
    place = data.rindex(b"archive/data/1") - 46
    data[place + 42 : place + 46] = first.header_offset.to_bytes(4, "little")
    path.write_bytes(data)
    assert second.header_offset != first.header_offset
    assert "overlaps another part" in refused(path)


def test_a_zip_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    assert "it holds no data.pkl" in refused(path)


def test_big_endian_numbers_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "c"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", checkpoints.pickled({"model": {}}))
        archive.writestr("a/byteorder", "big")
    assert "big-endian" in refused(path)


def test_a_pickle_of_megabytes_is_refused(tmp_path: Path) -> None:
    content = {"model": ["x" * 1000] * 5000}
    path = checkpoints.write_archive(tmp_path / "c", content, {})
    assert "data.pkl is larger than 4 MiB" in refused(path)
