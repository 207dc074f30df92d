"""erase: the right to be forgotten."""

from collections import Counter
from typing import Annotated

import typer

from clients.cli.finding import search
from clients.cli.tool import Tool, at
from clients.cli.verbs import verb
from clients.cli.wording import counted


@verb("erase", "mallbots erase 5d2b7a10 --dry-run", changes=True)
def erase(tool: Tool, customer: Annotated[str, typer.Argument(help="The id of a customer.")]) -> None:
    """Erase a customer for good: name and number become unreadable everywhere; the orders stay."""
    found = tool.found(f"/api/customers/{at(customer)}", "customer", customer, lambda: _known(tool))["customer"]
    customer = found["id"]
    path = f"/api/customers/{at(customer)}"
    held = Counter(one["kind"] for one in tool.pages(f"{path}/data", "held"))
    for kind, number in held.most_common():
        tool.out.say(f"{number:>6}  {kind}")
    agreed = tool.agreed(f"erase customer {customer}, of whom {counted(held.total(), 'thing')} are held, for good")
    if agreed:
        tool.call("DELETE", path)
    data = {"customer": customer, "held": dict(held), "erased": agreed}
    tool.out.fields(data, [("customer", customer), ("erased", agreed)])


def _known(tool: Tool) -> list[str]:
    """The customers of the latest orders."""
    return [one["customerId"] for one in search(tool, limit=100)]
