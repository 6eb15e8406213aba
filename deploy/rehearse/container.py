"""Runs an image's command as a container engine would: `python -m deploy.rehearse.container`.

`serve` starts this module with `unshare`, in network, mount and process namespaces of its own. It
brings up the loopback interface only, makes the root read-only, and runs the command and the health
check under chroot as the image's user, without capabilities. Clients run beside it, outside the
root but in the same network namespace.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deploy.rehearse.commands import run
from deploy.rehearse.errors import RehearsalError

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
"""Of Linux's netdevice(7): read and set an interface's flags."""

PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 24, 38
"""Of Linux's prctl(2)."""

LAST_CAPABILITY = 40
"""CAP_CHECKPOINT_RESTORE, the last of capabilities(7)."""

STANDARD_ERROR = 2
HEALTHY_SECONDS = 300.0
STOP_SECONDS = 120.0


def serve(root: Path, config: dict[str, Any], client: str, folder: Path) -> dict[str, Any]:
    """Run an image's server without a network and have a client use it.

    Args:
        root: The image's root file system.
        config: The image's settings.
        client: A shell command, run in `folder` once the server is healthy.
        folder: The client's working folder.

    Returns:
        What was seen: the interfaces, the time to the first successful health check, the peak
        memory, the writes that were refused and the exit code after SIGTERM.

    Raises:
        RehearsalError: The server did not get healthy, or the client failed.
    """
    order = {"root": str(root), "config": config, "client": client, "folder": str(folder)}
    with tempfile.TemporaryDirectory() as mountpoint:
        done = subprocess.run(
            [
                *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child"),
                *(sys.executable, "-m", "deploy.rehearse.container"),
            ],
            cwd=Path(__file__).parents[2],
            input=json.dumps(order | {"mountpoint": mountpoint}),
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RehearsalError(f"the container failed: {done.stdout.strip()}")
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def main() -> int:
    """Do what `serve` asks for, inside the namespaces."""
    order = json.load(sys.stdin)
    root, config = Path(order["mountpoint"]), order["config"]
    raise_loopback()
    mount_root(Path(order["root"]), root)
    started = time.monotonic()
    server = start(root, config, config["Cmd"])
    check = health_command(config)
    try:
        wait_until_healthy(
            server, lambda: start(root, config, check, subprocess.DEVNULL).wait() == 0
        )
        healthy_seconds = time.monotonic() - started
        run("bash", "-euc", order["client"], cwd=Path(order["folder"]))
        seen = {
            "interfaces": [name for _, name in socket.if_nameindex()],
            "user": status_of(server.pid, "Uid").split()[0],
            "capabilities": status_of(server.pid, "CapEff"),
            "healthy_seconds": round(healthy_seconds, 2),
            "peak_memory_mib": int(status_of(server.pid, "VmHWM").split()[0]) // 1024,
            "refuses_writes": refuses_writes(root),
        }
    except RehearsalError as error:
        print(error)
        return 1
    finally:
        server.send_signal(signal.SIGTERM)
        exit_code = server.wait(STOP_SECONDS)
    print(json.dumps(seen | {"exit_code": exit_code}))
    return 0


def raise_loopback() -> None:
    """Set the loopback interface up; in a new network namespace it is the only one, and down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(handle, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(handle, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


def mount_root(image: Path, root: Path) -> None:
    """Mount an image's files read-only at `root`, with /proc and the devices of containers."""
    run("mount", "--make-rprivate", "/")
    run("mount", "--bind", image, root)
    run("mount", "-t", "proc", "proc", "/proc")
    run("mount", "-t", "proc", "proc", root / "proc")
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", root / "dev")
    for name in ("null", "zero", "random", "urandom"):
        (root / "dev" / name).touch()
        run("mount", "--bind", Path("/dev", name), root / "dev" / name)
    run("mount", "-o", "remount,bind,ro", root)


def start(
    root: Path, config: dict[str, Any], command: Sequence[str], output: int = STANDARD_ERROR
) -> subprocess.Popen[bytes]:
    """Start a command in the root with the image's variables, as its user, without capabilities."""
    user, _, group = config["User"].partition(":")

    def enter() -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        for capability in range(LAST_CAPABILITY + 1):
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        os.chroot(root)
        os.chdir(config.get("WorkingDir") or "/")
        os.setgroups([])
        os.setgid(int(group))
        os.setuid(int(user))

    environment = dict(variable.split("=", 1) for variable in config["Env"])
    return subprocess.Popen(
        command, env=environment, preexec_fn=enter, stdout=output, stderr=output
    )


def health_command(config: dict[str, Any]) -> list[str]:
    """Give the command of an image's health check."""
    kind, *command = config["Healthcheck"]["Test"]
    return list(command) if kind == "CMD" else ["/bin/sh", "-c", *command]


def wait_until_healthy(server: subprocess.Popen[bytes], is_healthy: Callable[[], bool]) -> None:
    """Repeat the health check until it succeeds.

    Raises:
        RehearsalError: The server ended, or is not healthy after `HEALTHY_SECONDS`.
    """
    deadline = time.monotonic() + HEALTHY_SECONDS
    while not is_healthy():
        if server.poll() is not None:
            raise RehearsalError(f"the server ended with {server.returncode}")
        if time.monotonic() > deadline:
            raise RehearsalError(f"not healthy after {HEALTHY_SECONDS:g} s")
        time.sleep(0.1)


def status_of(process: int, field: str) -> str:
    """Read a field of /proc/PID/status."""
    lines = Path(f"/proc/{process}/status").read_text("utf-8").splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{field}:"))


def refuses_writes(root: Path) -> bool:
    """Tell whether the root is read-only, for root too."""
    try:
        (root / "tmp" / "written").touch()
    except OSError:
        return True
    os.remove(root / "tmp" / "written")
    return False


if __name__ == "__main__":
    sys.exit(main())
