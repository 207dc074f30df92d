"""After a schedule: tables are restored to a moment before an erasure, and replace those that serve.

The operator applies the ledger of erasures before they serve, by the command that does it on a stage
(infra/operate/apply_erasures.py), and has the phones written anew (docs/personal-data.md). Then everybody asks for the
erased again, and some who are still there are erased. The other invariants are not judged here: what was stored after
that moment is lost, as it is on a stage.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from events.customers import PersonalDataToSeal
from functions.kernel.eventstore.publish import reminder_body
from functions.kernel.runtime import clock, ids
from functions.kernel.runtime.context import Context
from infra.operate.apply_erasures import Tables, apply
from tests.simulation import randomness
from tests.simulation.choices import Choices
from tests.simulation.cloud import OPERATOR, Cloud
from tests.simulation.epochs import open_epoch, replace_containers
from tests.simulation.operating import Operating, now
from tests.simulation.workload.canaries import number_of

DESK, KIOSK = "staff:the desk", "kiosk:the only one"
EVENTS, VAULT, LEDGER = "customers/events", "customers/vault", "customers/erasures"
READERS = ("customers/views", "insights/views", "notifications/views", "search/views")
RESTORED = ((EVENTS,), (VAULT,), (EVENTS, VAULT), READERS, (EVENTS, *READERS), (EVENTS, VAULT, *READERS))
LASTS = 400.0  # seconds that are waited for what the questions lead to
WRITTEN_ANEW = 30.0  # seconds after which all phones are
ERASED_ANEW = 3  # customers who are erased after the restoration


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
        """Restore some tables, apply the ledger, write phones anew, ask, and erase."""
        cloud = self._cloud
        names = self._choices.pick(RESTORED, "which tables are restored")
        moment = self._moment()
        cloud.stop("customers")
        for name in names:
            if name in cloud.tables:
                cloud.backups.restore(cloud.tables[name], moment)
        if EVENTS in names:
            self._do(lambda: open_epoch(cloud, EVENTS))
        self._do(lambda: bury(cloud))
        drop_phones(cloud)
        replace_containers(cloud, "customers")
        cloud.start("customers")
        write_phones(cloud)
        self._do(self._ask)
        cloud.history.record("deed", who="operator", what="table restored", tables=list(names), to_us=moment)

    def _do(self, action: Callable[[], None]) -> None:
        task = self._cloud.spawn(action)
        self._cloud.run(self._cloud.now() + LASTS, enough=lambda: task.done)

    def _moment(self) -> int:
        """A moment at which one of the erased was there."""
        written, customer_id = self._cloud.backups.first_written, self._choices.pick(self.erased, "who was there")
        erased_us = written(LEDGER, (customer_id, "erased"))
        return self._choices.between(
            written(VAULT, (f"customer {customer_id}", "key")), erased_us - 1, "to which moment"
        )

    def _ask(self) -> None:
        self._cloud.sleep(WRITTEN_ANEW)
        for customer_id in self.erased:
            self._ask_for(customer_id)
        for customer_id in self._there():
            if self._cloud.request("DELETE", f"/api/customers/{customer_id}", who=DESK).status == 200:
                self._cloud.history.record("deed", who=DESK, what="erased anew", customer=customer_id)
                self._ask_for(customer_id)

    def _there(self) -> list[str]:
        """Some customers who can be erased: those with the most changes, to which old rows of the vault may be left."""
        commits: dict[str, int] = {}
        for stream, _ in self._cloud.tables[EVENTS].items:
            kind, _, customer_id = stream.partition("#")
            if kind == "Customer" and customer_id not in self.erased:
                commits[customer_id] = commits.get(customer_id, 0) + 1
        return sorted(commits, key=lambda customer_id: -commits[customer_id])[:ERASED_ANEW]

    def _ask_for(self, customer_id: str) -> None:
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
    """Apply the ledger to vault and streams, inside a task, as `make apply-erasures` does."""
    with _at_work(cloud):
        apply(Operating(cloud), Tables(EVENTS, VAULT, LEDGER))


def drop_phones(cloud: Cloud) -> None:
    """Delete the rows by which phones are found: some may be of streams that the restored tables do not have."""
    vault = cloud.tables[VAULT]
    for key in [key for key in vault.items if key[0].startswith("phone ")]:
        vault.remove(key, OPERATOR)


def write_phones(cloud: Cloud) -> None:
    """Have each stream of customers looked at, as `make migrate-personal-data ARGS=--all` does."""
    with _at_work(cloud):
        for stream in dict.fromkeys(stream for stream, _ in cloud.tables[EVENTS].items):
            if stream.startswith("Customer#"):
                body = reminder_body(PersonalDataToSeal(stream=stream), Context())
                cloud.queues["customers/inbox"].send(body, by=OPERATOR)


@contextmanager
def _at_work(cloud: Cloud) -> Iterator[None]:
    """Time, ids and random bytes of the schedule, for the operator's commands."""
    with (
        clock.fixed(lambda: now(cloud), cloud.sleep),
        ids.fixed(cloud.choices.new_id),
        randomness.drawn(cloud.world.random_bytes),
    ):
        yield
