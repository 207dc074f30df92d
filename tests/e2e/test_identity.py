"""Who may do what on the deployed system: a token is asked for, judged, renewed and revoked."""

import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from clients.credential import Credential, claims
from clients.mall import Mall, MallError, WaitTimeoutError, wait_for
from clients.people import session
from functions.kernel.runtime.token_keys import SIGNS_FOR
from tests.e2e.conftest import Deployed

NUMBER = "+1555{:07d}"
CODES = 3  # that a phone may ask for in 15 minutes


def number() -> str:
    """A phone number of nobody."""
    return NUMBER.format(uuid.uuid4().int % 10**7)


@pytest.fixture
def customer_id(deployed: Deployed) -> str:
    made: str = deployed.people.kiosk.post("/api/customers", {"name": "Ada Reyes", "smsNumber": number()})["id"]
    return made


@pytest.fixture
def customer(deployed: Deployed, customer_id: str) -> Mall:
    return deployed.mall.acting(session(deployed.people.kiosk, customer_id))


def test_without_a_token_the_gateway_answers_for_itself(deployed: Deployed) -> None:
    answer = httpx.get(f"{deployed.address}/api/stores")
    assert (answer.status_code, answer.json()) == (401, {"message": "Unauthorized"})


def test_a_bad_token_is_a_problem_that_a_page_can_read(deployed: Deployed) -> None:
    headers = {"authorization": "Bearer made.up.token", "origin": deployed.cloud.pages}
    answer = httpx.get(f"{deployed.address}/api/stores", headers=headers)

    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["access-control-allow-origin"] == deployed.cloud.pages
    readable = {name.strip().lower() for name in answer.headers["access-control-expose-headers"].split(",")}
    assert {"www-authenticate", "x-correlation-id"} <= readable


def test_a_page_can_read_why_a_role_is_forbidden(deployed: Deployed) -> None:
    answer = deployed.people.kiosk.send("GET", "/api/checkout/sagas", headers={"origin": deployed.cloud.pages})

    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert answer.headers["access-control-allow-origin"] == deployed.cloud.pages


