"""Forecasts of sets: which letters are asked about together, what is kept of the answers, and what a crash leaves."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.payments import InvoicePaid
from functions.kernel.domain.errors import InvalidError, NotFoundError, UnavailableError
from functions.kernel.projections import projection
from functions.kernel.runtime import budget, clock
from functions.kernel.runtime.runtime import Runtime
from functions.operations import consumers, forecast_rows, forecasts, rows, run_rows, runs
from functions.operations.forecast_chunks import Asking, Chunk, quickly
from functions.operations.forecast_rows import Progress
from functions.operations.forecasts import Asked
from functions.operations.letters import DONE, Letter
from functions.operations.runs import CANCELLED, GATHERING, RUNNING, Run
from tests.support.delivery import delivered
from tests.unit.operations.made import ID, made

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SERVICES = {
    "depot": ["inbox", "dispatcher.fifo", "relay", "rows"],
    "ordering": ["inbox", "relay"],
    "payments": ["inbox", "relay", "rows"],
}


class Time:
    now = NOON


class Consumers:
    """The forecast functions of all services: each answers `at_once` letters at once, and counts in its overlay.

    asked: the ids of the letters of each invocation. says: the answer for a letter, `passes` unless given. down: the
    services that do not answer. dies_of: letters about which no invocation answers. before: called before each answer.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.consumers: list[str] = []
        self.bodies: list[Any] = []
        self.at_once = 100
        self.says: dict[str, dict[str, Any]] = {}
        self.down: set[str] = set()
        self.dies_of: set[str] = set()
        self.before: Callable[[], object] = lambda: None

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.before()
        letters: Sequence[Any] = request["letters"]
        self.asked.append(tuple(letter["id"] for letter in letters))
        if service in self.down or self.dies_of & set(self.asked[-1]):
            raise UnavailableError("down")
        seen = (request["overlay"] or {"seen": []})["seen"]
        answered = letters[: self.at_once]
        self.consumers += [letter["consumer"] for letter in answered]
        self.bodies += [letter["body"] for letter in answered]
        detail: dict[str, Any] = {"writes": [], "commits": 0, "rows": 0, "sends": {}, "asks": {}}
        passes = [{"answer": "passes", "detail": {**detail, "after": len(seen) + n}} for n in range(len(answered))]
        found = zip(answered, passes, strict=True)
        answers = [{"id": one["id"], **self.says.get(one["id"], by_itself)} for one, by_itself in found]
        overlay = {"seen": [*seen, *(one["id"] for one in answered)]}
        return {"answers": answers, "overlay": overlay, "code": f"{service} 7"}


class Relays:
    """Relays that hold these messages, by service. asked: how often."""

    def __init__(self, **held: str) -> None:
        self.held = held
        self.asked = 0

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        assert "history" in request
        self.asked += 1
        held = [{"metadata": {"id": self.held[service]}}] if service in self.held else []
        return {"messages": held, "cursor": None}


