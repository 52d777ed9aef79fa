"""What do the keys of a bibliography stand for?

The file is BibTeX of one fixed shape, an entry a block and a field a line, so that a change of
one field is a change of one line; what has another shape is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from legache.errors import KnowledgeError, did_you_mean, nearest
from legache.knowledge import datapackage
from legache.knowledge.files import decode
from legache.knowledge.records import Knowledge

_HEAD = re.compile(r"@(?P<type>[a-z]+)\{(?P<key>[^,\s{}]+),")
_FIELD = re.compile(r"  (?P<name>[a-z]+) = \{(?P<value>.*)\},")
_ESCAPED = re.compile(r"\\([%&#_$])")
_OWN = ("author", "title", "journal", "year", "doi", "pmid", "url")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One entry of the bibliography; what it does not say is None.

    Attributes
    ----------
    type
        ``article``, ``misc``, ...
    more
        Fields that are not among the attributes, by name.
    """

    key: str
    type: str
    author: str | None = None
    title: str | None = None
    journal: str | None = None
    year: str | None = None
    doi: str | None = None
    pmid: str | None = None
    url: str | None = None
    more: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """Return the reference in one line, as a list of references has it."""
        dated = f" ({self.year})" if self.year else ""
        title = self.title or self.key
        parts = [self.author + dated, title] if self.author else [title + dated]
        parts.append(self.journal or "")
        text = ". ".join(part.rstrip(".") for part in parts if part) + "."
        if self.doi:
            text += f" https://doi.org/{self.doi}"
        elif self.pmid:
            text += f" PMID {self.pmid}"
        elif self.url:
            text += f" {self.url}"
        return text


def sources_of(knowledge: Knowledge) -> Mapping[str, Source]:
    """Every source of a priors folder, by key; read when first asked for.

    Raises
    ------
    KnowledgeError
        The bibliography is not of the shape that is read; every problem with its line.

    Examples
    --------
    >>> import legache
    >>> source = sources_of(legache.load().model.knowledge)["allen2005"]
    >>> source.type, source.year
    ('article', '2005')
    """
    return _parsed(knowledge.supplements.get(datapackage.BIBLIOGRAPHY, b""))


def source_of(knowledge: Knowledge, key: str) -> Source:
    """One source.

    Raises
    ------
    KnowledgeError
        There is no such source; names the nearest.
    """
    known = sources_of(knowledge)
    if key not in known:
        hint = did_you_mean(nearest(str(key)[:64], known), f"see {datapackage.BIBLIOGRAPHY}")
        message = f"unknown source {str(key)[:64]!r}{hint}"
        raise KnowledgeError(message)
    return known[key]


@lru_cache(maxsize=16)
def _parsed(content: bytes) -> Mapping[str, Source]:
    problems: list[str] = []
    found = list(_entries(decode(content, datapackage.BIBLIOGRAPHY), problems))
    if problems:
        raise KnowledgeError(problems)
    return MappingProxyType({source.key: source for source in found})


def _entries(text: str, problems: list[str]) -> Iterator[Source]:
    """Entries one after the other; what is of another shape is told, and passed over."""
    head: re.Match[str] | None = None
    fields: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"{datapackage.BIBLIOGRAPHY}:{number}"
        if head is None:
            head, fields = _HEAD.fullmatch(line), {}
            if head is None and line.strip() and not line.startswith("%"):
                problems.append(f"{where}: no entry; expected '@article{{key,' alone on a line")
        elif line == "}":
            yield _source(head, fields)
            head = None
        elif (field := _FIELD.fullmatch(line)) is None:
            problems.append(f"{where}: no field; expected '  name = {{value}},' or '}}' alone")
        elif field["name"] in fields:
            problems.append(f"{where}: duplicate field {field['name']!r}; keep one")
        else:
            fields[field["name"]] = field["value"]
    if head is not None:
        problems.append(f"{datapackage.BIBLIOGRAPHY}: entry {head['key']!r} has no end; add '}}'")


def _source(head: re.Match[str], fields: Mapping[str, str]) -> Source:
    plain = {name: _plain(value) for name, value in fields.items()}
    own = {name: value for name, value in plain.items() if name in _OWN}
    more = tuple(sorted((name, value) for name, value in plain.items() if name not in _OWN))
    return Source(key=head["key"], type=head["type"], **own, more=more)


def _plain(value: str) -> str:
    """Text without the braces that keep capitals, and without escapes."""
    return _ESCAPED.sub(r"\1", value.replace("{", "").replace("}", "")).strip()
