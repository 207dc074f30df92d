"""Replays: history to one consumer's read models, and to nothing else, whatever ends in between."""

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

import pytest

from functions.kernel.domain.errors import InvalidError, UnavailableError
from functions.kernel.projections.generations import Generations
from functions.kernel.projections.view_store import MemoryViews
from functions.kernel.runtime import budget
from functions.operations import replay_plans, replays, rows, run_rows, runs
from functions.operations.history_rows import Progress, Source
from functions.operations.replay_plans import Asked
from functions.operations.rows import Filter
from functions.operations.runs import Run
from functions.search import views
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store
from tests.support import loyalty
from tests.support.operated import OperatedMall, deployed, served


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with deployed(monkeypatch):
        yield


@pytest.fixture
def mall() -> OperatedMall:
    return OperatedMall()


def a_few_orders(mall: OperatedMall, orders: int = 3) -> list[Shopper]:
    products = open_a_store(mall, {"cable": 9.95, "charger": 34.9})
    bring_a_robot_online(mall)
    found = []
    for _ in range(orders):
        shopper = Shopper(mall).registers().fills_a_basket({products["cable"]: 2})
        shopper.authorizes_a_payment(30).checks_out()
        mall.pass_time(20)
        collect(shopper)
        shopper.pays()
        found.append(shopper)
    return found


def table(mall: OperatedMall, service: str) -> MemoryViews:
    found = mall.runtimes[service].views
    store = found.store if isinstance(found, Generations) else found
    assert isinstance(store, MemoryViews)
    return store


def is_over(run: Run, progress: Progress) -> bool:
    return bool(run.ended)


def test_lost_rows_come_back_by_a_replay_to_their_service_and_nobody_else_has_anything_of_it(
    mall: OperatedMall,
) -> None:
    a_few_orders(mall)
    rows_before = deepcopy(table(mall, "search").items)
    others = {name: deepcopy(table(mall, name).items) for name in ("insights", "depot", "payments", "live")}
    table(mall, "search").items.clear()
    published = len(mall.published)
    committed = {name: len(runtime.store.log) for name, runtime in mall.runtimes.items()}  # type: ignore[attr-defined]
    texts = dict(mall.texts.sent)
    id = mall.begin(replays.begin, Asked("search", source="ordering"))
    mall.run()
    run, progress = mall.run_of(id)
    assert (run.state, bool(run.ended), progress.failed) == (runs.DONE, True, 0)
    orders = {key: item for key, item in rows_before.items() if key[0].startswith("orders")}
    assert {key: item for key, item in table(mall, "search").items.items() if key[0] != "generations"} == orders
    assert (len(mall.published), dict(mall.texts.sent)) == (published, texts)
    assert {name: len(r.store.log) for name, r in mall.runtimes.items()} == committed  # type: ignore[attr-defined]
    assert {name: table(mall, name).items for name in others} == others


def test_a_replay_of_all_services_fills_what_a_service_has_of_each(mall: OperatedMall) -> None:
    a_few_orders(mall)
    before = deepcopy(table(mall, "search").items)
    table(mall, "search").items.clear()
    id = mall.begin(replays.begin, Asked("search"))
    _, progress = mall.until(id, is_over)
    assert {source.service for source in progress.sources} == {"ordering", "stores"}
    found = {key: item["data"] for key, item in table(mall, "search").items.items()}
    assert found == {key: item["data"] for key, item in before.items()}
    assert (progress.share, progress.seconds_left) == (1.0, 0)


def test_a_stream_or_a_range_of_times_is_replayed_alone(mall: OperatedMall) -> None:
    first, second, third = a_few_orders(mall)
    created = {e.data["order_id"]: e.metadata.time for e in mall.published if e.metadata.name == "OrderCreated"}
    table(mall, "search").items.clear()

    def orders() -> set[str]:
        return {key[1] for key in table(mall, "search").items if key[0] == "orders"}

    mall.until(
        mall.begin(replays.begin, Asked("search", source="ordering", stream=f"Order#{second.basket_id}")), is_over
    )
    assert orders() == {second.basket_id}
    mall.until(mall.begin(replays.begin, Asked("search", source="ordering", since=created[third.basket_id])), is_over)
    assert orders() == {second.basket_id, third.basket_id}
    until = created[first.basket_id]
    mall.until(mall.begin(replays.begin, Asked("search", source="ordering", until=until)), is_over)
    assert orders() == {first.basket_id, second.basket_id, third.basket_id}


