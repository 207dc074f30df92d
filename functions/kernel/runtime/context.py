"""The context of the request or message that is being handled: its cause, its flow, who is asking, what was committed.

The edges (rest/http.py, messaging/inbox.py) open a context. The repository reads it to stamp commits and messages, and
to recognise a request or message that was handled before.
"""

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from functions.kernel.runtime import ids
from functions.kernel.runtime.bound import Bound
from functions.kernel.runtime.commit import Cause, Commit, Outgoing

if TYPE_CHECKING:
    from events.envelope import Metadata

OPERATOR = "operator"
STAFF = "staff"
KIOSK = "kiosk"
CUSTOMER = "customer"
BOT = "bot"
ROLES = (OPERATOR, STAFF, KIOSK, CUSTOMER, BOT)


@dataclass(frozen=True)
class Caller:
    """Who is asking: a role, and the id of the one who has it. rest/caller.py reads it off the request.

    began: when the session did (a Unix time), of a customer. generation: that of the token, of a robot.
    """

    role: str | None = None
    id: str = ""
    began: int | None = None
    generation: int | None = None

    @property
    def actor(self) -> str:
        """How commits and messages name the caller."""
        return f"{self.role}:{self.id}" if self.role else "anonymous"

    def has(self, *roles: str) -> bool:
        """Whether it has one of these roles. An operator may what staff may."""
        return self.role in roles or (self.role == OPERATOR and STAFF in roles)


@dataclass
class Context:
    """One request or message that is being handled.

    correlation_id: the flow's. causation_id: the message being handled, none for a request. caller: who is asking, of a
    request. actor: how commits and messages name who began the flow. expected_versions: those of `If-Match`. answer:
    the reply that the next commit is to carry. message: the envelope's metadata of the message being handled, none for
    a request. The repository sets the rest: subject (the stream that is changed first, which expected_versions are
    about), answered (a commit carried the reply), recorded (the earlier commit of the same cause, when it was handled
    before), version (that of the subject, or else of what was read first: the caller's `ETag`), changed (the streams
    that were changed).
    """

    correlation_id: str = field(default_factory=ids.new)
    causation_id: str | None = None
    cause: Cause | None = None
    caller: Caller = Caller()
    actor: str = "system"
    traceparent: str = field(default_factory=lambda: _traceparent(ids.new()))
    reply_to: str | None = None
    saga: str | None = None
    expected_versions: frozenset[int] | None = None
    answer: Outgoing | None = None
    message: "Metadata | None" = None
    subject: str | None = None
    answered: bool = False
    recorded: Commit | None = None
    version: int | None = None
    changed: set[str] = field(default_factory=set)

    def new_id(self) -> str:
        """The id of what this request or message creates: the same each time the same cause is handled."""
        return ids.derive("created by", self.cause.id, self.cause.scope) if self.cause else ids.new()

    def child_traceparent(self) -> str:
        """The W3C trace parent of what this causes: the same trace, a new span."""
        return _traceparent(self.traceparent.split("-")[1])


def _traceparent(trace: str) -> str:
    return f"00-{trace.replace('-', '')}-{ids.new().replace('-', '')[:16]}-01"


_current: ContextVar[Context | None] = ContextVar("context", default=None)


def current() -> Context:
    """The open context; a bare one (the system's own job) when none was opened."""
    return _current.get() or Context()


def within(context: Context) -> Bound[Context]:
    """Open a context for the block."""
    return Bound(_current, context)
