"""Start the mall, seed it, process one order, and run until Ctrl-C."""

import argparse
import signal
import sys

from rich.console import Console

from clients.mall import Mall
from clients.scenarios.robots import Fleet
from infra.local.cloud import LocalCloud
from infra.local.seed import seed
from infra.local.show import show_order, wait_until_idle
from infra.local.up import arguments_of, summary, up


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    console = Console()
    for end in (signal.SIGINT, signal.SIGTERM):  # even if the starting process ignored them
        signal.signal(end, signal.default_int_handler)
    try:
        up(cloud)
        address = str(summary(cloud)["api"])
        with Mall(address) as mall:
            console.print("Seeding the mall: six stores, their products, and the robots …")
            seeded = seed(mall)
            with Fleet(mall, seeded.robots):
                wait_until_idle(cloud)
                shown = show_order(cloud, address, seeded.products, console)
                _print_next_steps(console, address, shown.journey.order_id, options)
                signal.pause()
    except KeyboardInterrupt:
        console.print("\nStopping; the state is kept for the next run.")
    finally:
        cloud.stop()
    return 0


def _print_next_steps(console: Console, address: str, order_id: str, options: argparse.Namespace) -> None:
    here = arguments_of(options.port, options.state)
    console.print(
        f"""
[bold]The mall is running.[/bold]

  API        {address}
  documents  {address}/api/docs   (OpenAPI: /api/openapi.json; the messages: docs/messages.md)
  AWS API    http://127.0.0.1:{options.port}   (for the aws command line: --endpoint-url)

Try, from another terminal:

  curl '{address}/api/stores'
  curl '{address}/api/ordering/{order_id}'
  curl '{address}/api/insights/orders/{order_id}/timeline'
  make load ORDERS=20 CLIENTS=4{here}      many orders at once
  make load MIX=all                  every way that an order can go, on a cloud of its own
  make dead-letters{here}                  the messages in dead-letter queues (there should be none)

Ctrl-C stops everything and keeps the state.""",
        highlight=False,
        soft_wrap=True,
    )
    sys.stdout.flush()