def test_commands_are_replayed_only_by_name(mall: OperatedMall, monkeypatch: pytest.MonkeyPatch) -> None:
    mall.manifests[loyalty.SERVICE] = loyalty.MANIFEST
    mall.subscribe(loyalty.SERVICE, mall.add(loyalty.SERVICE))
    a_few_orders(mall, 1)
    table(mall, loyalty.SERVICE).items.clear()

    def asked() -> set[str]:
        return {
            sort.rpartition(" ")[2] for partition, sort in table(mall, loyalty.SERVICE).items if partition == "asked"
        }

    with deployed(monkeypatch, served(loyalty.MANIFEST)):
        mall.until(mall.begin(replays.begin, Asked(loyalty.SERVICE, view="points")), is_over)
        assert asked() == {"confirmed"}
        named = Asked(loyalty.SERVICE, source="checkout", view="points", names=("ConfirmPayment",))
        _, progress = mall.until(mall.begin(replays.begin, named), is_over)
    assert asked() == {"confirmed", "asked"}
    assert replay_plans.not_recoverable(progress.sources) == []


def test_of_replies_asked_for_by_name_those_that_no_commit_holds_are_listed() -> None:
    source = Source("payments", only=("PaymentAccepted", "PaymentRefused"), names=("PaymentAccepted", "PaymentRefused"))
    assert replay_plans.not_recoverable([source]) == ["PaymentRefused"]


@pytest.mark.parametrize(("left", "is_brought"), [(60.0, True), (31.9, False), (25.9, False), (5.0, False)])
def test_a_page_for_whose_consumer_there_is_no_time_left_is_brought_in_the_next_minute(
    mall: OperatedMall, left: float, is_brought: bool
) -> None:
    a_few_orders(mall)
    before = deepcopy(table(mall, "search").items)
    table(mall, "search").items.clear()
    id = mall.begin(replays.begin, Asked("search", source="ordering"))
    asked: list[float] = []
    applied: list[float] = []

    def relay_answers(service: str, request: dict[str, Any]) -> None:
        nonlocal left
        left -= 3  # before it answers and after, so it takes 6 s

    def consumer_is_asked(service: str, request: dict[str, Any]) -> None:
        asked.append(left)
        if "apply" in request:
            applied.append(left)

    mall.relays.calls, mall.replays.calls = relay_answers, consumer_is_asked
    with budget.limited(lambda: left):
        mall.run()
    assert [one for one in asked if one < 26] == []
    _, progress = mall.run_of(id)
    assert (bool(applied), progress.wrong) == (is_brought, "")
    mall.until(id, is_over)
    found = {key: item["data"] for key, item in table(mall, "search").items.items() if key[0].startswith("orders")}
    assert found == {key: item["data"] for key, item in before.items() if key[0].startswith("orders")}


@pytest.mark.parametrize("calls", range(0, 60, 3))
def test_a_run_that_ends_between_any_two_calls_goes_on_where_it_was(mall: OperatedMall, calls: int) -> None:
    a_few_orders(mall, 2)
    expected = {key: item["data"] for key, item in table(mall, "search").items.items()}
    table(mall, "search").items.clear()
    left = iter(range(calls))

    def crash(service: str, request: dict[str, Any]) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    mall.relays.calls = mall.replays.calls = crash
    id = mall.begin(replays.begin, Asked("search"), rate=5)
    with suppress(KeyboardInterrupt):
        mall.run()
    mall.relays.calls = mall.replays.calls = lambda service, request: None
    mall.until(id, is_over)
    assert {key: item["data"] for key, item in table(mall, "search").items.items()} == expected


def test_a_paused_replay_brings_nothing_until_it_is_resumed_and_a_cancelled_one_nothing_more(
    mall: OperatedMall,
) -> None:
    a_few_orders(mall, 1)
    table(mall, "search").items.clear()
    id = mall.begin(replays.begin, Asked("search"))
    with mall.at_work("operations"):
        run_rows.change(id, lambda run: runs.paused(run, "operator:ada"))
    mall.run()
    assert table(mall, "search").items == {}
    with mall.at_work("operations"):
        run_rows.change(id, lambda run: runs.resumed(run, ""))
    mall.until(id, is_over)
    assert table(mall, "search").items != {}
    table(mall, "search").items.clear()
    other = mall.begin(replays.begin, Asked("search"))
    with mall.at_work("operations"):
        run_rows.change(other, lambda run: runs.cancelled(run, "operator:ada"))
    run, _ = mall.until(other, is_over)
    assert (run.state, table(mall, "search").items) == (runs.CANCELLED, {})


