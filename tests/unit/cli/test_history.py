"""replay, rebuild, runs: history is brought and read models are made anew, on the real services in memory."""

import pytest

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
    assert "view" in cli("rebuild search orderz --yes", code=1).err
