"""Is a package installed that only some users need?"""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType

from legache.errors import MissingDependencyError


def imported(module: str, extra: str) -> ModuleType:
    """Import a module that an extra of legache brings.

    Raises
    ------
    MissingDependencyError
        It is not installed.

    Notes
    -----
    Warnings are off meanwhile: pgmpy 1.1 warns of a module of its own, and pyAgrum 3.3 ends
    the process if Python was told to turn its warnings into errors.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(extra) from error
