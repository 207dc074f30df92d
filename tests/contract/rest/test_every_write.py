"""What every write that changes one thing does with an Idempotency-Key and an If-Match."""

import pytest

from functions.kernel.rest.routes import Route
from tests.contract.rest.declared import ROUTES, commits, creates, key, routes
from tests.contract.rest.furnished import Furnished, furnish
from tests.contract.rest.test_every_route import assert_problem

KEY = {"Idempotency-Key": "a key"}
COUNTED = {"POST /api/customers/sessions": 2}  # a try that is refused counts at the kiosk, and the phone keeps its key


def shown_by(route: Route) -> Route | None:
    """The read of the thing that a write changes, where there is one."""
    found = [r for r in ROUTES if r.versioned and not r.writes and f"{route.path}/".startswith(f"{r.path}/")]
    return found[0] if found and not creates(route) else None


@routes(commits)
def test_the_same_key_and_request_get_the_first_answer_again_and_have_one_effect(route: Route) -> None:
    furnished = furnish()
    path, body = furnished.path(route), furnished.body(route)
    first = furnished.mall.request(route.method, path, body, KEY)
    assert first.status == 200, first
    done = furnished.effects()
    for _ in range(2):
        again = furnished.mall.request(route.method, path, body, KEY)
        assert (again.status, again.body) == (200, first.body)
        assert furnished.effects() == done
        furnished.mall.settle()
        done = furnished.effects()


@routes(commits)
def test_the_same_key_with_another_body_is_refused(route: Route) -> None:
    furnished = furnish()
    body = furnished.body(route)
    before = furnished.effects()
    assert furnished.do(route, body, KEY).status == 200
    done = furnished.effects()
    assert done > before, f"{key(route)} changes nothing here: it wants a thing in another state"
    answer = furnished.do(route, {**body, "other": 1}, KEY)
    if route.body:
        assert_problem(answer, 422, furnished.path(route))
        assert answer.body["code"] == "idempotency_key_reused"
    else:  # what a route does not take is no part of the request
        assert answer.status == 200
    assert furnished.effects() == done


@routes(commits)
def test_a_key_is_known_though_the_write_that_it_was_used_for_changed_nothing(route: Route) -> None:
    furnished = furnish()
    assert furnished.do(route, headers=KEY).status == 200
    other, before = {"Idempotency-Key": "another key"}, furnished.effects()
    second = furnished.do(route, headers=other)
    if second.status != 200:  # it cannot be done twice
        assert furnished.effects() == before + COUNTED.get(key(route), 0)
        return
    done = furnished.effects()
    assert done > before
    again = furnished.do(route, headers=other)
    assert (again.status, again.body, again.headers["ETag"]) == (200, second.body, second.headers["ETag"])
    with_another_body = furnished.do(route, {**furnished.body(route), "other": 1}, other)
    if route.body:
        assert_problem(with_another_body, 422, furnished.path(route))
    else:
        assert with_another_body.status == 200
    assert furnished.effects() == done


@routes(commits)
def test_a_key_that_is_none_is_refused(route: Route) -> None:
    furnished = furnish()
    before = furnished.effects()
    for none in ("", "x" * 256, "a\tb"):
        answer = furnished.do(route, headers={"Idempotency-Key": none})
        assert_problem(answer, 400, furnished.path(route))
        assert "Idempotency-Key" in answer.body["detail"]
    assert furnished.effects() == before


@routes(creates)
def test_two_keys_make_two_things_and_no_key_makes_one_each_time(route: Route) -> None:
    furnished = furnish()
    keys: list[dict[str, str]] = [{"Idempotency-Key": "one"}, {"Idempotency-Key": "two"}, {}, {}]
    made = [furnished.do(route, headers=headers).body["id"] for headers in keys]
    assert len(set(made)) == len(keys)


@routes(commits)
def test_a_write_of_another_version_than_if_match_names_is_stale(route: Route) -> None:
    furnished = furnish()
    before = furnished.effects()
    answer = furnished.do(route, headers={"If-Match": '"999"'})
    assert_problem(answer, 412, furnished.path(route))
    assert furnished.effects() == before


@routes(commits)
def test_an_if_match_that_is_no_etag_is_refused(route: Route) -> None:
    furnished = furnish()
    before = furnished.effects()
    for none in ("nonsense", "7", '"7', ""):
        answer = furnished.do(route, headers={"If-Match": none})
        assert_problem(answer, 400, furnished.path(route))
        assert "If-Match" in answer.body["detail"]
    assert furnished.effects() == before


@routes(commits)
def test_a_write_answers_the_version_that_it_has_made(route: Route) -> None:
    furnished = furnish()
    answer = furnished.do(route, headers={"If-Match": "*"})
    assert answer.status == 200, answer
    version = answer.headers["ETag"]
    assert int(version.strip('"')) >= 1
    read = shown_by(route)
    if read and route.method != "DELETE":
        assert (
            furnished.mall.request("GET", furnished.path(read, **same_thing(furnished, route))).headers["ETag"]
            == version
        )


@routes(lambda route: commits(route) and shown_by(route))
def test_a_write_of_the_version_that_was_read_is_taken(route: Route) -> None:
    furnished = furnish()
    read = shown_by(route)
    assert read
    tag = furnished.mall.request("GET", furnished.path(read, **same_thing(furnished, route))).headers["ETag"]
    answer = furnished.do(route, headers={"If-Match": tag})
    assert answer.status == 200, answer
    assert int(answer.headers["ETag"].strip('"')) > int(tag.strip('"'))
    assert_problem(furnished.do(route, headers={"If-Match": tag}), 412, furnished.path(route))


def same_thing(furnished: Furnished, route: Route) -> dict[str, str]:
    """What the parameters of a route's path name: the read of the same thing has the same."""
    at = dict(zip(route.path.split("/"), furnished.path(route).split("/"), strict=True))
    return {name: at[f"{{{name}}}"] for name in route.arguments}


@pytest.mark.parametrize("header", ["Idempotency-Key", "If-Match"])
@routes(lambda route: not commits(route) and not route.path.startswith(("/api/docs", "/api/openapi")))
def test_what_changes_no_one_thing_heeds_neither(route: Route, header: str) -> None:
    assert furnish().do(route, headers={header: "\t"}).status == 200
