"""The shell blocks of the runbooks, as an operator types them, on a deployed mall."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra.documents.generate import ROOT
from tests.docs.run import chosen, looking, tools
from tests.docs.shell import Block
from tests.docs.shells import Shell, as_local
from tests.e2e.conftest import Deployed

FEWEST, AT_ONCE, LONGEST = 35, 3, 120  # blocks; blocks; seconds of a block


def test_every_block_of_a_runbook_that_looks_at_something_works_in_the_shell_of_an_operator(
    deployed: Deployed, tmp_path: Path
) -> None:
    engine = deployed.cloud.engine
    aws = tools(tmp_path)
    before = Shell(
        ROOT,
        {
            **os.environ,
            "PORT": str(engine.port),
            "STATE": str(engine.state),
            "PATH": f"{aws}:{os.environ['PATH']}",
        },
        tmp_path / "shell",
        LONGEST,
    )
    sign_in, *_ = chosen("docs/runbooks/README.md")
    assert (opened := before.run(as_local(sign_in.text))).well, opened.said

    found = looking()
    assert len(found) >= FEWEST

    def said_wrong(block: Block) -> str | None:
        ran = before.copied(tmp_path / f"{Path(block.page).stem}-{block.line}").run(as_local(block.text))
        return None if ran.well else f"{block.place}: {ran.said}"

    with ThreadPoolExecutor(AT_ONCE) as at_once:
        assert [wrong for wrong in at_once.map(said_wrong, found) if wrong] == []
