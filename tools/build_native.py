"""Compile lstmwidgets/model/native into a library when the package is built; hatchling calls this.

Any C compiler with vector extensions will do (GCC, Clang). Where there is none the package is built
without the library, and trains on TensorFlow's kernel and Keras' own layers.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path("lstmwidgets/model/native")
LIBRARY = "walk.so"
FLAGS = ["-O3", "-std=gnu11", "-ffp-contract=fast", "-fPIC", "-fvisibility=hidden", "-Wall", "-Wextra"]
BASELINE = {"baseline": []}
X86 = {
    **BASELINE,
    "avx2": ["-mavx2", "-mfma", "-mbmi2"],
    "avx512": [
        *("-mavx512f", "-mavx512vl", "-mavx512bw", "-mavx512dq", "-mavx512cd"),
        *("-mavx2", "-mfma", "-mbmi2", "-mprefer-vector-width=256"),
    ],
}
"""Flags for each instruction set that instructions.c can choose from when it is loaded."""

WALKS = ("lstm.c", "gru.c", "inputs.c")
"""Compiled once for each instruction set."""

ONCE = ("ops.c", "instructions.c")
"""Compiled for every processor."""

TENSORFLOW = "libtensorflow_framework.so.2"
"""What holds TensorFlow's C functions on Linux; it is in memory before the library is loaded."""


class NativeBuildHook(BuildHookInterface):
    """Adds the library, and the platform it is for, to a wheel or an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        target = Path(self.root) / NATIVE / LIBRARY
        try:
            build(Path(self.root) / NATIVE, target)
        except (OSError, ValueError, LookupError, subprocess.CalledProcessError) as error:
            with suppress(OSError):
                target.unlink(missing_ok=True)
            said = getattr(error, "stderr", None) or str(error)
            self.app.display_warning(
                f"lstmwidgets is built without its compiled cells and trains more slowly: {said}"
            )
            return
        build_data["artifacts"].append(str(NATIVE / LIBRARY))
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{re.sub('[-.]', '_', sysconfig.get_platform())}"


def build(source: Path, target: Path) -> None:
    """Compile and link ``target`` from the C files in ``source``.

    Raises
    ------
    LookupError
        When there is no compiler here, or none for this system.
    subprocess.CalledProcessError
        When it fails; ``stderr`` holds what it said.
    """
    compiler = _compiler()
    sets = X86 if platform.machine().lower() in ("x86_64", "amd64") else BASELINE
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        commands = {f"{name}.o": ["-c", str(source / name)] for name in ONCE}
        for instructions, flags in sets.items():
            defined = [f"-DINSTRUCTIONS={instructions}", *flags, "-c"]
            commands |= {f"{name}.{instructions}.o": [*defined, str(source / name)] for name in WALKS}
        with ThreadPoolExecutor() as pool:
            outputs = {
                output: pool.submit(_run, [*compiler, *FLAGS, *command, "-o", str(folder / output)])
                for output, command in commands.items()
            }
            for job in outputs.values():
                job.result()
        objects = [str(folder / output) for output in outputs]
        functions = _against_tensorflow(compiler, source, folder)
        beside = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            _run([*compiler, "-shared", *objects, *functions, "-o", str(beside)])
            beside.replace(target)  # never written over: processes may be running what was there
        finally:
            beside.unlink(missing_ok=True)


def _compiler() -> list[str]:
    if sys.platform == "win32":
        raise LookupError("TensorFlow for Windows has no C functions to link with")
    wanted = shlex.split(os.environ.get("CC", ""))
    for name in [*wanted[:1], "cc", "gcc", "clang"]:
        if shutil.which(name):
            return [name, *wanted[1:]] if wanted and name == wanted[0] else [name]
    raise LookupError("there is no C compiler (cc, gcc or clang) here")


def _against_tensorflow(compiler: list[str], source: Path, folder: Path) -> list[str]:
    """Leave TensorFlow's functions to be found at loading; on Linux, by the name of the library they are in.

    A library of that name with functions of those names, which do nothing, is enough to link with:
    TensorFlow itself need not be installed.
    """
    if sys.platform == "darwin":
        return ["-undefined", "dynamic_lookup"]
    functions = sorted(set(re.findall(r"\bTF_\w+(?=\()", (source / "tensorflow.h").read_text())))
    stand_in = folder / "stand_in.c"
    stand_in.write_text("".join(f"void {function}(void) {{}}\n" for function in functions))
    library = folder / TENSORFLOW
    soname = f"-Wl,-soname,{TENSORFLOW}"
    _run([*compiler, "-shared", "-fPIC", "-w", soname, str(stand_in), "-o", str(library)])
    return ["-Wl,--no-as-needed", str(library)]


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
