"""Is this file safe to read, and what are its lines?"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

from legache.errors import KnowledgeError, LimitError

MAX_FILE_BYTES = 5_000_000
MAX_LINE_BYTES = 65_536
MAX_ROWS = 200_000


def read_bytes(path: Path, name: str) -> bytes:
    """Read a regular file of at most `MAX_FILE_BYTES`; messages call it `name`.

    Raises
    ------
    KnowledgeError
        The file is missing, is a link or is not a regular file.
    LimitError
        The file is too large; it is not read.
    """
    try:
        status = path.lstat()
    except OSError as error:
        message = f"{name}: cannot be read: {error.strerror}; check the path"
        raise KnowledgeError(message) from error
    if not stat.S_ISREG(status.st_mode):
        message = f"{name}: not a regular file; links and devices are refused"
        raise KnowledgeError(message)
    refuse_oversize(status.st_size, name)
    try:
        return path.read_bytes()
    except OSError as error:
        message = f"{name}: cannot be read: {error.strerror}; check its permissions"
        raise KnowledgeError(message) from error


def refuse_oversize(n_bytes: int, name: str) -> None:
    """Raise `LimitError` for an input of more than `MAX_FILE_BYTES`."""
    if n_bytes > MAX_FILE_BYTES:
        message = f"{name}: {n_bytes} bytes; at most {MAX_FILE_BYTES} are read"
        raise LimitError(message)


def decode(content: bytes, name: str) -> str:
    r"""Decode UTF-8 text that has no byte-order mark, NUL, mixed line ends or very long line.

    A file may use ``\n`` or ``\r\n`` throughout; the result uses ``\n``.

    Raises
    ------
    KnowledgeError
        With the line of the first character that is refused.
    LimitError
        A line is longer than `MAX_LINE_BYTES`.
    """
    for number, line in enumerate(content.split(b"\n"), start=1):
        if len(line) > MAX_LINE_BYTES:
            message = f"{name}:{number}: {len(line)} bytes; a line has at most {MAX_LINE_BYTES}"
            raise LimitError(message)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        number = content.count(b"\n", 0, error.start) + 1
        message = f"{name}:{number}: not UTF-8; save the file as UTF-8"
        raise KnowledgeError(message) from error
    plain = _with_plain_line_ends(text, name)
    _refuse_characters(plain, name)
    return plain


def digest(content: bytes) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _refuse_characters(text: str, name: str) -> None:
    if text.replace("\n", "").isprintable():
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if number == 1 and line.startswith("\ufeff"):
            message = f"{name}:1: byte-order mark; save the file as UTF-8 without it"
            raise KnowledgeError(message)
        if line.isprintable():
            continue
        bad = next(c for c in line if not c.isprintable())
        message = f"{name}:{number}: character U+{ord(bad):04X} is not allowed; remove it"
        raise KnowledgeError(message)


def _with_plain_line_ends(text: str, name: str) -> str:
    n_windows = text.count("\r\n")
    if n_windows and n_windows != text.count("\n"):
        first = next(
            i for i, line in enumerate(text.split("\n"), start=1) if not line.endswith("\r")
        )
        message = f"{name}:{first}: mixed line ends; use one kind throughout"
        raise KnowledgeError(message)
    return text.replace("\r\n", "\n")
