"""Does an installed wheel read the same priors as the checkout?"""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import legache

ROOT = Path(legache.__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_the_priors_byte_for_byte(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        carried = {
            name: archive.read(name)
            for name in archive.namelist()
            if name.startswith("legache/priors/")
        }
    expected = {
        f"legache/priors/{path.name}": path.read_bytes() for path in (ROOT / "priors").iterdir()
    }
    assert carried == expected


def test_the_wheel_loads_its_own_priors(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "import legache; n = legache.load(); print(n.model.knowledge.digest, legache.__file__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    digest, file = done.stdout.split()
    assert digest == legache.load().model.knowledge.digest
    assert Path(file).is_relative_to(tmp_path)


def test_the_wheel_brings_its_compiled_kernel(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = "from legache.inference.compiled import is_compiled; print(is_compiled())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    has_compiler = shutil.which("cc") is not None or shutil.which("gcc") is not None
    assert done.stdout.strip() == str(has_compiler)
