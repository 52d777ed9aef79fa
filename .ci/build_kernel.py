"""Compile the kernel when a wheel or an editable install is built; do without where that fails."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("legache", "inference", "kernel")
LIBRARY = "libkernel.so"
FLAGS = ("-O2", "-std=c11", "-fPIC", "-fvisibility=hidden", "-pthread")
# gcc's cost model for vectors is too timid at -O2; -O3 is no faster and takes three times as long
# to compile, and AVX-512 no faster than AVX2, by measurement
TUNED = ("-ftree-vectorize", "-fvect-cost-model=dynamic")
# one build of the source for each level of vector instructions that is worth having
LEVELS = {"base": (), "avx2": ("-mavx2", "-mfma", "-mbmi", "-mbmi2", "-mpopcnt", "-mlzcnt")}


class KernelBuildHook(BuildHookInterface):
    """Add the compiled kernel to what is built."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say what the wheel then holds; see hatchling's reference."""
        folder = Path(self.root) / FOLDER
        try:
            compile_kernel(folder)
        except (OSError, subprocess.CalledProcessError) as error:
            detail = getattr(error, "stderr", "") or error
            self.app.display_warning(f"the kernel was not compiled; numpy does its work: {detail}")
            return
        if version != "editable":
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().translate(_TAG)}"
            build_data["artifacts"].append(f"/{FOLDER.as_posix()}/{LIBRARY}")


_TAG = str.maketrans("-.", "__")


def compile_kernel(folder: Path) -> None:
    """Compile all levels that this architecture has into one shared library."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or "cc"
    tuned = TUNED if _accepts(compiler, TUNED) else ()
    has_levels = platform.machine() in {"x86_64", "AMD64"}
    levels = LEVELS if has_levels else {"base": ()}
    with tempfile.TemporaryDirectory() as scratch:
        objects = []
        for level, flags in levels.items():
            objects.append(Path(scratch, f"{level}.o"))
            define = f"-DLEVEL=_{level}"
            _run(
                compiler,
                *FLAGS,
                *tuned,
                *flags,
                define,
                "-c",
                folder / "kernel.c",
                "-o",
                objects[-1],
            )
        objects.append(Path(scratch, "dispatch.o"))
        define = ("-DHAS_LEVELS",) if has_levels else ()
        _run(compiler, *FLAGS, *define, "-c", folder / "dispatch.c", "-o", objects[-1])
        made = Path(scratch, LIBRARY)
        _run(compiler, "-shared", "-pthread", *objects, "-o", made, "-lm")
        # a running process keeps the file that it has open
        shutil.copy(made, folder / f"{LIBRARY}.new")
        Path(folder, f"{LIBRARY}.new").replace(folder / LIBRARY)


def _accepts(compiler: str, flags: tuple[str, ...]) -> bool:
    command = (compiler, "-Werror", *flags, "-x", "c", "-E", os.devnull)
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _run(*command: str | Path) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
