"""What every list does with `limit` and `next`, in a query string or a body."""

from typing import Any, get_args

import pytest

from functions.kernel.rest.routes import Route
from tests.contract.rest.declared import key, lists, routes
from tests.contract.rest.furnished import Furnished, furnish
from tests.contract.rest.test_every_route import assert_problem
from tests.support.cloud import Response


@pytest.fixture(scope="module")
def mall() -> Furnished:
    """One for all that only read."""
    return furnish()


def page(mall: Furnished, route: Route, **asked: Any) -> Response:
    """A page of a list."""
    if route.writes:
        return mall.do(route, asked)
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return mall.mall.request(route.method, f"{mall.path(route)}{mall.required_query(route)}&{query}")


def content(answer: Response) -> list[Any]:
    """What is on a page; the gaps are the owners that did not answer, asOf the moment of the list."""
    assert answer.status == 200, answer
    [found] = [value for name, value in answer.body.items() if name not in ("next", "gaps", "asOf")]
    assert isinstance(found, list)
    return found


def pages(mall: Furnished, route: Route, limit: int, first: Response | None = None) -> list[Any]:
    """The whole list, so many at a time, from its first page on. Fails for a list that does not end."""
    answer = first or page(mall, route, limit=limit)
    found = content(answer)
    for _ in range(500):
        if "next" not in answer.body:
            return found
        answer = page(mall, route, limit=limit, next=answer.body["next"])
        assert len(content(answer)) <= limit
        found += content(answer)
    raise AssertionError(f"{key(route)} does not end")


def identity(thing: dict[str, Any]) -> str:
    """The id of what is on a page; of a commit the version. The audit has an entry before and after an action."""
    found = thing.get("id") or thing.get("letter") or thing.get("orderId") or thing["version"]
    return f"{found} {thing.get('outcome', '')}"


@routes(lists)
def test_it_takes_1_to_100_at_a_time(mall: Furnished, route: Route) -> None:
    for limit in (0, 101, -1, "abc", "1.5", ""):
        answer = page(mall, route, limit=limit)
        assert_problem(answer, 400, mall.path(route))
        assert "limit" in answer.body["detail"]
    for limit in (1, 100):
        assert len(content(page(mall, route, limit=limit))) >= 1


@routes(lists)
def test_it_gives_each_thing_once_however_many_come_at_a_time(mall: Furnished, route: Route) -> None:
    whole = content(page(mall, route, limit=100))
    assert len(whole) >= 2, "a list of one thing shows nothing"
    assert len({identity(thing) for thing in whole}) == len(whole)
    for limit in (1, 2, len(whole)):
        assert pages(mall, route, limit) == whole


@routes(lists)
def test_there_is_no_next_at_the_end(mall: Furnished, route: Route) -> None:
    whole = content(page(mall, route, limit=100))
    assert "next" not in page(mall, route, limit=100).body
    assert "next" not in page(mall, route, limit=len(whole)).body
    assert page(mall, route, limit=len(whole) - 1).body["next"]


@routes(lists)
def test_what_was_there_comes_once_whatever_is_written_between_two_pages(route: Route) -> None:
    furnished = furnish()
    there = [identity(thing) for thing in content(page(furnished, route, limit=100))]
    first = page(furnished, route, limit=1)
    furnished.add_products()
    others = Furnished(furnished.mall, dict(furnished.things))
    others.open_stores()
    others.bring_robots()
    others.order()
    others.order(amount=1)
    furnished.mall.pass_time(10)
    ids = [identity(thing) for thing in pages(furnished, route, 1, first)]
    assert len(set(ids)) == len(ids)
    assert [id for id in ids if id in there] == there


@routes(lists)
def test_a_next_that_was_forged_is_refused(mall: Furnished, route: Route) -> None:
    token = page(mall, route, limit=1).body["next"]
    # One letter is another: at the beginning and the end of the signature (16 bytes), and in the middle of the rest.
    changed = [
        token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :] for place in (0, 20, len(token) // 2)
    ]
    for next_ in ["forged", "", "AAAA", token[:-4], token + "AAAA", *changed]:
        answer = page(mall, route, limit=1, next=next_)
        assert_problem(answer, 400, mall.path(route))
        assert answer.body["detail"].startswith("next: ")


@routes(lists)
@routes(lists, "other")
def test_a_next_of_another_list_is_refused(mall: Furnished, route: Route, other: Route) -> None:
    token = page(mall, other, limit=1).body["next"]
    assert page(mall, route, limit=1, next=token).status == (200 if route == other else 400)


@routes(lambda route: lists(route) and route.params and "status" in route.params.model_fields)
def test_a_next_of_one_status_is_none_of_another(mall: Furnished, route: Route) -> None:
    token = page(mall, route, limit=1).body["next"]
    status = content(page(mall, route))[0]["status"]
    assert page(mall, route, limit=1, next=token, status=status).status == 400


@routes(lambda route: lists(route) and route.params and "status" in route.params.model_fields)
def test_a_status_shows_those_that_have_it(mall: Furnished, route: Route) -> None:
    whole = content(page(mall, route, limit=100))
    assert route.params
    either, _ = get_args(route.params.model_fields["status"].annotation)  # or None: all of them
    statuses = get_args(either)
    assert {thing["status"] for thing in whole} < {*statuses}, "where all have it, or none, nothing is left out"
    for status in statuses:
        found = content(page(mall, route, status=status, limit=100))
        assert sorted(found, key=identity) == sorted((t for t in whole if t["status"] == status), key=identity)


@routes(lambda route: lists(route) and route.arguments)
def test_a_next_of_the_same_list_about_another_thing_is_refused(route: Route) -> None:
    furnished = furnish()
    token = page(furnished, route, limit=1).body["next"]
    things = furnished.things
    things["store"] = things["participating store"]
    things["order"] = things["active list"]
    things["customer"] = things["disabled customer"]
    things["redrive"], things["forecast"] = things["paused redrive"], things["redrive"]
    things["flow"] = next(
        m.metadata.correlation_id for m in furnished.mall.published if m.metadata.correlation_id != things["flow"]
    )
    assert_problem(page(furnished, route, limit=1, next=token), 400, furnished.path(route))
