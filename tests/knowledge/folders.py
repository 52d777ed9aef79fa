"""A copy of the tiny priors folder, with one file changed."""

from __future__ import annotations

import shutil
from pathlib import Path

TINY = Path(__file__).parent.parent / "data" / "tiny"
LINKS = (TINY / "links.csv").read_bytes()


def tiny_copy(parent: Path, **changed: bytes) -> Path:
    """Folder under `parent` like `TINY`; `links=b"..."` replaces ``links.csv``."""
    folder = parent / "priors"
    shutil.copytree(TINY, folder)
    for name, content in changed.items():
        (folder / f"{name}.csv").write_bytes(content)
    return folder
