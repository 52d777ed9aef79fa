"""Does the description of a folder describe it, and is another schema refused?"""

from __future__ import annotations

import json

import pytest

from legache.errors import KnowledgeError
from legache.knowledge.datapackage import (
    BIBLIOGRAPHY,
    NAME,
    SCHEMA_VERSION,
    TABLES,
    describe,
    parse_package,
)
from legache.knowledge.loading import read_folder
from legache.knowledge.records import RECORDS, Cost, Package
from legache.knowledge.tables import columns
from tests.knowledge.folders import TINY


def test_a_package_says_its_name_version_and_default_setting() -> None:
    assert parse_package(read_folder(TINY)[NAME]) == Package(
        name="tiny-priors", version="0.0.1", default_setting="primary_care"
    )


@pytest.mark.parametrize("schema", [SCHEMA_VERSION - 1, SCHEMA_VERSION + 1, 1000])
def test_another_schema_version_is_refused_with_what_to_do(schema: int) -> None:
    content = read_folder(TINY)[NAME].replace(b'"schema": 1,', b'"schema": %d,' % schema)
    with pytest.raises(KnowledgeError) as caught:
        parse_package(content)
    assert str(caught.value) == (
        f"datapackage.json: schema {schema}; this version of legache reads schema 1; "
        "install the legache that fits, or convert the folder"
    )


def test_the_tiny_folder_is_described_as_it_is() -> None:
    contents = read_folder(TINY)
    assert describe(json.loads(contents[NAME]), contents) == contents[NAME].decode()


def test_every_file_is_a_resource() -> None:
    described = json.loads(describe({}, read_folder(TINY)))
    paths = [resource["path"] for resource in described["resources"]]
    assert paths == [*TABLES, Cost.FILE, BIBLIOGRAPHY]


def test_every_column_is_a_field_in_order() -> None:
    described = json.loads(describe({}, read_folder(TINY)))
    fields = [
        [field["name"] for field in resource["schema"]["fields"]]
        for resource in described["resources"][:-1]
    ]
    assert fields == [[column.name for column in columns(record)] for record in (*RECORDS, Cost)]


def test_the_header_of_each_table_is_in_the_order_of_its_fields() -> None:
    contents = read_folder(TINY)
    headers = [contents[record.FILE].decode().split("\n")[0] for record in RECORDS]
    assert headers == [",".join(column.name for column in columns(record)) for record in RECORDS]


def test_what_the_caller_says_is_kept() -> None:
    described = json.loads(describe({"name": "mine", "title": "Ä"}, read_folder(TINY)))
    assert (described["name"], described["title"]) == ("mine", "Ä")


def test_a_description_of_a_description_is_the_same() -> None:
    contents = read_folder(TINY)
    once = describe({"name": "mine"}, contents)
    assert describe(json.loads(once), contents) == once
