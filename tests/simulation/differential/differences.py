"""Where the simulated cloud and the local engine differ, from each other or from AWS: AWS's documentation judges."""

from dataclasses import dataclass
from typing import Any

AS_AWS: Any = object()  # what a cloud gives that does as AWS does


@dataclass(frozen=True)
class Difference:
    """One case that is not seen alike everywhere.

    simulated, engine: what is seen there instead of what AWS gives. aws: what AWS does, in words; documented: where
    that is said. why: why it is left as it is.
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
        aws="An empty itemIdentifier is no valid answer: the whole batch has failed and comes again.",
        documented=f"{LAMBDA}/dg/services-sqs-errorhandling.html",
        engine=[["a", 1]],
        why="Powertools' batch processor and the kernel's inbox only ever name ids of the batch.",
    ),
    "SQS: an acknowledgement under an earlier receipt deletes nothing": Difference(
        aws="A message is deleted under its latest receipt only; under an earlier one the request succeeds in vain.",
        documented=f"{SQS}/APIReference/API_DeleteMessage.html",
        engine=False,
        why="The engine deletes the message. In the simulation such a message comes again, and handlers must bear it.",
    ),
    "SQS: attributes count into the size of a message": Difference(
        aws="Names, types and values of attributes are part of the message's size: one megabyte with the body.",
        documented=f"{SQS}/SQSDeveloperGuide/sqs-message-metadata.html",
        engine=None,
        why="The engine measures bodies. A dead letter's reasons are cut at 2,000 characters; bodies are far smaller.",
    ),
    "SQS: a message that was deleted cannot be hidden": Difference(
        aws="InvalidParameterValue: the message does not exist or is not available for visibility timeout change.",
        documented=f"{SQS}/APIReference/API_ChangeMessageVisibility.html",
        engine="ReceiptHandleIsInvalid",
        why="Both are refusals, which the inbox takes alike.",
    ),
    "Lambda: an answer that is no json is an error": Difference(
        aws="Runtime.MarshalError: the runtime could not write the answer as JSON.",
        documented="https://github.com/aws/aws-lambda-python-runtime-interface-client",
        engine=[200, "Unhandled", "TypeError"],
        why="Whoever asks sees that the function failed, and looks no further.",
    ),
    "Lambda: a function that is not there and a request that is no json are refused": Difference(
        aws="InvalidRequestContentException: the request body could not be parsed as JSON.",
        documented=f"{LAMBDA}/api/API_Invoke.html",
        engine=["ResourceNotFoundException", None],
        why="The kernel's invoker writes its requests with json.dumps.",
    ),
}
