"""Deployments of one service's code after the first: with a bug planted, and mended.

As the CDK does it: the code is bundled, stored beside the other assets under a name by its content, and the service's
stack is updated. Its functions learn the version of their code, as in any deployment.
"""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clients.mall import wait_for
from infra import bundling
from infra.local.cloud import ACCOUNT, LocalCloud
from infra.local.process import REGION
from infra.local.synthesis import STAGE
from infra.stages import STAGES

FUNCTION = "AWS::Lambda::Function"
UPDATED_WITHIN = 180  # seconds


@dataclass(frozen=True)
class Edit:
    """A change of a file's text that must be there once."""

    file: str
    before: str
    after: str

    def apply(self, code: Path) -> None:
        path = code / self.file
        text = path.read_text()
        assert text.count(self.before) == 1, f"{self.before!r} is in {self.file} {text.count(self.before)} times"
        path.write_text(text.replace(self.before, self.after))
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()  # it is not compared with its source


@dataclass(frozen=True)
class Releases:
    """Deploys a service of a local cloud again. settings: of its functions, from then on."""

    cloud: LocalCloud
    service: str
    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def deploy(self, *edits: Edit) -> str:
        """Deploy the service's code with these edits; returns the version of the code, once it is live."""
        code = bundling.asset(self.service, STAGES[STAGE], self.folder)
        for edit in edits:
            edit.apply(code)
        version = bundling.version(code, bundling.layer(STAGES[STAGE]))
        self._update(_zipped(code), {**self.settings, "MALLBOTS_CODE": version})
        shutil.rmtree(code)
        return version

    @property
    def stack(self) -> str:
        return f"mallbots-{STAGE}-{self.service}"

    def _update(self, archive: bytes, variables: Mapping[str, str]) -> None:
        client = self.cloud.client("cloudformation", read_timeout=UPDATED_WITHIN)
        template = client.get_template(StackName=self.stack)["TemplateBody"]
        body: dict[str, Any] = json.loads(template) if isinstance(template, str) else template
        bucket, key = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}", f"{hashlib.sha256(archive).hexdigest()}.zip"
        for resource in body["Resources"].values():
            if resource["Type"] == FUNCTION:
                resource["Properties"]["Code"]["S3Key"] = key
                resource["Properties"]["Environment"]["Variables"].update(variables)
        store = self.cloud.client("s3")
        store.put_object(Bucket=bucket, Key=key, Body=archive)
        store.put_object(Bucket=bucket, Key=f"{key}.json", Body=json.dumps(body))
        client.update_stack(
            StackName=self.stack,
            TemplateURL=f"{self.cloud.address}/{bucket}/{key}.json",
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        wait_for(self._ended, f"{self.stack} to be updated", seconds=UPDATED_WITHIN)

    def _ended(self) -> bool | None:
        stack = self.cloud.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"][0]
        status = stack["StackStatus"]
        if status.endswith("_IN_PROGRESS"):
            return None
        assert status == "UPDATE_COMPLETE", f"{status}: {stack.get('StackStatusReason')}"
        return True


def _zipped(folder: Path) -> bytes:
    """The folder as an archive, the same bytes for the same files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.writestr(zipfile.ZipInfo(str(path.relative_to(folder))), path.read_bytes())
    return written.getvalue()
