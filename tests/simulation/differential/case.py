"""A case: a few calls to a cloud, and the result that AWS documents."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError

from tests.simulation.differential.place import Place

Calls = Callable[[Place], Any]


@dataclass(frozen=True)
class Case:
    """One case. name: a sentence. do: the calls; its result is compared. gives: the result in AWS."""

    name: str
    do: Calls
    gives: Any


class Cases:
    """The cases of one AWS service, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Case] = {}

    def gives(self, expected: Any) -> Callable[[Calls], Calls]:
        """Register a case with its result in AWS; its name is the function's. Raises ValueError for a duplicate."""

        def register(do: Calls) -> Calls:
            name = do.__name__.replace("_", " ")
            if name in self.by_name:
                raise ValueError(f"there is a case {name!r} already")
            self.by_name[name] = Case(name, do, expected)
            return do

        return register


def refusal(call: Callable[..., Any], **request: Any) -> dict[str, Any]:
    """The refusal of a call: its code, and the existing item or the reasons of a transaction where the error has them.

    {} when the call succeeded. A request that botocore refuses counts as the service's ValidationException.
    """
    try:
        call(**request)
    except ParamValidationError:
        return {"code": "ValidationException"}
    except ClientError as error:
        answer: Any = error.response
        refused: dict[str, Any] = {"code": answer["Error"]["Code"]}
        if "Item" in answer:
            refused["there"] = answer["Item"]
        if "CancellationReasons" in answer:
            refused["reasons"] = [reason["Code"] for reason in answer["CancellationReasons"]]
            refused["there"] = [reason.get("Item") for reason in answer["CancellationReasons"]]
        return refused
    return {}


def code(call: Callable[..., Any], **request: Any) -> str | None:
    """The error code of a call, or None."""
    found: str | None = refusal(call, **request).get("code")
    return found
