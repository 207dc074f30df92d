"""The route of the versions of services."""

from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Wire
from functions.kernel.runtime.context import OPERATOR
from functions.operations import versions

api = Api("operations")


class ServiceShape(Wire):
    """A service. code: the version of the code that it runs, as letters have it; null where it does not answer now.

    Its first six digits are of what all services share: they differ where a deployment was partial.
    """

    name: str
    code: str | None


class Services(Answer):
    services: list[ServiceShape]


@api.get("/api/operations/services", may=[OPERATOR])
def list_services() -> Services:
    """List the services with the code that each runs now, asked of each."""
    return Services(services=[ServiceShape(name=one.service, code=one.code) for one in versions.running()])
