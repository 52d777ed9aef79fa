"""Bayesian differential diagnosis of leg ache in adults.

>>> import legache
>>> network = legache.load()
>>> dx = network.diagnose(age=67, sex="female", worse_at_night=True, relief_by_movement=True)
>>> dx.causes.columns.tolist()
['label', 'prior', 'present', 'present_low', 'present_high',
 'responsible', 'responsible_low', 'responsible_high',
 'likelihood_ratio', 'weight', 'urgency']
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from legache.errors import (
    EvidenceError,
    FormatError,
    ImpossibleEvidenceError,
    KnowledgeError,
    LegacheError,
    LimitError,
    MissingDependencyError,
    NetworkError,
    PopulationError,
)
from legache.version import __version__

if TYPE_CHECKING:
    from legache.diagnosis.differential import Diagnosis
    from legache.diagnosis.evidence import Likelihood
    from legache.diagnosis.interview import Interview
    from legache.diagnosis.stopping import Stop
    from legache.library import Network, load

__all__ = [
    "Diagnosis",
    "EvidenceError",
    "FormatError",
    "ImpossibleEvidenceError",
    "Interview",
    "KnowledgeError",
    "LegacheError",
    "Likelihood",
    "LimitError",
    "MissingDependencyError",
    "Network",
    "NetworkError",
    "PopulationError",
    "Stop",
    "__version__",
    "load",
]

# numpy alone takes longer to import than all of this: it waits for the first use
_LAZY = {
    "Diagnosis": "legache.diagnosis.differential",
    "Interview": "legache.diagnosis.interview",
    "Likelihood": "legache.diagnosis.evidence",
    "Network": "legache.library",
    "Stop": "legache.diagnosis.stopping",
    "load": "legache.library",
}


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        message = f"module 'legache' has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(_LAZY[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
