"""After a schedule: tables are restored to a moment before an erasure, and replace those that serve.

The operator applies the ledger of erasures before they serve (docs/personal-data.md; infra/operate/apply_erasures.py
does it on a stage). Then everybody asks for the erased again. The other invariants are not judged here: what was stored
after that moment is lost, as it is on a stage.
"""

import json
from typing import Any

from tests.simulation.choices import Choices
from tests.simulation.cloud import Cloud
from tests.simulation.workload.canaries import number_of

DESK, KIOSK = "staff:the desk", "kiosk:the only one"
EVENTS, VAULT, LEDGER = "customers/events", "customers/vault", "customers/erasures"
READERS = ("customers/views", "insights/views", "notifications/views", "search/views")
RESTORED = ((EVENTS,), (VAULT,), (EVENTS, VAULT), READERS, (EVENTS, *READERS), (EVENTS, VAULT, *READERS))
LASTS = 400.0  # seconds that are waited for what the questions lead to


class Restoration:
    """One restoration, which begins now. before: how many entries the history has until then."""

    def __init__(self, cloud: Cloud, choices: Choices) -> None:
        self._cloud, self._choices = cloud, choices
        self.before = len(cloud.history.entries)

    @property
    def erased(self) -> list[str]:
        """The customers in the ledger."""
        return [customer_id for customer_id, _ in self._cloud.tables[LEDGER].items]

    def run(self) -> None:
        """Restore some tables, apply the ledger, and ask."""
        cloud = self._cloud
        names = self._choices.pick(RESTORED, "which tables are restored")
        moment = self._moment()
        cloud.stop("customers")
        for name in names:
            if name in cloud.tables:
                cloud.backups.restore(cloud.tables[name], moment)
        bury(cloud)
        cloud.start("customers")
        task = cloud.spawn(self._ask)
        cloud.run(cloud.now() + LASTS, enough=lambda: task.done)
        cloud.history.record("deed", who="operator", what="table restored", tables=list(names), to_us=moment)

    def _moment(self) -> int:
        """A moment at which one of the erased was there."""
        written, customer_id = self._cloud.backups.first_written, self._choices.pick(self.erased, "who was there")
        erased_us = written(LEDGER, (customer_id, "erased"))
        return self._choices.between(
            written(VAULT, (f"customer {customer_id}", "key")), erased_us - 1, "to which moment"
        )

    def _ask(self) -> None:
        for customer_id in self.erased:
            erase_again(self._cloud, customer_id)
        for customer_id in self.erased:
            for method, path, body, who in self._questions(customer_id):
                self._cloud.request(method, path, body, who=who)
            for query, data in (
                ("FindAddress", {"customer_id": customer_id}),
                ("FindCustomerNames", {"customer_ids": [customer_id]}),
                ("FindCustomer", {"customer_id": customer_id}),
            ):
                self._tell(query, data)

    def _questions(self, customer_id: str) -> list[tuple[str, str, Any, str]]:
        path = f"/api/customers/{customer_id}"
        return [
            ("GET", path, None, DESK),
            ("PUT", f"{path}/change-sms", {"smsNumber": number_of(customer_id)}, DESK),
            ("POST", "/api/search/orders", {"filters": {"customerId": customer_id}}, DESK),
            ("GET", f"/api/notifications?customerId={customer_id}", None, DESK),
        ]

    def _tell(self, query: str, data: dict[str, Any]) -> None:
        """Ask the owner as another service does."""
        began = self._cloud.history.now_us
        answer = self._cloud.invoke("customers", "queries", {"query": query, "data": data})
        self._cloud.history.record(
            "told", function="customers/queries", began=began, how="ok", answer=json.dumps(answer)
        )


def bury(cloud: Cloud) -> None:
    """The ledger, applied to the vault: a tombstone for each key, and no phone that leads to the erased."""
    vault, erased = cloud.tables[VAULT], {key[0]: item for key, item in cloud.tables[LEDGER].items.items()}
    for customer_id, entry in erased.items():
        key = (f"customer {customer_id}", "key")
        at = json.loads(entry["data"]["S"])["erased"]
        vault.write(key, {**vault.key_item(key), "data": {"S": json.dumps({"erased": at})}}, "operator")
    for partition, sort in list(vault.items):
        if partition.startswith("phone ") and sort.rpartition(" ")[2] in erased:
            vault.remove((partition, sort), "operator")


def erase_again(cloud: Cloud, customer_id: str) -> None:
    """The ledger, applied to a stream, inside a task: it gets Erased, if it lacks that."""
    cloud.request("DELETE", f"/api/customers/{customer_id}", who=DESK)