def test_a_page_of_another_origin_reads_nothing(deployed: Deployed) -> None:
    answer = httpx.get(f"{deployed.address}/health", headers={"origin": "https://elsewhere.example"})
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("who", "method", "path"),
    [
        ("kiosk", "GET", "/api/checkout/sagas"),
        ("kiosk", "POST", "/api/baskets"),
        ("customer", "POST", "/api/customers"),
        ("customer", "GET", "/api/depot/bots"),
        ("robot", "GET", "/api/stores"),
        ("robot", "POST", "/api/depot/bots"),
    ],
)
def test_a_role_that_a_route_does_not_name_is_forbidden(
    deployed: Deployed, customer: Mall, who: str, method: str, path: str
) -> None:
    robot = deployed.people.robot(next(iter(deployed.people.robots)))
    callers = {"kiosk": deployed.people.kiosk, "customer": customer, "robot": robot}
    answer = callers[who].send(method, path, {} if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_another_customers_basket_is_not_there_and_one_for_another_is_forbidden(
    deployed: Deployed, customer: Mall, customer_id: str
) -> None:
    basket = customer.post("/api/baskets", {"customerId": customer_id})["id"]
    kiosk = deployed.people.kiosk
    other_id = kiosk.post("/api/customers", {"name": "Bo Lind", "smsNumber": number()})["id"]
    other = deployed.mall.acting(session(kiosk, other_id))

    assert customer.send("GET", f"/api/baskets/{basket}").status_code == 200
    nowhere = str(uuid.uuid4())
    missing = other.send("GET", f"/api/baskets/{nowhere}").json()["detail"]
    found = other.send("GET", f"/api/baskets/{basket}")
    assert (found.status_code, found.json()["detail"]) == (404, missing.replace(nowhere, basket))
    assert other.send("DELETE", f"/api/baskets/{basket}").status_code == 404
    assert other.send("POST", "/api/baskets", {"customerId": customer_id}).status_code == 403
    assert customer.get(f"/api/baskets/{basket}")["basket"]["status"] == "open"


def test_the_session_of_a_disabled_customer_has_ended(deployed: Deployed, customer_id: str) -> None:
    """Of a token that the gateway has not seen: what it has seen it admits for 60 s."""
    unused = session(deployed.people.kiosk, customer_id)
    deployed.mall.put(f"/api/customers/{customer_id}/disable")

    answer = deployed.mall.acting(Credential(unused.token())).send("GET", f"/api/customers/{customer_id}")
    assert answer.status_code == 401


def test_a_new_token_by_staff_revokes_the_robots_old_one(deployed: Deployed) -> None:
    made = deployed.mall.post("/api/depot/bots", {"name": "Tug"})
    path = f"/api/depot/bots/{made['id']}"
    renewed = deployed.mall.post(f"{path}/token")["token"]

    def comes_online(token: str) -> int:
        return deployed.mall.acting(Credential(token)).send("PUT", f"{path}/offline").status_code

    assert (comes_online(made["token"]), comes_online(renewed)) == (401, 200)


def test_a_returning_customer_proves_the_phone_by_a_code_sent_as_a_text(deployed: Deployed) -> None:
    kiosk, phone = deployed.people.kiosk, number()
    known = kiosk.post("/api/customers", {"name": "Ada Reyes", "smsNumber": phone})["id"]
    code = _sent_code(deployed, phone)

    with pytest.raises(MallError) as refused:
        kiosk.post("/api/customers/sessions", {"smsNumber": phone, "code": f"{(int(code) + 1) % 10**6:06d}"})
    opened = kiosk.post("/api/customers/sessions", {"smsNumber": phone, "code": code})

    assert 400 <= refused.value.status < 500
    assert opened["customerId"] == known
    own = deployed.mall.acting(Credential(opened["token"]))
    assert own.get(f"/api/customers/{known}")["customer"]["id"] == known


def test_keys_change_without_turning_anybody_away(deployed: Deployed, customer_id: str) -> None:
    """The key that signs is made to look a month old: of four runs at once one makes another, and publishes it."""
    before = deployed.people.kiosk.post(f"/api/customers/{customer_id}/sessions")["token"]
    old = _run_keys(deployed)["signer"]
    secrets, name = deployed.client("secretsmanager"), _token_keys(deployed)
    kept = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    month_ago = int((datetime.now(UTC) - timedelta(seconds=SIGNS_FOR + 1)).timestamp())
    aged = {"keys": [{**key, "published": month_ago} for key in kept["keys"]]}
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps(aged))

    with ThreadPoolExecutor(4) as pool:
        done, *others = pool.map(lambda _: _run_keys(deployed), range(4))
    after = deployed.people.kiosk.post(f"/api/customers/{customer_id}/sessions")["token"]

    assert (len(done["keys"]), done["signer"]) == (len(kept["keys"]) + 1, old)
    assert others == [done] * 3
    published = json.loads(_published(deployed))["keys"]
    assert [key["kid"] for key in published] == done["keys"]
    assert not any("d" in key for key in published), "the private half is published"
    for token in (before, after):
        assert deployed.mall.acting(Credential(token)).send("GET", f"/api/customers/{customer_id}").status_code == 200
    assert claims(after)["sub"] == customer_id


def _sent_code(deployed: Deployed, phone: str) -> str:
    """Ask for a code, and return that of the text. Again, if none comes: who has a number is known a moment later."""
    for _ in range(CODES):
        assert deployed.people.kiosk.post("/api/customers/codes", {"smsNumber": phone}) == {}
        with suppress(WaitTimeoutError):
            return wait_for(lambda: _code_of(deployed, phone), "the text with the code", seconds=20)
    raise AssertionError(f"no text with a code came to {phone}")


def _code_of(deployed: Deployed, phone: str) -> str | None:
    sent = httpx.get(f"{deployed.cloud.address}/_ministack/sns/sms-messages", params={"phoneNumber": phone}).json()
    codes = [
        found[0] for text in sent["sms_messages"][phone] if (found := re.findall(r"\b\d{6}\b", str(text["Message"])))
    ]
    return codes[-1] if codes else None


def _run_keys(deployed: Deployed) -> dict[str, Any]:
    answer = deployed.client("lambda").invoke(FunctionName=deployed.output("platform", "KeysFunction"))
    done: dict[str, Any] = json.loads(answer["Payload"].read())
    return done


def _environment(deployed: Deployed) -> dict[str, str]:
    name = deployed.output("platform", "KeysFunction")
    found: dict[str, str] = deployed.client("lambda").get_function_configuration(FunctionName=name)["Environment"][
        "Variables"
    ]
    return found


def _token_keys(deployed: Deployed) -> str:
    return _environment(deployed)["TOKEN_KEYS"]


def _published(deployed: Deployed) -> str:
    name = _environment(deployed)["PUBLISHED_KEYS"]
    return str(deployed.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])
