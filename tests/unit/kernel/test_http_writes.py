"""Idempotency keys and If-Match: what makes a write safe to repeat, and to make on what one has read."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest

from functions.kernel.domain.errors import ConcurrencyError
from functions.kernel.eventstore.epochs import base_at, open_epoch
from functions.kernel.eventstore.item import from_item
from functions.kernel.eventstore.store import MemoryEventStore
from functions.kernel.runtime.commit import Commit
from functions.kernel.runtime.runtime import Runtime, active
from functions.kernel.runtime.vault import RowWrite
from tests.support.jar_api import Response, ask
from tests.support.runtime import memory_runtime


class BusyStore(MemoryEventStore):
    """Before each of the first `conflicts` commits, somebody else's request gets in."""

    conflicts = 0

    def commit(self, *commits: Commit, beside: Sequence[RowWrite] = ()) -> None:
        if self.conflicts:
            self.conflicts -= 1
            self.interrupt()
            raise ConcurrencyError("somebody was faster")
        super().commit(*commits, beside=beside)

    def interrupt(self) -> None:
        """What the other does."""


@pytest.fixture(autouse=True)
def running() -> Iterator[Runtime]:
    with active(memory_runtime("jars", store=BusyStore())) as runtime:
        yield runtime


@pytest.fixture
def store(running: Runtime) -> BusyStore:
    assert isinstance(running.store, BusyStore)
    return running.store


def create(coins: int = 3, key: str | None = None) -> Response:
    return ask("POST", "/api/jars", {"coins": coins}, {"Idempotency-Key": key} if key is not None else {})


def fill(jar: str, coins: int, **headers: str) -> Response:
    names = {"key": "Idempotency-Key", "match": "If-Match"}
    return ask("PUT", f"/api/jars/{jar}/coins", {"coins": coins}, {names[n]: value for n, value in headers.items()})


def coins_in(jar: str) -> int:
    return int(ask("GET", f"/api/jars/{jar}").body["coins"])


def test_a_creation_asked_for_twice_is_made_once_and_answered_alike(store: BusyStore) -> None:
    first, second = create(key="k"), create(key="k")
    assert (first.status, first.body, first.headers["ETag"]) == (second.status, second.body, second.headers["ETag"])
    assert len(store.log) == 1


def test_a_change_asked_for_twice_is_made_once_and_answered_alike() -> None:
    jar = create().body["id"]
    first, second = fill(jar, 2, key="k"), fill(jar, 2, key="k")
    assert (first.status, first.text) == (second.status, second.text) == (200, "{}")
    assert coins_in(jar) == 5


def test_without_a_key_each_request_has_its_effect() -> None:
    assert create().body["id"] != create().body["id"]


def test_another_key_is_another_request() -> None:
    assert create(key="k").body["id"] != create(key="l").body["id"]


def test_a_key_that_comes_back_with_another_body_is_refused() -> None:
    jar = create(coins=3, key="k").body["id"]
    answer = create(coins=4, key="k")
    assert (answer.status, answer.body["code"]) == (422, "idempotency_key_reused")
    assert coins_in(jar) == 3


def test_a_body_written_otherwise_is_the_same_body() -> None:
    first = ask("POST", "/api/jars", '{"coins":1,"firstNote":"é"}', {"Idempotency-Key": "k"})
    second = ask("POST", "/api/jars", b'{ "firstNote": "\\u00e9", "coins": 1 }', {"idempotency-key": "k"})
    assert first.body == second.body


def test_a_left_out_body_is_the_empty_one() -> None:
    jar = create().body["id"]
    path = f"/api/jars/{jar}"
    answers = [ask("DELETE", path, body, {"Idempotency-Key": "k"}) for body in (None, "{}")]
    assert [answer.status for answer in answers] == [200, 200]


def test_a_key_that_comes_back_for_another_path_of_the_same_jar_is_refused() -> None:
    jar = create().body["id"]
    fill(jar, 1, key="k")
    assert ask("DELETE", f"/api/jars/{jar}", {}, {"Idempotency-Key": "k"}).status == 422


