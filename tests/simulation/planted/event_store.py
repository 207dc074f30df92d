"""Planted bugs of the event store, the repository, and idempotency."""

from functions.kernel.eventstore import repository
from functions.kernel.eventstore.loading import Loaded, load
from functions.kernel.eventstore.repository import Repository, change_together, check_expected_version, recall
from functions.kernel.eventstore.store import DynamoEventStore
from functions.kernel.runtime import causes
from functions.kernel.runtime.context import Context
from tests.simulation.check.commands import (
    ANSWERED_VERSION,
    AT_MOST_ONCE,
    DURABLE,
    IF_MATCH,
    KEY_STORED,
    NEVER_STORED,
    ONCE,
    READ_YOUR_WRITES,
    SAME_ANSWER,
    VERSIONS_IN_ORDER,
)
from tests.simulation.check.failures import CAUSED
from tests.simulation.check.money import OWED, RELEASED, TOGETHER, WITHIN_LIMITS
from tests.simulation.check.past import AS_OF
from tests.simulation.check.published_state import PUBLISHED_STATE
from tests.simulation.check.robots import ONE_ROBOT
from tests.simulation.check.side_effects import ONE_EFFECT
from tests.simulation.check.transitions import LEGAL
from tests.simulation.planted.bug import Bug, Edit, Set

CONDITION = '"attribute_not_exists(#stream)"'

