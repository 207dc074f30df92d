"""A scene in which an order is stuck: a customer, a robot, and the command line that is asked why."""

from dataclasses import dataclass
from typing import Any

from tests.flow.shopper import Shopper, bring_a_robot_online, open_a_store
from tests.unit.cli.typed import ClientsMall, CommandLine


@dataclass
class Scene:
    """A customer with a basket and a payment, and a robot that is idle."""

    mall: ClientsMall
    cli: CommandLine
    shopper: Shopper
    bot: str

    def pauses(self, *consumers: str) -> None:
        for name in consumers:
            self.cli(f"pause {name} --reason 'a deploy' --yes")
        self.mall.minute()

    def checks_out(self) -> None:
        self.shopper.checks_out()
        self.mall.pass_time(20)

    def why(self) -> Any:
        return self.cli(f"order {self.shopper.basket_id} --json").data["why"]


def a_scene(mall: ClientsMall, cli: CommandLine) -> Scene:
    """A store with cables, and a customer who has two of them in a basket."""
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    bot = bring_a_robot_online(mall)
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30)
    return Scene(mall, cli, shopper, bot)