@contextmanager
def deployed() -> Iterator[None]:
    """Within the block, these services are those of the deployment."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("CONSUMERS", json.dumps(SERVICES))
        consumers.services.cache_clear()
        yield
    consumers.services.cache_clear()


@pytest.fixture(autouse=True)
def time() -> Iterator[Time]:
    time = Time()
    with deployed(), clock.fixed(lambda: time.now):
        yield time


@pytest.fixture
def asked(runtime: Runtime) -> Consumers:
    runtime.adapters.setdefault("relays", Relays())
    return runtime.adapters.setdefault("forecasts", Consumers())  # type: ignore[no-any-return]


def put(*letters: Letter) -> list[str]:
    return [rows.put(letter).id for letter in letters]


def begin(*letters: str, **how: Any) -> Run:
    return forecasts.begin(Asked(letters=letters, **how), "operator:ada", f"run {len(letters)}")


def go_on(run: Run, times: int = 1) -> Run:
    for _ in range(times):
        run = forecasts.advance(run_rows.get(run.id), clock.now() + timedelta(seconds=40))
    return run


def told(run: Run) -> dict[str, str]:
    return {answer["id"]: answer["answer"] for _, answer in forecast_rows.answers(run)}


def test_letters_are_asked_about_service_by_service_in_the_order_in_which_they_failed(asked: Consumers) -> None:
    depot, dispatcher, ordering, later = put(
        made(4, "depot/inbox"), made(2, "depot/dispatcher"), made(3, "ordering/inbox"), made(9, "ordering/inbox")
    )
    run = go_on(begin(later, depot, ordering, dispatcher))
    assert asked.asked == [(dispatcher, depot), (ordering, later)]
    assert (run.state, run.counts, bool(run.ended)) == (runs.DONE, {"passes": 4}, True)


def test_each_letter_has_its_answer_once_however_few_an_invocation_answers(asked: Consumers) -> None:
    asked.at_once = 1
    letters = put(*(made(n) for n in range(1, 8)))
    run = go_on(begin(*letters))
    assert told(run) == dict.fromkeys(letters, "passes")
    after = [answer["detail"]["after"] for _, answer in forecast_rows.answers(run)]
    assert after == list(range(7))  # each over the overlay of those before it


def test_the_overlay_of_one_service_is_not_given_to_another(asked: Consumers) -> None:
    run = go_on(begin(*put(made(1, "depot/inbox"), made(2, "ordering/inbox"))))
    assert [answer["detail"]["after"] for _, answer in forecast_rows.answers(run)] == [0, 0]


def test_it_is_not_given_to_another_that_does_not_answer_at_first_either(asked: Consumers) -> None:
    run = begin(*put(made(1, "depot/inbox"), made(2, "ordering/inbox")))
    asked.down.add("ordering")
    run = go_on(run)
    asked.down.clear()
    run = go_on(run)
    assert [answer["detail"]["after"] for _, answer in forecast_rows.answers(run)] == [0, 0]
    kept = projection.rows(f"run {run.id}", first="overlay ", last="overlay ~", consistent=True)
    assert list(kept) == []


def test_a_worker_that_dies_loses_nothing_and_another_goes_on_where_it_was(asked: Consumers, time: Time) -> None:
    asked.at_once = 2
    letters = put(*(made(n) for n in range(1, 8)))
    run = begin(*letters)

    def die() -> None:
        if len(asked.asked) == 2:
            raise KeyboardInterrupt

    asked.before = die
    with pytest.raises(KeyboardInterrupt):
        go_on(run)
    asked.before = lambda: None
    assert go_on(run).state == RUNNING  # the lease of the first is not over
    time.now += timedelta(seconds=80)
    run = go_on(run)
    assert (run.state, run.counts, len(told(run))) == (runs.DONE, {"passes": 7}, 7)
    assert [answer["detail"]["after"] for _, answer in forecast_rows.answers(run)] == list(range(7))


def test_what_is_left_of_the_time_of_one_worker_is_done_by_the_next(asked: Consumers, time: Time) -> None:
    asked.at_once = 2
    run = begin(*put(*(made(n) for n in range(1, 8))))

    def slow() -> None:
        time.now += timedelta(seconds=30)

    asked.before = slow
    assert go_on(run).counts == {"passes": 4}
    assert go_on(run).counts == {"passes": 7}


def test_a_letter_says_what_was_forecast_and_by_which_code(asked: Consumers) -> None:
    [broken, fine] = put(made(1), made(2))
    asked.says[broken] = {"answer": "fails", "detail": {"error": "KeyError", "reason": "no shelf", "retry": False}}
    run = go_on(begin(broken, fine))
    [happening] = rows.letter(broken).history
    assert (happening.what, happening.actor) == ("forecast", "operator:ada")
    assert happening.detail == f"{run.id}: fails: KeyError: no shelf (code depot 7)"
    assert run.counts == {"fails": 1, "passes": 1}
    progress = forecast_rows.progress(run)
    assert progress.reasons == {"fails: KeyError: no shelf": 1, "passes": 1}
    assert [one["id"] for one in progress.samples["fails"]] == [broken]
    assert progress.codes == {"depot": "depot 7"}


@pytest.mark.parametrize("how", [{"group": ID}, {"filter": {"service": "depot"}}])
@pytest.mark.parametrize("count", [3, 150])
def test_the_open_letters_of_a_group_or_a_filter_are_forecast(
    asked: Consumers, how: dict[str, Any], count: int
) -> None:
    letters = put(*(made(n, failed_at=f"2026-03-01T12:{n:04}") for n in range(1, count + 1)))
    put(made(200, state=DONE), made(201, "ordering/inbox", fingerprint="another"))
    run = begin(**how)
    assert run.state == (RUNNING if count == 3 else GATHERING)
    run = go_on(run)
    assert list(told(run)) == letters


def test_a_set_that_is_too_large_ends_with_a_reason(asked: Consumers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "MOST", 25)
    put(*(made(n) for n in range(1, 31)))
    run = go_on(begin(group=ID))
    assert (run.state, run.why) == (CANCELLED, "a forecast is of 25 letters at most: ask for fewer")
    with pytest.raises(InvalidError):
        begin(*(f"letter-{n}" for n in range(26)))


def test_a_forecast_that_is_cancelled_asks_nothing_more(asked: Consumers) -> None:
    asked.at_once = 1
    run = begin(*put(*(made(n) for n in range(1, 8))))
    asked.before = lambda: run_rows.change(run.id, lambda one: runs.cancelled(one, "ada"))
    run = go_on(run, times=3)
    assert (run.state, len(asked.asked), bool(run.ended)) == (CANCELLED, 1, True)
    assert list(run_rows.at_work()) == []


def test_nothing_is_kept_of_what_letters_would_write_once_a_forecast_is_cancelled(asked: Consumers) -> None:
    asked.at_once = 1
    run = begin(*put(*(made(n) for n in range(1, 8))))
    asked.before = lambda: run_rows.change(run.id, lambda one: runs.cancelled(one, "ada"))
    go_on(run, times=3)
    kept = projection.rows(f"run {run.id}", first="overlay ", last="overlay ~", consistent=True)
    assert list(kept) == []


def test_a_letter_that_is_gone_or_of_no_consumer_cannot_be_told(asked: Consumers, runtime: Runtime) -> None:
    gone, unknown, fine = put(made(1), made(2, "depot/packing"), made(3))
    run = begin(gone, unknown, fine)
    for key in [key for key in runtime.views.items if key[0] == f"letter {gone}"]:  # type: ignore[attr-defined]
        runtime.views.delete(*key)
    run = go_on(run)
    assert told(run) == {gone: "cannot tell", unknown: "cannot tell", fine: "passes"}


def test_letters_are_forecast_for_the_consumer_that_is_to_take_them_instead(asked: Consumers) -> None:
    run = go_on(begin(*put(made(1, "depot/packing")), to="ordering/inbox"))
    assert (asked.consumers, run.counts) == (["ordering/inbox"], {"passes": 1})


def test_a_letter_with_other_data_is_forecast_as_the_message_that_would_be_sent_in_its_place(asked: Consumers) -> None:
    paid = InvoicePaid(invoice_id="i", order_id="i", payment_id="p", amount=900, status="paid")
    body = delivered(paid, id="message-1")["Records"][0]["body"]
    [letter] = put(made(1, body=body, name="InvoicePaid"))
    data = {**paid.model_dump(mode="json"), "payment_id": "q"}
    go_on(begin(letter, data=data))
    [sent] = map(json.loads, asked.bodies)
    assert sent["detail"]["data"] == data
    assert sent["detail"]["metadata"]["id"] != "message-1"
    assert sent["detail"]["metadata"]["name"] == "InvoicePaid"
    assert rows.letter(letter).body == body
    with pytest.raises(InvalidError, match="amount"):
        forecasts.begin(Asked(letters=[letter], data={**data, "amount": "much"}), "operator:ada", "another")


def test_what_a_relay_gave_up_passes_where_the_relay_can_read_it(asked: Consumers, runtime: Runtime) -> None:
    runtime.adapters["relays"] = Relays(depot="message-1")
    there, missing, refused = put(
        made(1, "depot/relay"), made(2, "ordering/relay"), made(3, "ordering/relay", error="RefusedByBus")
    )
    run = go_on(begin(there, missing, refused))
    assert told(run) == {there: "passes", missing: "fails", refused: "cannot tell"}
    assert asked.asked == []


class Commits:
    """A relay's history of one stream: commits of these versions, each with its message, one in a page of 1 MB."""

    def __init__(self, **messages: int) -> None:
        self.messages = messages
        self.asked = 0

    def invoke(self, service: str, request: Mapping[str, Any]) -> dict[str, Any]:
        self.asked += 1
        after = int(request["history"]["cursor"])
        later = [(id, version) for id, version in self.messages.items() if version > after]
        page = [{"metadata": {"id": id}} for id, _ in later[:1]]
        return {"messages": page, "places": {}, "cursor": str(later[0][1]) if later[1:] else None}


