"""What `make up` does after it has deployed."""

import io
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.process import LocalCloudError
from infra.local.up import make_keys


def test_a_mall_in_which_no_key_can_be_made_is_not_up() -> None:
    failed = {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "the secret is damaged"}')}
    lambdas = SimpleNamespace(invoke=lambda **_: failed)
    cloud: Any = SimpleNamespace(client=lambda *_, **__: lambdas, output=lambda name: name)
    with pytest.raises(LocalCloudError, match="no key signs tokens"):
        make_keys(cloud)
