"""cfn-lint on the templates: `make check-templates` lints those of all stages."""

import json
from pathlib import Path

import pytest

from infra.lint import IGNORED, OF_OTHERS, lint
from tests.infra.conftest import Templates

# type, property, value → the rule that finds it
FAULTS = {
    ("AWS::SQS::Queue", "MessageRetentionPeriod", 9_999_999): "E3034",
    ("AWS::Lambda::Function", "MemorySize", 64): "E3034",
    ("AWS::Lambda::Function", "Runtime", "python2.7"): "E2533",
    ("AWS::DynamoDB::Table", "BillingModus", "PAY_PER_REQUEST"): "E3002",
}


def kinds(templates: Templates, stack: str) -> set[str]:
    return {resource["Type"] for resource in templates.stacks[stack]["Resources"].values()}


def test_the_templates_of_other_stages_that_are_linted_have_every_type_of_resource(dev: Templates) -> None:
    every = {kind for stack in dev.stacks for kind in kinds(dev, stack)}
    assert {kind for stack in OF_OTHERS for kind in kinds(dev, stack.lower())} == every


def test_each_fault_in_a_template_is_found(dev: Templates, tmp_path: Path) -> None:
    template = json.loads(json.dumps(dev.stacks["search"]))
    for kind, name, value in FAULTS:
        next(r for r in template["Resources"].values() if r["Type"] == kind)["Properties"][name] = value
    file = tmp_path / "Search.template.json"
    file.write_text(json.dumps(template))
    done = lint([file])
    assert done.returncode != 0
    assert [rule for rule in FAULTS.values() if rule not in done.stdout] == []
    assert [rule for rule in IGNORED if rule in done.stdout] == []


def test_each_rule_that_is_ignored_would_find_something(
    dev: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Search.template.json"
    file.write_text(json.dumps(dev.stacks["search"]))
    monkeypatch.setattr("infra.lint.IGNORED", {"E0000": "none"})
    found = {line.split()[0] for line in lint([file]).stdout.splitlines() if line.startswith(("E", "W"))}
    assert found == set(IGNORED)
