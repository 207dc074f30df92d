"""money: an order whose refund was never made is listed, shown, and compared again once it is made."""

from tests.flow.bank import Bank
from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.support.callers import OPERATOR_ON_CALL
from tests.unit.cli.typed import ClientsMall, CommandLine


def cancelled_without_refund(mall: ClientsMall) -> str:
    """A paid order is cancelled, the provider refuses the refund, and the comparison finds it; its id."""
    bank = Bank(mall)
    shopper = placed(mall)
    shopper.pays()
    bank.behaviour = "refuses"
    assert shopper.cancels().status == 200
    mall.pass_time(3_600)
    day = {"day": str(mall.now.date())}
    assert mall.request("POST", "/api/payments/reconciliation", day, caller=OPERATOR_ON_CALL).status == 200
    mall.settle()
    bank.behaviour = "willing"
    return shopper.basket_id


def placed(mall: ClientsMall) -> Shopper:
    """An order that waits for a robot."""
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    mall.pass_time(10)
    return shopper


def test_an_order_whose_refund_was_not_made_is_listed_and_shown_and_recheck_has_it_made(
    mall: ClientsMall, cli: CommandLine
) -> None:
    order = cancelled_without_refund(mall)
    assert [one["orderId"] for one in cli("money list --status open --json").data] == [order]
    assert "payment_balance: 0.00 expected, 19.90 found" in cli("money list").out
    assert "payment_balance: 0.00 expected" in cli(f"money show {order[:8]}").out
    assert "1 difference of money" in {one["what"] for one in cli("status --json", code=4).data["wrong"]}
    shown = cli(f"money recheck {order} --dry-run --json")
    assert shown.data["status"] == "open"
    assert "payment_balance" in shown.err
    cli(f"money recheck {order} --yes")
    mall.pass_time(3_600)
    assert cli(f"money recheck {order} --yes --json").data["status"] == "cleared"
    mall.settle()
    assert cli("money list --status open").err == "no money differs\n"


def test_an_order_whose_money_agrees_has_no_difference(mall: ClientsMall, cli: CommandLine) -> None:
    order = placed(mall).basket_id
    assert f"the money of order {order} has never differed" in cli(f"money show {order}", code=3).err
    assert "did you mean open?" in cli("money list --status opn", code=2).err


def test_a_robot_is_taken_offline_and_its_list_is_given_back(mall: ClientsMall, cli: CommandLine) -> None:
    order = placed(mall).basket_id
    bring_a_robot_online(mall)
    mall.pass_time(10)
    assert "which is active" in cli("robot offline Ajax --dry-run").err
    assert cli("robot offline Ajax --yes --json").data["name"] == "Ajax"
    mall.settle()
    names = [one["events"][-1]["name"] for one in cli(f"history ShoppingList#{order} --json").data]
    assert names[2:4] == ["Assigned", "GivenBack"]
