"""The errors that a use case may raise, each with the HTTP status that it becomes at the edge."""

from typing import ClassVar


class MallBotsError(Exception):
    """An error with a message for whoever asked; `code` names its kind to programs."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    @property
    def message(self) -> str:
        return str(self)


class InvalidError(MallBotsError):
    """What was asked breaks a rule or is not well formed."""

    status = 400
    code = "invalid"


class ForbiddenError(MallBotsError):
    """The caller may not do this."""

    status = 403
    code = "forbidden"


class NotFoundError(MallBotsError):
    """The thing named does not exist."""

    status = 404
    code = "not_found"


class RefusedError(MallBotsError):
    """The state of the thing does not allow what was asked; `state` is that state, where it has a name."""

    status = 409
    code = "refused"

    def __init__(self, message: str, state: str = "") -> None:
        super().__init__(message)
        self.state = state


class ConcurrencyError(MallBotsError):
    """Somebody else changed the thing at the same time, again and again; asking once more is right."""

    status = 409
    code = "conflict"


class StaleError(MallBotsError):
    """The caller named a version of the thing (`If-Match`) that is no longer its version."""

    status = 412
    code = "stale"


class TooLargeError(MallBotsError):
    """What was asked for does not fit into one request or one commit."""

    status = 413
    code = "too_large"


class KeyReusedError(MallBotsError):
    """An `Idempotency-Key` came back with another request."""

    status = 422
    code = "idempotency_key_reused"


class UnavailableError(MallBotsError):
    """Something that is needed does not answer now; `retry_after` is in seconds."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after
