"""Searching orders by every filter, page by page."""

from typing import Any

import pytest

from functions.search import service
from tests.unit.search.orders import ask, consume, found, line, order, pages, place, search

STATUSES = ["pending", "approved", "ready", "completed", "rejected", "cancelled"]


def moment(day: int, hour: int = 9, month: int = 3) -> str:
    return f"2026-{month:02}-{day:02}T{hour:02}:00:00.000000Z"


def five_orders() -> None:
    """Five orders, a to e, of days 1 to 5."""
    place("a", at=moment(1), customer="ada", items=[line("bread", 2)])
    place("b", "approved", at=moment(2), customer="bo", items=[line("ink")])
    place("c", "completed", at=moment(3), customer="ada", items=[line("bread"), line("ink")])
    place("d", "cancelled", at=moment(4), customer="bo", items=[line("pen", 3)])
    place("e", "approved", at=moment(5), customer="cy", items=[line("roll"), line("pen")])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "edcba"),
        ({"customerId": "ada"}, "ca"),
        ({"customerId": "nobody"}, ""),
        ({"status": "approved"}, "eb"),
        ({"status": "rejected"}, ""),
        ({"productIds": ["bread"]}, "ca"),
        ({"productIds": ["bread", "ink"]}, "cba"),
        ({"productIds": ["bread", "bread"]}, "ca"),
        ({"productIds": ["none"]}, ""),
        ({"productIds": []}, "edcba"),
        ({"storeIds": ["paper"]}, "edcb"),
        ({"storeIds": ["paper", "bakery"]}, "edcba"),
        ({"storeIds": []}, "edcba"),
        ({"minTotal": 9}, "ca"),
        ({"minTotal": 9.01}, "c"),
        ({"maxTotal": 4.5}, "ed"),
        ({"maxTotal": 4.49}, "e"),
        ({"minTotal": 4.5, "maxTotal": 9}, "dba"),
        ({"minTotal": 0}, "edcba"),
        ({"maxTotal": 0}, ""),
        ({"after": moment(3)}, "edc"),
        ({"after": moment(3, 10)}, "ed"),
        ({"before": moment(3)}, "cba"),
        ({"before": moment(3, 8)}, "ba"),
        ({"after": moment(2), "before": moment(4)}, "dcb"),
        ({"after": moment(4), "before": moment(2)}, ""),
        ({"after": "2026-03-03T10:00:00+01:00"}, "edc"),
        ({"after": "0001-01-01T00:00:00Z", "before": "9999-12-31T23:59:59Z"}, "edcba"),
        ({"customerId": "ada", "status": "completed"}, "c"),
        ({"customerId": "ada", "productIds": ["ink"]}, "c"),
        ({"customerId": "bo", "storeIds": ["bakery"]}, ""),
        ({"productIds": ["ink", "pen"], "status": "approved"}, "eb"),
        ({"storeIds": ["bakery"], "productIds": ["pen"]}, "e"),
        ({"storeIds": ["paper"], "before": moment(3)}, "cb"),
        ({"status": "approved", "after": moment(3)}, "e"),
        ({"status": "approved", "minTotal": 3}, "b"),
        (
            {
                "customerId": "ada",
                "after": moment(2),
                "before": moment(4),
                "storeIds": ["bakery"],
                "productIds": ["ink"],
                "minTotal": 10,
                "maxTotal": 20,
                "status": "completed",
            },
            "c",
        ),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_filters_find_the_matching_orders_newest_first(filters: dict[str, Any], expected: str, limit: int) -> None:
    five_orders()
    assert "".join(found(filters, limit)) == expected


@pytest.mark.parametrize(
    "body",
    [{}, {"filters": {}}, {"unknown": None}, {"filters": {"unknown": None, "customerId": None}}, {"limit": None}],
)
def test_a_search_without_filters_finds_all(body: dict[str, Any]) -> None:
    five_orders()
    assert [one["orderId"] for one in search(**body).body["orders"]] == list("edcba")


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "shipped"},
        {"status": ""},
        {"status": None},
        {"number": "019aa1c"},
        {"number": "019AA1C2"},
        {"number": "019aa1c2-7d3e"},
        {"customerId": 7},
        {"customerId": ""},
        {"after": "yesterday"},
        {"after": None},
        {"before": "2026-03-14"},
        {"before": 7},
        {"storeIds": "bakery"},
        {"storeIds": [None]},
        {"storeIds": ["x"] * 101},
        {"productIds": {}},
        {"minTotal": "4"},
        {"minTotal": 0.001},
        {"maxTotal": True},
    ],
)
def test_an_invalid_filter_is_refused(filters: dict[str, Any]) -> None:
    answer = ask(filters)
    assert (answer.status, answer.body["code"]) == (400, "invalid")
    assert next(iter(filters)) in answer.body["detail"]


