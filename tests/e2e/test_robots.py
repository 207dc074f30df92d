"""Robots on the robots' stream, on a local cloud of their own: the page's, the command line's, and some in trouble.

In the mall of the other tests robots take their steps by REST, and a robot that works by itself would take their lists.
"""

import json
import os
import re
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clients.mall import Json, MallError, wait_for
from clients.people import People
from clients.robot.settings import Settings
from events.vda5050.collecting import order_id
from functions.kernel.runtime.context import STAFF
from infra.local.cloud import LocalCloud
from infra.local.people import at_work
from infra.local.process import ROOT, free_port
from infra.local.seed import seed
from infra.local.show import wait_until_idle
from infra.local.up import up
from infra.local.users import sign_in
from infra.operate.dead_letters import dead_letters
from tests.e2e import many_robots

PAGE = ROOT / "docs" / "robots.md"
WITHIN = 120  # seconds
TAKEN_OVER_WITHIN = 300  # seconds: a lease, the sweep after it, and another robot's way
IN_TROUBLE = {"robots": 4, "lists": 6, "trouble_every": 4.0, "pace": 1.0, "seed": 1}


@dataclass(frozen=True)
class Streaming:
    """A deployed mall, whose seeded robots stay offline."""

    cloud: LocalCloud
    people: People

    @property
    def environment(self) -> dict[str, str]:
        """For the commands of the page."""
        return {**os.environ, **self.cloud.environment(), "API": self.cloud.api, "TOKEN": sign_in(self.cloud, STAFF)}

    def status_of(self, bot_id: str) -> str:
        return many_robots.statuses(self.people.staff)[bot_id]

    def wait_until(self, bot_id: str, status: str) -> None:
        wait_for(lambda: True if self.status_of(bot_id) == status else None, f"robot {status}", seconds=WITHIN)

    def robot(self, bot_id: str) -> Json:
        found: Json = self.people.staff.get(f"/api/fleet/robots/{bot_id}")["robot"]
        return found


@pytest.fixture(scope="module")
def streaming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streaming]:
    cloud = LocalCloud(free_port(), tmp_path_factory.mktemp("stream"))
    try:
        up(cloud)
        with at_work(cloud) as people:
            seed(people)
            yield Streaming(cloud, people)
    finally:
        cloud.stop()


