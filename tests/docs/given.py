"""What pages take for given: the commands by which a local mall is brought to what a page is about.

`python -m tests.docs.given letter` makes a dead letter that would pass, and prints its group and it for a shell.
"""

import json
import os
import sys
import uuid
from pathlib import Path

from clients.mall import Json, Mall, wait_for
from infra.local.cloud import LocalCloud
from infra.local.synthesis import STAGE
from infra.operate.operator import operator

ROOT = Path(__file__).parents[2]
LETTER = f'eval "$(PYTHONPATH={ROOT} .venv/bin/python -m tests.docs.given letter)"'
STORED_WITHIN = 240  # seconds: operations stores letters once a minute

OUTPUT = (
    "output_of() { aws cloudformation describe-stacks --stack-name mallbots-prod-$1 --output text "
    "--query \"Stacks[0].Outputs[?OutputKey=='$2'].OutputValue | [0]\"; }"
)
GIVEN = {
    "docs/operations.md": f"""
        {OUTPUT}
        kid=of-no-key vault=spare-$RANDOM
        aws dynamodb restore-table-to-point-in-time --source-table-name "$(output_of customers VaultTable)" \\
          --target-table-name "$vault"
        """,
    "docs/personal-data.md": f"""
        {OUTPUT}
        vault=$(output_of customers VaultTable) ledger=$(output_of customers ErasuresTable)
        id=$(make -s up | tail -n 1 | grep -o '"customerId": "[^"]*' | cut -d '"' -f 4)
        """,
    "infra/local/README.md": "make redrive SERVICE=baskets",  # make load expects no dead letter
    "docs/runbooks/README.md": LETTER,
    "docs/runbooks/consumer-paused.md": f"""
        {LETTER}
        mallbots pause depot/inbox --reason 'to try the page' --yes
        until mallbots consumers --busy | grep -q paused; do :; done
        """,
    "docs/runbooks/restore-a-table.md": f"""
        {OUTPUT}
        point=$(date -u +%Y-%m-%dT%H:%M:%SZ) restored=mallbots-prod-depot-ServiceEvents9470217E-RESTORED0001
        aws dynamodb restore-table-to-point-in-time --source-table-name "$(output_of depot EventsTable)" \\
          --target-table-name "$restored"
        """,
}
"""By page: a script that runs in the page's shell before its first block."""


def letter(cloud: LocalCloud) -> Json:
    """The newest group of letters, after another letter was added: an event of which baskets does not know yet."""
    message = json.loads((ROOT / "events" / "samples" / "StoreCreated.v1.json").read_text())
    id = str(uuid.uuid4())
    message["metadata"] |= {"id": id, "stream": f"Store#{id}"}
    body = {"source": message["metadata"]["source"], "detail-type": "StoreCreated", "detail": message}
    sqs = cloud.client("sqs")
    queue = sqs.get_queue_url(QueueName=f"mallbots-{STAGE}-baskets-inbox-dead-letters")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(body))
    with operator(cloud, STAGE) as mall:
        return wait_for(lambda: _of_an_open_one(mall), "the group of the letter", seconds=STORED_WITHIN)


def _of_an_open_one(mall: Mall) -> Json | None:
    groups: list[Json] = mall.get("/api/operations/groups")["groups"]
    return next((one for one in groups if one["consumer"] == "baskets/inbox" and one["counts"]["open"]), None)


def main() -> int:
    found = letter(LocalCloud(int(os.environ["PORT"]), Path(os.environ["STATE"])))
    print(f"group={found['id']} sample={found['sample']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
