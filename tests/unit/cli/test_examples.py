"""Every example of the help, run as it is printed, on a mall in which there is what it names."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.httpsession
import pytest
from botocore.awsrequest import AWSResponse

from clients.cli import stages
from clients.cli.verbs import VERBS, Verb, app
from functions.payments import service as payments
from tests.flow.shopper import Shopper, bring_a_robot_online, collect, open_a_store, was_on_the_stream
from tests.flow.test_redrive import broken
from tests.unit.cli.test_money import cancelled_without_refund
from tests.unit.cli.test_published import Raw
from tests.unit.cli.typed import ClientsMall, CommandLine

LETTER, GROUP, RUN, ORDER, CUSTOMER = "7c1f", "3e90", "01a7", "018f2c31", "5d2b7a10"
ERASED = "5d2b7a10-93c4-5e1f-8a6d-0c7e21b4f358"  # the same customer, whose id must be whole for that
NAMED = (LETTER, GROUP, RUN, ORDER, CUSTOMER, ERASED)
OF_ANOTHER_PROGRAM = ("shoppers", "load", "robot run")  # which is started, and asks the mall itself
# There is what a person is to look at, and no action of the robot has failed.
CODES = {"status": 4, "doctor": 4, "robot retry": 3, "robot skip": 3}


@dataclass
class Scene:
    """A robot, Ajax, an order that it collects, and the letters of an order whose invoice could not be made."""

    mall: ClientsMall
    cli: CommandLine
    shopper: Shopper
    ids: dict[str, str]

    def has(self, name: str, line: str, member: str = "id") -> None:
        """What a command line makes is what the examples name so."""
        self.ids[name] = self.cli(f"{line} --json").data[member]


@pytest.fixture
def scene(mall: ClientsMall, cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Scene:
    cable = open_a_store(mall, {"cable": 9.95})["cable"]
    was_on_the_stream(mall, bring_a_robot_online(mall))
    mended = broken(monkeypatch, payments, "create_or_reduce_invoice")
    shopper = Shopper(mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    mall.pass_time(300)
    mall.operate("collector")
    mended()
    [letter] = cli("dead list --json").data
    ids = {LETTER: letter["id"], GROUP: letter["group"], ORDER: shopper.basket_id}
    ids |= dict.fromkeys((CUSTOMER, ERASED), shopper.customer_id)
    return Scene(mall, cli, shopper, ids)


@pytest.fixture(autouse=True)
def _around(cli: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A launcher that does nothing, an engine that has a log line, and no browser."""
    checkout = cli.folder / "checkout"
    for name in ("local", "idle_cost", "order_cost"):
        (checkout / "infra" / name).mkdir(parents=True)
        (checkout / "infra" / name / "__main__.py").touch()
    (checkout / "clients" / "robot").mkdir(parents=True)
    for file in ("__init__.py", "robot/__init__.py", "robot/__main__.py"):
        (checkout / "clients" / file).touch()
    (checkout / "Makefile").touch()
    monkeypatch.setattr(stages, "CHECKOUT", checkout)
    outputs = json.loads((cli.folder / "state/outputs.json").read_text())
    outputs["mallbots-local-depot"] = {"InboxLogs": "/depot/inbox"}
    (cli.folder / "state/outputs.json").write_text(json.dumps(outputs))

    def answer(self: object, request: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, {}, Raw(b'{"events": [{"timestamp": 1, "message": "taken"}]}'))  # type: ignore[arg-type]

    monkeypatch.setattr(botocore.httpsession.URLLib3Session, "send", answer)


def _nothing(scene: Scene) -> None:
    """All that the example names is there."""


def _parked_letter(scene: Scene) -> None:
    scene.cli(f"dead park {scene.ids[LETTER]} --reason later --yes")


def _replay(scene: Scene) -> None:
    scene.has(RUN, "replay search --rate 1 --no-wait --yes")


def _paused_replay(scene: Scene) -> None:
    _replay(scene)
    scene.cli(f"run pause {scene.ids[RUN]} --yes")


def _rebuild(scene: Scene) -> None:
    scene.has(RUN, "rebuild search orders --yes")


def _paused_depot(scene: Scene) -> None:
    scene.cli("pause depot/inbox --reason x --yes")
    scene.mall.minute()


def _completed(scene: Scene) -> None:
    scene.cli(f"dead redrive {scene.ids[LETTER]} --yes")
    collect(scene.shopper)
    scene.shopper.pays()


