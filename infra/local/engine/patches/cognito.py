"""Cognito: refresh tokens that rotate.

Restored behaviour of AWS, for an app with `RefreshTokenRotation`: a refresh gives a new refresh token, too, and ends
the old one after the grace period; one that ended so is refused with RefreshTokenReuseException. The engine drops the
property and keeps a refresh token good for ever, so a device that forgets to keep the new one would seem to work.
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-refresh-token.html
"""

import json
import time
from typing import Any

from infra.local.engine.seams import Seams, module

ROTATION = "RefreshTokenRotation"
ENDED = "_ended_refresh_tokens"  # of a user: token id → when it ends. Saved with the user, as all that the engine keeps


def apply() -> None:
    seams = Seams("cognito")
    cognito = module("services.cognito")
    seams.need(cognito, "_pool_for_client", "_user_from_token", "_token_claims", "_fake_token", "error_response_json")
    create = seams.take(cognito, "_create_user_pool_client")
    update = seams.take(cognito, "_update_user_pool_client")
    refresh = seams.take(cognito, "_get_tokens_from_refresh_token")

    def create_user_pool_client(data: dict[str, Any]) -> Any:
        status, headers, body = create(data)
        if status < 400:
            client = json.loads(body)["UserPoolClient"]
            keep(client["UserPoolId"], client["ClientId"], data)
        return status, headers, body

    def update_user_pool_client(data: dict[str, Any]) -> Any:
        answer = update(data)
        if answer[0] < 400:
            keep(data["UserPoolId"], data["ClientId"], data)
        return answer

    def keep(pool_id: str, client_id: str, data: dict[str, Any]) -> None:
        if ROTATION in data:
            cognito._user_pools[pool_id]["_clients"][client_id][ROTATION] = data[ROTATION]

    def get_tokens_from_refresh_token(data: dict[str, Any]) -> Any:
        token, client_id = data.get("RefreshToken") or "", data.get("ClientId")
        pool, pool_id = cognito._pool_for_client(client_id)
        rotation = ((pool or {}).get("_clients", {}).get(client_id) or {}).get(ROTATION) or {}
        if not pool or rotation.get("Feature") != "ENABLED":
            return refresh(data)
        claims = cognito._token_claims(token)
        user = cognito._user_from_token(token, pool) or {}
        ended: dict[str, float] = user.setdefault(ENDED, {})
        if time.time() >= ended.get(claims.get("jti", ""), float("inf")):
            reused = "The refresh token has been invalidated by rotation"
            return cognito.error_response_json("RefreshTokenReuseException", reused, 400)
        status, headers, body = refresh(data)
        if status >= 400:
            return status, headers, body
        answer = json.loads(body)
        answer["AuthenticationResult"]["RefreshToken"] = cognito._fake_token(
            claims["sub"], pool_id, client_id, "refresh", origin_jti=claims["origin_jti"], scope=claims.get("scope")
        )
        ended.setdefault(claims["jti"], time.time() + int(rotation.get("RetryGracePeriodSeconds", 0)))
        return status, headers, json.dumps(answer).encode()

    seams.replace(cognito, "_create_user_pool_client", create_user_pool_client)
    seams.replace(cognito, "_update_user_pool_client", update_user_pool_client)
    seams.replace(cognito, "_get_tokens_from_refresh_token", get_tokens_from_refresh_token)
    # What CloudFormation passes on to these, with the value of a property that was taken away.
    provisioners = module("services.cloudformation.provisioners")
    seams.take(provisioners, "_COGNITO_USER_POOL_CLIENT_UPDATABLE")[ROTATION] = None