@pytest.mark.parametrize(
    ("held", "answer", "asked_times"),
    [
        ({"message-8": 38, "message-9": 39, "message-1": 40, "message-10": 41}, "passes", 3),
        ({"message-8": 38, "message-9": 40, "message-10": 41, "message-11": 42}, "fails", 2),
        ({"message-8": 38}, "fails", 1),
        ({}, "fails", 1),
    ],
    ids=["behind a page that is full", "none of its version", "the stream ends before it", "no stream"],
)
def test_the_commit_of_what_a_relay_gave_up_is_looked_for_up_to_its_version(
    asked: Consumers, runtime: Runtime, held: dict[str, int], answer: str, asked_times: int
) -> None:
    runtime.adapters["relays"] = relay = Commits(**held)
    [letter] = put(made(1, "depot/relay", stream="Order#1", stream_version=40))
    assert told(go_on(begin(letter))) == {letter: answer}
    assert relay.asked == asked_times


def test_a_small_forecast_is_answered_within_the_request(asked: Consumers) -> None:
    run = begin(*put(made(1), made(2)))
    quick = Consumers()
    run = forecasts.advance(run, clock.now() + timedelta(seconds=5), Asking(quick, Relays(), 7, hurry=6))
    assert (run.state, len(quick.asked), asked.asked) == (runs.DONE, 1, [])
    assert go_on(run) == run


