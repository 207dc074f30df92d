"""The errors that a use case may raise, each with the HTTP status that it becomes at the edge."""

from typing import ClassVar


class MallBotsError(Exception):
    """An error whose text is for the client; `code` names its kind for programs."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    @property
    def message(self) -> str:
        return str(self)


class InvalidError(MallBotsError):
    """The request breaks a rule or is not well formed."""

    status = 400
    code = "invalid"


class UnauthenticatedError(MallBotsError):
    """Who is asking is not known: there is no token, or it proves nothing."""

    status = 401
    code = "unauthenticated"


class ForbiddenError(MallBotsError):
    """The caller may not do this."""

    status = 403
    code = "forbidden"


class NotFoundError(MallBotsError):
    """The thing named does not exist."""

    status = 404
    code = "not_found"


class RefusedError(MallBotsError):
    """The state of the thing does not allow the request; `state` is that state, where it has a name."""

    status = 409
    code = "refused"

    def __init__(self, message: str, state: str = "") -> None:
        super().__init__(message)
        self.state = state


class ConcurrencyError(MallBotsError):
    """The thing was changed by others at the same time, at every attempt; the client may retry."""

    status = 409
    code = "conflict"


class StaleError(MallBotsError):
    """The caller's `If-Match` names an old version of the thing."""

    status = 412
    code = "stale"


class TooLargeError(MallBotsError):
    """The request does not fit into one body or one commit."""

    status = 413
    code = "too_large"


class KeyReusedError(MallBotsError):
    """An `Idempotency-Key` was used for another request."""

    status = 422
    code = "idempotency_key_reused"


class TooManyError(MallBotsError):
    """The caller, or what it names, has had as many as it may for now; `retry_after` is in seconds."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(MallBotsError):
    """Something that the request needs does not answer now; `retry_after` is in seconds."""

    status = 503
    code = "unavailable"

    def __init__(self, message: str, retry_after: int = 2) -> None:
        super().__init__(message)
        self.retry_after = retry_after
