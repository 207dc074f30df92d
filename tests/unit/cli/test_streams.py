"""history, at and diff: what happened to an aggregate, what it was, and what changed."""

from clients.cli.streams import OWNERS
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.eventstore.repository import repositories
from tests.flow.shopper import Shopper, open_a_store
from tests.unit.cli.typed import ClientsMall, CommandLine


def placed(mall: ClientsMall) -> Shopper:
    """An order of two cables, which has been approved."""
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    mall.pass_time(60)
    return shopper


def test_the_history_of_an_order_says_what_happened_by_whom_and_what_was_published(
    mall: ClientsMall, cli: CommandLine
) -> None:
    order = placed(mall).basket_id
    found = cli(f"history {order} --json").data
    assert [event["name"] for commit in found for event in commit["events"]] == ["Created", "Approved"]
    assert found[0]["actor"].startswith("customer:")
    assert [message["name"] for message in found[0]["messages"]] == ["OrderCreated"]
    assert "OrderApproved" in cli(f"history Order#{order}").out


def test_a_long_history_is_read_page_by_page(mall: ClientsMall, cli: CommandLine) -> None:
    order = placed(mall).basket_id
    assert len(cli(f"history Basket#{order} --limit 1 --json").data) == 1


def test_an_aggregate_is_shown_as_it_was_at_a_time_and_after_an_event(mall: ClientsMall, cli: CommandLine) -> None:
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2})
    mall.pass_time(60)
    shopper.authorizes_a_payment(30).checks_out()
    basket = f"Basket#{shopper.basket_id}"
    *_, before, last = cli(f"history {basket} --json").data
    assert cli(f"at {before['time']} {basket} --json").data["state"]["status"] == "open"
    assert cli(f"at {before['last']} {basket} --json").data["state"]["status"] == "open"
    assert cli(f"at {last['time']} {basket} --json").data == cli(f"at {last['last']} {basket} --json").data
    assert "checked_out" in cli(f"at {last['last']} {basket}").out
    cli(f"at 2001-01-01 {basket}", 3)


def test_what_differs_between_two_versions_has_a_path(mall: ClientsMall, cli: CommandLine) -> None:
    order = placed(mall).basket_id
    changes = {one["path"]: (one["old"], one["new"]) for one in cli(f"diff {order} 1 2 --json").data}
    assert changes["status"] == ("pending", "approved")
    assert "items.0.quantity" not in changes


def test_what_is_personal_is_not_shown_and_what_was_erased_is_forgotten(mall: ClientsMall, cli: CommandLine) -> None:
    shopper = placed(mall)
    stream = f"Customer#{shopper.customer_id}"
    assert cli(f"at 1 {stream} --json").data["state"]["name"] == "(personal)"
    assert mall.request("DELETE", f"/api/customers/{shopper.customer_id}").status == 200
    [registered, *_] = cli(f"history {stream} --json").data
    assert registered["events"][0]["data"]["sms_number"] == "(forgotten)"
    assert cli(f"at 1 {stream} --json").data["state"]["name"] == "(forgotten)"


def test_the_number_of_an_order_is_enough(mall: ClientsMall, cli: CommandLine) -> None:
    order = placed(mall).basket_id
    assert cli(f"history {order[:8]} --json").data == cli(f"history {order} --json").data
    assert cli(f"at 1 {order[:8]} --json").data["version"] == 1


def test_a_wrong_kind_id_or_time_says_what_to_do(mall: ClientsMall, cli: CommandLine) -> None:
    order = placed(mall).basket_id
    assert "did you mean Order" in cli(f"history Odrer#{order}", 3).err
    assert "ordering has no stream Order#none" in cli("history Order#none", 3).err
    for given in (f"{order[:-3]}xyz", f"Invoice#{order[:-3]}xyz"):
        kind = given.partition("#")[0] if "#" in given else "Order"
        assert f"did you mean {kind}#{order}?" in cli(f"history {given}", 3).err
    assert f"did you mean Order#{order}?" in cli(f"at 1 {order[:-3]}xyz", 3).err
    assert f"did you mean Order#{order}?" in cli(f"diff {order[:-3]}xyz 1 2", 3).err
    assert "write it as" in cli(f"at yesterday {order}", 2).err


def test_the_owner_of_each_kind_of_aggregate_is_known() -> None:
    for service in services():
        manifest(service)
    ours = {key for key, one in repositories.items() if one.aggregate.__module__.startswith("functions.")}
    assert ours == {(service, kind) for kind, service in OWNERS.items()}
