"""The command that uploads the pages: in which order, what is kept, and what the pages are told."""

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.local.cloud import LocalCloud
from infra.operate import empty_pages
from infra.operate.deployment import OperateError
from infra.operate.publish_pages import KEPT, config, empty, publish, run

BUCKET = "the-pages"
TOLD = {"api": "https://api.example"}
OUTPUTS = {
    "mallbots-dev-platform": {
        "ApiAddress": "https://api.example",
        "SignInAddress": "https://sign-in.example",
        "StaffClientId": "staff",
        "KioskClientId": "kiosk",
        "UserPoolId": "eu-west-1_abc",
    },
    "mallbots-dev-live": {"LiveAddress": "wss://socket.example/live"},
    "mallbots-dev-pages": {"PagesBucket": BUCKET, "PagesAddress": "https://pages.example"},
}


class Place:
    """A deployment with a bucket, which writes down what is put into it."""

    def __init__(self) -> None:
        self.s3: Any = boto3.client("s3", region_name="us-east-1")
        self.s3.create_bucket(Bucket=BUCKET)
        self.put: list[str] = []
        self.s3.meta.events.register("provide-client-params.s3.PutObject", lambda params, **_: self._note(params))

    def _note(self, params: Mapping[str, Any]) -> None:
        self.put.append(params["Key"])

    def client(self, service: str, **_: Any) -> Any:
        assert service == "s3"
        return self.s3

    def outputs(self) -> Mapping[str, Mapping[str, str]]:
        return OUTPUTS

    def keys(self) -> set[str]:
        return {one["Key"] for one in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])}

    def head(self, key: str) -> Any:
        return self.s3.head_object(Bucket=BUCKET, Key=key)


@pytest.fixture
def place() -> Iterator[Place]:
    with mock_aws():
        yield Place()


def after(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def built(folder: Path, *files: str) -> Path:
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file)
    return folder


def test_files_with_a_hash_are_there_before_the_page_that_names_them(place: Place, tmp_path: Path) -> None:
    pages = built(tmp_path, "console/index.html", "console/main-ABCD2345.js", "console/icon.svg", ".built")

    done = publish(place, TOLD, pages)

    assert place.put[0] == "console/main-ABCD2345.js"
    assert set(place.put[1:]) == {"console/index.html", "console/icon.svg", "console/config.json", "published.json"}
    assert done == {"address": "https://pages.example", "uploaded": 3, "removed": 0}


def test_only_files_with_a_hash_are_kept_by_caches(place: Place, tmp_path: Path) -> None:
    publish(place, TOLD, built(tmp_path, "kiosk/index.html", "kiosk/main-ABCD2345.js", "kiosk/main-ABCD2345.css"))

    for key in ("kiosk/main-ABCD2345.js", "kiosk/main-ABCD2345.css"):
        assert place.head(key)["CacheControl"] == "public, max-age=31536000, immutable"
    for key in ("kiosk/index.html", "kiosk/config.json"):
        assert place.head(key)["CacheControl"] == "no-cache"
    assert place.head("kiosk/index.html")["ContentType"] == "text/html; charset=utf-8"
    assert place.head("kiosk/main-ABCD2345.js")["ContentType"].startswith("text/javascript")
    assert place.head("kiosk/config.json")["ContentType"].startswith("application/json")


def test_a_page_that_is_open_during_a_deployment_still_finds_its_files(place: Place, tmp_path: Path) -> None:
    publish(place, TOLD, built(tmp_path / "old", "console/index.html", "console/main-OLDOLD22.js"))

    publish(place, TOLD, built(tmp_path / "new", "console/index.html", "console/main-NEWNEW22.js"))

    assert {"console/main-OLDOLD22.js", "console/main-NEWNEW22.js"} <= place.keys()


