"""Where the simulated cloud or the local engine differs from AWS, as AWS documents it."""

from dataclasses import dataclass
from typing import Any

AS_AWS: Any = object()  # the result of a cloud that behaves like AWS


@dataclass(frozen=True)
class Difference:
    """One case with different results.

    simulated, engine: the result there where it is not AWS's. aws: what AWS does, in words; documented: the page of
    AWS's documentation. why: why the difference stays.
    """

    aws: str
    documented: str
    why: str
    simulated: Any = AS_AWS
    engine: Any = AS_AWS

    @property
    def is_simulated(self) -> bool:
        """Whether the simulated cloud differs from AWS."""
        return self.simulated is not AS_AWS

    @property
    def is_engine(self) -> bool:
        """Whether the engine differs from AWS."""
        return self.engine is not AS_AWS


SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest"
LAMBDA = "https://docs.aws.amazon.com/lambda/latest"

DIFFERENCES: dict[str, Difference] = {
    "SQS: a failure without an id fails the whole batch": Difference(
        aws="An empty itemIdentifier is not valid: the whole batch counts as failed and is redelivered.",
        documented=f"{LAMBDA}/dg/services-sqs-errorhandling.html",
        engine=[["a", 1]],
        why="Powertools' batch processor and the kernel's inbox only ever name ids of the batch.",
    ),
    "SQS: an acknowledgement under an earlier receipt deletes nothing": Difference(
        aws="Only the latest receipt deletes a message; with an earlier one the request succeeds without effect.",
        documented=f"{SQS}/APIReference/API_DeleteMessage.html",
        engine=False,
        why="The engine deletes the message. The simulation redelivers it, and handlers must tolerate that.",
    ),
    "SQS: attributes count into the size of a message": Difference(
        aws="Names, types and values of attributes are part of the message's size: one megabyte with the body.",
        documented=f"{SQS}/SQSDeveloperGuide/sqs-message-metadata.html",
        engine=None,
        why="The engine counts bodies only. A dead letter's reasons are cut at 2,000 characters; bodies are smaller.",
    ),
    "SQS: a message that was deleted cannot be hidden": Difference(
        aws="InvalidParameterValue: the message does not exist or is not available for visibility timeout change.",
        documented=f"{SQS}/APIReference/API_ChangeMessageVisibility.html",
        engine="ReceiptHandleIsInvalid",
        why="Both are refusals, and the inbox handles them alike.",
    ),
    "Lambda: an answer that is no json is an error": Difference(
        aws="Runtime.MarshalError: the runtime could not write the answer as JSON.",
        documented="https://github.com/aws/aws-lambda-python-runtime-interface-client",
        engine=[200, "Unhandled", "TypeError"],
        why="The invoker sees that the function failed, which is all it uses.",
    ),
    "Lambda: a function that is not there and a request that is no json are refused": Difference(
        aws="InvalidRequestContentException: the request body could not be parsed as JSON.",
        documented=f"{LAMBDA}/api/API_Invoke.html",
        engine=["ResourceNotFoundException", None],
        why="The kernel's invoker writes its requests with json.dumps.",
    ),
}
