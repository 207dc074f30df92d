"""Print a fresh token of a role: of the local cloud's development users, or yours, of a stage in an account.

On AWS a clerk or an operator signs in by the pool's pages, in a browser of this machine; a kiosk by its name and its
one-time password, which is replaced by a random one that is not kept. What is kept is the refresh token, in a file that
only the user can read; it is used until it expires or the user is disabled, and then the sign-in comes again. Nothing
but the token is on stdout.
"""

import argparse
import getpass
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from clients import secret_files
from clients.credential import claims
from clients.managed_login import WITHIN, ManagedLogin
from clients.user_pool import SignInError, Tokens, UserPool
from functions.kernel.runtime.context import BOT, CUSTOMER, KIOSK, OPERATOR, STAFF
from infra.local import people
from infra.local.cloud import LocalCloud
from infra.operate.deployment import Deployment, OperateError, stacks
from infra.stages import LOOPBACK

NOT_HERE = {
    BOT: "POST /api/depot/bots/{id}/token as staff gives a robot's token, and revokes those before",
    CUSTOMER: "a kiosk opens a customer's session (docs/operations.md, Sessions of customers)",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--role", choices=people.ROLES, required=True, help="whose token")


def run(options: argparse.Namespace, deployment: Deployment) -> int:
    if isinstance(deployment, LocalCloud):
        if not deployment.output("UserPoolId"):
            raise OperateError("the local cloud runs, but nothing is deployed to it yet: wait for make up or make run")
        found = people.token(deployment, options.role)
        if options.role in NOT_HERE:  # whose id is in the paths and bodies of what they may call
            print(f"a token of {options.role} {claims(found)['sub']}", file=sys.stderr)
        print(found)
        return 0
    if options.role in NOT_HERE:
        raise OperateError(f"make token gives no {options.role}'s token of a stage on AWS: {NOT_HERE[options.role]}")
    try:
        print(token(deployment, options.role, file_of(options.stage, options.role), show))
    except SignInError as error:
        raise OperateError(f"nobody is signed in: {error}") from None
    except httpx.HTTPError as error:
        raise OperateError(f"the user pool of {options.stage} does not answer: {error}") from None
    return 0


def token(deployment: Deployment, role: str, file: Path, show: Callable[[str], object]) -> str:
    """A fresh access token, by the refresh token in a file, or else by a sign-in; `show` gets its address.

    Raises OperateError for a user without the role, and for a pool that refuses for now; SignInError; httpx.HTTPError.
    """
    pool = _pool(deployment, role)
    saved = secret_files.read(file)
    try:
        tokens = pool.refresh(saved["refresh"])
    except KeyError:  # the first time
        tokens = _sign_in(deployment, role, show)
    except SignInError as error:
        if not error.is_final:  # a kiosk has no second one-time password
            again = f"try again in a moment; if it stays so, delete {file} and sign in again"
            raise OperateError(f"the user pool refuses for now ({error}): {again}") from None
        tokens = _sign_in(deployment, role, show)
    # At once: the refresh token before is spent, and so is a kiosk's one-time password.
    secret_files.write(file, {"refresh": tokens.refresh})
    user = claims(tokens.access)
    groups = user.get("cognito:groups", [])
    if role not in groups and not (role == STAFF and OPERATOR in groups):
        window = "" if role == KIOSK else " and open the address in a private window"
        raise OperateError(
            f"{user.get('username')} is not in the group {role} of the pool: have an operator add it, and run this "
            f"again; to sign in as another user, delete {file}{window}"
        )
    return tokens.access


def _sign_in(deployment: Deployment, role: str, show: Callable[[str], object]) -> Tokens:
    if role != KIOSK:
        outputs = stacks(deployment, "gateway")["platform"]
        return ManagedLogin(outputs["SignInAddress"], outputs["StaffClientId"], LOOPBACK).sign_in(show)
    print("name of the kiosk's user: ", end="", file=sys.stderr, flush=True)
    name = sys.stdin.readline().strip()
    one_time = getpass.getpass("its one-time password: ", stream=sys.stderr)
    return _pool(deployment, role).sign_in(name, one_time, f"aA1-{secrets.token_urlsafe(32)}")


def show(address: str) -> None:
    within = f"it comes back to port {urlsplit(LOOPBACK).port}, which waits for {WITHIN // 60} minutes"
    print(f"sign in with a browser of this machine ({within}):\n\n  {address}\n", file=sys.stderr)


def _pool(deployment: Deployment, role: str) -> UserPool:
    outputs = stacks(deployment, "gateway")["platform"]
    endpoint = deployment.client("cognito-idp").meta.endpoint_url
    return UserPool(endpoint, outputs["KioskClientId" if role == KIOSK else "StaffClientId"])


def file_of(stage: str, role: str) -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "mallbots" / f"{stage}-{role}.json"
