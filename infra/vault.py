"""What a service with a vault has beside its streams and rows: the vault, the ledger of erasures, and a key of KMS.

The vault's backups last one day, so a key that was deleted is gone from them a day later; of the ledger there is no
backup, so that a restored vault learns what was erased since. The key wraps those that wrap the vault's
(docs/adr/0043-the-vault-and-what-wraps-its-keys.md).
"""

from typing import Any

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from functions.customers.wrapping import PURPOSE
from infra.function import ServiceFunction
from infra.names import key_alias
from infra.stages import Stage

RECOVERY_DAYS = 1
PENDING_DAYS = 30  # the longest in which the deletion of a key can be called off
KEY_ACTIONS = {"make_data_key": "kms:GenerateDataKey", "decrypt_data_key": "kms:Decrypt"}  # by the port's name
NO_BACKUP = "A backup of the ledger could bring back a vault that does not know of the latest erasures."


class Vault(Construct):
    """The tables `table` and `erasures`, and the `key`; all three stay with the stage's data."""

    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage, table_settings: dict[str, Any]) -> None:
        super().__init__(scope, construct_id)
        self._settings = table_settings
        self.table = self._table("Table", days=RECOVERY_DAYS)
        self.erasures = self._table("Erasures", days=None)
        Validations.of(self.erasures).acknowledge(Acknowledgment(id="AwsSolutions-DDB3", reason=NO_BACKUP))
        self.key = self._key(stage)

    def _table(self, construct_id: str, days: int | None) -> dynamodb.Table:
        recovery = dynamodb.PointInTimeRecoverySpecification(
            point_in_time_recovery_enabled=days is not None, recovery_period_in_days=days
        )
        return dynamodb.Table(
            self,
            construct_id,
            partition_key=dynamodb.Attribute(name="partition", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sort", type=dynamodb.AttributeType.STRING),
            **{**self._settings, "point_in_time_recovery_specification": recovery},
        )

    def _key(self, stage: Stage) -> kms.Key:
        """The key, whose policy leaves it to the account's IAM who may use it.

        Its alias is found by `make adopt`. Where both stay, a new stack cannot take the alias, so it cannot come to
        have another key beside the old one's tables.
        """
        policy = RemovalPolicy.RETAIN if stage.keep else RemovalPolicy.DESTROY
        key = kms.Key(
            self,
            "Key",
            description="Wraps the keys that wrap customers' keys",
            enable_key_rotation=True,
            pending_window=Duration.days(PENDING_DAYS),
            removal_policy=policy,
        )
        alias = kms.Alias(self, "Alias", alias_name=key_alias(stage), target_key=key)
        alias.apply_removal_policy(policy)
        return key

    def let_use_key(self, function: ServiceFunction, port: str) -> None:
        """Grant what a port does with the key, for the encryption context of wrapping keys alone.

        https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-encryption-context
        """
        function.allow(
            [KEY_ACTIONS[port]],
            self.key.key_arn,
            StringEquals={"kms:EncryptionContext:mallbots": PURPOSE},
            StringLike={"kms:EncryptionContext:year": "????"},
        )
        function.function.add_environment("PERSONAL_DATA_KEY", self.key.key_arn)
