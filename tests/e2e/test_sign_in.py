"""Staff and kiosks are users of a pool: how they sign in, stay signed in, and are kept out."""

import json
import re
import secrets
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from clients import secret_files
from clients.credential import Credential
from clients.mall import Mall
from clients.user_pool import SignInError, UserPool, kept_signed_in
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF
from infra.local.people import tokens
from infra.local.run import curl
from infra.operate.__main__ import main
from infra.operate.deployment import OperateError
from infra.operate.token import token
from tests.e2e.conftest import Deployed

NEW_PASSWORD = "A-new-password-9"
OPEN_TO = {STAFF: "/api/stores", OPERATOR: "/api/stores", KIOSK: "/api/stores", CUSTOMER: "/api/stores"}
OPEN_TO[BOT] = "/api/depot/shopping"


@dataclass(frozen=True)
class User:
    """A user of the pool, with the one-time password that an operator gave to it."""

    deployed: Deployed
    name: str
    one_time: str

    @property
    def pool(self) -> UserPool:
        """The kiosks' app."""
        return UserPool(self.deployed.cloud.address, self.deployed.output("platform", "KioskClientId"))

    def mall(self, access_token: str) -> Mall:
        """The API, called with a token."""
        return self.deployed.mall.acting(Credential(access_token))

    def joins(self, group: str) -> None:
        self.deployed.client("cognito-idp").admin_add_user_to_group(**self._whom, GroupName=group)

    def has_a_password(self) -> None:
        """The user has replaced the one-time password."""
        cognito = self.deployed.client("cognito-idp")
        cognito.admin_set_user_password(**self._whom, Password=NEW_PASSWORD, Permanent=True)

    def is_disabled(self) -> None:
        self.deployed.client("cognito-idp").admin_disable_user(**self._whom)

    def access_token(self) -> str:
        """A token by the sign-in that the local stage alone allows."""
        answer = self.deployed.client("cognito-idp").admin_initiate_auth(
            UserPoolId=self._whom["UserPoolId"],
            ClientId=self.deployed.output("platform", "StaffClientId"),
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": self.name, "PASSWORD": NEW_PASSWORD},
        )
        return str(answer["AuthenticationResult"]["AccessToken"])

    def browses(self, address: str) -> None:
        """Sign in on the page with an address, as in a browser."""
        with httpx.Client(follow_redirects=False) as browser:
            page = browser.get(address)
            hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
            form = {**hidden, "username": self.name, "password": NEW_PASSWORD}
            back = browser.post(urljoin(address, "/login"), data=form)
            browser.get(back.headers["location"])

    @property
    def _whom(self) -> dict[str, str]:
        return {"UserPoolId": self.deployed.output("platform", "UserPoolId"), "Username": self.name}


@pytest.fixture
def user(deployed: Deployed) -> Iterator[User]:
    made = User(deployed, f"user-{secrets.token_hex(4)}", f"One-time-{secrets.token_hex(8)}")
    cognito = deployed.client("cognito-idp")
    cognito.admin_create_user(**made._whom, TemporaryPassword=made.one_time, MessageAction="SUPPRESS")
    yield made
    cognito.admin_delete_user(**made._whom)


def test_a_kiosk_is_enrolled_by_a_one_time_password_and_goes_on_with_its_refresh_token(user: User) -> None:
    user.joins(KIOSK)
    first = user.pool.sign_in(user.name, user.one_time, NEW_PASSWORD)
    kiosk = kept_signed_in(user.pool, first)
    mall = user.deployed.mall.acting(kiosk)
    assert mall.send("GET", "/api/stores").status_code == 200

    second = kiosk.after(first.access)
    assert second not in (None, first.access)
    assert mall.send("GET", "/api/stores").status_code == 200
    assert mall.send("GET", "/api/checkout/sagas").status_code == 403

    with pytest.raises(SignInError, match="NotAuthorized"):
        user.pool.sign_in(user.name, user.one_time, NEW_PASSWORD)


