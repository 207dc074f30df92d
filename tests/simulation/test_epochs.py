"""Restored tables in the simulation: clients go on, consumers follow, and what is not so is found."""

from typing import Any

import pytest

from tests.simulation.check.epochs import ABOVE, FOLLOWED, epoch_violations
from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.epochs import EVENTS, Epoch
from tests.simulation.expressions import Item
from tests.simulation.faults import Faults
from tests.simulation.history_builder import HistoryBuilder
from tests.simulation.planted.epochs import BUGS
from tests.simulation.planted.run import find
from tests.simulation.schedule import run_schedule

SEED = 13  # of a schedule after which a table of events is restored


def test_after_a_restoration_what_is_lost_is_created_again_above_the_base_and_followed() -> None:
    choices = Choices(1)
    cloud = Cloud(choices, Faults(choices))
    task = cloud.spawn(
        lambda: cloud.request("POST", "/api/stores", {"name": "Volt", "location": "Level 2"}, {"Idempotency-Key": "k"})
    )
    cloud.run(60.0, enough=lambda: task.done)
    assert cloud.settle()
    cloud.backups.moments = lambda table: [0]  # type: ignore[method-assign]  # before anything was
    assert Epoch(cloud, choices).run()
    versions = [version for stream, version in cloud.tables[EVENTS].items if stream.startswith("Store#")]
    [row] = [item for (partition, _), item in cloud.tables["depot/views"].items.items() if partition == "stores"]
    assert int(row["version"]["N"]) == max(versions)
    assert min(versions) > 10**15


def test_a_product_that_was_removed_after_the_moment_is_in_the_catalogue_again() -> None:
    choices = Choices(1)
    cloud = Cloud(choices, Faults(choices))

    def ask(method: str, path: str, body: object = None) -> str:
        response = cloud.request(method, path, body, {"Idempotency-Key": path}, "staff:the desk")
        assert response.status == 200
        return str((response.body or {}).get("id", ""))

    def live() -> None:
        store = ask("POST", "/api/stores", {"name": "Volt", "location": "Level 2"})
        product = ask("POST", f"/api/stores/{store}/products", {"name": "Cable", "sku": "C-1", "price": 9.95})
        ask("DELETE", f"/api/stores/products/{product}")

    task = cloud.spawn(live)
    cloud.run(60.0, enough=lambda: task.done)
    assert cloud.settle()
    [tombstone] = catalogue(cloud)
    assert "deleted" in tombstone
    removed = cloud.backups.moments(EVENTS)[-1]
    cloud.backups.moments = lambda table: [removed - 1]  # type: ignore[method-assign]
    assert Epoch(cloud, choices).run()
    [product] = catalogue(cloud)
    assert "new" in product["data"]["S"]
    assert int(product["version"]["N"]) > 10**15


def catalogue(cloud: Cloud) -> list[Item]:
    """The products that the stores service shows."""
    return [item for (partition, _), item in cloud.tables["stores/views"].items.items() if partition == "products"]


def is_deletion(entry: tuple[int, str, dict[str, Any]], message: str) -> bool:
    """Whether an entry says that a message left payments' queue."""
    _, kind, fields = entry
    return kind == "deleted" and (fields["queue"], fields["message"]) == ("payments/inbox", message)


@pytest.mark.parametrize("is_letter", [True, False])
def test_an_erasure_of_the_ledger_is_not_asked_of_a_consumer_that_has_it_as_a_letter(is_letter: bool) -> None:
    builder = HistoryBuilder()
    erased = ("CustomerErased", {"customer_id": "c", "erased": True})
    builder.commit("Customer#c", ("Erased", {}), messages=[erased])
    builder.write_row("baskets/views", "customers", "c", 1, {"erased": True})
    sent = builder.fields("sent", "payments/inbox")
    if is_letter:
        # Its copy is deleted as it is given up, and not before.
        builder.entries = [one for one in builder.entries if not is_deletion(one, sent["message"])]
        reason = {"error": "ClientError"}
        builder.record(
            "dead", queue="payments/inbox/dead-letters", message="d", body=sent["body"], reason=reason, by="redrive"
        )
        builder.record("deleted", queue="payments/inbox", message=sent["message"])
    before = list(builder.entries)
    builder.commit("Customer#c", ("Erased", {}), messages=[erased])
    after = [entry for entry in builder.entries[len(before) :] if entry[1] == "commit"]
    found = [one.text for one in epoch_violations(before, after, builder.final) if one.invariant == FOLLOWED]
    assert found == ([] if is_letter else ["payments has no row for Customer#c"])


def test_nothing_is_violated_on_a_day_after_which_a_table_is_restored() -> None:
    outcome = run_schedule(SEED)
    assert outcome.outcomes["epoch opened"] == 1
    assert outcome.violations == []


@pytest.mark.parametrize("bug", BUGS[:3], ids=lambda bug: bug.name)
def test_a_version_that_comes_a_second_time_is_found_and_a_consumer_that_does_not_follow(bug: object) -> None:
    finding = find(bug, [SEED])  # type: ignore[arg-type]  # a Bug
    assert finding
    assert finding.violation.invariant in (ABOVE, FOLLOWED)
