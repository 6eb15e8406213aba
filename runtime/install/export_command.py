"""Steps that need more packages than the runtime has: commands of export/, run as processes.

runtime/ imports nothing of export/. Its commands are there in a checkout, their packages come with
an extra of the project, and a process of their own gives its memory back when it ends.
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from runtime.install.errors import ExportFailed, ExportNeeded

ROOT = Path(__file__).resolve().parents[2]


def require_export(module: str, option: str, packages: Sequence[str], extra: str) -> None:
    """See that a step can be run, before anything is done for it.

    Args:
        module: The module that is run.
        option: What asks for it on the command line.
        packages: What it imports besides the runtime's.
        extra: The extra of the project that installs them.

    Raises:
        ExportNeeded: the code or a package is not here.
    """
    if not (ROOT / module.replace(".", "/")).with_suffix(".py").is_file():
        raise ExportNeeded(f"{option} runs {module}, which a checkout has and this program lacks")
    lacking = [name for name in packages if importlib.util.find_spec(name) is None]
    if lacking:
        raise ExportNeeded(
            f"{option} needs {' and '.join(lacking)}: pip install '.[{extra}]' in the checkout"
        )


def run_export(module: str, arguments: Sequence[str | Path]) -> None:
    """Run a step; what it prints appears as it comes.

    Args:
        module: The module to run.
        arguments: For its command line.

    Raises:
        ExportFailed: it did not end well.
    """
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    finished = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": path},
        check=False,
    )
    if finished.returncode:
        raise ExportFailed(module)
