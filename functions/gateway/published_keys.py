"""The public keys of the mall's own tokens, in a parameter of SSM: the authorizer reads it, and cannot sign."""

import os
from typing import Any

import boto3

from functions.kernel.runtime import budget


class PublishedKeys:
    """The parameter. It holds at most 4 KB, so about 15 keys: two or three are in use."""

    def __init__(self, client: Any, name: str) -> None:
        self._client, self._name = client, name

    def read(self) -> str:
        """The JWKS."""
        return str(self._client.get_parameter(Name=self._name)["Parameter"]["Value"])

    def write(self, jwks: str) -> None:
        """Publish another JWKS."""
        self._client.put_parameter(Name=self._name, Value=jwks, Type="String", Overwrite=True)


def connect() -> PublishedKeys:
    """The parameter that PUBLISHED_KEYS names."""
    client = budget.guard(boto3.client("ssm", config=budget.config()))
    return PublishedKeys(client, os.environ["PUBLISHED_KEYS"])
