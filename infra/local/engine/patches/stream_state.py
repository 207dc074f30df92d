"""Save the streams of tables with the tables' state.

The engine keeps stream records in memory only, so a stop loses what was written but not yet delivered to the relay.
Here they are saved in one file with the tables, so that both match whenever the engine is killed: the records that some
mapping has not read, the last ones that all have read (a failure destination's message refers to records by their
sequence numbers), and the mappings' positions.
"""

from typing import Any

from infra.local.engine.seams import Seams, module

KEPT_AFTER_DELIVERY = 1000
STATE_KEY = "stream_state"


def apply(seams: Seams) -> None:
    tables, functions = module("services.dynamodb"), module("services.lambda_svc")
    seams.need(tables, "_stream_records", "_stream_trimmed")
    seams.need(functions, "_dynamodb_stream_positions", "_esms")
    get_state, load_state = seams.take(tables, "get_state"), seams.take(tables, "load_persisted_state")
    load_functions = seams.take(functions, "load_persisted_state")
    positions_of_tables: list[Any] = []

    def with_streams() -> dict[str, Any]:
        positions = functions._dynamodb_stream_positions
        kept, trimmed = type(tables._stream_records)(), type(tables._stream_trimmed)()
        for (account, region, table), records in tables._stream_records.all_items():
            beginning = tables._stream_trimmed.get_scoped(account, region, table, 0)
            seen = min(positions_on(functions, account, region, table), default=beginning + len(records))
            dropped = min(max(seen - beginning - KEPT_AFTER_DELIVERY, 0), len(records))
            kept.set_scoped(account, region, table, list(records[dropped:]))
            trimmed.set_scoped(account, region, table, beginning + dropped)
        streams = {"records": kept, "trimmed": trimmed, "positions": positions}
        return {**get_state(), STATE_KEY: streams}

    def load_tables(data: dict[str, Any]) -> None:
        load_state(data)
        streams = data.get(STATE_KEY)
        if streams:
            tables._stream_records.update(streams["records"])
            tables._stream_trimmed.update(streams["trimmed"])
            positions_of_tables.append(streams["positions"])
            restore_positions()

    def load_function_state(data: dict[str, Any]) -> None:
        load_functions(data)
        restore_positions()

    def restore_positions() -> None:
        # The functions' file also has positions, from another moment: these must win, whichever is loaded last.
        for positions in positions_of_tables:
            functions._dynamodb_stream_positions.update(positions)

    seams.replace(tables, "get_state", with_streams)
    seams.replace(tables, "load_persisted_state", load_tables)
    seams.replace(functions, "load_persisted_state", load_function_state)


def positions_on(functions: Any, account: str, region: str, table: str) -> list[int]:
    """The positions of all mappings on a table's stream."""
    found = []
    for mapping_account, mapping_region, mapping in functions._iter_all_esms():
        if (mapping_account, mapping_region) == (account, region) and f":table/{table}/" in mapping["EventSourceArn"]:
            position = functions._dynamodb_stream_positions.get_scoped(account, region, mapping["UUID"])
            if position is not None:
                found.append(int(position))
    return found