def test_what_no_deployment_of_a_month_had_is_removed(place: Place, tmp_path: Path) -> None:
    publish(place, TOLD, built(tmp_path / "old", "console/index.html", "console/main-OLDOLD22.js"))

    new = built(tmp_path / "new", "console/index.html", "console/main-NEWNEW22.js")
    assert publish(place, TOLD, new, after(KEPT.days - 1))["removed"] == 0
    done = publish(place, TOLD, new, after(KEPT.days + 1))

    assert done["removed"] == 1
    assert place.keys() == {"console/index.html", "console/main-NEWNEW22.js", "console/config.json", "published.json"}


def test_what_was_published_until_now_stays_for_a_month_however_long_ago_it_was_uploaded(
    place: Place, tmp_path: Path
) -> None:
    publish(place, TOLD, built(tmp_path / "old", "console/index.html", "console/main-OLDOLD22.js"))

    done = publish(place, TOLD, built(tmp_path / "new", "console/index.html", "console/main-NEWNEW22.js"), after(31))

    assert done["removed"] == 0
    assert place.put.count("console/main-OLDOLD22.js") == 2
    assert place.head("console/main-OLDOLD22.js")["CacheControl"] == "public, max-age=31536000, immutable"


def test_a_file_that_is_there_is_not_uploaded_again(place: Place, tmp_path: Path) -> None:
    pages = built(tmp_path, "console/index.html", "console/main-ABCD2345.js")
    publish(place, TOLD, pages)
    place.put.clear()

    publish(place, TOLD, pages)

    assert sorted(place.put) == ["console/config.json", "console/index.html", "published.json"]


def test_each_page_is_told_whom_to_ask(place: Place, tmp_path: Path) -> None:
    told = config(place)

    publish(place, told, built(tmp_path, "console/index.html", "kiosk/index.html"))

    for page in ("console", "kiosk"):
        assert json.load(place.s3.get_object(Bucket=BUCKET, Key=f"{page}/config.json")["Body"]) == {
            "stage": "dev",
            "api": "https://api.example",
            "socket": "wss://socket.example/live",
            "signIn": "https://sign-in.example",
            "staffClient": "staff",
            "kioskClient": "kiosk",
            "identity": "https://cognito-idp.eu-west-1.amazonaws.com",
        }


def test_nothing_is_published_when_nothing_was_built(place: Place, tmp_path: Path) -> None:
    with pytest.raises(OperateError, match="run make pages"):
        publish(place, TOLD, tmp_path)
    assert place.keys() == set()


def test_the_bucket_is_empty_before_its_stack_goes(place: Place, tmp_path: Path) -> None:
    publish(place, TOLD, built(tmp_path, "console/index.html"))

    assert empty(place) == 3
    assert place.keys() == set()


def test_where_the_stack_of_the_pages_failed_there_is_nothing_to_empty_and_nothing_is_published(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(OUTPUTS, "mallbots-dev-pages", {})
    assert empty(place) == 0
    with pytest.raises(OperateError, match="deploy it first"):
        publish(place, TOLD, built(tmp_path, "console/index.html"))


def test_a_bucket_that_is_gone_does_not_keep_the_rest_of_the_stage_from_being_destroyed(place: Place) -> None:
    """Its stack is left as DELETE_FAILED, with its outputs, where something else of it could not be deleted."""
    place.s3.delete_bucket(Bucket=BUCKET)
    assert empty(place) == 0


@pytest.mark.parametrize(("stage", "left"), [("dev", 0), ("prod", 3)])
def test_a_stage_that_keeps_its_data_keeps_its_pages_when_it_is_to_be_destroyed(
    place: Place, tmp_path: Path, stage: str, left: int
) -> None:
    """Its stacks are protected: where CloudFormation refuses, customers must not be the ones who see it."""
    publish(place, TOLD, built(tmp_path, "console/index.html"))
    assert empty_pages.run(argparse.Namespace(stage=stage), place) == 0
    assert len(place.keys()) == left


def test_the_pages_of_the_local_cloud_are_left_to_make_up_which_tells_them_its_users(tmp_path: Path) -> None:
    with pytest.raises(OperateError, match="published by make up"):
        run(argparse.Namespace(), LocalCloud(4566, tmp_path))
