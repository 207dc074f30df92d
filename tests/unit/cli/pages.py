"""The pages of prod, as the command that publishes them puts them into their bucket."""

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from infra.operate.publish_pages import config, publish

ORIGIN = "https://console.prod.test"
OUTPUTS = {
    "mallbots-prod-platform": {
        "ApiAddress": "https://api.prod.test",
        "SignInAddress": "https://sign-in.prod.test",
        "StaffClientId": "staff-app",
        "KioskClientId": "kiosk-app",
        "UserPoolId": "eu-west-1_abc",
    },
    "mallbots-prod-live": {"LiveAddress": "wss://socket.prod.test/live"},
    "mallbots-prod-pages": {"PagesBucket": "the-pages", "PagesAddress": ORIGIN},
}


class Prod:
    """A deployment and its bucket, in one; objects: what was put into it."""

    class exceptions:  # noqa: N801  # as a client of boto3 names them
        class NoSuchKey(Exception): ...  # noqa: N818

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def client(self, service: str, **_: Any) -> Any:
        assert service == "s3"
        return self

    def outputs(self) -> Mapping[str, Mapping[str, str]]:
        return OUTPUTS

    def get_paginator(self, operation: str) -> Any:
        assert operation == "list_objects_v2"
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{}]

    def get_object(self, *, Key: str, **_: Any) -> dict[str, Any]:
        if Key not in self.objects:
            raise self.exceptions.NoSuchKey
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, *, Key: str, Body: bytes, **_: Any) -> None:
        self.objects[Key] = Body


@cache
def published() -> Mapping[str, bytes]:
    """What is in the bucket once a page was built and published, by its key."""
    prod = Prod()
    with TemporaryDirectory() as built:
        for page in ("console", "kiosk"):
            (Path(built) / page).mkdir()
            (Path(built) / page / "index.html").write_text(f"<title>{page}</title>")
        publish(prod, config(prod), Path(built))
    return prod.objects


def answer(path: str) -> httpx.Response:
    """What the distribution answers, which may not list its bucket: 403 for a key that is not there.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
    """
    found = published().get(path.removeprefix("/"))
    return httpx.Response(403, text="AccessDenied") if found is None else httpx.Response(200, content=found)
