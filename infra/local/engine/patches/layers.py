"""Layers: the archive of a layer is saved as a file of its own, as the engine saves functions' code.

This restores no behaviour of AWS: it spares time and memory. The engine saves each layer's archive as text, within the
state of the functions: every stack has a layer of its own, of the same 12 MB, which made 223 MB to write after requests
that deploy, and to read at each start.
"""

from typing import Any

from infra.local.engine.seams import Seams, module

DATA = "_zip_data"


def apply() -> None:
    seams, functions = Seams("layers"), module("services.lambda_svc")
    seams.need(functions, "_layers", "_write_code_blob", "_read_code_blob", "_BLOB_REF_KEY")
    get_state, restore = seams.take(functions, "get_state"), seams.take(functions, "_restore_state")
    prune = seams.take(functions, "_prune_orphan_code_blobs")
    reference = functions._BLOB_REF_KEY

    def prune_but_layers(referenced: set[str]) -> None:
        """The engine removes the files to which no function refers."""
        prune(referenced | {functions._write_code_blob(version[DATA]) for version in with_data(functions._layers)})

    def state_with_references() -> dict[str, Any]:
        state: dict[str, Any] = get_state()
        for version in with_data(state["layers"]):
            version[DATA] = {reference: functions._write_code_blob(version[DATA])}
        return state

    def restore_with_data(state: dict[str, Any] | None) -> None:
        read: dict[str, bytes | None] = {}
        for version in with_data((state or {}).get("layers")):
            if isinstance(version[DATA], dict):
                digest = version[DATA][reference]
                if digest not in read:
                    read[digest] = functions._read_code_blob(digest)
                version[DATA] = read[digest]
        restore(state)

    seams.replace(functions, "_prune_orphan_code_blobs", prune_but_layers)
    seams.replace(functions, "get_state", state_with_references)
    seams.replace(functions, "_restore_state", restore_with_data)


def with_data(layers: Any) -> list[dict[str, Any]]:
    """The versions of all layers, of every account and region, that have an archive."""
    every = [] if layers is None else layers._data.values()
    return [version for layer in every for version in layer["versions"] if version.get(DATA)]
