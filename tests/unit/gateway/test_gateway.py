"""What the gateway answers itself."""

import json
from pathlib import Path

import pytest

from functions.gateway.api import api, service_routes
from functions.kernel.rest.http import Api
from infra.documents.api_page import page
from tests.support.gateway import request

ROUTES = [("GET", "/api/stores"), ("POST", "/api/stores"), ("GET", "/api/stores/{id}")]


def test_the_health_check_answers_ok_and_the_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALLBOTS_CODE", "c0de")
    answer = request(api, "GET", "/health")
    assert (answer.status, answer.body["status"]) == (200, "ok")
    assert answer.body["version"]
    assert answer.body["code"] == "c0de"


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/api/nothing", 404, None),
        ("DELETE", "/api/stores", 405, "GET, POST"),
        ("DELETE", "/api/stores/id-1", 405, "GET"),
    ],
)
def test_an_unknown_path_is_not_found_and_an_unknown_method_is_not_allowed(
    method: str, path: str, status: int, allow: str | None
) -> None:
    answer = request(Api("gateway", elsewhere=ROUTES), method, path)
    assert (answer.status, answer.headers.get("Allow")) == (status, allow)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["status"] == status


def test_the_routes_of_all_services_are_read_from_the_generated_file(tmp_path: Path) -> None:
    file = tmp_path / "routes.json"
    file.write_text(json.dumps(ROUTES))
    assert service_routes(file) == ROUTES
    assert service_routes(tmp_path / "not there") == []


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [("/api/openapi.json", "openapi.json", "application/json"), ("/api/docs", "docs.html", "text/html; charset=utf-8")],
)
def test_the_generated_documents_are_served(
    path: str, name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text('{"openapi": "3.1.0"}')
    monkeypatch.setattr("functions.gateway.api.GENERATED", tmp_path)
    answer = api.handle({"rawPath": path, "requestContext": {"http": {"method": "GET", "path": path}}})
    assert (answer["statusCode"], answer["body"]) == (200, '{"openapi": "3.1.0"}')
    assert answer["headers"]["Content-Type"] == kind


def test_the_page_of_the_documents_may_load_run_and_send_nothing_and_no_other_page_may_frame_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs.html").write_text(page(["https://mall.example"]))
    monkeypatch.setattr("functions.gateway.api.GENERATED", tmp_path)
    headers = api.handle({"rawPath": "/api/docs", "requestContext": {"http": {"method": "GET"}}})["headers"]
    allowed = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
    assert set(allowed) == {"default-src", "base-uri", "form-action", "frame-ancestors"}
    assert set(allowed.values()) == {"'none'"}
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")


def test_outside_a_deployment_there_are_no_documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.gateway.api.GENERATED", tmp_path)
    assert request(api, "GET", "/api/docs").status == 404
