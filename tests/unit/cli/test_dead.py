"""dead: letters are seen by cause, forecast, sent back, put aside and closed, on the real services in memory."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from clients.cli.tool import Tool
from functions.payments import service as payments
from tests.flow.shopper import Shopper
from tests.flow.test_redrive import broken, shoppers
from tests.unit.cli.typed import ClientsMall, CommandLine

ORDERS = 4


@pytest.fixture
def mend(mall: ClientsMall, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Invoices of ORDERS orders could not be made; this mends the cause."""
    mended = broken(monkeypatch, payments, "create_or_reduce_invoice")
    shoppers(mall, ORDERS)
    mall.pass_time(300)
    mall.operate("collector")
    return mended


@pytest.fixture
def group(cli: CommandLine, mend: object) -> Any:
    return cli("dead groups --json").data[0]


def open_letters(cli: CommandLine) -> list[str]:
    return [one["id"] for one in cli("dead list --state open --json").data]


def test_letters_are_listed_with_their_reasons(cli: CommandLine, group: Any) -> None:
    shown = cli("dead list --service payments")
    assert shown.out.count("the column is gone") == ORDERS
    assert "payments/inbox" in shown.out
    assert cli("dead list --service payments --limit 2 --json").data == cli("dead list --json").data[:2]


def test_groups_say_how_many_letters_they_have(cli: CommandLine, group: Any) -> None:
    [line] = [line for line in cli("dead groups").out.splitlines() if group["id"] in line]
    assert line.split()[1:4] == [str(ORDERS), "payments/inbox", "OrderApproved"]


def test_where_there_are_no_letters_stdout_is_empty_and_json_an_empty_list(cli: CommandLine) -> None:
    assert (cli("dead list").out, cli("dead list").err) == ("", "no dead letters\n")
    assert cli("dead list --json").data == []


def test_a_list_that_was_cut_says_so(cli: CommandLine, group: Any) -> None:
    assert "the first 2; there are more: --limit" in cli("dead list --limit 2").err
    assert "there are more" not in cli(f"dead list --limit {ORDERS}").err
    cli.altered["/api/operations/groups"] = lambda body: body.update(next="2")
    assert "the first 1; there are more: --limit" in cli("dead groups --limit 1").err


def test_what_letters_are_asked_for_by_is_looked_at(cli: CommandLine, group: Any) -> None:
    assert "did you mean payments?" in cli("dead list --service paymnts", code=3).err
    assert "did you mean open?" in cli("dead list --state opne", code=2).err
    assert "did you mean resolved?" in cli("dead groups --state resolvd", code=2).err
    assert "did you mean parked?" in cli("saga list --status parkd", code=2).err
    cli("dead list --since yesterday", code=2)
    [first, *_] = cli("dead list --json").data
    assert [one["order"] for one in cli(f"dead list --order {first['order'][:8]} --json").data] == [first["order"]]
    assert "did you mean" in cli(f"dead list --order {first['order'][:-3]}", code=3).err
    known = cli("dead forecast --group " + group["id"] + " --json").data["id"]
    assert f"did you mean {known}?" in cli(f"dead redrive --forecast {known[:-2]}xx --yes", code=3).err