def test_letters_of_a_relay_are_asked_about_for_as_long_as_the_request_has_time(
    asked: Consumers, runtime: Runtime
) -> None:
    runtime.adapters["relays_now"] = quick = Relays(depot="message-1")
    runtime.adapters["forecasts_now"] = Consumers()
    run = begin(*put(*(made(number, "depot/relay") for number in range(1, 4))))
    left = iter((10.0, 10.0, 1.0))  # before the letters are read, before the first is asked about, and the second
    with budget.limited(lambda: next(left, 1.0)):
        run = forecasts.advance(run, clock.now() + timedelta(seconds=5), quickly())
    assert (run.state, len(told(run)), quick.asked) == (runs.RUNNING, 1, 1)
    runtime.adapters["relays"] = Relays(depot="message-1")
    assert sorted(told(go_on(run)).values()) == ["fails", "fails", "passes"]


def test_a_forecast_whose_letters_took_long_to_read_is_left_to_the_runner_and_is_no_failure_of_their_consumer(
    asked: Consumers, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime.adapters["forecasts_now"] = quick = Consumers()
    runtime.adapters["relays_now"] = Relays()
    letters = put(made(1), made(2))
    run = begin(*letters)
    left, chunk_at = 10.0, forecasts.chunk_at

    def slowly(run: Run, progress: Progress) -> Chunk:
        nonlocal left
        left -= 3
        return chunk_at(run, progress)

    monkeypatch.setattr(forecasts, "chunk_at", slowly)
    with budget.limited(lambda: left):
        run = forecasts.advance(run, clock.now() + timedelta(seconds=5), quickly())
    assert (run.state, quick.asked, forecast_rows.progress(run).failures) == (RUNNING, [], 0)
    run = go_on(run)
    assert (run.state, told(run), asked.asked) == (runs.DONE, dict.fromkeys(letters, "passes"), [tuple(letters)])


def test_nothing_and_two_sets_at_once_and_an_unknown_letter_are_no_set(asked: Consumers) -> None:
    [letter] = put(made(1))
    for wanted in (Asked(), Asked(letters=[letter], group=ID), Asked(group=ID, data={})):
        with pytest.raises(InvalidError):
            forecasts.begin(wanted, "operator:ada", "run")
    with pytest.raises(NotFoundError):
        begin("no letter")


def test_the_same_request_again_makes_no_second_forecast(asked: Consumers) -> None:
    letters = put(made(1))
    run = go_on(begin(*letters))
    assert begin(*letters) == run
    assert len(asked.asked) == 1


def test_an_overlay_of_several_items_is_carried_whole(asked: Consumers) -> None:
    run = begin(*put(made(1)))
    large = {"rows": ["é" * 1_000] * 900}
    parts = forecast_rows.put_overlay(run, 7, large)
    assert parts > 1
    at = replace(forecast_rows.progress(run), position=7, parts=parts)
    assert forecast_rows.overlay(run, at) == large
    forecast_rows.drop_overlay(run, at)
    with pytest.raises(KeyError):
        forecast_rows.overlay(run, at)


def test_a_redrive_of_a_forecast_shows_what_was_forecast_beside_what_became_of_it(asked: Consumers) -> None:
    letters = put(*(made(n) for n in range(1, 6)))
    asked.says[letters[4]] = {"answer": "fails", "detail": {"error": "KeyError", "reason": "no shelf", "retry": False}}
    forecast = go_on(begin(*letters))
    redrive = run_rows.create(Run("redrive", {"forecast": forecast.id}, "operator:ada", clock.stamp()), letters)
    run_rows.mark(redrive, {0: runs.HANDLED, 1: runs.HANDLED, 2: runs.DEAD, 3: runs.SENT, 4: runs.FAILING})
    assert forecasts.against(redrive.id) == {"passes": {"done": 2, "dead": 1, "open": 1}, "fails": {"failing": 1}}
    assert forecasts.against(forecast.id) == {}


def test_a_forecast_that_is_paused_goes_on_when_it_is_resumed(asked: Consumers) -> None:
    run = begin(*put(made(1)))
    run_rows.change(run.id, lambda one: runs.paused(one, "ada"))
    assert go_on(run, times=2).state == runs.PAUSED
    assert asked.asked == []
    run_rows.change(run.id, lambda one: runs.resumed(one, ""))
    assert go_on(run).counts == {"passes": 1}
