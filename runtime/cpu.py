"""Eight-bit arithmetic of this machine's processor: whether int8 models are fast and exact here.

On x86 without VNNI, ONNX Runtime multiplies eight-bit numbers with VPMADDUBSW, which adds pairs of
products in 16 bits and saturates where a sum does not fit (its documentation: "Quantize ONNX
Models", data type selection). VNNI and ARM's instructions add in 32 bits.
"""

import platform
from dataclasses import dataclass
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")

_X86 = frozenset({"x86_64", "amd64"})
_ARM = frozenset({"aarch64", "arm64"})
_VNNI = ("avx512_vnni", "avx_vnni")
_DOT_PRODUCT = ("i8mm", "asimddp")


@dataclass(frozen=True)
class Int8Support:
    """What to expect of an int8 model on a processor.

    Attributes:
        fast: Whether int8 is expected to be faster than fp32; None where that is not known.
        exact: Whether eight-bit sums are exact; False where they may saturate, None where that is
            not known.
        reason: Sentence that says why.
    """

    fast: bool | None
    exact: bool | None
    reason: str


def int8_support(cpuinfo: Path = CPUINFO, machine: str | None = None) -> Int8Support:
    """Look up whether int8 models are fast and exact on this machine's processor.

    Args:
        cpuinfo: File in which Linux lists the processor's instructions.
        machine: Architecture of the processor; None is this machine's.
    """
    architecture = (machine or platform.machine()).lower()
    flags = _flags(cpuinfo)
    if not flags or architecture not in _X86 | _ARM:
        return Int8Support(None, None, "the processor's instructions cannot be read here")
    if architecture in _X86:
        if found := [flag for flag in _VNNI if flag in flags]:
            return Int8Support(True, True, f"the processor has VNNI ({found[0]})")
        return Int8Support(
            "avx2" in flags, False, "the processor has no VNNI, so eight-bit sums may saturate"
        )
    if found := [flag for flag in _DOT_PRODUCT if flag in flags]:
        return Int8Support(True, True, f"the processor has dot-product instructions ({found[0]})")
    return Int8Support(False, True, "the processor has no dot-product instructions (asimddp)")


def _flags(cpuinfo: Path) -> frozenset[str]:
    try:
        lines = cpuinfo.read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() in {"flags", "Features"}:
            return frozenset(value.split())
    return frozenset()