def blocks(language: str) -> list[str]:
    return [str(code) for code in re.findall(rf"^```{language}\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)]


def sh(commands: str, folder: Path, streaming: Streaming) -> None:
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env=streaming.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_who_follows_the_page_connects_a_robot_that_collects_a_list(streaming: Streaming, tmp_path: Path) -> None:
    register, certify, collect = blocks("sh")
    sh(register + certify, tmp_path, streaming)
    folder = tmp_path / "robot"
    (program,) = blocks("python")
    (folder / "robot.py").write_text(program.replace("STEP = 1.0", "STEP = 0.3"))
    made = _json(folder / "registered.json")["id"]
    with subprocess.Popen([sys.executable, "robot.py", "."], cwd=folder) as robot:
        try:
            streaming.wait_until(made, "idle")
            sh(collect, folder, streaming)
            listed = _json(folder / "list.answer.json")["id"]

            def collected() -> Json | None:
                found: Json = streaming.people.staff.get(f"/api/depot/shopping/{listed}")["list"]
                return found if found["status"] == "completed" else None

            found = wait_for(collected, "the list that the page's robot collects", seconds=WITHIN)
        finally:
            robot.kill()
    assert (found["botId"], found["assignment"]) == (made, 1)
    assert [item["picked"] for stop in found["stops"] for item in stop["items"]] == [2]
    streaming.wait_until(made, "offline")  # at once, since it is idle: the broker noticed the cut
    assert streaming.robot(made)["connection"] == "broken"
    streaming.people.staff.call("DELETE", f"/api/depot/bots/{made}")


def test_robots_of_the_command_line_enrol_themselves_and_know_themselves_again(
    streaming: Streaming, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "clients.robot", "run", "--count", "2", "--state", str(tmp_path)]
    new = {
        **streaming.environment,
        "MALLBOTS_API": streaming.cloud.api,
        "MALLBOTS_TOKEN": streaming.environment["TOKEN"],
    }
    with subprocess.Popen(command, cwd=ROOT, env=new) as robots:
        wait_for(lambda: len(_enrolled(tmp_path)) == 2 or None, "two robots with files", seconds=WITHIN)
        made = _enrolled(tmp_path)
        for bot_id in made:
            streaming.wait_until(bot_id, "idle")
        robots.terminate()
    for bot_id in made:
        streaming.wait_until(bot_id, "offline")
        assert streaming.robot(bot_id)["connection"] == "offline"
    with subprocess.Popen(command, cwd=ROOT, env=streaming.environment) as robots:
        for bot_id in made:
            streaming.wait_until(bot_id, "idle")
        robots.terminate()
    assert _enrolled(tmp_path) == made


def test_lists_are_collected_once_although_robots_are_cut_off_crash_and_fall_silent(
    streaming: Streaming, tmp_path: Path
) -> None:
    options = Namespace(**IN_TROUBLE)
    with many_robots.robots(streaming.people, options.robots, tmp_path, Settings().faster(4)) as (units, drops):
        found = many_robots.measure(streaming.people, units, drops, options)
        retired = units[0].bot_id
        streaming.people.staff.call("DELETE", f"/api/depot/bots/{retired}")
        wait_for(lambda: _is_gone(streaming, retired), "a retired robot that is gone", seconds=WITHIN)
    assert found["collected_once"] + found["unreported"] == options.lists, found
    assert (found["lost"], found["driven_twice"]) == (0, 0), found
    assert found["noticed"] == found["silences"] > 0, found
    assert found["cuts"] + found["restarts"] > 0
    assert wait_until_idle(streaming.cloud) == {}
    assert dead_letters(streaming.cloud) == []


def test_a_robot_that_comes_back_with_a_list_that_another_has_is_told_to_cancel_and_puts_back_what_it_holds(
    streaming: Streaming, tmp_path: Path
) -> None:
    staff = streaming.people.staff
    products = many_robots.sold(staff)

    def listed() -> Json:
        found: Json = staff.get(f"/api/depot/shopping/{made}")["list"]
        return found

    def begun() -> Json | None:
        found = listed()
        picked = sum(item["picked"] for stop in found["stops"] for item in stop["items"])
        return found if found["status"] == "active" and picked else None

    with many_robots.robots(streaming.people, 2, tmp_path, Settings().faster(4)) as (units, drops):
        for unit in units:
            streaming.wait_until(unit.bot_id, "idle")
        made = many_robots.list_of(staff, [products[0], products[len(products) // 2], products[-1]], 2)
        collecting = wait_for(begun, "a list of which something is picked", seconds=WITHIN)["botId"]
        [silent] = [unit for unit in units if unit.bot_id == collecting]
        [other] = [unit for unit in units if unit is not silent]
        silent.keep_away()
        wait_for(lambda: listed()["status"] == "completed" or None, "a completed list", seconds=TAKEN_OVER_WITHIN)
        silent.let_back()
        wait_for(lambda: silent.said.cancelled or None, "a robot that cancelled its order", seconds=WITHIN)
        streaming.wait_until(silent.bot_id, "idle")
    found = listed()
    assert (found["botId"], found["assignment"]) == (other.bot_id, 2)
    assert drops == {order_id(made, 2): {other.bot_id}}
    assert silent.said.cancelled == {order_id(made, 1)}
    assert silent.said.last
    assert not silent.said.last.loads
    assert not other.said.cancelled


def _is_gone(streaming: Streaming, bot_id: str) -> bool | None:
    try:
        streaming.robot(bot_id)
    except MallError as error:
        return True if error.status == 404 else None
    return None


def _enrolled(folder: Path) -> list[str]:
    return sorted(file.parent.name for file in folder.glob("*/robot.json"))


def _json(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file.read_text())
    return found
