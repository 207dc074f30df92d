"""erase, customer: the right to be forgotten, and who may order."""

from collections import Counter
from typing import Annotated

import typer

from clients.cli.finding import search
from clients.cli.tool import Tool, at
from clients.cli.verbs import group, verb
from clients.cli.wording import counted
from clients.mall import Json

group("customer", "Who may order: enable a customer, or disable one.")

Customer = Annotated[str, typer.Argument(help="The id of a customer, or its beginning.")]


@verb("erase", "mallbots erase 5d2b7a10 --dry-run", changes=True)
def erase(tool: Tool, customer: Customer) -> None:
    """Erase a customer for good: name and number become unreadable everywhere; the orders stay."""
    customer = _customer(tool, customer)["id"]
    path = f"/api/customers/{at(customer)}"
    held = Counter(one["kind"] for one in tool.pages(f"{path}/data", "held"))
    for kind, number in held.most_common():
        tool.out.say(f"{number:>6}  {kind}")
    agreed = tool.agreed(f"erase customer {customer}, of whom {counted(held.total(), 'thing')} are held, for good")
    if agreed:
        tool.call("DELETE", path)
    data = {"customer": customer, "held": dict(held), "erased": agreed}
    tool.out.fields(data, [("customer", customer), ("erased", agreed)])


@verb("customer enable", "mallbots customer enable 5d2b7a10 --yes", changes=True)
def enable(tool: Tool, id: Customer) -> None:
    """Enable a customer, who may order again."""
    _change(tool, id, "enable")


@verb("customer disable", "mallbots customer disable 5d2b7a10 --yes", changes=True)
def disable(tool: Tool, id: Customer) -> None:
    """Disable a customer, who may not order any more; what was ordered goes on."""
    _change(tool, id, "disable")


def _change(tool: Tool, id: str, what: str) -> None:
    found = _customer(tool, id)
    state = "enabled" if found["enabled"] else "disabled"
    if tool.agreed(f"{what} customer {found['id']}, who is {state}"):
        tool.put(f"/api/customers/{at(found['id'])}/{what}")
        found = _customer(tool, found["id"])
    shown = {"id": found["id"], "enabled": found["enabled"]}
    tool.out.fields(shown, shown.items())


def _customer(tool: Tool, id: str) -> Json:
    found: Json = tool.found(f"/api/customers/{at(id)}", "customer", id, lambda: _known(tool))["customer"]
    return found


def _known(tool: Tool) -> list[str]:
    """The customers of the latest orders."""
    return [one["customerId"] for one in search(tool, limit=100)]
