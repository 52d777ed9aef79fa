"""``legache interview``: one question at a time, in a terminal."""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from legache.cli.arguments import evidence_of, refuse_words
from legache.diagnosis.evidence import AGE_BAND
from legache.diagnosis.interview import BY_DEFAULT, Asked, Interview
from legache.diagnosis.next_questions import KINDS
from legache.diagnosis.text import percent, words
from legache.errors import EvidenceError, ImpossibleEvidenceError
from legache.knowledge.files import decode, read_bytes
from legache.knowledge.tables import number
from legache.library import Network, load

INTERRUPTED = 130  # as shells say of a program that Ctrl-C ended
_HELP = "Answer as shown; ? if you do not know, b to go back, q to stop."
_YES_NO = {"y": True, "yes": True, "n": False, "no": False}
_N_LEADING = 3
_WIDTH = 88


def interview(options: argparse.Namespace, rest: Sequence[str]) -> int:
    """Ask until enough is known, or the user stops; then print the differential."""
    network = load(options.priors)
    asked = _begun(network, options, rest)
    file = Path(options.save or options.resume) if options.save or options.resume else None
    keep = _keeper(file)
    keep(asked)
    _say(f"{_HELP}{f' Answers are kept in {file}.' if file else ''}")
    try:
        asked = _converse(asked, keep)
    except KeyboardInterrupt:
        _say(f"\n\nInterrupted. {_resumable(file)}")
        return INTERRUPTED
    if asked.is_finished:
        _say(f"\nThat is all: {asked.reason}.\n")
    else:
        _say(f"\nStopped early. {_resumable(file)}\n")
    _say(str(asked.diagnosis))
    return 0


def _begun(network: Network, options: argparse.Namespace, rest: Sequence[str]) -> Interview:
    """Interview that is resumed, or a new one."""
    if options.resume:
        refuse_words(rest)
        if options.setting or options.tests or options.cost:
            message = "a resumed interview keeps its setting, tests and cost; leave these out"
            raise EvidenceError(message)
        return network.resume(
            decode(read_bytes(Path(options.resume), options.resume), options.resume)
        )
    if options.save and Path(options.save).exists():
        message = f"{options.save} is there already; --resume {options.save} goes on with it"
        raise EvidenceError(message)
    if options.setting:
        network = network.in_setting(options.setting)
    return network.interview(
        evidence_of(rest, network.model.nodes),
        ask=KINDS if options.tests else BY_DEFAULT,
        cost=options.cost,
    )


def _converse(asked: Interview, keep: Callable[[Interview], None]) -> Interview:
    """Ask and keep each answer, until it is over, or the input ends or says so."""
    while (question := asked.question) is not None:
        _show(asked, question)
        following = _following(asked, question)
        if following is None:
            return asked
        asked = following
        keep(asked)
    return asked


def _following(asked: Interview, question: Asked) -> Interview | None:
    """Interview after what the user says; none if they stop."""
    while True:
        try:
            reply = input(f"    {_choices(question)} > ").strip().lower()
        except EOFError:
            _say("")
            return None
        if reply in {"q", "quit"}:
            return None
        try:
            if reply in {"b", "back"}:
                return asked.back()
            return asked.answer(None if reply == "?" else _value(question, reply))
        except (EvidenceError, ImpossibleEvidenceError) as error:
            _say(f"    {str(error)[:1].upper()}{str(error)[1:]}.")


def _value(question: Asked, reply: str) -> object:
    """Answer that was typed.

    Raises
    ------
    EvidenceError
        It is none of those that are shown.
    """
    if question.node == AGE_BAND:
        try:
            return number(reply)
        except ValueError as error:
            message = "type your age in years, such as 67, or ? if you do not know"
            raise EvidenceError(message) from error
    meant = _matches(question.states, reply)
    if len(meant) != 1:
        message = f"type one of {_choices(question)}"
        raise EvidenceError(message)
    return meant[0]


def _matches(states: Sequence[object], reply: str) -> list[object]:
    """States that a number, a word or the beginning of a word stands for."""
    if states == (True, False):
        return [_YES_NO[reply]] if reply in _YES_NO else []
    by_number: Mapping[str, object] = {str(i): state for i, state in enumerate(states, start=1)}
    if reply in by_number:
        return [by_number[reply]]
    named = words(reply.replace(" ", "_"))
    return [state for state in states if named and words(str(state)).startswith(named)]


def _show(asked: Interview, question: Asked) -> None:
    import textwrap  # noqa: PLC0415 - for a conversation only

    flag = " (may be a warning sign)" if question.flag_of else ""
    head = f"{len(asked.answers) + 1}."
    text = textwrap.fill(f"{question.text}{flag}", _WIDTH, subsequent_indent="    ")
    _say(f"\n{_progress(asked)}{head:<4}{text}")
    if question.node != AGE_BAND and question.states != (True, False):
        for place, state in enumerate(question.states, start=1):
            _say(f"    {place}  {words(str(state))}")


def _progress(asked: Interview) -> str:
    """Leading causes, once something was answered."""
    import textwrap  # noqa: PLC0415 - for a conversation only

    if not asked.answers:
        return ""
    rows = asked.diagnosis.ranked[:_N_LEADING]
    names = [row.label.partition(" (")[0] for row in rows]
    leading = ", ".join(f"{n} {percent(r.responsible)}" for n, r in zip(names, rows, strict=True))
    text = f"[{leading}; none of the listed {percent(asked.diagnosis.unexplained)}]"
    indent = " " * 4
    return f"{textwrap.fill(text, _WIDTH, initial_indent=indent, subsequent_indent=indent)}\n"


def _choices(question: Asked) -> str:
    if question.node == AGE_BAND:
        return "years, ? b q"
    if question.states == (True, False):
        return "y n ? b q"
    return f"{' '.join(str(i + 1) for i in range(len(question.states)))} ? b q"


def _resumable(file: Path | None) -> str:
    return f"`legache interview --resume {file}` goes on." if file else "Nothing was kept."


def _keeper(file: Path | None) -> Callable[[Interview], None]:
    """Return what writes an interview to the file: all of it, or what was there before."""

    def keep(asked: Interview) -> None:
        if file is None:
            return
        try:
            _replace(file, asked.to_json() + "\n")
        except OSError as error:
            message = f"{file}: cannot be written ({error.strerror}); choose another --save"
            raise EvidenceError(message) from error

    return keep


def _replace(file: Path, text: str) -> None:
    """Write a file in one step; nobody else may read it."""
    part, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(part, "w", encoding="utf-8") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        Path(name).replace(file)
    except BaseException:  # an interrupt, too, leaves nothing behind
        Path(name).unlink(missing_ok=True)
        raise


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's output
