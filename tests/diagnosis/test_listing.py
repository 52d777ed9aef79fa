"""Is a list of statements wrapped, and every text of it escaped?"""

from legache.diagnosis.listing import Column, listing_html, listing_text, page_html, page_text

COLUMNS = (Column("kind", 8), Column("what", 20))


def test_a_long_cell_is_wrapped_to_its_width() -> None:
    text = listing_text(COLUMNS, [("fact", "word " * 20)])

    assert max(len(line) for line in text.splitlines()) <= 30


def test_a_cell_of_digits_stays_as_it_is() -> None:
    assert "007" in listing_text(COLUMNS, [("fact", "007")])


def test_cells_and_notes_are_escaped() -> None:
    page = page_html("<t>", [listing_html(COLUMNS, [("<k>", "<w>")])], ["<n>"])

    assert not any(mark in page for mark in ("<t>", "<k>", "<w>", "<n>"))


def test_a_page_has_title_parts_and_notes_in_order() -> None:
    assert page_text("title", ["part"], ["one", "two"]) == "title\n\npart\n\none\ntwo"
