"""Does the protocol tell the truth about its evidence?"""

import legache
from legache.cli.check import grade_table, statement_table
from legache.knowledge.loading import shipped_folder


def test_the_protocol_prints_the_grades_of_the_files() -> None:
    text = (shipped_folder() / "README.md").read_text(encoding="utf-8")
    printed = text.split("<!-- grades -->\n")[1].split("\n<!-- /grades -->")[0]
    assert printed == grade_table(legache.load().model.knowledge)


def test_the_protocol_prints_the_grades_of_the_statements() -> None:
    text = (shipped_folder() / "README.md").read_text(encoding="utf-8")
    printed = text.split("<!-- statements -->\n")[1].split("\n<!-- /statements -->")[0]
    assert printed == statement_table(legache.load().model.knowledge)
