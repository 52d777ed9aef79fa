from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

import legache
from legache.errors import KnowledgeError
from legache.knowledge.loading import shipped_folder
from legache.knowledge.records import Knowledge
from legache.knowledge.sources import Source, source_of, sources_of

_SHIPPED = legache.load().model.knowledge


def _with(text: str) -> Knowledge:
    supplements = MappingProxyType({"sources.bib": text.encode()})
    return replace(_SHIPPED, supplements=supplements)


def test_every_shipped_key_has_an_entry() -> None:
    assert sources_of(_SHIPPED).keys() == _SHIPPED.source_keys


def test_entries_are_those_that_bibtexparser_reads() -> None:
    from bibtexparser.entrypoint import parse_string

    text = (shipped_folder() / "sources.bib").read_text(encoding="utf-8")
    for entry in parse_string(text).entries:
        ours = sources_of(_SHIPPED)[entry.key]
        assert ours.type == entry.entry_type
        for name in ("author", "year", "doi", "pmid", "url"):
            theirs = entry.fields_dict.get(name)
            assert getattr(ours, name) == (theirs.value.strip("{}") if theirs else None)


def test_a_source_is_a_line_of_a_list_of_references() -> None:
    source = Source(
        key="k",
        type="article",
        author="Alpha A",
        title="On legs.",
        journal="J",
        year="2001",
        doi="10/x",
    )
    assert str(source) == "Alpha A (2001). On legs. J. https://doi.org/10/x"
    assert str(replace(source, doi=None, pmid="7")) == "Alpha A (2001). On legs. J. PMID 7"
    assert str(Source(key="k", type="misc", title="T", url="https://a.b")) == "T. https://a.b"
    assert str(Source(key="k", type="misc", title="T", year="2001", url="u")) == "T (2001). u"


def test_braces_and_escapes_are_taken_off() -> None:
    text = "% a comment\n@misc{a,\n  title = {{Bone \\& {J}oint, 90\\%}},\n  volume = {3},\n}\n"
    assert sources_of(_with(text))["a"] == Source(
        key="a", type="misc", title="Bone & Joint, 90%", more=(("volume", "3"),)
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@misc{a,\n  title = T,\n}\n", r"sources\.bib:2: no field; expected"),
        ("title\n", r"sources\.bib:1: no entry; expected '@article\{key,'"),
        (
            "@misc{a,\n  title = {T},\n  title = {U},\n}\n",
            r"sources\.bib:3: duplicate field 'title'",
        ),
        ("@misc{a,\n  title = {T},\n", r"sources\.bib: entry 'a' has no end"),
    ],
)
def test_another_shape_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(KnowledgeError, match=message):
        sources_of(_with(text))


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(KnowledgeError, match=r"^unknown source 'allen2004'; did you mean 'allen"):
        source_of(_SHIPPED, "allen2004")
