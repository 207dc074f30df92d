"""Text messages by Amazon SNS: the port of a provider, and the adapter of SNS."""

import re
from typing import TYPE_CHECKING, Protocol

import boto3
from botocore.exceptions import ClientError

from functions.kernel.runtime import budget, runtime

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

NUMBER_REFUSED = {"InvalidParameter", "ParameterValueInvalid"}


class UnreachableNumberError(Exception):
    """No retry will reach this number: it is invalid, or its owner has opted out."""


class TextMessages(Protocol):
    """A provider of text messages."""

    def send(self, number: str, text: str, request_id: str) -> None:
        """Send a text to a phone number.

        A provider that honours the request id sends one text for it, however often it is called. Raises
        UnreachableNumberError; any other error may be retried.
        """


class SnsTexts:
    """Texts by Amazon SNS.

    SNS takes no request id for text messages and does not deduplicate them: when a response is lost, or the function
    ends between sending and recording, the customer may get a text twice. The message attribute `request_id` shows that
    both are one.

    sender: the name that a phone shows (1 to 11 letters and digits, not all digits); empty where a country allows none.
    Raises RuntimeError for any other, because SNS would refuse every text with the error of an invalid number.
    """

    def __init__(self, client: "SNSClient", sender: str) -> None:
        if sender and not re.fullmatch(r"(?=[0-9]*[A-Za-z])[A-Za-z0-9]{1,11}", sender):
            raise RuntimeError(f"the sender {sender!r} must have 1 to 11 letters and digits, and at least one letter")
        self._client = client
        self._sender = sender

    def send(self, number: str, text: str, request_id: str) -> None:
        """Call Publish once. Spaces and punctuation are removed from the number, as E.164 has none."""
        attributes = {"request_id": _text(request_id), "AWS.SNS.SMS.SMSType": _text("Transactional")}
        if self._sender:
            attributes["AWS.SNS.SMS.SenderID"] = _text(self._sender)
        try:
            self._client.publish(
                PhoneNumber=re.sub(r"[\s().-]", "", number), Message=text, MessageAttributes=attributes
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in NUMBER_REFUSED:
                raise UnreachableNumberError("the number cannot be reached by text") from error
            raise


def _text(value: str) -> "MessageAttributeValueTypeDef":
    return {"DataType": "String", "StringValue": value}


def connect() -> TextMessages:
    """Texts by SNS in this function's region, with the stage's sender (MALLBOTS_TEXT_SENDER)."""
    return SnsTexts(
        budget.guard(boto3.client("sns", config=budget.config(tries=1))), runtime.current().setting("TEXT_SENDER")
    )
