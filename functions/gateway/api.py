"""The routes of no service: the health check, the API's documents, and 404 or 405 for any other request.

A deployment generates routes.json, openapi.json and docs.html from the routes of all services, and bundles them.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from functions.kernel.domain.errors import NotFoundError
from functions.kernel.rest.caller import OPEN
from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Document

VERSION = "0.1.0"
GENERATED = Path(__file__).parents[2]


def service_routes(file: Path) -> list[tuple[str, str]]:
    """The methods and paths of all services; none without the file, which is there in a deployment only."""
    return [(method, path) for method, path in json.loads(file.read_text())] if file.exists() else []


api = Api("gateway", elsewhere=service_routes(GENERATED / "routes.json"))


class Health(Answer):
    """The status of the gateway, the version of the system, and that of the code which the gateway runs."""

    status: str
    version: str
    code: str


@api.get("/health", may=OPEN)
def health() -> Health:
    """Check that the system answers."""
    return Health(status="ok", version=VERSION, code=os.environ.get("MALLBOTS_CODE", ""))


# The page loads, runs and sends nothing; no other page may frame it.
POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class Page(Document):
    """An HTML page."""

    content_type: ClassVar[str] = "text/html; charset=utf-8"
    more: ClassVar[Mapping[str, str]] = {"Content-Security-Policy": POLICY}


@api.get("/api/openapi.json", may=OPEN, errors=[404])
def get_openapi() -> Document:
    """Show the OpenAPI description of this API."""
    return Document(text=_generated("openapi.json"))


@api.get("/api/docs", may=OPEN, errors=[404])
def get_docs() -> Page:
    """Show where the page of this API is."""
    return Page(text=_generated("docs.html"))


def _generated(name: str) -> str:
    path = GENERATED / name
    if not path.exists():
        raise NotFoundError(f"{name} exists in a deployment only")
    return path.read_text()
