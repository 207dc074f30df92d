"""All cases of the suite, and the expected result of each on either cloud."""

from typing import Any

from tests.simulation.differential.case import Case
from tests.simulation.differential.differences import DIFFERENCES
from tests.simulation.differential.dynamodb_indexes import indexes
from tests.simulation.differential.dynamodb_reads import reads
from tests.simulation.differential.dynamodb_streams import streams
from tests.simulation.differential.dynamodb_transactions import transactions
from tests.simulation.differential.dynamodb_writes import writes
from tests.simulation.differential.eventbridge import messages
from tests.simulation.differential.lambda_invoke import functions
from tests.simulation.differential.sqs import queues
from tests.simulation.differential.sqs_fifo import fifo_queues

# By AWS service; names are unique within one.
SUITE: dict[str, Case] = {
    f"{service}: {name}": case
    for service, cases in (
        ("DynamoDB writes", writes),
        ("DynamoDB transactions", transactions),
        ("DynamoDB reads", reads),
        ("DynamoDB indexes", indexes),
        ("DynamoDB streams", streams),
        ("SQS", queues),
        ("SQS FIFO", fifo_queues),
        ("EventBridge", messages),
        ("Lambda", functions),
    )
    for name, case in cases.by_name.items()
}


def expected(name: str) -> tuple[Any, Any]:
    """The expected results on the simulated cloud and on the engine: that of AWS, except for listed differences."""
    gives = SUITE[name].gives
    listed = DIFFERENCES.get(name)
    if listed is None:
        return gives, gives
    return listed.simulated if listed.is_simulated else gives, listed.engine if listed.is_engine else gives
