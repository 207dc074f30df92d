"""What the robots' gateway reads of the messages it consumes."""

from tests.contract.kinds import FLAG, NUMBER, TEXT, Reads, each, maybe, optional, words

READS: Reads = {
    ("BotRegistered",): {"bot_id": TEXT, "name": TEXT},
    ("BotCameOnline", "BotAssigned", "BotFinished"): {
        "bot_id": TEXT,
        "status": words("offline", "idle", "active"),
        "list_id": maybe(TEXT),
        "assignment": optional(NUMBER),
    },
    ("BotWentOffline",): {
        "bot_id": TEXT,
        "status": words("offline", "idle", "active"),
        "list_id": maybe(TEXT),
        "assignment": optional(NUMBER),
        "gave_back": optional(maybe(TEXT)),
    },
    ("BotRetired",): {
        "bot_id": TEXT,
        "status": words("offline", "idle", "active", "retired"),
        "list_id": maybe(TEXT),
        "assignment": optional(NUMBER),
    },
    ("ShoppingListAssigned",): {
        "shopping_list_id": TEXT,
        "bot_id": TEXT,
        "assignment": NUMBER,
        **each("stops", store_id=TEXT, location=TEXT),
        **each("stops[].items", product_id=TEXT, quantity=NUMBER),
    },
    ("CollectionRefused",): {"bot_id": TEXT, "list_id": TEXT, "assignment": NUMBER, "has_list": optional(FLAG)},
}
