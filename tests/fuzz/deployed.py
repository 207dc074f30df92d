"""Fuzz a deployed mall, by its address."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx

from clients.credential import Credential
from clients.mall import Mall, MallError, wait_for
from clients.people import People, robots_own, session
from clients.scenarios.robots import Fleet
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF
from infra.local.cloud import LocalCloud
from infra.local.users import credential
from tests.fuzz.fuzzer import Bounds, Report, Who, fuzz
from tests.fuzz.scene import Ask, Scene

# Without edges, which are 3,800 requests: tests/fuzz/test_in_memory.py makes them in memory, and `make fuzz` deployed.
SHORT = Bounds(seed=1, examples=8, chains=25, edges=False)
STAFF_PART = 0.6  # of the seconds; the other roles share the rest


def fuzz_deployed(cloud: LocalCloud, people: People, bounds: Bounds) -> list[Report]:
    """Prepare data, then fuzz all operations of the mall's own document, as each role.

    Staff come last: they may erase the customer and replace the robot's token. Working robots stay online meanwhile.
    """
    staff = people.staff
    with Fleet(people.robot, []) as fleet:

        def wait(condition: Callable[[], bool], what: str) -> None:
            wait_for(lambda: condition() or None, what)

        _take_all_robots_offline(staff)
        scene = Scene(_ask(staff), _ask(people.kiosk), wait, fleet.bring_online).furnish()
        document = httpx.get(f"{cloud.api}/api/openapi.json").raise_for_status().json()
        callers = {**_others(cloud, people, scene), STAFF: credential(cloud, STAFF)}
        reports = [
            fuzz(document, scene.things, _part(bounds, role), Who(role, caller.token), address=cloud.api)
            for role, caller in callers.items()
        ]
        _cancel_open_lists(staff)
        return reports


def _ask(mall: Mall) -> Ask:
    def ask(method: str, path: str, body: Mapping[str, Any]) -> Any:
        return mall.call(method, path, dict(body) if method != "GET" else None)

    return ask


def _others(cloud: LocalCloud, people: People, scene: Scene) -> dict[str, Credential]:
    """The credentials of the other roles: a customer who has baskets and orders, a robot that has a list."""
    return {
        CUSTOMER: session(people.kiosk, scene.things["customers"][0]),
        BOT: _robot(people.staff, scene.things["working robots"][0]),
        KIOSK: credential(cloud, KIOSK),
        OPERATOR: credential(cloud, OPERATOR),
    }


def _robot(staff: Mall, bot_id: str) -> Credential:
    return robots_own(staff, bot_id, staff.post(f"/api/depot/bots/{bot_id}/token")["token"])


def _part(bounds: Bounds, role: str) -> Bounds:
    """Most of the time is for staff, who may call nearly everything."""
    if role == STAFF:
        return replace(bounds, seconds=bounds.seconds and round(bounds.seconds * STAFF_PART))
    fewer = replace(bounds, examples=max(2, bounds.examples // 3), chains=max(4, bounds.chains // 5), edges=False)
    return replace(fewer, seconds=bounds.seconds and max(1, round(bounds.seconds * (1 - STAFF_PART) / 4)))


def _take_all_robots_offline(mall: Mall) -> None:
    """Take robots of earlier tests offline: without heartbeats their leases would end while they have our lists."""
    for robot in mall.pages("/api/depot/bots", "bots"):
        if robot["status"] != "offline":
            mall.put(f"/api/depot/bots/{robot['id']}/offline")


def _cancel_open_lists(mall: Mall) -> None:
    """Cancel the lists that no robot will collect: the depot's timers for them would stay in its queue."""
    for status in ("available", "assigned", "active"):
        for waiting in mall.pages(f"/api/depot/shopping?status={status}", "lists"):
            with suppress(MallError):  # the read model of lists may lag
                mall.post(f"/api/depot/shopping/{waiting['id']}")
