"""When is an interview over?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from legache.errors import EvidenceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """When an interview is over.

    It is over when enough is known, and nothing dangerous is left open:

    - *enough*: no question tells `bits` or more, or a cause is responsible with `probability`
      or more, or with that probability nothing listed is;
    - *left open*: an emergency or urgent cause is responsible with `danger` or more, and one
      of its red flags can still be asked for.

    It is over, too, when nothing is left to ask, or after `questions` questions.

    Parameters
    ----------
    bits
        Expected information of the best question about the causes, summed over them.
    probability
        P(responsible) of the leading cause, or P(none of the listed causes).
    danger
        P(responsible) from which on the red flags of a pressing cause are asked for.
    questions
        Most questions to ask, skipped ones included; no limit if None.

    Raises
    ------
    EvidenceError
        A number out of range.
    """

    bits: float = 0.02
    probability: float = 0.95
    danger: float = 0.005
    questions: int | None = None

    def __post_init__(self) -> None:
        bounds = {"bits": math.inf, "probability": 1.0, "danger": 1.0}
        for name, most in bounds.items():
            value = getattr(self, name)
            if isinstance(value, bool) or not 0 <= value <= most:
                message = (
                    f"stop: {name} must be a number of at least 0, and a probability at most 1"
                )
                raise EvidenceError(message)
        whole = self.questions is None or type(self.questions) is int
        if not whole or (self.questions is not None and self.questions < 0):
            message = "stop: questions must be a whole number of at least 0, or None"
            raise EvidenceError(message)
