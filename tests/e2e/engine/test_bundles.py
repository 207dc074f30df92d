"""What a function's code and layers are on disk: `patches/bundles.py`."""

from concurrent.futures import ThreadPoolExecutor

from tests.e2e.engine.workbench import Workbench

# Each waits until another environment is at work, so that calls overlap however slow the machine is.
MEETS_ANOTHER = """\
note([os.getpid(), os.path.realpath(__file__)])
ends = time.monotonic() + 20
while len({json.loads(line)[0] for line in open(os.environ["JOURNAL"])}) < 2 and time.monotonic() < ends:
    time.sleep(0.02)
"""


def test_execution_environments_share_one_copy_of_their_code(bench: Workbench) -> None:
    function = bench.function(MEETS_ANOTHER, Timeout=30)

    with ThreadPoolExecutor(4) as callers:
        list(callers.map(lambda _: bench.invoke(function), range(8)))

    environments, files = (set(noted) for noted in zip(*function.notes(), strict=True))
    assert len(environments) > 1
    assert len(files) == 1


def test_code_that_is_updated_runs_from_then_on(bench: Workbench) -> None:
    function = bench.function("note('old')")
    bench.invoke(function)

    bench.update(function, "note('new')")
    bench.invoke(function)

    assert function.notes() == ["old", "new"]
