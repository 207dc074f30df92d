"""The pages as the distribution serves them: what a browser is told, and what it lets a page do."""

import json
from base64 import b32encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from clients.watcher import PROTOCOL
from infra.local.pages import told
from infra.operate.publish_pages import publish
from tests.e2e.conftest import Deployed
from tests.e2e.windows import WITHIN

HTML = "index.html"

# What the pages do, and what they must not.
CODE = f"""
const found = {{ refused: [] }};
document.addEventListener("securitypolicyviolation", (event) => found.refused.push(event.effectiveDirective));
const told = await (await fetch("./config.json")).json();
const staff = told.users.find((user) => user.role === "staff");
const signIn = await fetch(told.identity, {{
  method: "POST",
  headers: {{
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": "AWSCognitoIdentityProviderService.InitiateAuth",
  }},
  body: JSON.stringify({{
    ClientId: told.staffClient,
    AuthFlow: "USER_PASSWORD_AUTH",
    AuthParameters: {{ USERNAME: staff.name, PASSWORD: staff.password }},
  }}),
}});
const token = (await signIn.json()).AuthenticationResult.AccessToken;
found.stage = told.stage;
found.secure = window.isSecureContext;
found.health = (await fetch(told.api + "/health")).status;
const stores = await fetch(told.api + "/api/stores", {{ headers: {{ authorization: "Bearer " + token }} }});
found.stores = stores.status;
found.protocol = await new Promise((resolve) => {{
  const socket = new WebSocket(told.socket, ["{PROTOCOL}", token]);
  socket.onopen = () => resolve(socket.protocol);
  socket.onclose = (event) => resolve("closed with " + event.code);
}});
found.elsewhere = await fetch("http://127.0.0.2:4566/").then(() => "asked", () => "refused");
try {{ eval("found.evaluated = true"); }} catch {{ found.evaluated = false; }}
await new Promise((resolve) => setTimeout(resolve)); // violations are told in a task of their own
found.title = document.title;
document.body.append(Object.assign(document.createElement("pre"), {{ textContent: JSON.stringify(found) }}));
"""
SCRIPT = f"main-{b32encode(sha256(CODE.encode()).digest()).decode()[:8]}.js"
PAGE = f"""<!doctype html>
<html lang="en"><title>check</title><body>
<script>document.title = "an inline script ran";</script>
<script type="module" src="./{SCRIPT}"></script>
</body></html>"""


@pytest.fixture(scope="module")
def published(deployed: Deployed, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The origin, at which a page of this test is in the folder check."""
    folder = tmp_path_factory.mktemp("pages") / "check"
    folder.mkdir()
    (folder / HTML).write_text(PAGE)
    (folder / SCRIPT).write_text(CODE)
    done = publish(deployed.cloud, told(deployed.cloud), folder.parent)
    assert done["address"] == deployed.cloud.pages
    return str(done["address"])


@pytest.fixture
def browse(deployed: Deployed, published: str) -> Iterator[httpx.Client]:
    """Requests to the distribution, by an address that needs no name to be found."""
    host = published.removeprefix("http://")
    with httpx.Client(base_url=deployed.cloud.address, headers={"host": host}, trust_env=False) as client:
        yield client


def test_the_pages_are_at_a_name_of_this_machine(deployed: Deployed, published: str) -> None:
    assert published == f"http://pages.cloudfront.localhost:{deployed.cloud.engine.port}"


def test_a_page_comes_with_its_policy_and_is_asked_for_each_time(browse: httpx.Client) -> None:
    page = browse.get("/check/")

    assert (page.status_code, page.text) == (200, PAGE)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_a_file_with_a_hash_is_kept_for_ever(browse: httpx.Client) -> None:
    script = browse.get(f"/check/{SCRIPT}")

    assert (script.status_code, script.text) == (200, CODE)
    assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert script.headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize(("path", "to"), [("/", "/console/"), ("/kiosk", "/kiosk/"), ("/docs", "/docs/")])
def test_the_addresses_that_people_type_lead_to_a_page(browse: httpx.Client, path: str, to: str) -> None:
    answer = browse.get(path)
    assert (answer.status_code, answer.headers["location"]) == (302, to)


def test_the_bucket_answers_nobody_but_the_distribution(deployed: Deployed, published: str) -> None:
    bucket = deployed.output("pages", "PagesBucket")
    answer = httpx.get(f"{deployed.cloud.address}/{bucket}/check/{HTML}", trust_env=False)
    assert answer.status_code == 403


def test_a_page_reaches_the_sign_in_the_api_and_the_socket_and_nothing_else(browser: Browser, published: str) -> None:
    page = browser.new_page()
    page.goto(f"{published}/check/")
    found: dict[str, Any] = json.loads(page.locator("pre").text_content(timeout=WITHIN) or "")
    page.close()

    refused = found.pop("refused")
    assert {directive.partition("-elem")[0] for directive in refused} == {"script-src", "connect-src"}
    assert found == {
        "stage": "local",
        "secure": True,
        "health": 200,
        "stores": 200,
        "protocol": PROTOCOL,
        "elsewhere": "refused",
        "evaluated": False,
        "title": "check",
    }


def test_what_was_built_is_published_by_make_up(deployed: Deployed, browse: httpx.Client) -> None:
    built = Path(__file__).parents[2] / ".build" / "pages"
    pages = {path.parent.name for path in built.glob(f"*/{HTML}")}
    assert pages >= {"console", "docs", "kiosk"}
    for page in sorted(pages):
        assert browse.get(f"/{page}/").text == (built / page / HTML).read_text()
        told = browse.get(f"/{page}/config.json").json()
        assert (told["api"], told["stage"]) == (deployed.address, "local")
        assert {user["role"] for user in told["users"]} == {"staff", "operator", "kiosk"}
