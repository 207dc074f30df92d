"""What the code of a room uses beside what it registers: the deployment grants its function this, and no more.

`make permissions` shows that nothing said here is too much, and that nothing is missing: docs/security.md.
"""

from dataclasses import dataclass
from typing import Any, Literal

from events.queries import Query
from functions.kernel.runtime.runtime import Port

VaultUse = Literal["get", "get_many", "query", "put", "delete", "erase"]
RowUse = Literal["get", "get_many", "query", "put", "delete"]


@dataclass(frozen=True)
class Uses:
    """What the code behind an Api, an Inbox or Queries calls, wherever that code is.

    Not said here is what follows from registrations: an inbox writes the rows of the projections that it includes, and
    publishes the replies to the commands that it answers; an API with pages reads the key that signs their tokens, and
    one with audited routes appends to the audit.

    streams: the service's own; "commit" includes "load", "rewrite" stores commits in other words. vault: rows of the
    service's vault; "erase" writes the ledger of erasures. rows: of the service's read models; "query" of their table.
    indexes: those that it queries. asks: the queries that it sends to other services. queues: the service's own to
    which it sends timers that no commit carries. ports: to other systems. issues_tokens: whether it issues the mall's
    own, so reads the keys that sign them.
    """

    streams: Literal["none", "load", "commit", "rewrite"] = "none"
    vault: tuple[VaultUse, ...] = ()
    rows: tuple[RowUse, ...] = ()
    indexes: tuple[str, ...] = ()
    asks: tuple[type[Query[Any]], ...] = ()
    queues: tuple[str, ...] = ()
    ports: tuple[Port[Any], ...] = ()
    issues_tokens: bool = False


NOTHING = Uses()
