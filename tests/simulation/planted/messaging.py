"""Planted bugs of relay, bus and inbox: how messages are published, received and answered."""

from functions.kernel.composition.adapters import EventBridgeBus
from functions.kernel.eventstore import publish, relay
from functions.kernel.eventstore.repository import Repository
from functions.kernel.messaging import inbox, retry
from functions.kernel.messaging.inbox import Inbox
from functions.kernel.messaging.redelivery import Redelivery
from tests.simulation.check.delivery import ANSWERED, DEAD_LETTER_REASON, DELIVERED, PUBLISHED, UNKNOWN_VERSION
from tests.simulation.check.envelopes import NAMES_ITS_SAGA
from tests.simulation.check.projections import REBUILT
from tests.simulation.check.refusals import VALID_REASON
from tests.simulation.check.sagas import ENDS
from tests.simulation.check.side_effects import NOTIFIED_ONCE
from tests.simulation.check.stages import COUNTED
from tests.simulation.planted.bug import Bug, Edit, Set

BUGS = (
    Bug(
        "relay ignores failed entries",
        "The relay reports success to the stream, whatever the bus refused.",
        (PUBLISHED, DELIVERED),
        (Edit(relay.handle, "if not failed:", "if True:"),),
    ),
    Bug(
        "relay advances past failed entries",
        "The relay reports the last record that failed, so the failed ones before it are skipped.",
        (PUBLISHED, DELIVERED),
        (Edit(relay.handle, "for owner in owners if", "for owner in reversed(owners) if"),),
    ),
    Bug(
        "FailedEntryCount unread",
        "Whatever PutEvents answers, all entries are taken as published.",
        (PUBLISHED,),
        (Edit(EventBridgeBus._put_batch, 'answer.get("ErrorCode", "")', '""'),),
    ),
    Bug(
        "relay takes the first message of a commit",
        "Of a commit with several messages only one is published.",
        (PUBLISHED, DELIVERED),
        (Edit(relay.handle, "messages_of(image) if", "messages_of(image)[:1] if"),),
    ),
    Bug(
        "timer that could not be sent is forgotten",
        "The relay reports success when the queue refused a timer.",
        (DELIVERED,),
        (Edit(relay._remind, "return False", "return True"),),
    ),
    Bug(
        "bus gives up silently",
        "Entries that failed at two attempts are taken as published.",
        (PUBLISHED,),
        (Edit(EventBridgeBus._put_batch, "return [*refused, *map(Unsent, positions)]", "return refused"),),
    ),
    Bug(
        "acknowledged before the commit",
        "A message whose handling fails is deleted.",
        (ANSWERED, REBUILT, NOTIFIED_ONCE, ENDS, COUNTED),
        (Edit(Redelivery.may_leave, "return error is None or self._failed(record, error)", "return True"),),
    ),
    Bug(
        "rest of a batch dropped",
        "The first failure ends a batch, and the messages after it are taken as handled.",
        (ANSWERED, REBUILT, NOTIFIED_ONCE, ENDS, COUNTED),
        (
            Edit(
                Inbox._in_turn,
                'failed.append(record["messageId"])',
                'failed.append(record["messageId"])\n                break',
            ),
        ),
    ),
    Bug(
        "given up after two attempts",
        "A message is dead-lettered before a transient fault could pass.",
        (DEAD_LETTER_REASON,),
        (
            Edit(retry.is_final, 'int(runtime.current().setting("MAX_RECEIVES"))', "2"),
            Edit(retry._patience, "return TRANSIENT_FOR", "return 0"),
        ),
    ),
    Bug(
        "a newer version given up at once",
        "A message of a version that the code does not know yet is dead-lettered at its first receive.",
        (DEAD_LETTER_REASON,),
        (Edit(retry.is_final, "isinstance(error, UndeliverableError)", "_patience(error) == NEWER_FOR"),),
    ),
    Bug(
        "a bus that is not there",
        "Messages are put on a bus that does not exist; AWS answers with success.",
        (PUBLISHED,),
        (Edit(EventBridgeBus._entry, "self._name", '"another"'),),
    ),
    Bug(
        "any error taken for a refusal",
        "Any error while a command is handled is answered with a refusal.",
        (VALID_REASON,),
        (Set(inbox, "REFUSALS", (Exception,)),),
    ),
    Bug(
        "a command without effect is not answered",
        "A command that had taken effect before gets no answer.",
        (ANSWERED, ENDS),
        (Edit(Inbox._answer, "elif not working.answered:", "elif False:"),),
    ),
    Bug(
        "refusal not sent",
        "A command that is refused gets no answer.",
        (ANSWERED, ENDS),
        (Edit(Inbox._answer, "publish([refused])", "pass"),),
    ),
    Bug(
        "answer not in the commit",
        "The answer to a command is not stored with its commit.",
        (ANSWERED, ENDS),
        (Edit(Repository.prepare, "messages.append(working.answer)", "pass"),),
    ),
    Bug(
        "newer messages dropped",
        "A message of a version that the code does not know is deleted and not retried.",
        (UNKNOWN_VERSION,),
        (
            Edit(
                Redelivery._failed,
                "if not retry.is_final(",
                "if isinstance(error, retry.NewerVersionError):\n            return True\n"
                "        if not retry.is_final(",
            ),
        ),
    ),
    Bug(
        "reply without its saga",
        "A reply does not say for which saga it is.",
        (NAMES_ITS_SAGA,),
        (Edit(publish.answer, "saga=context.saga", "saga=None"),),
    ),
    Bug(
        "commands without their service",
        "A command does not say which service asks.",
        (NAMES_ITS_SAGA,),
        (Edit(publish.Publisher._detail, "self.service if asks else None", "None"),),
    ),
)