def test_a_kiosk_whose_user_is_disabled_gets_no_further_token(user: User) -> None:
    user.joins(KIOSK)
    tokens = user.pool.sign_in(user.name, user.one_time, NEW_PASSWORD)
    user.is_disabled()

    with pytest.raises(SignInError, match="NotAuthorized"):
        user.pool.refresh(tokens.refresh)
    assert user.mall(tokens.access).send("GET", "/api/stores").status_code == 401


def test_a_disabled_user_is_refused_though_the_token_is_signed(user: User) -> None:
    """The gateway keeps its answer about a token for 60 s; one that it has not seen is judged by how things are now."""
    user.joins(STAFF)
    user.has_a_password()
    used, unused = user.access_token(), user.access_token()
    assert user.mall(used).send("GET", "/api/stores").status_code == 200
    user.is_disabled()

    answer = user.mall(unused).send("GET", "/api/stores")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


def test_a_user_in_no_group_and_a_kiosks_password_at_the_staffs_app_are_no_role(user: User) -> None:
    user.has_a_password()
    assert user.mall(user.access_token()).send("GET", "/api/stores").status_code == 401
    user.joins(KIOSK)
    assert user.mall(user.access_token()).send("GET", "/api/stores").status_code == 401


def test_a_clerk_signs_in_by_the_managed_login_and_stays_signed_in_by_a_file(user: User, tmp_path: Path) -> None:
    user.joins(STAFF)
    user.has_a_password()
    file = tmp_path / "of" / "clerk.json"
    cloud = user.deployed.cloud

    def browser(address: str) -> None:
        threading.Thread(target=user.browses, args=[address]).start()

    def no_browser(address: str) -> None:
        raise AssertionError("the clerk is asked to sign in again")

    first = token(cloud, STAFF, file, browser)
    kept = file.read_text()
    second = token(cloud, STAFF, file, no_browser)

    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert file.read_text() != kept, "the refresh token has rotated"
    for one in (first, second):
        assert user.mall(one).send("GET", "/api/checkout/sagas").status_code == 200


def test_a_clerk_gets_no_operators_token(user: User, tmp_path: Path) -> None:
    user.joins(STAFF)
    user.has_a_password()
    file = tmp_path / "operator.json"

    with pytest.raises(OperateError, match="not in the group operator"):
        token(
            user.deployed.cloud,
            OPERATOR,
            file,
            lambda address: threading.Thread(target=user.browses, args=[address]).start(),
        )

    assert secret_files.read(file).keys() == {"refresh"}, "an operator may add the clerk to the group meanwhile"


@pytest.mark.parametrize("role", [STAFF, OPERATOR, KIOSK, CUSTOMER, BOT])
def test_make_token_prints_a_token_of_the_role_and_nothing_else(
    deployed: Deployed, role: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud = deployed.cloud
    code = main(["token", "--role", role, "--port", str(cloud.engine.port), "--state", str(cloud.state)])

    printed = capsys.readouterr().out
    assert (code, printed.count("\n")) == (0, 1)
    caller = deployed.mall.acting(Credential(printed.strip()))
    assert caller.send("GET", OPEN_TO[role]).status_code == 200


def test_a_start_gives_a_token_of_every_role_and_the_same_customer_while_the_session_lasts(deployed: Deployed) -> None:
    first, second = tokens(deployed.cloud), tokens(deployed.cloud)

    assert first.keys() == {*OPEN_TO, "customerId"}
    assert second["customerId"] == first["customerId"]
    own = deployed.mall.acting(Credential(second[CUSTOMER])).get(f"/api/customers/{first['customerId']}")
    assert own["customer"]["id"] == first["customerId"]
    modes = {file.name: file.stat().st_mode & 0o777 for file in deployed.cloud.state.glob("*.json")}
    assert (modes["users.json"], modes["customer.json"]) == (0o600, 0o600)


def test_the_printed_curl_works_when_it_is_pasted(deployed: Deployed, tmp_path: Path) -> None:
    pasted = subprocess.run(["sh", "-c", curl(deployed.cloud, "/api/stores")], cwd=tmp_path, capture_output=True)

    assert json.loads(pasted.stdout) == deployed.mall.get("/api/stores")
