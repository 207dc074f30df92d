"""What the kernel's copy of customers reads, for the services that keep one."""

from tests.contract.kinds import FLAG, TEXT, Reads, optional

KNOWN_CUSTOMERS: Reads = {
    (
        "CustomerRegistered",
        "CustomerSmsChanged",
        "CustomerLanguageChanged",
        "CustomerEnabled",
        "CustomerDisabled",
    ): {"customer_id": TEXT, "enabled": FLAG, "language": optional(TEXT)},
    ("CustomerErased",): {"customer_id": TEXT},
}
