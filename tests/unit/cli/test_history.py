"""replay, rebuild, runs: history is brought and read models are made anew, on the real services in memory."""

from collections.abc import Callable
from typing import Any

import pytest

from functions.kernel.domain.errors import UnavailableError
from tests.flow.test_replays import a_few_orders, table
from tests.support.callers import CLERK
from tests.unit.cli.typed import ClientsMall, CommandLine


@pytest.fixture(autouse=True)
def _orders(mall: ClientsMall) -> None:
    a_few_orders(mall, 2)


def orders_in_search(mall: ClientsMall) -> int:
    return len(mall.request("POST", "/api/search/orders", {}, caller=CLERK).body["orders"])


def test_lost_rows_come_back_by_a_replay(cli: CommandLine, mall: ClientsMall) -> None:
    table(mall, "search").items.clear()
    assert "would replay the history of ordering" in cli("replay search --from ordering --dry-run").err
    assert (orders_in_search(mall), cli.writes()) == (0, [])
    shown = cli("replay search --from ordering --yes --json")
    assert (shown.data["state"], shown.data["failed"], shown.data["percent"]) == ("done", 0, 100)
    assert orders_in_search(mall) == 2
    assert "100 %" in shown.err


def test_how_much_it_is_and_how_long_it_takes_is_said_before_it_begins(cli: CommandLine) -> None:
    ran = cli("replay search --from ordering --dry-run --json")
    told = ran.data["estimate"]
    [source] = told["sources"]
    assert (source["service"], source["messages"], told["precision"]) == ("ordering", told["messages"], "exact")
    much = f"{told['messages']} messages of 1 service, about {told['seconds']} s at 50 a second"
    assert f"would replay the history of ordering to search: {much}" in ran.err
    assert (ran.data["run"], cli.writes()) == (None, [])
    asked = cli("replay search --from ordering --no-input", code=2).err
    assert f"this would replay the history of ordering to search: {much}" in asked
    done = cli("replay search --from ordering --yes --json")
    assert done.data["messages"] == done.data["estimate"]["messages"] == told["messages"]


def test_an_estimate_is_of_what_is_replayed_at_the_rate_that_is_asked_for(cli: CommandLine) -> None:
    whole = cli("replay search --dry-run --json").data["estimate"]
    assert [one["service"] for one in whole["sources"]] == ["ordering", "stores"]
    none = cli("replay search --until 2020-01-01T00:00:00Z --rate 500 --dry-run --json").data["estimate"]
    assert (none["messages"], none["rate"]) == (0, 500)


def test_the_estimate_of_a_rebuild_has_its_wait(cli: CommandLine) -> None:
    ran = cli("rebuild search orders --dry-run --json")
    assert ran.data["estimate"]["seconds"] > 360
    assert "2 services, about 6 min at 50 a second" in ran.err


def test_a_service_that_does_not_answer_is_named_and_the_rest_is_shown(cli: CommandLine, mall: ClientsMall) -> None:
    mall.relays.calls = _silent("stores")
    ran = cli("replay search --dry-run")
    assert "at least" in ran.err
    assert "of 1 service" in ran.err
    assert "without those of stores, which did not answer" in ran.err


def test_where_there_is_no_estimate_that_is_said_and_it_is_asked_all_the_same(
    cli: CommandLine, mall: ClientsMall
) -> None:
    mall.replays.calls = _silent("search")
    ran = cli("replay search --dry-run --json")
    assert "how much it is cannot be told: the search does not answer" in ran.err
    assert "would replay the history of all services to search, 50 messages a second" in ran.err
    assert ran.data["estimate"] is None


def _silent(service: str) -> Callable[[str, dict[str, Any]], None]:
    def calls(asked: str, request: dict[str, Any]) -> None:
        if asked == service:
            raise UnavailableError(f"the {service} does not answer")

    return calls


def test_a_rebuild_waits_until_someone_takes_it_or_leaves_it(cli: CommandLine, mall: ClientsMall) -> None:
    shown = cli("rebuild search orders --yes --json")
    assert shown.data["mayBeSwitched"]
    id = shown.data["id"]
    assert f"mallbots run switch {id}" in shown.err
    assert "0 different" in cli(f"run show {id}").out
    cli(f"run switch {id} --yes")
    assert cli(f"run show {id} --wait --json", code=0).data["state"] in ("running", "done")
    assert orders_in_search(mall) == 2
    assert "rebuild" in cli("runs").out


def test_a_rebuild_is_left_by_abort(cli: CommandLine) -> None:
    id = cli("rebuild search orders --yes --json").data["id"]
    cli(f"run abort {id} --yes")
    assert "cancelled" in cli(f"run show {id} --wait", code=1).out


def test_a_run_is_paused_resumed_and_cancelled(cli: CommandLine, mall: ClientsMall) -> None:
    begun = cli("replay search --no-wait --yes --rate 1 --json").data
    id = begun["id"]
    assert begun["state"] == "running"
    assert cli(f"run pause {id} --dry-run --json").data["run"]["state"] == "running"
    assert cli(f"run pause {id} --yes --json").data["run"]["state"] == "paused"
    assert "mallbots run resume" in cli(f"run show {id} --wait", code=1).err
    assert cli(f"run resume {id} --yes --json").data["run"]["state"] == "running"
    assert cli(f"run cancel {id} --yes --json").data["run"]["state"] == "cancelled"
    assert [one["id"] for one in cli("runs --json").data] == [id]


def test_ctrl_c_ends_the_following_and_not_the_run(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupted)
    shown = cli("replay search --yes --rate 1", code=130)
    assert "mallbots run cancel" in shown.err
    assert cli("runs --json").data[0]["state"] == "running"


def test_a_wrong_service_or_run_gets_the_nearest_right_one(cli: CommandLine) -> None:
    assert "did you mean search?" in cli("replay serch --yes", code=3).err
    id = cli("replay search --no-wait --yes --json").data["id"]
    assert f"did you mean {id}?" in cli(f"run show {id[:-2]}xx", code=3).err
    assert cli(f"run cancel {id[:-2]} --yes --json").data["run"]["id"] == id
    assert "view" in cli("rebuild search orderz --yes", code=2).err
