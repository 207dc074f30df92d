"""The vault, the ledger of erasures and the key of KMS as CloudFormation gets them, and who may use them for what."""

from typing import Any

import pytest

from functions.customers import wrapping
from functions.kernel.composition.manifest import manifest, services
from functions.kernel.runtime.runtime import Port
from functions.kernel.runtime.uses import Uses
from tests.infra.conftest import Resource, Templates
from tests.infra.policies import Call, Names, may, role_policies

VAULT, ERASURES = "ServiceVaultTableB1D2F23B", "ServiceVaultErasures6DBD0996"
MAKE, DECRYPT = "kms:GenerateDataKey", "kms:Decrypt"
OURS = {"kms:EncryptionContext:mallbots": wrapping.PURPOSE, "kms:EncryptionContext:year": "2026"}


@pytest.fixture(params=["dev", "prod"])
def templates(request: pytest.FixtureRequest) -> Templates:
    found: Templates = request.getfixturevalue(request.param)
    return found


def table(templates: Templates, logical_id: str) -> Resource:
    """A table with what CloudFormation does when it is removed, as `DeletionPolicy`."""
    resource = templates.stacks["customers"]["Resources"][logical_id]
    return {**resource["Properties"], "DeletionPolicy": resource["DeletionPolicy"]}


def the_only(templates: Templates, kind: str) -> Resource:
    [(stack, name, properties)] = templates.resources(kind)
    return {**properties, "DeletionPolicy": templates.stacks[stack]["Resources"][name]["DeletionPolicy"]}


def test_a_backup_of_the_vault_is_gone_a_day_later(templates: Templates) -> None:
    """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoverySpecification.html"""
    recovery = table(templates, VAULT)["PointInTimeRecoverySpecification"]
    assert recovery == {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 1}


def test_the_ledger_of_erasures_has_no_backup(templates: Templates) -> None:
    assert table(templates, ERASURES)["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": False}


@pytest.mark.parametrize("name", [VAULT, ERASURES])
def test_what_leaves_the_vault_leaves_no_copy_in_a_stream_an_index_or_another_region(
    templates: Templates, name: str
) -> None:
    copies = {"StreamSpecification", "GlobalSecondaryIndexes", "LocalSecondaryIndexes", "KinesisStreamSpecification"}
    assert table(templates, name).keys().isdisjoint({*copies, "TimeToLiveSpecification", "ImportSourceSpecification"})
    kinds = {r["Type"] for stack in templates.stacks.values() for r in stack["Resources"].values()}
    assert kinds.isdisjoint({"AWS::DynamoDB::GlobalTable", "AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection"})


@pytest.mark.parametrize("name", [VAULT, ERASURES])
def test_the_tables_of_the_vault_are_encrypted_protected_and_kept_as_that_of_commits(
    templates: Templates, name: str
) -> None:
    kept = ("SSESpecification", "DeletionProtectionEnabled", "DeletionPolicy", "BillingMode", "Tags")
    commits = table(templates, "ServiceEvents9470217E")
    found = table(templates, name)
    assert {setting: found.get(setting) for setting in kept} == {setting: commits.get(setting) for setting in kept}


def test_only_customers_have_a_vault(templates: Templates) -> None:
    assert [name for name in services() if manifest(name).has_vault] == ["customers"]
    assert {stack for stack, name, _ in templates.resources("AWS::DynamoDB::Table") if "Vault" in name} == {"customers"}


