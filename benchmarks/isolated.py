"""How is a library asked without harm when it needs too much time or memory?"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

MEMORY_LIMIT = 6 * 2**30
_PREPARATION_S = 60.0
_OUT_OF_MEMORY = "out of memory"


@dataclass(frozen=True)
class Failure:
    """Why there is no answer."""

    reason: str


class Worker:
    """A process of its own that prepares something once and then answers questions.

    It is started at the first question, and again after it was stopped or died.

    Parameters
    ----------
    prepare
        Returns the function that answers; it runs in the process, as do its arguments.
    memory_limit
        Bytes of address space.
    """

    def __init__(
        self,
        prepare: Callable[..., Callable[..., object]],
        *args: object,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self._prepare, self._args, self._memory_limit = prepare, args, memory_limit
        self._process: Any = None
        self._pipe: Connection | None = None
        self._problem: Failure | None = None

    def ask(self, *question: object, limit_s: float) -> Any:  # noqa: ANN401 - whatever it answers
        """Answer, or a `Failure`."""
        if self._process is None:
            self._problem = self._start()
        if self._problem or self._pipe is None:
            return self._problem
        try:
            self._pipe.send(question)
        except BrokenPipeError:  # it died after its last answer
            self.stop()
            return Failure(_OUT_OF_MEMORY)
        return self._received(limit_s)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None

    def _start(self) -> Failure | None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        arguments = (theirs, self._memory_limit, self._prepare, self._args)
        self._process = context.Process(target=_serve, args=arguments, daemon=True)
        self._process.start()
        theirs.close()
        ready = self._received(_PREPARATION_S)
        return ready if isinstance(ready, Failure) else None

    def _received(self, limit_s: float) -> Any:  # noqa: ANN401 - whatever it answers
        assert self._pipe is not None  # noqa: S101 - set before anything is received
        if not self._pipe.poll(limit_s):
            self.stop()
            return Failure(f"> {limit_s:g} s")
        try:
            received = self._pipe.recv()
        except (EOFError, ConnectionResetError):  # it was killed, most probably for want of memory
            self.stop()
            return Failure(_OUT_OF_MEMORY)
        if isinstance(received, Failure):
            self.stop()  # what is left of its memory is unknown
        return received


def _serve(pipe: Connection, memory_limit: int, prepare: Callable[..., Any], args: Any) -> None:  # noqa: ANN401
    resource.setrlimit(resource.RLIMIT_AS, (memory_limit, memory_limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        answer = prepare(*args)
        pipe.send("ready")
        while True:
            pipe.send(answer(*pipe.recv()))
    except EOFError:
        return
    except Exception as error:  # noqa: BLE001 - whatever a library raises is its answer
        pipe.send(Failure(_reason(error)))


def _reason(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}".splitlines()[0][:80]
    is_memory = isinstance(error, MemoryError) or "bad_alloc" in text or "Unable to alloc" in text
    return _OUT_OF_MEMORY if is_memory else text
