"""What can go wrong, one class for each thing that a caller could do about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class LegacheError(Exception):
    """Base of every error that legache raises on purpose."""


class KnowledgeError(LegacheError):
    """The priors folder is wrong; the message lists every problem with file and line.

    Attributes
    ----------
    problems : tuple of str
        One line for each problem, ``file:line: what is wrong; what to do``.
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems = (problems,) if isinstance(problems, str) else tuple(problems)
        super().__init__("\n".join(self.problems))


class NetworkError(LegacheError):
    """Arrays that do not describe a network: wrong shape, range, or a cycle."""


class EvidenceError(LegacheError, ValueError):
    """Something that was said of the patient cannot be understood.

    Attributes
    ----------
    suggestions : tuple of str
        The nearest valid names, when an unknown one was given.
    """

    def __init__(self, message: str, suggestions: Sequence[str] = ()) -> None:
        self.suggestions = tuple(suggestions)
        super().__init__(message)


class ImpossibleEvidenceError(LegacheError):
    """The evidence has probability zero.

    Attributes
    ----------
    conflict : tuple of str
        Ids of a minimal set of observations that cannot all be true: leave any
        one of them out, and the others are possible.
    """

    def __init__(self, conflict: Sequence[str]) -> None:
        self.conflict = tuple(conflict)
        names = " and ".join(repr(name) for name in self.conflict)
        super().__init__(f"impossible evidence: {names} cannot all hold as given; correct one")


class LimitError(LegacheError):
    """The input or the computation is larger than the stated limit."""


class FormatError(LegacheError, ValueError):
    """A record or text is not of the form that is read."""


class MissingDependencyError(LegacheError):
    """A package is not installed that only this function needs.

    Attributes
    ----------
    extra : str
        Name of the optional dependency of legache that brings it.
    """

    def __init__(self, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{extra} is not installed; run: python -m pip install 'legache[{extra}]'")


def nearest(name: str, valid: Iterable[str]) -> tuple[str, ...]:
    """At most three valid names that look like the given one, best first.

    Examples
    --------
    >>> nearest("swelling_one_lag", ["fever", "swelling_one_leg", "swelling_both_legs"])
    ('swelling_one_leg', 'swelling_both_legs')
    """
    import difflib  # noqa: PLC0415 - only errors need it

    folded = name.lower().replace("-", "_").replace(" ", "_")
    return tuple(difflib.get_close_matches(folded, sorted(valid), n=3, cutoff=0.6))


def did_you_mean(suggestions: Sequence[str], otherwise: str) -> str:
    """Return the closing half of a message about an unknown name."""
    if not suggestions:
        return f"; {otherwise}"
    return "; did you mean " + " or ".join(repr(name) for name in suggestions) + "?"
