"""An update changes one index of a table at most: a release is compared with the one before."""

import json
from pathlib import Path

import pytest

from infra import indexes
from tests.infra.conftest import Templates


def test_no_table_changes_by_more_than_one_index_since_the_last_release() -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html"""
    assert indexes.too_many(indexes.released(), indexes.current()) == {}


def test_the_recorded_indexes_are_those_of_the_templates_with_keys_that_follow_from_their_names(dev: Templates) -> None:
    deployed = {}
    for stack, name, table in dev.resources("AWS::DynamoDB::Table"):
        if "Views" in name:
            deployed[stack] = sorted(index["IndexName"] for index in table.get("GlobalSecondaryIndexes", []))
        for index in table.get("GlobalSecondaryIndexes", []):
            keys = [key["AttributeName"] for key in index["KeySchema"]]
            assert keys == [f"{index['IndexName']}_partition", f"{index['IndexName']}_sort"]
            assert index["Projection"] == {"ProjectionType": "ALL"}
    assert deployed == indexes.current()


@pytest.mark.parametrize(
    ("now", "refused"),
    [
        (["a", "b"], []),
        (["a", "b", "c"], []),
        (["a"], []),
        (["a", "c"], ["b", "c"]),
        (["a", "b", "c", "d"], ["c", "d"]),
        ([], ["a", "b"]),
    ],
)
def test_two_changes_of_one_table_are_refused(now: list[str], refused: list[str]) -> None:
    found = indexes.too_many({"depot": ["a", "b"], "search": []}, {"depot": now, "search": ["x"], "new": ["y", "z"]})
    assert found == ({"depot": refused} if refused else {})


def test_a_release_records_the_indexes_unless_a_table_changed_by_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "released.json"
    record.write_text(json.dumps({**indexes.current(), "stores": ["by_name"]}))
    assert indexes.main(record) == 0
    assert json.loads(record.read_text()) == indexes.current()
    before = json.dumps({**indexes.current(), "stores": ["by_price"]})
    record.write_text(before)
    assert indexes.main(record) == 1
    assert record.read_text() == before
    assert "stores changes 3 indexes, and one release may change one" in capsys.readouterr().out
