"""The fuzzer on a deployed mall, by its address."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx

from clients.mall import Mall, MallError, wait_for
from clients.scenarios.robots import Fleet
from tests.fuzz.fuzzer import Bounds, Report, fuzz
from tests.fuzz.scene import Scene

IN_SHORT = Bounds(seed=1, examples=5, chains=25)


def fuzz_deployed(address: str, bounds: Bounds) -> Report:
    """Furnish the mall and fuzz all that its own document describes; the robots at work stay online meanwhile."""
    with Mall(address) as mall, Fleet(mall, []) as fleet:

        def ask(method: str, path: str, body: Mapping[str, Any]) -> Any:
            return mall.call(method, path, dict(body) if method != "GET" else None)

        def wait(look: Callable[[], bool], what: str) -> None:
            wait_for(lambda: look() or None, what)

        _send_home_who_is_silent(mall)
        scene = Scene(ask, wait, fleet.bring_online).furnish()
        document = httpx.get(f"{address}/api/openapi.json").raise_for_status().json()
        report = fuzz(document, scene.things, bounds, address=address)
        _call_off_what_waits(mall)
        return report


def _send_home_who_is_silent(mall: Mall) -> None:
    """Take robots of before offline: nobody speaks for them, and their leases would end with lists of ours in hand."""
    for robot in mall.pages("/api/depot/bots", "bots"):
        if robot["status"] != "offline":
            mall.put(f"/api/depot/bots/{robot['id']}/offline")


def _call_off_what_waits(mall: Mall) -> None:
    """Cancel the lists that nobody will collect: the depot looks at them again and again, so no queue would rest."""
    for status in ("available", "assigned", "active"):
        for waiting in mall.pages(f"/api/depot/shopping?status={status}", "lists"):
            with suppress(MallError):  # the list of what was just shown may be behind
                mall.post(f"/api/depot/shopping/{waiting['id']}")
