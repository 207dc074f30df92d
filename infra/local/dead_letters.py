"""List the messages in all dead-letter queues, with their reasons."""

import argparse
import json

from rich.console import Console
from rich.table import Table

from infra.local.cloud import LocalCloud
from infra.local.process import LocalCloudError
from infra.local.queues import dead_letters


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bodies", action="store_true", help="also print the messages")


def run(options: argparse.Namespace) -> int:
    cloud = LocalCloud(options.port, options.state)
    if not cloud.engine.is_running():
        raise LocalCloudError(f"no local cloud runs on port {options.port}: start it with make up, or make run")
    letters = dead_letters(cloud)
    if not letters:
        print("No dead letters.")
        return 0
    table = Table("queue", "message", "id", "receives", "reason")
    for letter in letters:
        table.add_row(letter.queue, letter.name, letter.id, letter.receives, letter.reason)
    Console().print(table)
    if options.bodies:
        for letter in letters:
            print(json.dumps(json.loads(letter.body), indent=2))
    return 0
