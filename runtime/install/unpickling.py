"""A reader of pickles that knows tensors and plain containers, and can run nothing.

A pickle is a program for a small stack machine; Python's own unpickler lets it call functions.
This one interprets only the instructions that a state dict is written with, and where one of them
would call something, it is either a tensor's constructor, which only notes down what it is given,
or an error that names it.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DTYPES = {
    "BFloat16Storage": "bfloat16",
    "BoolStorage": "bool",
    "ByteStorage": "uint8",
    "CharStorage": "int8",
    "DoubleStorage": "float64",
    "FloatStorage": "float32",
    "HalfStorage": "float16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "ShortStorage": "int16",
}
MOST_AXES = 8

_MARK = object()
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_PLAIN = {
    "BININT",
    "BININT1",
    "BININT2",
    "LONG1",
    "BINFLOAT",
    "BINUNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE8",
}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_REBUILD = "torch._utils _rebuild_tensor_v2"
_REBUILD_PARAMETER = "torch._utils _rebuild_parameter"
_ORDERED_DICT = "collections OrderedDict"


class UnreadablePickle(Exception):
    """A pickle holds something else than tensors and plain containers; the message names it."""


@dataclass(frozen=True)
class Storage:
    """A storage as a pickle names it.

    Args:
        key: Of its part in the archive.
        dtype: Of its numbers.
        numbers: How many it declares.
    """

    key: str
    dtype: str
    numbers: int


@dataclass(frozen=True)
class TensorView:
    """A tensor as a pickle describes it: a view of a storage, nothing of it checked.

    Args:
        storage: Holds its numbers.
        offset: Of its first number, in numbers.
        shape: Lengths of its axes.
        strides: Numbers from one item to the next along each axis.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass(frozen=True)
class _Name:
    """A global that a pickle refers to, by name alone."""

    text: str


def read_pickle(data: bytes) -> Any:
    """Read a pickle.

    Args:
        data: The pickle.

    Returns:
        What it describes: dictionaries, lists, tuples, text, numbers, None and `TensorView`s.

    Raises:
        UnreadablePickle: it is damaged, or describes something else.
    """
    machine = _Machine()
    try:
        for instruction, argument, _ in pickletools.genops(data):
            if instruction.name == "STOP":
                return machine.result()
            machine.step(instruction.name, argument)
    except (ValueError, IndexError, KeyError, TypeError, RecursionError) as error:
        raise UnreadablePickle(f"its pickle is damaged: {error!r:.80}") from error
    raise UnreadablePickle("its pickle is cut off")


class _Machine:
    """The stack and the memo of one pickle."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self._steps: dict[str, Callable[[Any], None]] = {
            "PROTO": lambda argument: None,
            "FRAME": lambda argument: None,
            "MARK": lambda argument: self._stack.append(_MARK),
            "BINPUT": self._remember,
            "LONG_BINPUT": self._remember,
            "MEMOIZE": lambda argument: self._remember(len(self._memo)),
            "BINGET": lambda argument: self._stack.append(self._memo[argument]),
            "LONG_BINGET": lambda argument: self._stack.append(self._memo[argument]),
            "TUPLE": lambda argument: self._stack.append(tuple(self._since_mark())),
            "APPEND": lambda argument: self._extend([self._stack.pop()]),
            "APPENDS": lambda argument: self._extend(self._since_mark()),
            "SETITEM": lambda argument: self._update(self._popped(2)),
            "SETITEMS": lambda argument: self._update(self._since_mark()),
            "GLOBAL": lambda argument: self._stack.append(_Name(argument)),
            "STACK_GLOBAL": lambda argument: self._stack.append(
                _Name(" ".join(_text(part) for part in self._popped(2)))
            ),
            "BINPERSID": lambda argument: self._stack.append(_storage(self._stack.pop())),
            "REDUCE": self._call,
            "BUILD": self._build,
        }

    def step(self, name: str, argument: Any) -> None:
        """Do one instruction."""
        if name in _PLAIN:
            self._stack.append(argument)
        elif name in _CONSTANTS:
            self._stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            self._stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            self._stack.append(tuple(self._popped(_TUPLES[name])))
        elif name in self._steps:
            self._steps[name](argument)
        else:
            raise UnreadablePickle(f"its pickle has an instruction {name}, which no tensor needs")

    def result(self) -> Any:
        """Give what is left on the stack."""
        (value,) = self._stack
        if isinstance(value, _Name):
            raise UnreadablePickle(f"its pickle refers to {_dotted(value)}")
        return value

    def _popped(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise IndexError("stack underflow")
        taken = self._stack[-count:]
        del self._stack[-count:]
        return taken

    def _since_mark(self) -> list[Any]:
        taken = []
        while (value := self._stack.pop()) is not _MARK:
            taken.append(value)
        return taken[::-1]

    def _remember(self, place: int) -> None:
        self._memo[place] = self._stack[-1]

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise TypeError("no list to append to")
        self._stack[-1].extend(items)

    def _update(self, items: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise TypeError("no dictionary to set items of")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | int):
                raise UnreadablePickle(
                    f"its pickle has a {type(key).__name__} as a dictionary's key"
                )
            target[key] = value

    def _call(self, argument: None) -> None:
        function, arguments = self._popped(2)
        if not isinstance(function, _Name) or not isinstance(arguments, tuple):
            raise TypeError("a call of what is no function")
        if function.text == _REBUILD:
            self._stack.append(_tensor(*arguments[:4]))
        elif function.text == _REBUILD_PARAMETER and isinstance(arguments[0], TensorView):
            self._stack.append(arguments[0])
        elif function.text == _ORDERED_DICT and not arguments:
            self._stack.append({})
        else:
            raise UnreadablePickle(f"its pickle calls {_dotted(function)}")

    def _build(self, argument: None) -> None:
        # a state dict carries its modules' versions as an attribute, which nothing here needs
        target, state = self._popped(2)
        if type(target) is not dict or not isinstance(state, dict):
            raise UnreadablePickle(
                f"its pickle sets the state of a {_described(target)}, which is no dictionary"
            )
        self._stack.append(target)


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any) -> TensorView:
    described = isinstance(storage, Storage) and isinstance(shape, tuple)
    if not described or not isinstance(strides, tuple) or len(shape) != len(strides):
        raise TypeError("a tensor without storage, shape and strides")
    if len(shape) > MOST_AXES:
        raise UnreadablePickle(f"its pickle has a tensor of {len(shape)} axes")
    if not all(type(number) is int and number >= 0 for number in (offset, *shape, *strides)):
        raise TypeError("a tensor whose offset, shape or strides are no whole numbers from 0 up")
    return TensorView(storage, offset, shape, strides)


def _storage(identifier: Any) -> Storage:
    kind, name, key, _, numbers = identifier
    if kind != "storage" or not isinstance(name, _Name) or type(numbers) is not int:
        raise TypeError("a persistent object that is no storage")
    module, _, storage = name.text.partition(" ")
    if module not in ("torch", "torch.storage") or storage not in DTYPES:
        raise UnreadablePickle(f"its pickle has a storage of the kind {_dotted(name)}")
    return Storage(_text(key), DTYPES[storage], numbers)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} where text should be")
    return value


def _dotted(name: _Name) -> str:
    return name.text.replace(" ", ".")


def _described(value: Any) -> str:
    return _dotted(value) if isinstance(value, _Name) else type(value).__name__
