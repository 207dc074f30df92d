"""A deployment on the local cloud as a world: requests over HTTP, state by what the tables hold."""

import http.client
import json
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode, urlsplit

from clients.mall import wait_for
from functions.insights.sums import KINDS, SUMS
from functions.kernel.composition.manifest import services
from functions.kernel.eventstore.item import from_item
from functions.kernel.runtime import token_keys
from functions.kernel.runtime.context import KIOSK, OPERATOR, STAFF
from functions.operations.summaries import SUMMARIES
from infra.local.cloud import LocalCloud
from infra.local.queues import depths
from infra.local.users import sign_in
from tests.e2e.engine.workbench import as_role
from tests.security.in_memory import sign
from tests.security.world import Answer, NotHereError, Scene, World, digests, kind_of, newest

DEAD = ("dead-letters", "undelivered", "relay-failures")  # in the names of queues that no handler consumes
OF_SCHEDULES = {  # the partitions, by how they begin, that a schedule writes whatever is attacked meanwhile
    "insights": (SUMS, "late ", *(f"{kind} by " for kind in KINDS)),
    "operations": (SUMMARIES,),
}
KIOSKS = ("other-kiosk", "busy-kiosk")
PASSWORD = "aA1-" + "x" * 20


class OnLocalCloud(World):
    """A World."""

    def __init__(self, cloud: LocalCloud) -> None:
        self.scene = Scene(ids={"stage": "local"})
        self._cloud = cloud
        address = urlsplit(cloud.api)
        self._host, self._base = address.netloc, address.path
        self._dynamodb = cloud.client("dynamodb")
        for name, group in (("dismissed", STAFF), *((kiosk, KIOSK) for kiosk in KIOSKS)):
            self._make_user(name, group)
        self._sign_in()

    def _sign_in(self) -> None:
        """New tokens of the pool, valid for five minutes; an ID token and one of a disabled clerk among them."""
        cognito, whom = self._cloud.client("cognito-idp"), {"UserPoolId": self._pool, "Username": "dismissed"}
        cognito.admin_enable_user(**whom)
        clerk = self._signed_in("dismissed", STAFF)
        cognito.admin_disable_user(**whom)
        self.scene.tokens |= {role: sign_in(self._cloud, role) for role in (STAFF, OPERATOR, KIOSK)}
        self.scene.tokens |= {"staff id": clerk["IdToken"], "disabled staff": clerk["AccessToken"]}
        self.scene.tokens |= {name.replace("-", " "): self._signed_in(name, KIOSK)["AccessToken"] for name in KIOSKS}
        self._signed_in_at = time.monotonic()

    @property
    def _pool(self) -> str:
        return str(self._cloud.output("UserPoolId"))

    def _make_user(self, name: str, group: str) -> None:
        cognito = self._cloud.client("cognito-idp")
        whom = {"UserPoolId": self._pool, "Username": name}
        cognito.admin_create_user(**whom, TemporaryPassword=PASSWORD, MessageAction="SUPPRESS")
        cognito.admin_set_user_password(**whom, Password=PASSWORD, Permanent=True)
        cognito.admin_add_user_to_group(**whom, GroupName=group)

    def _signed_in(self, name: str, group: str) -> Any:
        """The tokens of a user."""
        return self._cloud.client("cognito-idp").admin_initiate_auth(
            UserPoolId=self._pool,
            ClientId=self._cloud.output("KioskClientId" if group == KIOSK else "StaffClientId"),
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD},
        )["AuthenticationResult"]

    def deliver(self, method: str, path: str, content: str | bytes | None, headers: Mapping[str, str]) -> Answer:
        """By http.client, which sends a path as it is."""
        connection = http.client.HTTPConnection(self._host, timeout=30)
        try:
            data = content.encode() if isinstance(content, str) else content
            connection.request(method, self._base + path, data, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, text)
        finally:
            connection.close()

    def state(self) -> dict[str, str]:
        """Of all tables; insights keeps a row of every message about no order that was published.

        What schedules write is left out.
        """
        found: list[tuple[str, object]] = []
        for service in services():
            outputs = self._cloud.outputs()[f"mallbots-local-{service}"]
            if "EventsTable" in outputs:
                found += [(kind_of(service, item), sorted(item.items())) for item in self._all(outputs["EventsTable"])]
            if "ViewsTable" in outputs:
                rows = [row for row in self._all(outputs["ViewsTable"]) if not _of_a_schedule(service, row)]
                found += [(f"{service} rows", sorted(row.items())) for row in rows]
        return digests(sorted(found, key=repr))

    def _all(self, table: str) -> Iterator[Any]:
        for page in self._dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
            yield from page["Items"]

    def message(self, service: str, stream: str, name: str) -> dict[str, Any]:
        """From the service's table."""
        items = self._all(self._cloud.outputs()[f"mallbots-local-{service}"]["EventsTable"])
        return newest((from_item(item) for item in items if item["stream"]["S"] == stream), name)

    def sign(self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None, key: str = "own") -> str:
        """Signed with the deployment's own key, which only its administrator can read, or as `key` says."""
        secret = self._cloud.client("secretsmanager").get_secret_value(SecretId=self._secret())
        signer = token_keys.signer(token_keys.read(secret["SecretString"]), self.now())
        assert signer
        return sign(claims, signer.private, signer.kid, header or {}, key)

    def _secret(self) -> str:
        function = self._cloud.output("KeysFunction")
        variables = self._cloud.client("lambda").get_function_configuration(FunctionName=function)["Environment"]
        return str(variables["Variables"]["TOKEN_KEYS"])

    def sign_for_pool(
        self, claims: Mapping[str, Any], *, header: Mapping[str, Any] | None = None, key: str = "own"
    ) -> str:
        """Raises NotHereError."""
        raise NotHereError("nobody outside has the user pool's private key")

    def publish(self, service: str, entry: Mapping[str, Any]) -> str:
        """Under the role of the service's relay."""
        function = self._cloud.outputs()[f"mallbots-local-{service}"]["RelayFunction"]
        role = self._cloud.client("lambda").get_function_configuration(FunctionName=function)["Role"]
        events = as_role(self._cloud, role, "events")
        try:
            answer = events.put_events(Entries=[{**entry, "EventBusName": self._cloud.output("BusName")}])
        except events.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return str(answer["Entries"][0].get("ErrorCode", ""))

    def ask(self, service: str, owner: str, request: Mapping[str, Any]) -> Any:
        """Under the role of the service's API."""
        outputs, functions = self._cloud.outputs(), self._cloud.client("lambda")
        api, queries = outputs[f"mallbots-local-{service}"]["ApiFunction"], outputs[f"mallbots-local-{owner}"]
        role = functions.get_function_configuration(FunctionName=api)["Role"]
        invoking = as_role(self._cloud, role, "lambda")
        try:
            answer = invoking.invoke(FunctionName=queries["QueriesFunction"], Payload=json.dumps(request))
        except invoking.exceptions.ClientError as error:
            return str(error.response["Error"]["Code"])
        return json.loads(answer["Payload"].read())

    def at_once(self, attacks: Sequence[Callable[[], Answer]]) -> list[Answer]:
        """In threads."""
        with ThreadPoolExecutor(len(attacks)) as pool:
            return [sent.result() for sent in [pool.submit(attack) for attack in attacks]]

    def last_text(self, number: str) -> str:
        """As the engine keeps the texts that SNS was to send."""
        query = urlencode({"phoneNumber": number})
        with urllib.request.urlopen(f"{self._cloud.address}/_ministack/sns/sms-messages?{query}") as answer:
            return str(json.load(answer)["sms_messages"][number][-1]["Message"])

    def pass_time(self, seconds: int) -> None:
        """Raises NotHereError."""
        raise NotHereError("time passes in memory alone")

    def settle(self) -> None:
        """Wait until no queue holds a message, but for dead-letter queues, where refused ones are."""
        if time.monotonic() > self._signed_in_at + 200:
            self._sign_in()
        wait_for(lambda: None if self._waiting() else True, "empty queues")

    def _waiting(self) -> list[str]:
        return [name for name in depths(self._cloud) if not any(kind in name for kind in DEAD)]

    def now(self) -> int:
        """This machine's time."""
        return int(time.time())

    def logs(self) -> str:
        """All lines of all functions."""
        client, found = self._cloud.client("logs"), []
        for group in client.get_paginator("describe_log_groups").paginate():
            for one in group["logGroups"]:
                pages = client.get_paginator("filter_log_events").paginate(logGroupName=one["logGroupName"])
                found += [event["message"] for page in pages for event in page["events"]]
        return "\n".join(found)


def _of_a_schedule(service: str, row: Any) -> bool:
    return bool(row["partition"]["S"].startswith(OF_SCHEDULES.get(service, ())))
