"""The mall's API as an operator calls it, of the local cloud or of a stage in an account."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from clients.credential import Credential
from clients.mall import Mall
from clients.user_pool import SignInError
from functions.kernel.runtime.context import OPERATOR
from infra.local import users
from infra.local.cloud import LocalCloud
from infra.operate import token
from infra.operate.deployment import Deployment, OperateError, stacks


@contextmanager
def operator(deployment: Deployment, stage: str) -> Iterator[Mall]:
    """A connection with an operator's token, renewed as it expires; on AWS you sign in as `make token` has it.

    Raises OperateError where nothing is deployed or nobody signs in.
    """
    address = stacks(deployment, "gateway")["platform"]["ApiAddress"]
    try:
        with Mall(address, _credential(deployment, stage)) as mall:
            yield mall
    except SignInError as error:
        raise OperateError(f"nobody is signed in: {error}") from None
    except httpx.HTTPError as error:
        raise OperateError(f"{stage} does not answer: {error}") from None


def _credential(deployment: Deployment, stage: str) -> Credential:
    if isinstance(deployment, LocalCloud):
        return users.credential(deployment, OPERATOR)

    def fresh(_: str = "") -> str:
        return token.token(deployment, OPERATOR, token.file_of(stage, OPERATOR), token.show)

    return Credential(fresh(), fresh)