def test_the_key_rotates_and_leaves_it_to_the_accounts_iam_who_may_use_it(templates: Templates) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html"""
    key = the_only(templates, "AWS::KMS::Key")
    assert key["EnableKeyRotation"] is True
    [statement] = key["KeyPolicy"]["Statement"]
    root = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]]}
    assert statement == {"Effect": "Allow", "Action": "kms:*", "Principal": {"AWS": root}, "Resource": "*"}


@pytest.mark.parametrize(("stage", "becomes"), [("dev", "Delete"), ("prod", "Retain")])
def test_the_key_and_its_alias_stay_where_the_stage_keeps_its_data(
    stage: str, becomes: str, request: pytest.FixtureRequest
) -> None:
    """With the alias in its place, a new stack that was not told of the old key is refused."""
    found: Templates = request.getfixturevalue(stage)
    key, alias = the_only(found, "AWS::KMS::Key"), the_only(found, "AWS::KMS::Alias")
    assert (key["DeletionPolicy"], alias["DeletionPolicy"]) == (becomes, becomes)
    assert key["PendingWindowInDays"] == 30
    assert alias["AliasName"] == f"alias/mallbots-{stage}-personal-data"


def rooms() -> dict[str, Uses]:
    """What each function of customers with a room says that it uses."""
    found = manifest("customers")
    named = [("api", found.api), *((inbox.queue, inbox) for inbox in found.inboxes), ("queries", found.queries)]
    return {f"customers/{name}": room.uses for name, room in named if room}


def with_port(port: Port[Any]) -> set[str]:
    return {name for name, uses in rooms().items() if port in uses.ports}


def using_key(names: Names, action: str, context: dict[str, str]) -> set[str]:
    """The functions that may do this with the key: `customers/api`."""
    [(stack, name, _)] = names.templates.resources("AWS::KMS::Key")
    call = Call(action, names.arn(stack, name), None, context)
    return {
        f"{variables['MALLBOTS_SERVICE']}/{function['Handler'].rpartition('.')[2]}"
        for found, _, function in names.templates.resources("AWS::Lambda::Function")
        for variables in [function["Environment"]["Variables"]]
        if may(call, role_policies(names, found, function), names)
    }


def test_who_says_so_and_nobody_else_makes_wrapping_keys_and_decrypts_them(templates: Templates) -> None:
    names = Names(templates)
    assert using_key(names, MAKE, OURS) == with_port(wrapping.make_data_key)
    assert using_key(names, DECRYPT, OURS) == with_port(wrapping.decrypt_data_key)
    assert using_key(names, "kms:Encrypt", OURS) == set()
    assert "customers/api" in with_port(wrapping.make_data_key)
    assert "customers/queries" not in with_port(wrapping.make_data_key)


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"kms:EncryptionContext:year": "2026"},
        {"kms:EncryptionContext:mallbots": wrapping.PURPOSE},
        {**OURS, "kms:EncryptionContext:mallbots": "something else"},
        {**OURS, "kms:EncryptionContext:year": "20266"},
    ],
)
def test_the_key_is_used_for_the_context_of_wrapping_keys_alone(templates: Templates, context: dict[str, str]) -> None:
    names = Names(templates)
    assert using_key(names, MAKE, context) | using_key(names, DECRYPT, context) == set()


def test_the_condition_has_the_context_that_the_code_sends(templates: Templates) -> None:
    sent = {f"kms:EncryptionContext:{name}": value for name, value in wrapping.context_of("2031").items()}
    assert using_key(Names(templates), DECRYPT, sent) == with_port(wrapping.decrypt_data_key) != set()


def test_who_uses_the_vault_finds_its_names_and_nobody_else_does(templates: Templates) -> None:
    found = {
        f"{stack}/{function['Handler'].rpartition('.')[2]}": {
            name: function["Environment"]["Variables"][name]
            for name in ("VAULT", "ERASURES", "PERSONAL_DATA_KEY")
            if name in function["Environment"]["Variables"]
        }
        for stack, _, function in templates.resources("AWS::Lambda::Function")
    }
    arn = {"Fn::GetAtt": ["ServiceVaultKeyACFCE3B0", "Arn"]}
    of_key = with_port(wrapping.make_data_key) | with_port(wrapping.decrypt_data_key)
    expected = {
        name: {
            **({"VAULT": {"Ref": VAULT}} if set(uses.vault) - {"erase"} else {}),
            **({"ERASURES": {"Ref": ERASURES}} if "erase" in uses.vault else {}),
            **({"PERSONAL_DATA_KEY": arn} if name in of_key else {}),
        }
        for name, uses in rooms().items()
    }
    expected["customers/forecast"] = {"VAULT": {"Ref": VAULT}}  # which only reads, and opens nothing
    assert {name: variables for name, variables in found.items() if variables} == {
        name: variables for name, variables in expected.items() if variables
    }
    assert set(expected["customers/api"]) == {"VAULT", "ERASURES", "PERSONAL_DATA_KEY"}
    assert "ERASURES" not in expected["customers/queries"]


def test_operators_find_the_tables_and_the_key_among_the_outputs(templates: Templates) -> None:
    outputs = {name: output["Value"] for name, output in templates.stacks["customers"]["Outputs"].items()}
    assert outputs["VaultTable"] == {"Ref": VAULT}
    assert outputs["ErasuresTable"] == {"Ref": ERASURES}
    assert outputs["PersonalDataKey"] == {"Fn::GetAtt": ["ServiceVaultKeyACFCE3B0", "Arn"]}
    assert "ViewsTable" not in outputs