@pytest.mark.parametrize(
    "which", ["--group {}", "--service payments", "--service payments/inbox --message OrderApproved"]
)
def test_more_letters_than_are_looked_at_are_counted_by_their_groups_open_and_resolved(
    cli: CommandLine, group: Any, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    cli(f"dead resolve {group['id']} --yes")
    monkeypatch.setattr(Tool.read, "__defaults__", (ORDERS - 1,))
    shown = cli(f"dead redrive {which.format(group['id'])} --dry-run").err
    assert f"{ORDERS}  payments/inbox  OrderApproved" in shown
    assert f"would send back about {ORDERS} letters" in shown


def test_a_consumer_of_which_no_letter_was_read_is_counted_too(
    cli: CommandLine, group: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {**group, "id": "other", "consumer": "payments/topics", "counts": {**group["counts"], "open": 40_000}}
    cli.altered["/api/operations/groups?state=resolved"] = lambda body: body["groups"].append(other)
    monkeypatch.setattr(Tool.read, "__defaults__", (ORDERS - 1,))
    shown = cli("dead redrive --service payments --dry-run").err
    assert "40000  payments/topics  OrderApproved" in shown
    assert f"would send back about {40_000 + ORDERS:,} letters" in shown


def test_a_letter_is_shown_with_its_body_and_a_group_by_the_same_verb(cli: CommandLine, group: Any) -> None:
    [first, *_] = open_letters(cli)
    shown = cli(f"dead show {first}").out
    assert '"OrderApproved"' in shown
    assert "the column is gone" in shown
    assert cli(f"dead show {first} --json").data["letter"]["group"] == group["id"]
    assert f"{ORDERS} open" in cli(f"dead show {group['id']}").out


def test_an_id_that_is_wrong_gets_the_nearest_right_one(cli: CommandLine, group: Any) -> None:
    [first, *_] = open_letters(cli)
    assert f"did you mean {first}?" in cli(f"dead show {first[:12]}x", code=3).err
    assert f"did you mean {group['id']}?" in cli(f"dead resolve {group['id'][:-1]}x --yes", code=3).err
    assert "did you mean payments?" in cli("dead redrive --service paymets --yes", code=3).err


def test_the_beginning_of_an_id_is_enough_where_no_other_begins_so(cli: CommandLine, group: Any) -> None:
    letters = open_letters(cli)
    first = letters[0]
    short = next(first[:n] for n in range(4, len(first)) if sum(one.startswith(first[:n]) for one in letters) == 1)
    assert cli(f"dead show {short} --json").data["letter"]["id"] == first
    assert cli(f"dead show {group['id'][:9]} --json").data["id"] == group["id"]
    discarded = cli(f"dead discard {short} --reason x --yes --json")
    assert discarded.data["discard"] == [first]
    assert f"{short} is letter {first}" in discarded.err
    assert cli(f"dead owner {group['id'][:9]} Ada --yes --json").data["owner"] == "Ada"
    assert first not in open_letters(cli)
    for unclear in ("", first[:3]):
        cli(f"dead discard '{unclear}' --reason x --yes", code=3)
    assert len(open_letters(cli)) == len(letters) - 1


def test_a_forecast_says_what_would_become_of_letters_and_changes_nothing(
    cli: CommandLine, group: Any, mend: Callable[[], None]
) -> None:
    assert f"{ORDERS} fails" in cli(f"dead forecast --group {group['id']}").out
    mend()
    assert cli(f"dead forecast --group {group['id']} --json").data["counts"]["passes"] == ORDERS
    assert (len(open_letters(cli)), cli.writes()) == (ORDERS, [])


def test_a_redrive_counts_first_and_a_dry_run_sends_nothing(cli: CommandLine, group: Any) -> None:
    shown = cli(f"dead redrive --group {group['id']} --dry-run")
    assert f"would send back {ORDERS} letters" in shown.err
    assert "OrderApproved" in shown.err
    assert cli.writes() == []
    assert len(open_letters(cli)) == ORDERS


def test_without_a_terminal_a_redrive_needs_yes(cli: CommandLine, group: Any) -> None:
    for more in ("", " --no-input"):
        assert "--yes" in cli(f"dead redrive --group {group['id']}{more}", code=2).err
    assert cli.writes() == []


def test_a_redrive_of_what_is_mended_is_followed_until_all_is_done(
    cli: CommandLine, group: Any, mend: Callable[[], None]
) -> None:
    mend()
    shown = cli(f"dead redrive --group {group['id']} --yes")
    assert f"{ORDERS} done" in shown.out
    assert "run " in shown.err
    assert open_letters(cli) == []


@pytest.mark.parametrize("which", ["--group", "--service"])
def test_letters_that_come_after_the_question_are_not_sent_back(
    cli: CommandLine, group: Any, mall: ClientsMall, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    shown = set(open_letters(cli))

    def meanwhile(tool: Tool, what: str) -> bool:
        assert what == f"send back {ORDERS} letters"
        shoppers(mall, 2)
        mall.pass_time(300)
        mall.operate("collector")
        return True

    monkeypatch.setattr(Tool, "agreed", meanwhile)
    run = cli(f"dead redrive {which} {group['id'] if which == '--group' else 'payments'} --no-wait --json").data["run"]
    assert len(open_letters(cli)) == ORDERS + 2
    mall.operate("redriver")
    sent = [one["id"] for one in cli("dead list --json").data if one["redrives"]]
    assert sent
    assert set(sent) <= shown
    assert cli(f"run show {run['id']} --json").data["run"]["total"] == ORDERS


def test_a_redrive_that_waits_for_another_says_so_while_it_is_followed(
    cli: CommandLine, group: Any, mall: ClientsMall, mend: Callable[[], None]
) -> None:
    mend()
    first, *others = open_letters(cli)
    older = cli(f"dead redrive {' '.join(others)} --no-wait --yes --json").data["run"]["id"]
    mall.now += timedelta(seconds=1)  # of two that were begun in one moment the id decides
    shown = cli(f"dead redrive {first} --yes")
    assert f"it waits for run {older}, which sends to payments/inbox before it" in shown.err
    assert "1 done" in shown.out


def test_only_what_a_forecast_says_passes_is_sent_back(cli: CommandLine, group: Any, mend: Callable[[], None]) -> None:
    mend()
    [first, *_] = open_letters(cli)
    forecast = cli(f"dead forecast {first} --json").data["id"]
    assert cli(f"dead redrive --forecast {forecast} --passing --yes --json").data["run"]["counts"]["done"] == 1
    assert len(open_letters(cli)) == ORDERS - 1


def test_a_redrive_of_what_is_still_broken_ends_by_1_and_says_that_it_stopped(cli: CommandLine, group: Any) -> None:
    shown = cli(f"dead redrive --group {group['id']} --yes", code=1)
    assert "it is stopped" in shown.err
    assert "mallbots run resume" in shown.err


def test_letters_are_parked_reopened_and_discarded_with_a_reason(cli: CommandLine, group: Any) -> None:
    first, second, *_ = open_letters(cli)
    assert cli(f"dead park {first} --reason later --dry-run --json").data == {
        "park": [],
        "refused": {},
        "unknown": [],
        "notTried": [first],
    }
    assert len(open_letters(cli)) == ORDERS
    assert cli(f"dead park {first} {second} --reason later --yes").out.split() == [first, second]
    assert {one["id"] for one in cli("dead list --state parked --json").data} == {first, second}
    cli(f"dead reopen {first} --yes")
    cli(f"dead discard {second} --reason 'the order is gone' --yes")
    assert "the order is gone" in cli(f"dead show {second}").out
    assert len(open_letters(cli)) == ORDERS - 1


def test_what_is_done_only_for_some_letters_ends_by_4(cli: CommandLine, group: Any) -> None:
    first, second, *_ = open_letters(cli)
    cli(f"dead park {first} --reason later --yes")
    cli(f"dead discard {first} --reason gone --yes")
    ran = cli(f"dead park {first} {second} --reason later --yes", code=4)
    assert ran.out.split() == [second]
    assert first in ran.err


@pytest.mark.parametrize("verb", ["dead discard {} --reason gone --yes", "dead redrive {} --no-wait --yes"])
def test_a_beginning_is_refused_where_there_are_more_letters_than_were_looked_at(
    cli: CommandLine, group: Any, verb: str
) -> None:
    first, *_ = letters = open_letters(cli)
    # Ever more pages, of these letters; of those not looked at another may begin so.
    cli.altered["/api/operations/letters?"] = lambda body: body.update(letters=body["letters"] * 25, next="more")
    more = httpx.Response(200, json={"letters": [{"id": id} for id in letters] * 25, "next": "more"})
    cli.failing["/api/operations/letters?limit=100&next=more"] = more
    before = cli.writes()
    refused = cli(verb.format(first[:-2]), code=2).err
    assert f"the whole id, such as {first}" in refused
    assert cli.writes() == before
    cli(verb.format(first))
    assert cli.writes() != before


def test_a_group_has_a_note_an_owner_and_an_end(cli: CommandLine, group: Any) -> None:
    cli(f"dead note {group['id']} 'a column was dropped' --yes")
    cli(f"dead owner {group['id']} Ada --yes")
    asked = cli(f"dead resolve {group['id']} --dry-run").err
    assert f"resolve group {group['id']}, of which {ORDERS} letters are open" in asked
    shown = cli(f"dead resolve {group['id']} --yes --json").data
    assert (shown["note"], shown["owner"], shown["state"]) == ("a column was dropped", "Ada", "resolved")


def test_a_letter_is_exported_as_a_test_that_compiles(cli: CommandLine, group: Any) -> None:
    [first, *_] = open_letters(cli)
    dry = cli(f"dead export {first} --to tests --dry-run --json").data
    assert not (cli.folder / "tests").exists()
    file = cli(f"dead export {first} --to tests --yes").out.strip()
    assert (cli.folder / file).read_text() == dry["text"]
    compile(dry["text"], file, "exec")


def test_the_data_of_a_letter_is_edited_and_the_letter_of_before_is_closed(cli: CommandLine, group: Any) -> None:
    [first, *_] = open_letters(cli)
    shown = cli(f"dead edit {first} --set total=1234 --dry-run --json")
    assert (shown.data["data"]["total"], shown.data["letter"]) == (1234, None)
    assert "becomes 1234" in shown.err
    made = cli(f"dead edit {first} --set total=1234 --yes --json").data["letter"]
    assert '"total": 1234' in cli(f"dead show {made}").out.replace('"total":1234', '"total": 1234')
    assert first not in open_letters(cli)
    cli(f"dead edit {made} --set total --yes", code=2)


def test_which_letters_must_be_said_in_one_way(cli: CommandLine, group: Any) -> None:
    cli("dead redrive --yes", code=2)
    cli(f"dead redrive --group {group['id']} --service payments --yes", code=2)


def test_an_order_that_was_stuck_is_completed_after_its_letter_went_back(
    cli: CommandLine, group: Any, mend: Callable[[], None]
) -> None:
    mend()
    order = cli("dead list --json").data[0]["order"]
    cli(f"dead redrive --group {group['id']} --yes")
    cli.mall.pass_time(60)
    assert Shopper(cli.mall).ask("GET", f"/api/payments/invoices/{order}")["invoice"]["status"] == "pending"
