"""Tables and queues keep their logical ids, tables their keys: otherwise CloudFormation replaces them."""

from tests.infra.conftest import Templates

EVENTS = "ServiceEvents9470217E"
VIEWS = "ServiceViews224FAA69"
VAULT, ERASURES = "ServiceVaultTableB1D2F23B", "ServiceVaultErasures6DBD0996"
AUDIT = "ServiceAuditTable84266F26"
ROW = ["partition", "sort"]
KEYS = {EVENTS: ["stream", "version"], VIEWS: ROW, VAULT: ROW, ERASURES: ROW, AUDIT: ["day", "place"]}
INBOX = {"ServiceInboxQueue71168C66", "ServiceInboxDeadLettersA2A17638", "ServiceInboxUndelivered297A1839"}
DISPATCHER = {
    "ServiceDispatcherQueueFA098A07",
    "ServiceDispatcherDeadLetters2327A939",
    "ServiceDispatcherUndelivered4FB762FC",
}
CODES = {"ServiceCodesQueue47057AF2", "ServiceCodesDeadLettersB4BE761D", "ServiceCodesUndelivered6B9BF8BE"}
GATHERED = {"ServiceGatheredQueue16B9AF3F", "ServiceGatheredDeadLetters7390DAED", "ServiceGatheredUndeliveredB5C3EBDD"}
TOPICS = {"ServiceTopicsQueue76D34A61", "ServiceTopicsDeadLetters1DDB8371", "ServiceTopicsUndeliveredB68C4B87"}
RELAY = {"ServiceRelayFailures647D90D4"}
OUTCOMES = {"ServiceOutcomesQueueC3985D46", "ServiceOutcomesDeadLettersB829365E"}

TABLES = {
    "baskets": {EVENTS, VIEWS},
    "checkout": {EVENTS, VIEWS},
    "customers": {EVENTS, VAULT, ERASURES},
    "depot": {EVENTS, VIEWS},
    "fleet": {EVENTS, VIEWS},
    "insights": {VIEWS},
    "live": {VIEWS},
    "notifications": {EVENTS, VIEWS},
    "operations": {VIEWS, AUDIT},
    "ordering": {EVENTS, VIEWS},
    "payments": {EVENTS, VIEWS},
    "search": {VIEWS},
    "stores": {EVENTS, VIEWS},
}
QUEUES = {
    "baskets": INBOX | RELAY,
    "checkout": INBOX | RELAY,
    "customers": INBOX | RELAY,
    "depot": INBOX | DISPATCHER | GATHERED | RELAY,
    "fleet": INBOX | TOPICS | RELAY,
    "insights": INBOX,
    "live": INBOX,
    "notifications": CODES | INBOX | RELAY,
    "operations": OUTCOMES,
    "ordering": INBOX | RELAY,
    "payments": INBOX | RELAY,
    "search": INBOX,
    "stores": INBOX | RELAY,
}


def logical_ids(templates: Templates, kind: str) -> dict[str, set[str]]:
    """The logical ids of all resources of a type, by stack."""
    found: dict[str, set[str]] = {}
    for stack, name, _ in templates.resources(kind):
        found.setdefault(stack, set()).add(name)
    return found


def test_the_logical_ids_of_tables_do_not_change(dev: Templates) -> None:
    assert logical_ids(dev, "AWS::DynamoDB::Table") == TABLES


def test_the_logical_ids_of_queues_do_not_change(dev: Templates) -> None:
    assert logical_ids(dev, "AWS::SQS::Queue") == QUEUES


def test_the_logical_ids_of_the_key_of_personal_data_and_of_its_alias_do_not_change(dev: Templates) -> None:
    """Another key of KMS would open nothing that there is."""
    assert logical_ids(dev, "AWS::KMS::Key") == {"customers": {"ServiceVaultKeyACFCE3B0"}}
    assert logical_ids(dev, "AWS::KMS::Alias") == {"customers": {"ServiceVaultAlias1BEA6D3E"}}


def test_the_keys_of_tables_do_not_change(dev: Templates) -> None:
    for stack, name, table in dev.resources("AWS::DynamoDB::Table"):
        assert [key["AttributeName"] for key in table["KeySchema"]] == KEYS[name], (stack, name)
