"""How execution environments start: `patches/forks.py`."""

import io
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.engine.workbench import Clients, Workbench, eventually

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the engine forks on Linux alone")


@pytest.fixture(scope="module")
def layer(clients: Clients) -> str:
    """A layer with one package."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("python/robots.py", "WHEELS = 4")
    made = clients("lambda").publish_layer_version(LayerName="packages", Content={"ZipFile": content.getvalue()})
    arn: str = made["LayerVersionArn"]
    return arn


def test_environments_of_functions_with_the_same_layers_are_forked_of_one_process(bench: Workbench, layer: str) -> None:
    functions = [bench.function("note([os.getpid(), os.getppid()])", Layers=[layer]) for _ in range(2)]

    for function in functions:
        bench.invoke(function)

    [[[first, parent]], [[second, same]]] = [function.notes() for function in functions]
    assert first != second
    assert parent == same


def test_a_forked_environment_has_its_own_code_layers_variables_and_output(bench: Workbench, layer: str) -> None:
    body = """
        import robots, sys
        note([robots.WHEELS, os.environ["AWS_LAMBDA_FUNCTION_NAME"], os.getcwd() == os.environ["LAMBDA_TASK_ROOT"],
              [path for path in sys.path if "infra" in path], sys.stdin.fileno(), "boto3" in sys.modules])
    """
    function = bench.function(body, Layers=[layer])

    bench.invoke(function)

    assert function.notes() == [[4, function.name, True, [], 0, True]]


def test_a_forked_environment_that_ends_is_replaced(bench: Workbench, layer: str) -> None:
    function = bench.function("note(os.getpid())\nif event.get('end'): os._exit(1)", Layers=[layer])

    bench.invoke(function)
    bench.client("lambda").invoke(FunctionName=function.name, Payload=b'{"end": true}')["Payload"].close()
    bench.invoke(function)

    first, same, other = function.notes()
    assert first == same != other


def test_environments_are_started_also_when_the_process_that_they_are_forked_of_was_killed(
    bench: Workbench, layer: str
) -> None:
    body = "note([os.getpid(), os.getppid()])\nos.kill(os.getppid(), 9) if event.get('end') else time.sleep(0.1)"
    function = bench.function(body, Layers=[layer])
    bench.client("lambda").invoke(FunctionName=function.name, Payload=b'{"end": true}')["Payload"].close()

    with ThreadPoolExecutor(3) as callers:
        list(callers.map(lambda _: bench.invoke(function), range(6)))

    eventually(lambda: len(function.notes()) == 7)
    assert len({environment for environment, _ in function.notes()}) > 1
