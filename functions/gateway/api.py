"""What no service answers: the health check, the API's documents, and the refusal of paths that nobody has.

The deployment writes routes.json, openapi.json and docs.html beside the code, made of all services' routes.
"""

import json
from pathlib import Path
from typing import ClassVar

from functions.kernel.domain.errors import NotFoundError
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Document

VERSION = "0.1.0"
WRITTEN = Path(__file__).parents[2]


def elsewhere(routes: Path) -> list[tuple[str, str]]:
    """The methods and paths of all services; none where the file is not (outside a deployment)."""
    return [(method, path) for method, path in json.loads(routes.read_text())] if routes.exists() else []


api = Api("gateway", elsewhere=elsewhere(WRITTEN / "routes.json"))


class Health(Answer):
    """That the gateway answers, and the version of the system."""

    status: str
    version: str


@api.get("/health", may=[])
def health() -> Health:
    """Say that the system is there."""
    return Health(status="ok", version=VERSION)


class Page(Document):
    """A page for people."""

    content_type: ClassVar[str] = "text/html; charset=utf-8"


@api.get("/api/openapi.json", may=[])
def get_openapi() -> Document:
    """This API's description for programs."""
    return Document(text=_written("openapi.json"))


@api.get("/api/docs", may=[])
def get_docs() -> Page:
    """This API's description for people."""
    return Page(text=_written("docs.html"))


def _written(name: str) -> str:
    path = WRITTEN / name
    if not path.exists():
        raise NotFoundError(f"{name} is there in a deployment only")
    return path.read_text()
