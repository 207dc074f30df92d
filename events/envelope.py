"""The envelope of every message: the EventBridge `detail`."""

from typing import Any

from pydantic import BaseModel, ConfigDict

SOURCE_PREFIX = "mallbots."


class Metadata(BaseModel):
    """A message's identity, the version of the stream that it is about, and its cause.

    `id` is derived (from stream, version and position; a reply's from its command), so a message that is sent twice
    has one id. `correlation_id` names the flow, `causation_id` the message that caused this one (none for the
    first of a flow). `time` is RFC 3339 in UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    version: int
    time: str
    source: str
    stream: str
    stream_version: int
    correlation_id: str
    causation_id: str | None
    actor: str
    traceparent: str
    reply_to: str | None = None
    saga: str | None = None


class Envelope(BaseModel):
    """A message on the bus: metadata, its data and, on a replay, the one consumer that it is `to`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metadata: Metadata
    data: dict[str, Any]
    to: str | None = None

    def detail(self) -> dict[str, Any]:
        """The `detail` for JSON, without absent members."""
        metadata = {name: value for name, value in self.metadata if value is not None or name == "causation_id"}
        content: dict[str, Any] = {"metadata": metadata, "data": self.data}
        return content if self.to is None else {**content, "to": self.to}

    @classmethod
    def read(cls, detail: Any) -> "Envelope":
        """Read a `detail`; unknown members are ignored. Raises pydantic.ValidationError."""
        return cls.model_validate(detail, extra="ignore")
