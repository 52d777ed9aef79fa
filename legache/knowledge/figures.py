"""What is a number of the priors called, and on what scale is it measured?"""

from __future__ import annotations

from legache.knowledge.records import Complaint, Figure, RiskFactor


def key_of(row: Figure) -> str:
    """Key of a row, with slashes: ``deep_vein_thrombosis/swelling_one_leg/present``."""
    return "/".join(str(part) for name in row.KEY if (part := getattr(row, name)) is not None)


def is_probability(row: Figure) -> bool:
    """Tell whether a number is a probability, and not a ratio or a rate."""
    if isinstance(row, Complaint):
        return row.measure == "probability"
    return not isinstance(row, RiskFactor)