def test_an_order_is_found_by_its_number_whatever_became_of_it() -> None:
    place("019aa1c2-7d3e", "completed", at=moment(1), customer="ada")
    place("019aa1c2-ffff", "cancelled", at=moment(3), customer="bo")
    place("019aa1c1-ffff", at=moment(2))
    place("019aa1c3-0000", at=moment(2))

    assert found({"number": "019aa1c2"}) == found({"number": "019aa1c2"}, limit=1) == ["019aa1c2-ffff", "019aa1c2-7d3e"]
    assert found({"number": "019aa1c2", "customerId": "ada"}) == ["019aa1c2-7d3e"]
    assert found({"number": "019aa1c2", "status": "cancelled"}) == ["019aa1c2-ffff"]
    assert found({"number": "019aa1c2", "before": moment(2)}) == ["019aa1c2-7d3e"]
    assert found({"number": "019aa1c0"}) == []


@pytest.mark.parametrize(
    "fields",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "5"},
        {"limit": True},
        {"next": "forged"},
        {"next": ""},
        {"next": 7},
        {"filters": None},
        {"filters": []},
    ],
)
def test_an_invalid_limit_next_or_filters_is_refused(fields: dict[str, Any]) -> None:
    five_orders()
    answer = search(**fields)
    assert answer.status == 400
    assert next(iter(fields)) in answer.body["detail"]


def test_a_next_is_valid_for_its_own_filters_only() -> None:
    five_orders()
    token = ask({"status": "approved"}, limit=1).body["next"]
    assert ask({"status": "approved"}, limit=2, next=token).status == 200
    for filters in ({}, {"status": "pending"}, {"status": "approved", "minTotal": 0}):
        assert ask(filters, next=token).status == 400


@pytest.mark.parametrize("filters", [{}, {"storeIds": ["paper", "bakery"]}])
def test_pages_keep_their_orders_when_others_are_placed_or_change_in_between(filters: dict[str, Any]) -> None:
    five_orders()
    first = ask(filters, limit=2).body
    place("f", at=moment(6), items=[line("ink")])
    consume(order("c", "cancelled", at=moment(3), items=[line("bread"), line("ink")]), 9)
    second = ask(filters, limit=5, next=first["next"]).body
    assert [one["orderId"] for one in first["orders"] + second["orders"]] == list("edcba")
    assert "next" not in second


def test_orders_of_the_same_time_are_all_found() -> None:
    for n in range(7):
        place(f"order-{n}", at=moment(1))
    for limit in (1, 2, 3, 7):
        assert found({}, limit) == [f"order-{n}" for n in reversed(range(7))]


def test_a_search_goes_back_over_months_and_years_without_orders() -> None:
    place("new", at="2026-03-01T00:00:00.000000Z")
    place("old", at="2025-12-31T23:59:59.999999Z")
    place("first", "completed", at="2023-01-15T00:00:00.000000Z")
    for limit in (1, 2, 3):
        assert found({}, limit) == ["new", "old", "first"]
    assert found({"after": "2025-12-31T23:59:59.999999Z"}) == ["new", "old"]
    assert found({"before": "2025-12-31T23:59:59.999999Z"}) == ["old", "first"]
    assert found({"status": "completed"}) == ["first"]


@pytest.mark.parametrize(
    "filters", [{"minTotal": 100}, {"customerId": "ada", "minTotal": 100}, {"storeIds": ["bakery"], "minTotal": 100}]
)
def test_a_request_reads_a_bounded_number_of_orders_and_the_next_continues(
    filters: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "READ_AT_MOST", 4)
    place("dear", at=moment(1), items=[line("bread", 100)])
    for n in range(11):
        place(f"cheap-{n:02}", at=moment(2 + n))
    assert [[one["orderId"] for one in page] for page in pages(filters)] == [[], [], ["dear"]]


@pytest.mark.parametrize("count", [3, 4, 5, 8])
def test_no_order_is_skipped_wherever_the_bound_is_reached(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "READ_AT_MOST", 4)
    for n in range(count):
        place(f"april-{n}", at=moment(1 + n, month=4))
        place(f"march-{n}", at=moment(1 + n))
    assert len(found()) == 2 * count


def test_a_full_last_page_has_no_next() -> None:
    five_orders()
    assert [len(page) for page in pages({}, 5)] == [5]
    assert [len(page) for page in pages({"customerId": "ada"}, 1)] == [1, 1]
