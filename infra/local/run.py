"""Start the mall, seed it, process one order, and let customers and robots use it until Ctrl-C."""

import argparse
import shlex
import signal
import sys
from collections.abc import Mapping

from rich.console import Console

from clients.scenarios.robots import on_the_stream
from clients.scenarios.shoppers import bring_in
from functions.kernel.runtime.context import OPERATOR, STAFF
from infra.local import shoppers
from infra.local.cloud import LocalCloud
from infra.local.panel import panel
from infra.local.people import at_work
from infra.local.process import REGION, ROOT
from infra.local.seed import seed
from infra.local.show import show_order, wait_until_idle
from infra.local.up import arguments_of, up
from infra.local.users import USERS

NUMBER = 8  # characters of an order's id, by which people know it


def arguments(parser: argparse.ArgumentParser) -> None:
    shoppers.arguments(parser)


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    console = Console()
    shoppers.interruptible()
    try:
        up(cloud)
        with panel(cloud), at_work(cloud) as people:
            console.print("Seeding the mall: six stores, their products, and the robots …")
            seeded = seed(people)
            with on_the_stream(people, seeded.robots, cloud.state / shoppers.ROBOTS, shoppers.AS_WATCHED):
                if brought := bring_in(people):
                    console.print(f"Robots brought in {brought} lists that the last run had left.")
                wait_until_idle(cloud)
                shown = show_order(cloud, people, seeded.products, console)
                with shoppers.shopping(people, options.pace):
                    _print_next_steps(console, cloud, shown.journey.order_id, options.pace)
                    signal.pause()
    except KeyboardInterrupt:
        console.print("\nStopping; the state is kept for the next run.")
    finally:
        cloud.stop()
    return 0


def _print_next_steps(console: Console, cloud: LocalCloud, order_id: str, pace: float) -> None:
    address, here, clerk = cloud.api, arguments_of(cloud.engine.port, cloud.state), USERS[STAFF]
    mallbots = f"{here} .venv/bin/mallbots".strip()
    commands = {
        f"{mallbots} order {order_id[:NUMBER]}": "where an order is, and why (any number that the console shows)",
        f"{mallbots} status": "how the mall is, and what needs a person; mallbots help lists what mends it",
        f"make fault BREAK=payments{here}": "break something and watch it fail; MEND=payments mends it",
        f"make load ORDERS=20 CLIENTS=4{here}": "many orders at once",
    }
    console.print(
        f"""
[bold]The mall is running.[/bold]

  console    {cloud.pages}/console/#as={clerk}   (what customers and robots do, as it happens)
  breaking   {cloud.pages}/console/#as={USERS[OPERATOR]}   (Operations, Break it: five faults to watch and to mend)
  kiosk      {cloud.pages}/kiosk/   (order something, and watch a robot bring it)
  API        {address}
  documents  {cloud.pages}/docs/#as={clerk}   (OpenAPI: {address}/api/openapi.json; the messages: docs/messages.md)
  robots     mqtts://{cloud.broker}   (VDA 5050 by MQTT: docs/robots.md connects one)
  AWS API    {cloud.address}   (for the aws command line: --endpoint-url, with --region {REGION} and any credentials)

Try, from another terminal in this folder:

  {curl(cloud, "/api/stores")}
  {curl(cloud, f"/api/insights/orders/{order_id}/timeline")}
{_columns(commands)}

A customer comes every {pace:g} s. Ctrl-C stops everything and keeps the state.""",
        highlight=False,
        soft_wrap=True,
    )
    sys.stdout.flush()


def _columns(commands: Mapping[str, str]) -> str:
    """Commands that can be pasted with what is said of them, which is a comment to the shell."""
    width = max(map(len, commands))
    return "\n".join(f"  {command:{width}}  # {text}" for command, text in commands.items())


def curl(cloud: LocalCloud, path: str) -> str:
    """A command for a shell in any folder that calls the API as staff. It gets a fresh token each time."""
    token = f"make -s -C {shlex.quote(str(ROOT))} token ROLE=staff{arguments_of(cloud.engine.port, cloud.state)}"
    return f"""curl -H "Authorization: Bearer $({token})" '{cloud.api}{path}'"""
