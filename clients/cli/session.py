"""Who is signed in: a person of the stage's user pool, or a development user of a local mall."""

import os
from collections.abc import Callable
from pathlib import Path

import httpx

from clients import secret_files
from clients.cli.ending import FAILED, EndedError
from clients.cli.stages import Stage, folder, typed
from clients.credential import Credential
from clients.managed_login import WITHIN, ManagedLogin
from clients.user_pool import SignInError, UserPool

GIVEN = "MALLBOTS_TOKEN"  # a token of a script's own, instead of a sign-in
OPERATOR = "operator"
# Cognito compares the whole address with those of the app, and takes plain HTTP for localhost alone (infra/stages.py):
# https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolClientType.html
CALLBACK = "http://localhost:4590/signed-in"


def credential(stage: Stage) -> Credential:
    """The credential of who is signed in; it renews itself. Raises EndedError where there is none."""
    if given := os.environ.get(GIVEN):
        return Credential(given)
    renew = _development(stage) if stage.is_local else _person(stage)
    return Credential(renew(""), renew)


def sign_in(stage: Stage, say: Callable[[str], None]) -> None:
    """Have a person sign in by the pool's pages, in a browser of this machine. Raises EndedError."""
    if stage.is_local:
        _development(stage)("")
        return

    def show(address: str) -> None:
        say(f"sign in with a browser of this machine, within {WITHIN // 60} minutes:\n\n  {address}\n")

    try:
        tokens = ManagedLogin(stage.sign_in, stage.client, CALLBACK).sign_in(show)
    except SignInError as error:
        raise EndedError(f"the sign-in failed: {error}") from None
    secret_files.write(file_of(stage), {"refresh": tokens.refresh})


def sign_out(stage: Stage) -> bool:
    """Forget who is signed in, and revoke the refresh token at the pool. Returns whether anyone was.

    https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html
    """
    file = file_of(stage)
    saved = secret_files.read(file)
    file.unlink(missing_ok=True)
    if not saved.get("refresh"):
        return False
    form = {"token": saved["refresh"], "client_id": stage.client}
    httpx.post(f"{stage.sign_in}/oauth2/revoke", data=form, timeout=10).raise_for_status()
    return True


def file_of(stage: Stage) -> Path:
    """Where the refresh token is kept, readable by the user alone."""
    return folder() / f"{stage.name}-{OPERATOR}.json"


def _person(stage: Stage) -> Callable[[str], str]:
    pool, file = UserPool(stage.identity, stage.client), file_of(stage)

    def renew(_: str) -> str:
        login = typed(stage.name, "login")
        try:
            tokens = pool.refresh(secret_files.read(file)["refresh"])
        except KeyError:
            raise EndedError(f"you are not signed in to {stage.name}", FAILED, login) from None
        except SignInError as error:
            if error.is_final:
                raise EndedError(f"you are not signed in to {stage.name}", FAILED, login) from None
            hint = f"try again in a moment, you are still signed in; if it stays so: {login}"
            raise EndedError(f"the user pool of {stage.name} refuses for now ({error})", FAILED, hint) from None
        secret_files.write(file, {"refresh": tokens.refresh})  # with rotation, the one before is spent
        return tokens.access

    return renew


def _development(stage: Stage) -> Callable[[str], str]:
    assert stage.state is not None
    pool, file = UserPool(stage.identity, stage.client), stage.state / "users.json"

    def renew(_: str) -> str:
        try:
            return pool.sign_in(OPERATOR, secret_files.read(file)[OPERATOR]).access
        except (KeyError, SignInError) as error:
            raise EndedError(f"the local mall has no development users yet ({error}): wait for make up") from None

    return renew
