from __future__ import annotations

import pickle
import struct

import pytest

from runtime.install.unpickling import Storage, TensorView, UnreadablePickle, read_pickle
from tests.runtime.install.checkpoints import (
    Call,
    Filled,
    Global,
    Persistent,
    WithState,
    pickled,
    storage,
    tensor,
)

ORDERED_DICT = Call(Global("collections", "OrderedDict"), ())


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_containers_are_read(protocol: int) -> None:
    content = {
        "model": {"a": [1, 2.5, None, True, False, "text"], "b": (1, (2, 3), ()), 7: -(2**40)},
        "long": list(range(300)),
    }
    assert read_pickle(pickle.dumps(content, protocol)) == content


def test_a_tensor_is_noted_down() -> None:
    described = {"model": {"w": tensor(storage("3", 12), (3, 4), offset=0)}}
    assert read_pickle(pickled(described)) == {
        "model": {"w": TensorView(Storage("3", "float32", 12), 0, (3, 4), (4, 1))}
    }


def test_a_parameter_is_its_tensor() -> None:
    rebuild = Global("torch._utils", "_rebuild_parameter")
    described = Call(rebuild, (tensor(storage("0", 2), (2,)), True, ORDERED_DICT))
    assert read_pickle(pickled(described)) == TensorView(Storage("0", "float32", 2), 0, (2,), (1,))


def test_an_ordered_dictionary_and_its_metadata_are_a_dictionary() -> None:
    filled = Filled(ORDERED_DICT, {"a": 1})
    assert read_pickle(pickled(WithState(filled, {"_metadata": {}}))) == {"a": 1}


@pytest.mark.parametrize(
    ("described", "named"),
    [
        (Call(Global("os", "system"), ("touch /tmp/owned",)), "calls os.system"),
        (Call(Global("posix", "system"), ("true",)), "calls posix.system"),
        (Call(Global("builtins", "eval"), ("1",)), "calls builtins.eval"),
        (Call(Global("builtins", "getattr"), ("a", "b")), "calls builtins.getattr"),
        (Call(Global("torch", "load"), ("x",)), "calls torch.load"),
        (Call(Global("collections", "OrderedDict"), ([("a", 1)],)), "calls collections.Ordered"),
        (Global("os", "system"), "refers to os.system"),
        (WithState(Global("os", "environ"), {"a": "b"}), "sets the state of a os.environ"),
        (WithState(1, {"a": "b"}), "sets the state of a int"),
        (WithState(tensor(storage("0", 1), (1,)), {"offset": 9}), "state of a TensorView"),
        (storage("0", 4, "UntypedStorage"), "a storage of the kind torch.UntypedStorage"),
        (
            Persistent(("storage", Global("os", "FloatStorage"), "0", "cpu", 1)),
            "a storage of the kind os.FloatStorage",
        ),
        ({(1, 2): 3}, "a tuple as a dictionary's key"),
        (tensor(storage("0", 1), (1,) * 9), "a tensor of 9 axes"),
    ],
)
def test_what_is_no_tensor_is_named(described: object, named: str) -> None:
    with pytest.raises(UnreadablePickle) as refused:
        read_pickle(pickled(described))
    assert named in str(refused.value)


class _Command:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('it ran')",)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_nothing_is_ever_called(protocol: int) -> None:
    with pytest.raises(UnreadablePickle, match=r"exec|instruction"):
        read_pickle(pickle.dumps({"model": _Command()}, protocol))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02R.",
        b"\x80\x02}(K\x01u.",
        b"\x80\x02h\x05.",
        b"\x80\x02t.",
        b"\x80\x02NNb.",
        b"\x80\x02Nq\x00Q.",
        b"\x80\x02K\x01K\x02.",
        b"\x80\x02(ctorch._utils\n_rebuild_tensor_v2\n(K\x01tR.",
        b"\x80\x02X\xff\xff\xff\xff.",
        b"\xff\xff\xff",
        b"hello",
        pickled(tensor(storage("0", 4), (2, -2))),
        pickled(tensor(storage("0", 4), (2, 2), strides=(2,))),
        pickled(Call(Global("torch._utils", "_rebuild_tensor_v2"), (1, 2, 3, 4))),
    ],
)
def test_damage_is_an_error(data: bytes) -> None:
    with pytest.raises(UnreadablePickle):
        read_pickle(data)


def test_memory_is_not_taken_at_a_pickles_word() -> None:
    # the memo's index alone makes Python's own unpickler reserve 32 GiB
    assert read_pickle(b"\x80\x02Nr" + struct.pack("<I", 2**31) + b".") is None


def test_tuples_that_grow_exponentially_are_only_held() -> None:
    doubling = b"\x80\x02)q\x00" + b"".join(
        b"0h" + bytes([n]) + b"h" + bytes([n]) + b"\x86q" + bytes([n + 1]) for n in range(200)
    )
    with pytest.raises(UnreadablePickle, match="POP"):
        read_pickle(doubling + b".")
    nested = b"\x80\x02)" + b"q\x00h\x00\x86" * 200 + b"."
    assert isinstance(read_pickle(nested), tuple)