def test_a_replay_goes_on_where_another_shows_that_it_stopped(mall: OperatedMall) -> None:
    a_few_orders(mall, 3)
    expected = {key for key in table(mall, "search").items if key[0] == "orders"}
    table(mall, "search").items.clear()
    first = mall.begin(replays.begin, Asked("search", source="ordering"), rate=1)
    pages = iter(range(9))  # calls before and after each: some of the pages

    def stop(service: str, request: dict[str, Any]) -> None:
        if next(pages, None) is None:
            raise UnavailableError("no more of it")

    mall.relays.calls = stop
    mall.run()
    mall.relays.calls = lambda service, request: None
    _, progress = mall.run_of(first)
    assert 0 < progress.messages < 12
    assert progress.next_page
    with mall.at_work("operations"):
        run_rows.change(first, lambda run: runs.cancelled(run, "operator:ada"))
    second = mall.begin(replays.begin, Asked("search", source="ordering", cursor=progress.next_page))
    _, rest = mall.until(second, is_over)
    assert rest.next_page == ""
    events = [e for e in mall.published if e.metadata.source == "mallbots.ordering" and "order_id" in e.data]
    assert rest.messages + progress.messages == len([e for e in events if "items" in e.data])
    assert {key for key in table(mall, "search").items if key[0] == "orders"} == expected


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Asked("search", source="ordering", cursor="somewhere"), "what another replay"),
        (Asked("search", source="ordering", cursor="8"), "what another replay"),
        (Asked("nowhere"), "there is no service nowhere"),
        (Asked("checkout"), "has no read models"),
        (Asked("search", source="insights"), "publishes nothing"),
        (Asked("search", stream="Order#1"), "are of one service"),
        (Asked("search", since="yesterday"), "since: a time with its zone"),
        (Asked("search", source="ordering", stream="Order#1", cursor="x"), "read from its beginning"),
    ],
)
def test_what_makes_no_sense_is_refused(mall: OperatedMall, asked: Asked, why: str) -> None:
    with pytest.raises(InvalidError, match=why):
        mall.begin(replays.begin, asked)


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (Asked("search", view="nothing"), "search has orders"),
        (Asked("search", names=("CreateOrder",)), "makes no rows of CreateOrder"),
        (Asked("search", source="payments"), "makes no rows of what payments published"),
    ],
)
def test_what_the_consumer_does_not_know_stops_the_run_and_says_why(mall: OperatedMall, asked: Asked, why: str) -> None:
    id = mall.begin(replays.begin, asked)
    mall.run()
    run, _ = mall.run_of(id)
    assert run.state == runs.STOPPED
    assert why in run.why


def test_a_message_that_fails_is_a_letter_once_and_holds_up_no_other(
    mall: OperatedMall, monkeypatch: pytest.MonkeyPatch
) -> None:
    shoppers = a_few_orders(mall, 2)
    bad = shoppers[0].basket_id
    table(mall, "search").items.clear()
    make = views.position

    def failing(order: dict[str, Any]) -> str:
        if order["order_id"] == bad:
            raise ValueError("no place for it")
        return make(order)

    monkeypatch.setattr(views, "position", failing)
    id = mall.begin(replays.begin, Asked("search", source="ordering", view="orders"))
    _, progress = mall.until(id, is_over)
    assert {key[1] for key in table(mall, "search").items if key[0] == "orders"} == {shoppers[1].basket_id}
    with mall.at_work("operations"):
        letters = list(rows.letters(Filter(state="open")).letters)
    assert len(letters) == progress.failed > 0
    assert {(one.consumer, one.order, one.error) for one in letters} == {("search/inbox", bad, "ValueError")}
    assert {one.repetitions for one in letters} == {0}


def test_an_owner_that_does_not_answer_is_asked_again_by_the_next_minute(mall: OperatedMall) -> None:
    a_few_orders(mall, 1)
    table(mall, "search").items.clear()

    def down(service: str, request: dict[str, Any]) -> None:
        raise UnavailableError("the relay of ordering does not answer")

    mall.relays.calls = down
    id = mall.begin(replays.begin, Asked("search"))
    mall.run()
    run, progress = mall.run_of(id)
    assert (run.state, progress.wrong) == (runs.RUNNING, "the relay of ordering does not answer")
    mall.relays.calls = lambda service, request: None
    mall.until(id, is_over)
    assert table(mall, "search").items != {}
