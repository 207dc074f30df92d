"""`make fault`: what it breaks and mends in a local mall, and what it prints of that."""

import re
from pathlib import Path
from typing import Any

import pytest

from infra.local import fault
from infra.local.__main__ import main
from infra.local.faults import BROKEN, FAULTS, Fault, Kept

LINE = r"{} since \d{{4}}-\d\d-\d\dT[\d:.]+Z\n"


class Cloud:
    """As much of a local cloud as the command needs. stopped: what is broken in it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.stopped: set[str] = set()
        self.deployed = {"mallbots-local-platform": {"ApiAddress": "here"}}

    def outputs(self) -> dict[str, dict[str, str]]:
        return self.deployed


def a_fault(name: str) -> Fault:
    def breaks(cloud: Any, _kept: Kept) -> None:
        cloud.stopped.add(name)

    def mends(cloud: Any, _kept: Kept) -> None:
        cloud.stopped.remove(name)

    return Fault(lambda _: {}, breaks, mends)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name in ("payments", "robot"):
        monkeypatch.setitem(FAULTS, name, a_fault(name))
    found = Cloud(tmp_path)
    monkeypatch.setattr(fault, "LocalCloud", lambda port, state: {(4600, tmp_path): found}[port, state])
    return found


def make_fault(cloud: Cloud, *options: str) -> int:
    """Its exit code."""
    return main(["fault", "--port", "4600", "--state", str(cloud.state), *options])


def test_what_is_broken_is_listed_until_it_is_mended(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    assert make_fault(cloud, "--break", "payments") == 0
    assert cloud.stopped == {"payments"}
    assert re.fullmatch(LINE.format("payments"), capsys.readouterr().out)

    assert make_fault(cloud, "--break", "robot") == 0
    assert cloud.stopped == {"payments", "robot"}
    both = capsys.readouterr().out
    assert re.fullmatch(LINE.format("payments") + LINE.format("robot"), both)

    assert make_fault(cloud) == 0
    assert (capsys.readouterr().out, cloud.stopped) == (both, {"payments", "robot"})

    assert make_fault(cloud, "--mend", "payments") == 0
    assert cloud.stopped == {"robot"}
    assert re.fullmatch(LINE.format("robot"), capsys.readouterr().out)


def test_all_that_is_broken_is_mended_at_once_and_then_nothing_is_listed(
    cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("payments", "robot"):
        make_fault(cloud, "--break", name)
    capsys.readouterr()
    assert make_fault(cloud, "--mend", "all") == 0
    assert cloud.stopped == set()
    assert capsys.readouterr() == ("", "nothing is broken\n")


@pytest.mark.parametrize("options", [(), ("--break", "payments"), ("--mend", "all")])
def test_where_no_mall_is_up_nothing_is_broken_and_it_says_how_to_start_this_one(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    cloud.deployed = {}
    assert make_fault(cloud, *options) == 1
    assert capsys.readouterr() == ("", f"no mall is deployed: make up PORT=4600 STATE={cloud.state}\n")
    assert (cloud.stopped, (cloud.state / BROKEN).exists()) == (set(), False)


@pytest.mark.parametrize(
    "options", [("--break", "payments", "--mend", "robot"), ("--break", "all"), ("--mend", "nothing")]
)
def test_what_is_no_fault_or_two_things_at_once_is_refused(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        make_fault(cloud, *options)
    assert cloud.stopped == set()
