"""What a service has at hand while it runs."""

import pytest

from functions.kernel.runtime import runtime
from tests.support.runtime import memory_runtime


def test_nothing_is_at_hand_outside_a_composition() -> None:
    with pytest.raises(RuntimeError, match="no runtime"):
        runtime.current()


def test_the_innermost_runtime_is_the_one_at_work() -> None:
    outer, inner = memory_runtime("jars"), memory_runtime("chests")
    with runtime.active(outer):
        with runtime.active(inner):
            assert runtime.current() is inner
        assert runtime.current() is outer


def test_a_setting_is_read_from_the_stage_and_has_no_default() -> None:
    running = memory_runtime("jars", settings={"MALLBOTS_STEP_TIMEOUT": "2"})
    assert running.setting("STEP_TIMEOUT") == "2"
    with pytest.raises(RuntimeError, match="the stage has no setting MALLBOTS_PATIENCE"):
        running.setting("PATIENCE")


def test_a_way_out_is_connected_once_for_a_runtime_and_only_when_used() -> None:
    connections: list[object] = []

    def connect() -> object:
        connections.append(object())
        return connections[-1]

    port = runtime.Port("provider", connect)
    with runtime.active(memory_runtime("jars")):
        assert connections == []
        assert port() is port()
    with runtime.active(memory_runtime("jars")):
        port()
    assert len(connections) == 2


def test_a_way_out_can_be_given() -> None:
    port = runtime.Port("provider", lambda: "the real one")
    with runtime.active(memory_runtime("jars", adapters={"provider": "a fake"})):
        assert port() == "a fake"
