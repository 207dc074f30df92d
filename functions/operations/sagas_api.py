"""The route by which a command of a saga is sent again: the very message, so that it has no second effect."""

from functions.kernel.rest.http import Api
from functions.kernel.rest.wire import Answer, Body, Label
from functions.kernel.runtime.context import OPERATOR
from functions.operations import sagas

api = Api("operations")


class Unanswered(Body):
    """The commands that have no answer, by their names, as checkout shows the saga."""

    commands: list[Label]


class Sent(Answer):
    """sent: the ids of the messages that were put on the bus again."""

    sent: list[str]


@api.put("/api/operations/sagas/{orderId}/retry", may=[OPERATOR], versioned=False)
def retry_saga(order_id: str, body: Unanswered) -> Sent:
    """Send the latest try of commands of an order's saga again, under the same ids.

    It counts as no further try. What was handled before is not done again; its recorded answer is sent again.
    """
    return Sent(sent=sagas.retry(order_id, body.commands))
