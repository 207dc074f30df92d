"""A case: a few calls to a cloud, what is seen of them, and what AWS shows by its documentation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from tests.simulation.differential.place import Place

Deed = Callable[[Place], Any]


@dataclass(frozen=True)
class Case:
    """One case. name: a sentence. do: the calls; what it returns is compared. gives: what that is in AWS."""

    name: str
    do: Deed
    gives: Any


class Cases:
    """The cases of one service of the cloud, by their names."""

    def __init__(self) -> None:
        self.by_name: dict[str, Case] = {}

    def gives(self, expected: Any) -> Callable[[Deed], Deed]:
        """Register a case by what AWS makes of it; its name is the function's. Raises ValueError for one known."""

        def register(do: Deed) -> Deed:
            name = do.__name__.replace("_", " ")
            if name in self.by_name:
                raise ValueError(f"there is a case {name!r} already")
            self.by_name[name] = Case(name, do, expected)
            return do

        return register


def refusal(call: Callable[..., Any], **request: Any) -> dict[str, Any]:
    """What a call was refused with: code, and of what was there or of a transaction's items what the error says.

    {} when it was not refused. What botocore itself does not let out counts as the service's ValidationException.
    """
    try:
        call(**request)
    except ParamValidationError:
        return {"code": "ValidationException"}
    except ClientError as error:
        answer: Any = error.response
        said: dict[str, Any] = {"code": answer["Error"]["Code"]}
        if "Item" in answer:
            said["there"] = answer["Item"]
        if "CancellationReasons" in answer:
            said["reasons"] = [reason["Code"] for reason in answer["CancellationReasons"]]
            said["there"] = [reason.get("Item") for reason in answer["CancellationReasons"]]
        return said
    return {}


def code(call: Callable[..., Any], **request: Any) -> str | None:
    """The code that a call was refused with, or None."""
    found: str | None = refusal(call, **request).get("code")
    return found
