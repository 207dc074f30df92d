"""Lint the templates of all stages with cfn-lint: `make check-templates` (ARGS=--all: every template of every stage).

The stages differ in settings alone, which each service's stack has in the same places. So the templates of one stage
are linted all, and of the others those of the platform, of the pages, and of the services with the most kinds of
resources: to lint one takes half a second. cfn-lint brings the types of resources with it, and downloads nothing.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import aws_cdk as cdk

from infra.app import compose
from infra.bundling import ROOT
from infra.stages import STAGES

# rule → why it is not followed
IGNORED = {
    "W3005": "The CDK makes a function depend on its role and on the role's policy, of which the first is implied."
}
WHOLE = "prod"  # the stage that has all settings: concurrency, throttling, encryption, protection
OF_OTHERS = ("Platform", "Customers", "Depot", "Fleet", "Live", "Operations", "Pages")
REGION = "eu-west-1"


def templates(stage: str, folder: Path) -> Iterator[Path]:
    """The templates of a stage, with the flags of cdk.json and a placeholder for what would be built."""
    placeholder = folder / "placeholder"
    placeholder.mkdir(parents=True)
    (placeholder / "nothing.py").write_text("")
    context = {**json.loads((ROOT / "cdk.json").read_text())["context"], "alarm_email": "mall@example.com"}
    app = cdk.App(outdir=str(folder / "out"), context=context)
    compose(app, STAGES[stage], placeholder)
    app.synth()
    return (folder / "out").glob("*.template.json")


def lint(files: list[Path]) -> "subprocess.CompletedProcess[str]":
    """What cfn-lint prints of templates; its code is 0 when it finds nothing."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), "--regions", REGION, "--ignore-checks", *IGNORED]
    return subprocess.run([*command, "--template", *map(str, files)], capture_output=True, text=True, check=False)


def main() -> int:
    with TemporaryDirectory() as folder:
        files = [
            file
            for stage in STAGES
            for file in sorted(templates(stage, Path(folder) / stage))
            if "--all" in sys.argv or stage == WHOLE or file.name.partition(".")[0] in OF_OTHERS
        ]
        done = lint(files)
    print(done.stdout + done.stderr, end="")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
