"""What no service answers: the health check, and the refusal of paths that nobody has."""

import json
from pathlib import Path

from functions.kernel.http import Api
from functions.kernel.wire import Answer

VERSION = "0.1.0"
ROUTES = Path(__file__).parents[2] / "routes.json"  # written beside the code by the deployment


def elsewhere(routes: Path) -> list[tuple[str, str]]:
    """The methods and paths of all services; none where the file is not (outside a deployment)."""
    return [(method, path) for method, path in json.loads(routes.read_text())] if routes.exists() else []


api = Api("gateway", elsewhere=elsewhere(ROUTES))


class Health(Answer):
    """That the gateway answers, and the version of the system."""

    status: str
    version: str


@api.get("/health", may=[])
def health() -> Health:
    """Say that the system is there."""
    return Health(status="ok", version=VERSION)
