"""The vault as deployed: what it holds of a customer, how far back it can be restored, and which roles may use it."""

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.customers.wrapping import PURPOSE, context_of
from tests.e2e.conftest import Deployed
from tests.e2e.test_roles import client_of, refused

Rows = dict[tuple[str, str], dict[str, Any]]


def rows(deployed: Deployed, output: str) -> Rows:
    """The rows of a table of customers, by its output."""
    pages = deployed.client("dynamodb").get_paginator("scan").paginate(TableName=deployed.output("customers", output))
    items = [item for page in pages for item in page["Items"]]
    return {(item["partition"]["S"], item["sort"]["S"]): json.loads(item["data"]["S"]) for item in items}


def of(customer_id: str, found: Rows) -> Rows:
    return {key: data for key, data in found.items() if customer_id in f"{key[0]} {key[1]}"}


def test_a_customer_is_registered_shown_changed_and_erased(deployed: Deployed) -> None:
    call = deployed.mall.call
    body = {"name": "Grace Hopper", "smsNumber": "+1 555 0142"}
    key = str(uuid.uuid4())
    ada = call("POST", "/api/customers", body, key=key)["id"]
    assert call("POST", "/api/customers", body, key=key)["id"] == ada
    assert call("GET", f"/api/customers/{ada}")["customer"]["name"] == "Grace Hopper"
    call("PUT", f"/api/customers/{ada}/change-sms", {"smsNumber": "+1 555 0143"})
    assert call("GET", f"/api/customers/{ada}")["customer"]["smsNumber"] == "+1 555 0143"
    before = rows(deployed, "VaultTable")
    assert len(of(ada, before)) == 2
    assert {sort for partition, sort in before if partition == "wrapping"} == {before[f"customer {ada}", "key"]["by"]}

    call("DELETE", f"/api/customers/{ada}")

    assert deployed.mall.send("GET", f"/api/customers/{ada}").status_code == 404
    [(place, tombstone)] = of(ada, rows(deployed, "VaultTable")).items()
    assert (place, set(tombstone)) == ((f"customer {ada}", "key"), {"erased"})
    assert of(ada, rows(deployed, "ErasuresTable")) == {(ada, "erased"): {**tombstone, "version": 3}}


def test_the_vault_can_be_restored_for_a_day_and_the_ledger_not_at_all(deployed: Deployed) -> None:
    def recovery(output: str) -> tuple[str, int | None]:
        found = deployed.client("dynamodb").describe_continuous_backups(TableName=deployed.output("customers", output))
        described = found["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        return described["PointInTimeRecoveryStatus"], described.get("RecoveryPeriodInDays")

    assert recovery("VaultTable") == ("ENABLED", 1)
    assert recovery("ErasuresTable") == ("DISABLED", None)
    assert recovery("EventsTable") == ("ENABLED", 35)


@pytest.mark.parametrize(
    ("service", "function"), [("stores", "Api"), ("notifications", "InboxWorker"), ("customers", "Relay")]
)
def test_no_other_role_reads_the_vault_or_uses_its_key(deployed: Deployed, service: str, function: str) -> None:
    dynamodb, kms = (client_of(deployed, service, function, name) for name in ("dynamodb", "kms"))
    table, key = deployed.output("customers", "VaultTable"), deployed.output("customers", "PersonalDataKey")
    row = {"partition": {"S": "wrapping"}, "sort": {"S": "2026"}}

    assert refused(dynamodb.get_item, TableName=table, Key=row)
    assert refused(dynamodb.scan, TableName=table)
    assert refused(kms.generate_data_key, KeyId=key, KeySpec="AES_256", EncryptionContext=context_of("2026"))
    assert refused(kms.decrypt, KeyId=key, CiphertextBlob=b"x" * 64, EncryptionContext=context_of("2026"))


def test_who_answers_queries_writes_neither_the_vault_nor_the_ledger_and_makes_no_key(deployed: Deployed) -> None:
    dynamodb, kms = (client_of(deployed, "customers", "Queries", name) for name in ("dynamodb", "kms"))
    item = {"partition": {"S": "anything"}, "sort": {"S": "key"}, "data": {"S": "{}"}}

    for table in ("VaultTable", "ErasuresTable"):
        assert refused(dynamodb.put_item, TableName=deployed.output("customers", table), Item=item)
    key = deployed.output("customers", "PersonalDataKey")
    assert refused(kms.generate_data_key, KeyId=key, KeySpec="AES_256", EncryptionContext=context_of("2026"))


@pytest.mark.parametrize("context", [{}, {"mallbots": PURPOSE}, {"mallbots": "something else", "year": "2026"}])
def test_the_key_is_used_for_wrapping_keys_alone(deployed: Deployed, context: dict[str, str]) -> None:
    kms, key = client_of(deployed, "customers", "Api", "kms"), deployed.output("customers", "PersonalDataKey")

    assert refused(kms.generate_data_key, KeyId=key, KeySpec="AES_256", EncryptionContext=context)
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context_of("2026"))
    assert refused(kms.decrypt, KeyId=key, CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context)
    with pytest.raises(ClientError, match="InvalidCiphertext"):
        kms.decrypt(KeyId=key, CiphertextBlob=made["CiphertextBlob"], EncryptionContext=context_of("2027"))
