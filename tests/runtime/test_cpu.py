from pathlib import Path

import pytest

from runtime.cpu import int8_support


def cpuinfo(folder: Path, line: str) -> Path:
    path = folder / "cpuinfo"
    path.write_text(f"processor\t: 0\n{line}\nprocessor\t: 1\n{line}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("machine", "line", "fast", "exact", "named"),
    [
        ("x86_64", "flags\t\t: fpu avx2 avx512f avx512_vnni", True, True, "avx512_vnni"),
        ("AMD64", "flags\t\t: fpu avx2 avx_vnni", True, True, "avx_vnni"),
        ("x86_64", "flags\t\t: fpu avx2 avx512f vaes", True, False, "VNNI"),
        ("x86_64", "flags\t\t: fpu sse4_1", False, False, "VNNI"),
        ("aarch64", "Features\t: fp asimd asimddp i8mm", True, True, "i8mm"),
        ("arm64", "Features\t: fp asimd asimddp", True, True, "asimddp"),
        ("aarch64", "Features\t: fp asimd crc32", False, True, "asimddp"),
    ],
)
def test_instructions_decide(
    tmp_path: Path, machine: str, line: str, fast: bool, exact: bool, named: str
) -> None:
    found = int8_support(cpuinfo(tmp_path, line), machine)
    assert (found.fast, found.exact) == (fast, exact)
    assert named in found.reason


@pytest.mark.parametrize(
    ("machine", "line"), [("riscv64", "isa\t: rv64gc"), ("x86_64", "model\t: 1")]
)
def test_what_cannot_be_read_is_not_known(tmp_path: Path, machine: str, line: str) -> None:
    found = int8_support(cpuinfo(tmp_path, line), machine)
    assert (found.fast, found.exact) == (None, None)


def test_a_system_without_the_list_is_not_known(tmp_path: Path) -> None:
    assert int8_support(tmp_path / "missing", "x86_64").exact is None


def test_this_machine_is_looked_up() -> None:
    assert int8_support().reason
