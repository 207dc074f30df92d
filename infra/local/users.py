"""The development users of the local stage: a clerk, an operator and a kiosk, with random passwords.

No other stage has users that a deployment makes, nor the sign-in that is used here (ADMIN_USER_PASSWORD_AUTH).
"""

import secrets
from typing import Any

from clients.credential import Credential
from clients.secret_files import kept
from functions.kernel.runtime.context import KIOSK, OPERATOR, STAFF
from infra.local.cloud import LocalCloud

USERS = {STAFF: "clerk", OPERATOR: "operator", KIOSK: "kiosk"}
"""Role, which is also the group in the pool → user."""
PASSWORDS = "users.json"


def make_users(cloud: LocalCloud) -> None:
    """Make the users at each start, each in its group; those that exist keep the passwords of the state's folder."""
    pool, passwords = _pool(cloud), _passwords(cloud)
    cognito = cloud.client("cognito-idp")
    for role, name in USERS.items():
        whom = {"UserPoolId": pool, "Username": name}
        try:
            cognito.admin_create_user(**whom, TemporaryPassword=passwords[name], MessageAction="SUPPRESS")
        except cognito.exceptions.UsernameExistsException:
            cognito.admin_enable_user(**whom)
        cognito.admin_set_user_password(**whom, Password=passwords[name], Permanent=True)
        cognito.admin_add_user_to_group(**whom, GroupName=role)


def development_users(cloud: LocalCloud) -> list[dict[str, str]]:
    """The users with their passwords, for pages that let one choose: [{"role", "name", "password"}]."""
    passwords = _passwords(cloud)
    return [{"role": role, "name": name, "password": passwords[name]} for role, name in USERS.items()]


def credential(cloud: LocalCloud, role: str) -> Credential:
    """A development user's credential: it signs in again when its token ends."""
    return Credential(sign_in(cloud, role), lambda _: sign_in(cloud, role))


def sign_in(cloud: LocalCloud, role: str) -> str:
    """A fresh access token of the development user of a role."""
    name = USERS[role]
    answer: dict[str, Any] = cloud.client("cognito-idp").admin_initiate_auth(
        UserPoolId=_pool(cloud),
        ClientId=cloud.output("KioskClientId" if role == KIOSK else "StaffClientId"),
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": _passwords(cloud)[name]},
    )
    return str(answer["AuthenticationResult"]["AccessToken"])


def _pool(cloud: LocalCloud) -> str:
    return str(cloud.output("UserPoolId"))


def _passwords(cloud: LocalCloud) -> dict[str, str]:
    return kept(cloud.state / PASSWORDS, lambda: {name: _password() for name in USERS.values()})


def _password() -> str:
    """Random, and of every kind of character that a policy may ask for."""
    return f"aA1-{secrets.token_urlsafe(24)}"