def test_the_same_body_at_another_path_of_the_same_jar_is_another_request() -> None:
    jar = create().body["id"]
    fill(jar, 9, key="k")
    assert ask("PUT", f"/api/jars/{jar}/level", {"coins": 9}, {"Idempotency-Key": "k"}).status == 422


def test_a_refused_request_is_judged_again() -> None:
    missing = create(key="early").body["id"].replace("-", "")
    assert fill(missing, 1, key="k").status == 404
    jar = create().body["id"]
    assert fill(jar, -1, key="k").status == 400
    assert fill(jar, 1, key="k").status == 200
    assert coins_in(jar) == 4


def test_a_repeated_request_is_answered_though_it_could_not_be_made_any_more() -> None:
    jar = create().body["id"]
    fill(jar, 1, key="k")
    ask("DELETE", f"/api/jars/{jar}")
    assert fill(jar, 1, key="l").status == 409
    assert fill(jar, 1, key="k").status == 200


def test_two_requests_with_one_key_at_once_make_one_effect(store: BusyStore, monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[Response] = []
    monkeypatch.setattr(store, "interrupt", lambda: others.append(create(key="k")))
    store.conflicts = 1
    mine = create(key="k")
    assert (mine.status, mine.body) == (200, others[0].body)
    assert len(store.log) == 1


def test_a_write_that_never_gets_through_is_a_conflict(store: BusyStore) -> None:
    store.conflicts = 100
    answer = create()
    assert (answer.status, answer.body["code"]) == (409, "conflict")
    assert store.log == []


@pytest.mark.parametrize("key", ["k", "k" * 255, "a b/ü,\"'"])
def test_a_key_is_1_to_255_printable_characters(key: str) -> None:
    assert create(key=key).body == create(key=key).body


@pytest.mark.parametrize("key", ["", "k" * 256, "a\tb", "a\x7f", "\u200b"])
def test_any_other_key_is_refused_and_nothing_done(store: BusyStore, key: str) -> None:
    answer = create(key=key)
    assert (answer.status, answer.body["detail"].split(":")[0]) == (400, "Idempotency-Key")
    assert store.log == []


def level(jar: str, coins: int, key: str | None = None) -> Response:
    headers = {"Idempotency-Key": key} if key else {}
    return ask("PUT", f"/api/jars/{jar}/level", {"coins": coins}, headers)


def test_a_write_under_a_key_that_changes_nothing_has_the_next_version_and_one_event_without_messages(
    store: BusyStore,
) -> None:
    jar = create(coins=3).body["id"]
    answer = level(jar, 2, key="k")
    assert (answer.status, answer.text, answer.headers["ETag"]) == (200, "{}", '"2"')
    [created, unchanged] = [from_item(item) for item in store.log]
    assert [event.name for event in unchanged.events] == ["Unchanged"]
    assert unchanged.messages == ()
    assert created.messages
    assert coins_in(jar) == 3


def test_a_write_that_changed_nothing_is_known_when_repeated_with_its_version_of_that_time(store: BusyStore) -> None:
    jar = create(coins=3).body["id"]
    first = level(jar, 2, key="k")
    fill(jar, 10)
    again = level(jar, 2, key="k")
    assert (again.status, again.text, again.headers["ETag"]) == (200, "{}", first.headers["ETag"])
    assert len(store.log) == 3


def test_another_body_under_the_key_of_a_write_that_changed_nothing_is_refused() -> None:
    jar = create(coins=3).body["id"]
    level(jar, 2, key="k")
    answer = level(jar, 9, key="k")
    assert (answer.status, answer.body["code"]) == (422, "idempotency_key_reused")
    assert coins_in(jar) == 3


def test_a_write_without_a_key_that_changes_nothing_stores_nothing(store: BusyStore) -> None:
    jar = create(coins=3).body["id"]
    assert level(jar, 2).headers["ETag"] == '"1"'
    assert len(store.log) == 1


def test_a_repeated_creation_is_answered_with_its_version_of_that_time() -> None:
    jar = create(key="k").body["id"]
    fill(jar, 1)
    assert create(key="k").headers["ETag"] == '"1"'


def test_a_write_under_a_key_that_changes_nothing_is_decided_again_after_a_conflict(
    store: BusyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = create(coins=3).body["id"]
    monkeypatch.setattr(store, "interrupt", lambda: level(jar, 2, key="k"))
    store.conflicts = 1
    assert level(jar, 2, key="k").headers["ETag"] == '"2"'
    assert len(store.log) == 2


def test_a_read_heeds_no_key_and_no_if_match() -> None:
    jar = create().body["id"]
    assert ask("GET", f"/api/jars/{jar}", headers={"Idempotency-Key": "", "If-Match": "nonsense"}).status == 200


def test_a_write_answers_the_new_version_which_the_next_write_may_name() -> None:
    jar = create().body["id"]
    read = ask("GET", f"/api/jars/{jar}").headers["ETag"]
    written = fill(jar, 1, match=read)
    assert (written.status, written.headers["ETag"]) == (200, '"2"')
    assert fill(jar, 1, match=written.headers["ETag"]).status == 200
    assert ask("GET", f"/api/jars/{jar}").headers["ETag"] == '"3"'


def test_a_write_on_a_stale_version_is_refused_and_changes_nothing() -> None:
    jar = create().body["id"]
    fill(jar, 1)
    answer = fill(jar, 1, match='"1"')
    assert (answer.status, answer.body["code"]) == (412, "stale")
    assert coins_in(jar) == 4
    assert "ETag" not in answer.headers


def test_a_version_that_goes_stale_during_the_write_is_refused(
    store: BusyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    jar = create().body["id"]
    monkeypatch.setattr(store, "interrupt", lambda: fill(jar, 10))
    store.conflicts = 1
    assert fill(jar, 1, match='"1"').status == 412
    assert coins_in(jar) == 13


def test_a_repeated_write_is_answered_though_its_version_has_gone_by() -> None:
    jar = create().body["id"]
    assert fill(jar, 1, key="k", match='"1"').status == 200
    assert fill(jar, 1, key="k", match='"1"').status == 200
    assert coins_in(jar) == 4


def test_any_version_will_do_for_a_star() -> None:
    assert fill(create().body["id"], 1, match="*").status == 200


@pytest.mark.parametrize("match", ['"1", "2"', '"2","1"', '"7" , "1"', ', "1",', 'W/"7", "1"', '"7" , ,"1", , '])
def test_any_version_that_if_match_names_will_do(match: str) -> None:
    assert fill(create().body["id"], 1, match=match).status == 200


def test_a_version_of_a_restored_table_is_named_as_any_other(store: BusyStore) -> None:
    jar = create().body["id"]
    open_epoch(store, base_at(datetime(2200, 1, 1, tzinfo=UTC)), "restored")
    assert fill(jar, 1).status == 200
    tag = ask("GET", f"/api/jars/{jar}").headers["ETag"]
    assert (len(tag), fill(jar, 1, match=tag).status, fill(jar, 1, match=tag).status) == (18, 200, 412)


@pytest.mark.parametrize("match", ['W/"1"', '"x"', '""', '"-1"', '"7", "x"', '"' + "9" * 40 + '"', '"1,1"'])
def test_a_weak_or_unknown_tag_names_no_version(match: str) -> None:
    jar = create().body["id"]
    assert fill(jar, 1, match=match).status == 412
    assert coins_in(jar) == 3


@pytest.mark.parametrize("match", ["", "1", '"١"', '"1', '"1" "2"', "w/1", '*, "1"'])
def test_a_malformed_if_match_is_refused(match: str) -> None:
    jar = create().body["id"]
    answer = fill(jar, 1, match=match)
    assert (answer.status, answer.body["detail"].split(":")[0]) == (400, "If-Match")
    assert coins_in(jar) == 3


def test_a_malformed_if_match_takes_no_time_to_refuse() -> None:
    """Two ways to match a blank between two commas took seconds, and for three commas more a function's whole time."""
    jar = create().body["id"]
    begun = time.process_time()
    assert fill(jar, 1, match='"1"' + " , " * 15 + "x").status == 400
    assert time.process_time() - begun < 0.5
