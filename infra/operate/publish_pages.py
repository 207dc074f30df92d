"""Publish the pages: upload what was built, and tell the pages in config.json whom to ask.

Files whose names have a hash come first and stay, so that a page that was opened before finds its own for as long as it
is open; then what names them. CloudFront and browsers keep the former for a year and ask for the latter each time.
"""

import argparse
import json
import mimetypes
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from infra.local.cloud import LocalCloud
from infra.operate.deployment import PLATFORM, Deployment, OperateError, stacks

BUILT = Path(__file__).resolve().parents[2] / ".build" / "pages"
CONFIG = "config.json"
LATEST = "published.json"  # the files of the latest deployment
HASHED = re.compile(r"-[A-Z0-9]{8}\.[a-z0-9]+$")  # as esbuild names files by their content
FOR_EVER = "public, max-age=31536000, immutable"
EACH_TIME = "no-cache"
KEPT = timedelta(days=30)  # for which a file outlives the last deployment that had it

Config = Mapping[str, Any]


def config(deployment: Deployment) -> dict[str, Any]:
    """What the pages are told, of the outputs of a deployment. Raises OperateError when a stack is missing."""
    outputs = {name: value for one in stacks(deployment).values() for name, value in one.items()}
    try:
        region = outputs["UserPoolId"].partition("_")[0]
        return {
            "stage": _stage(deployment),
            "api": outputs["ApiAddress"],
            "socket": outputs["LiveAddress"],
            "signIn": outputs["SignInAddress"],
            "staffClient": outputs["StaffClientId"],
            "kioskClient": outputs["KioskClientId"],
            "identity": f"https://cognito-idp.{region}.amazonaws.com",
        }
    except KeyError as missing:
        raise OperateError(f"the output {missing} is not there: deploy everything first") from None


def arguments(parser: argparse.ArgumentParser) -> None:
    """No options of its own."""


def run(_options: argparse.Namespace, deployment: Deployment) -> int:
    """Prints {"address", "uploaded", "removed"}. Raises OperateError for the local cloud, whose pages have users."""
    if isinstance(deployment, LocalCloud):
        raise OperateError("the pages of the local cloud are published by make up, with its development users")
    print(json.dumps(publish(deployment, config(deployment))))
    return 0


def publish(deployment: Deployment, told: Config, built: Path = BUILT, now: datetime | None = None) -> dict[str, Any]:
    """Upload what was built and what the pages are told, and remove what no deployment of a month had.

    Returns {"address", "uploaded", "removed"}. Raises OperateError when nothing was built, or there is no bucket.
    """
    outputs = stacks(deployment, "pages")["pages"]
    if "PagesBucket" not in outputs:
        raise OperateError("the stack of the pages has no bucket: deploy it first")
    files = {str(path.relative_to(built)): path for path in sorted(built.glob("*/**/*")) if path.is_file()}
    if not files:
        raise OperateError(f"there are no pages in {built}: run make pages")
    bucket, s3 = outputs["PagesBucket"], deployment.client("s3")
    age = {one["Key"]: (now or datetime.now(UTC)) - one["LastModified"] for one in _objects(s3, bucket)}
    uploaded = 0
    for key in sorted(_replaced(s3, bucket, age.keys() - files.keys())):
        _put(s3, bucket, key, s3.get_object(Bucket=bucket, Key=key)["Body"].read())  # their month begins now
        age.pop(key)
    for key in sorted(files, key=lambda key: (not HASHED.search(key), key)):
        if HASHED.search(key) and key in age:
            continue  # its content is its name
        _put(s3, bucket, key, files[key].read_bytes())
        uploaded += 1
    for folder in sorted({key.split("/")[0] for key in files if "/" in key}):
        _put(s3, bucket, f"{folder}/{CONFIG}", json.dumps(told).encode())
    _put(s3, bucket, LATEST, json.dumps(sorted(files)).encode())
    own = (CONFIG, LATEST)
    removed = [key for key in age if key not in files and not key.endswith(own) and age[key] > KEPT]
    for key in removed:
        s3.delete_object(Bucket=bucket, Key=key)
    return {"address": outputs["PagesAddress"], "uploaded": uploaded, "removed": len(removed)}


def tell(deployment: Deployment, page: str, told: Config) -> None:
    """Tell one page something else than it was told when it was published."""
    bucket = stacks(deployment, "pages")["pages"]["PagesBucket"]
    _put(deployment.client("s3"), bucket, f"{page}/{CONFIG}", json.dumps(told).encode())


def empty(deployment: Deployment) -> int:
    """Remove every file, since a bucket with files is not deleted with its stack. Returns how many."""
    try:
        bucket = stacks(deployment, "pages")["pages"].get("PagesBucket")
    except OperateError:
        return 0
    if bucket is None:  # the stack's first creation failed
        return 0
    s3, removed = deployment.client("s3"), 0
    try:
        for one in _objects(s3, bucket):
            s3.delete_object(Bucket=bucket, Key=one["Key"])
            removed += 1
    except s3.exceptions.NoSuchBucket:
        pass  # a deletion of the stack that failed after it: its outputs are still listed
    return removed


def _stage(deployment: Deployment) -> str:
    [name] = [name for name in deployment.outputs() if name.endswith(f"-{PLATFORM}")]
    return name.removeprefix("mallbots-").removesuffix(f"-{PLATFORM}")


def _replaced(s3: Any, bucket: str, others: set[str]) -> set[str]:
    """The files of the latest deployment among others: who has a page of it open needs them."""
    try:
        latest = json.loads(s3.get_object(Bucket=bucket, Key=LATEST)["Body"].read())
    except s3.exceptions.NoSuchKey:
        return set()
    return others & set(latest)


def _objects(s3: Any, bucket: str) -> Iterable[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        yield from page.get("Contents", [])


def _put(s3: Any, bucket: str, key: str, content: bytes) -> None:
    kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("application/json", "application/javascript")
    s3.put_object(
        Bucket=bucket,
        Key=key,
        Body=content,
        ContentType=f"{kind}; charset=utf-8" if text else kind,
        CacheControl=FOR_EVER if HASHED.search(key) else EACH_TIME,
    )
