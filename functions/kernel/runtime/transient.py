"""Which errors of AWS are transient: it throttles, fails or does not answer, so that a retry may succeed."""

from typing import Any, cast

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NoConnectionError

from functions.kernel.domain.errors import UnavailableError

# Throttling has a name of its own in each service; these are the ones that botocore retries, and SQS's for its quotas.
THROTTLES = {
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "OverLimit",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
}
# A key of KMS that an operator disabled, until it is enabled again. Its other errors that may pass answer 5xx:
# https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html
DISABLED = {"DisabledException", "KMSInvalidStateException"}  # the second: its deletion is scheduled
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html: a cancelled transaction
# answers 400 and says why in a reason for each of its items.
THROTTLED_ITEMS = {"ProvisionedThroughputExceeded", "ThrottlingError"}


class UnreadError(UnavailableError):
    """DynamoDB left keys of a batch unprocessed, however often they were asked for."""


def is_transient(error: BaseException) -> bool:
    """Whether AWS throttles, answers 5xx, cannot be reached, or does not answer in time, or a key is disabled."""
    if isinstance(error, ClientError):
        response = cast(dict[str, Any], error.response)
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        reasons = {reason.get("Code") for reason in response.get("CancellationReasons", [])}
        code = response["Error"]["Code"]
        return code in THROTTLES or code in DISABLED or status >= 500 or bool(reasons & THROTTLED_ITEMS)
    return isinstance(error, UnreadError | HTTPClientError | NoConnectionError | ConnectionError | TimeoutError)
