"""User pools: `patches/cognito.py`, and what the engine itself does as AWS does."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.e2e.engine.test_cloudformation import deploy
from tests.e2e.engine.workbench import Workbench

PASSWORD = "Correct-horse-7-battery"


class Pool:
    """A pool with one user and one app, whose refresh tokens rotate unless said otherwise."""

    def __init__(self, bench: Workbench, **rotation: Any) -> None:
        self.cognito = bench.client("cognito-idp")
        self.id = self.cognito.create_user_pool(PoolName=bench.name("pool"))["UserPool"]["Id"]
        app = {"UserPoolId": self.id, "ClientName": "app", "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"]}
        made = self.cognito.create_user_pool_client(**app, RefreshTokenRotation=rotation)
        self.client = made["UserPoolClient"]["ClientId"]
        user = {"UserPoolId": self.id, "Username": "kiosk"}
        self.cognito.admin_create_user(**user, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
        self.cognito.admin_set_user_password(**user, Password=PASSWORD, Permanent=True)

    def sign_in(self) -> str:
        """Returns the refresh token."""
        parameters = {"USERNAME": "kiosk", "PASSWORD": PASSWORD}
        answer = self.cognito.initiate_auth(
            ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=parameters
        )
        return str(answer["AuthenticationResult"]["RefreshToken"])

    def refresh(self, token: str) -> str | None:
        """Returns the next refresh token, or None if the answer has none."""
        answer = self.cognito.get_tokens_from_refresh_token(RefreshToken=token, ClientId=self.client)
        assert answer["AuthenticationResult"]["AccessToken"]
        next_token: str | None = answer["AuthenticationResult"].get("RefreshToken")
        return next_token


def test_a_refresh_rotates_the_refresh_token_and_ends_the_old_one(bench: Workbench) -> None:
    pool = Pool(bench, Feature="ENABLED", RetryGracePeriodSeconds=0)
    first = pool.sign_in()
    second = pool.refresh(first)

    with pytest.raises(ClientError) as refused:
        pool.refresh(first)

    assert refused.value.response["Error"]["Code"] == "RefreshTokenReuseException"
    assert second
    assert pool.refresh(second) not in (None, first, second)


def test_a_stack_makes_an_app_whose_refresh_tokens_rotate(bench: Workbench) -> None:
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    pool = {"Type": "AWS::Cognito::UserPool", "Properties": {"UserPoolName": bench.name("pool")}}
    properties: dict[str, Any] = {"UserPoolId": {"Ref": "Pool"}, "ClientName": "app", "RefreshTokenRotation": rotation}
    app = {"Type": "AWS::Cognito::UserPoolClient", "Properties": properties}
    names = {"Pool": {"Ref": "Pool"}, "App": {"Ref": "App"}}
    made = deploy(bench, {"Pool": pool, "App": app}, names)
    cognito = bench.client("cognito-idp")

    def deployed() -> Any:
        found = cognito.describe_user_pool_client(UserPoolId=made["Pool"], ClientId=made["App"])["UserPoolClient"]
        return found.get("RefreshTokenRotation")

    assert deployed() == rotation
    properties["RefreshTokenRotation"] = {"Feature": "DISABLED"}
    deploy(bench, {"Pool": pool, "App": app}, names, stack=made["Stack"])
    assert deployed() == {"Feature": "DISABLED"}


def test_within_the_grace_period_the_old_refresh_token_is_good(bench: Workbench) -> None:
    pool = Pool(bench, Feature="ENABLED", RetryGracePeriodSeconds=60)
    first = pool.sign_in()
    pool.refresh(first)

    assert pool.refresh(first)


def test_without_rotation_a_refresh_gives_no_refresh_token(bench: Workbench) -> None:
    pool = Pool(bench, Feature="DISABLED")
    first = pool.sign_in()

    assert pool.refresh(first) is None
    assert pool.refresh(first) is None


def test_a_disabled_user_cannot_refresh(bench: Workbench) -> None:
    pool = Pool(bench, Feature="ENABLED", RetryGracePeriodSeconds=60)
    first = pool.sign_in()
    pool.cognito.admin_disable_user(UserPoolId=pool.id, Username="kiosk")

    with pytest.raises(ClientError) as refused:
        pool.refresh(first)

    assert refused.value.response["Error"]["Code"] == "NotAuthorizedException"