BUGS = (
    Bug(
        "no condition on the commit",
        "Of two concurrent commits, the second overwrites the first.",
        (VERSIONS_IN_ORDER, DURABLE),
        (Edit(DynamoEventStore.commit, CONDITION, '"attribute_not_exists(#stream) OR attribute_exists(#stream)"'),),
    ),
    Bug(
        "SDK retry taken for a conflict",
        "A write that the SDK retries after a lost reply is decided and stored again.",
        (AT_MOST_ONCE, NEVER_STORED, ONCE, SAME_ANSWER),
        (Edit(DynamoEventStore._raise_unless_stored, "== [commit.id for commit in commits]", "== []"),),
    ),
    Bug(
        "conflict taken for an SDK retry",
        "A commit that lost a race is taken as stored.",
        (ONCE,),
        (Edit(DynamoEventStore._raise_unless_stored, "== [commit.id for commit in commits]", "!= []"),),
    ),
    Bug(
        "transaction conflict taken for success",
        "A transaction that was cancelled by a conflict is taken as stored.",
        (ONCE,),
        (
            Edit(
                DynamoEventStore._raise_unless_stored,
                "there = self.read(commits[0].stream, commits[0].version)",
                "return",
            ),
        ),
    ),
    Bug(
        "transaction written item by item",
        "Two aggregates of a transaction are stored one after the other.",
        (TOGETHER, ONE_ROBOT),
        (
            Edit(
                DynamoEventStore.commit,
                "if len(puts) == 1 and not beside:",
                "if not beside:\n                for put in puts[1:]:\n"
                "                    self._client.put_item(**cast(Any, put))",
            ),
        ),
    ),
    Bug(
        "aggregates read eventually consistently",
        "A load may miss the latest commits.",
        (READ_YOUR_WRITES, ONCE, SAME_ANSWER),
        (Edit(DynamoEventStore._query, '"ConsistentRead": True', '"ConsistentRead": False'),),
    ),
    Bug(
        "version counted by commits",
        "A commit of several events takes one version.",
        (VERSIONS_IN_ORDER,),
        (Edit(Repository.prepare, "version=first,", "version=aggregate.version,"),),
    ),
    Bug(
        "cause not recorded",
        "A commit does not record its cause.",
        (AT_MOST_ONCE, SAME_ANSWER, ONE_EFFECT),
        (Edit(Repository.prepare, "cause=working.cause,", "cause=None,"),),
    ),
    Bug(
        "cause not checked",
        "A message or request that was handled before is handled again.",
        (AT_MOST_ONCE, SAME_ANSWER, ONE_EFFECT),
        (Edit(recall, "working.cause is None", "working is not None"),),
    ),
    Bug(
        "dedup window of one",
        "A stream remembers only the latest cause.",
        (AT_MOST_ONCE, SAME_ANSWER, ONE_EFFECT),
        (Set(causes, "KEPT", 1),),
    ),
    Bug(
        "snapshot without the causes before it",
        "A stream forgets the causes before its latest snapshot.",
        (AT_MOST_ONCE, SAME_ANSWER, ONE_EFFECT),
        (Edit(load, "snapshot.causes if snapshot else Causes()", "Causes()"),),
    ),
    Bug(
        "snapshot of the state before",
        "A snapshot has the state before the last event of its commit.",
        (PUBLISHED_STATE, LEGAL),
        (
            Edit(
                Loaded.snapshot,
                "return Snapshot(self.aggregate.snapshot_schema, msgspec.Raw(codec.to_state(self.aggregate)), causes)",
                "older = self.fold()\n"
                "        for event in self.aggregate.changes[:-1]:\n            older.apply(event)\n"
                "        return Snapshot(older.snapshot_schema, msgspec.Raw(codec.to_state(older)), causes)",
            ),
        ),
    ),
    Bug(
        "snapshot before the whole commit",
        "A snapshot has the state before all events of its commit.",
        (PUBLISHED_STATE, LEGAL),
        (Edit(Loaded.snapshot, "codec.to_state(self.aggregate)", "codec.to_state(self.fold())"),),
    ),
    Bug(
        "snapshot of another schema",
        "A snapshot is used whatever its schema version.",
        (PUBLISHED_STATE, LEGAL, OWED, WITHIN_LIMITS, RELEASED, CAUSED),
        (
            Edit(
                load,
                "commit.snapshot_of(kind.snapshot_schema)",
                "commit.snapshot",
            ),
        ),
    ),
    Bug(
        "conflict merged",
        "A commit that lost a race is stored after the winner without a new decision.",
        (LEGAL, ONCE, AT_MOST_ONCE, VERSIONS_IN_ORDER, NEVER_STORED),
        (
            Edit(
                Repository._decide,
                "clock.back_off(attempt)\n                    continue",
                "from dataclasses import replace\n"
                "                    commit = replace(commit, version=commit.version + 1)\n"
                "                    runtime.current().store.commit(commit)",
            ),
        ),
    ),
    Bug(
        "conflict swallowed",
        "A commit that lost a race is dropped and answered with success.",
        (ONCE,),
        (Edit(Repository._decide, "clock.back_off(attempt)\n                    continue", "return aggregate"),),
    ),
    Bug(
        "conflict of a transaction swallowed",
        "A transaction that lost a race is dropped and answered with success.",
        (ONCE,),
        (
            Edit(
                change_together,
                "clock.back_off(attempt)\n                continue",
                "return one.aggregate, two.aggregate",
            ),
        ),
    ),
    Bug(
        "If-Match ignored",
        "A change is accepted although its If-Match names another version.",
        (IF_MATCH,),
        (Edit(check_expected_version, "working.expected_versions is None or", "working is not None or"),),
    ),
    Bug(
        "Idempotency-Key without its request",
        "Another request under a used key gets the answer of the first.",
        (ONCE,),
        (Edit(recall, "recorded.cause is None or not working.cause.is_of(recorded.cause)", "False"),),
    ),
    Bug(
        "key without an effect forgotten",
        "A request that changed nothing takes effect when it is repeated under its Idempotency-Key.",
        (KEY_STORED,),
        (Edit(Repository._decide, "_keep_key(aggregate, working)", "pass"),),
    ),
    Bug(
        "repeated answer with the current version",
        "A repeated request is answered with the ETag of now.",
        (SAME_ANSWER,),
        (Edit(recall, "recorded.last", "loaded.aggregate.version"),),
    ),
    Bug(
        "creation under a fresh id",
        "A creation that is repeated under its Idempotency-Key creates a second aggregate.",
        (AT_MOST_ONCE, SAME_ANSWER),
        (Edit(Context.new_id, "if self.cause else", "if False else"),),
    ),
    Bug(
        "answer with the version before",
        "A change is answered with the ETag from before it.",
        (ANSWERED_VERSION,),
        (
            Edit(
                repository._note_version,
                "working.version = version",
                "working.version = version - 1",
            ),
        ),
    ),
    Bug(
        "the state before a version",
        "Operators who ask what a stream was at the first event of a commit are shown what it was before.",
        (AS_OF,),
        (Edit(Repository.as_of, "commit.version > version", "commit.version >= version"),),
    ),
)