def _parked_saga(scene: Scene) -> None:
    scene.mall.hold("customers", "AuthorizeCustomer")
    scene.mall.hold("payments", "VoidPayment")
    cable = open_a_store(scene.mall, {"cable": 9.95})["cable"]
    shopper = Shopper(scene.mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    for _ in range(60):
        if scene.cli("saga list --status parked --json").data:
            break
        scene.mall.pass_time(600)
    scene.ids[ORDER] = shopper.basket_id


def _disabled(scene: Scene) -> None:
    scene.cli(f"customer disable {scene.ids[CUSTOMER]} --yes")


def _differs(scene: Scene) -> None:
    scene.ids[ORDER] = cancelled_without_refund(scene.mall)


def _asking_saga(scene: Scene) -> None:
    scene.mall.hold("customers", "AuthorizeCustomer")
    cable = open_a_store(scene.mall, {"cable": 9.95})["cable"]
    shopper = Shopper(scene.mall).registers().fills_a_basket({cable: 2}).authorizes_a_payment(30).checks_out()
    scene.ids[ORDER] = shopper.basket_id


def _failed_pick(scene: Scene) -> None:
    """As the robot reports it; the mall, where nothing failed, refuses to have it tried again."""
    scene.cli.altered["/api/fleet/robots/"] = lambda body: body["robot"].update(retriable=["pick-1"])


PREPARED: dict[str, Callable[[Scene], None]] = {
    "dead reopen": _parked_letter,
    "run show": _replay,
    "run pause": _replay,
    "run resume": _paused_replay,
    "run cancel": _replay,
    "run switch": _rebuild,
    "run abort": _rebuild,
    "resume": _paused_depot,
    "wait": _completed,
    "customer enable": _disabled,
    "money show": _differs,
    "money recheck": _differs,
    "robot retry": _failed_pick,
    "robot skip": _failed_pick,
    "saga resume": _parked_saga,
    "saga retry": _asking_saga,
}


def test_every_verb_of_the_command_line_is_registered_with_an_example() -> None:
    named = {f"{typer_group.name} {one.name}" for typer_group in app.registered_groups for one in _of(typer_group)}
    assert {verb.words for verb in VERBS} == named | {str(one.name) for one in app.registered_commands}
    for verb in VERBS:
        assert verb.example.split()[: 1 + len(verb.words.split())] == ["mallbots", *verb.words.split()]


def _of(group: Any) -> list[Any]:
    found: list[Any] = group.typer_instance.registered_commands
    return found


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.words)
def test_the_example_of_a_verb_ends_prints_json_if_asked_to_and_asks_the_mall_for_a_change_if_it_makes_one(
    scene: Scene, verb: Verb
) -> None:
    PREPARED.get(verb.words, _nothing)(scene)
    words = shlex.split(verb.example)[1:]
    assert {word for word in words if word in NAMED} <= scene.ids.keys()
    line = shlex.join(scene.ids.get(word, word) for word in words)
    before = len(scene.cli.writes())
    scene.cli(line, code=CODES.get(verb.words, 0))
    changes = verb.changes and "--dry-run" not in words and verb.words not in OF_ANOTHER_PROGRAM
    assert len(scene.cli.writes()) - before == changes
    if not verb.changes and "--json" not in line:
        json.loads(scene.cli(f"{line} --json", code=CODES.get(verb.words, 0)).out)


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.changes], ids=lambda verb: verb.words)
def test_what_changes_something_needs_yes_where_no_one_can_be_asked_and_changes_nothing_in_a_dry_run(
    scene: Scene, verb: Verb
) -> None:
    PREPARED.get(verb.words, _nothing)(scene)
    words = [word for word in shlex.split(verb.example)[1:] if word not in ("--yes", "--dry-run")]
    line = shlex.join(scene.ids.get(word, word) for word in words)
    before, files = list(scene.cli.writes()), {file for file in scene.cli.folder.rglob("*") if file.is_file()}
    assert "--yes" in scene.cli(f"{line} --no-input", code=2).err
    ran = scene.cli(f"{line} --dry-run --json")
    assert "nothing was changed" in ran.err
    json.loads(ran.out)
    assert scene.cli.writes() == before
    assert {file for file in scene.cli.folder.rglob("*") if file.is_file()} == files


def test_the_policy_is_named_where_aws_credentials_are_used(cli: CommandLine) -> None:
    for words in ("logs", "doctor", "status"):
        assert "policy.json" in cli(f"{words} --help").out
    assert (Path(stages.__file__).parent / "policy.json").exists()
