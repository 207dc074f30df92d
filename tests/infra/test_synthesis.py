"""What a local cloud is deployed from: made once, and copied with the ports of each cloud."""

import json
import os
import time
from itertools import count
from pathlib import Path

import pytest

from infra.documents.api_page import page
from infra.kept import KEPT_SECONDS, kept
from infra.local import synthesis
from infra.local.process import LocalCloudError
from infra.local.synthesis import PORTS, context, synthesize, with_ports
from infra.stages import local_pages
from tests.infra.conftest import synthesized

OTHERS = 4_566, 8_883


def templates(ports: tuple[int, int]) -> str:
    said = context(ports, {})
    return json.dumps(synthesized(said.pop("stage"), **said).stacks)


def test_templates_for_other_ports_are_those_that_are_kept_with_other_ports_in_their_text() -> None:
    assert with_ports(templates(PORTS), OTHERS) == templates(OTHERS)


def test_the_page_of_the_api_for_other_ports_is_the_one_that_is_kept_with_other_ports_in_its_text() -> None:
    ours, others = (page((local_pages(context(ports, {})["engine"]),)) for ports in (PORTS, OTHERS))
    assert with_ports(ours, OTHERS) == others


def test_a_longer_number_is_not_a_port_of_what_is_kept() -> None:
    text = f"arn:aws:sqs:eu-west-1:{PORTS[0]}0000000"
    assert with_ports(text, OTHERS) == text


class App:
    """An app that makes a template which names the engine, and part of a function."""

    def __init__(self) -> None:
        self.ran = 0

    def __call__(self, said: dict[str, str], folder: Path) -> None:
        self.ran += 1
        (folder / "Depot.template.json").write_text(json.dumps(said))
        (folder / "asset.1").mkdir()
        (folder / "asset.1" / "code.py").write_text(f"PORT = {PORTS[0]}")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    app = App()
    monkeypatch.setattr(synthesis, "KEPT", tmp_path / "kept")
    monkeypatch.setattr(synthesis, "_run_app", app)
    return app


def test_the_app_runs_once_for_two_clouds_and_again_for_other_settings(app: App, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    synthesize(first, (4_600, 8_917), {})
    synthesize(second, (4_700, 9_017), {})
    assert app.ran == 1
    assert json.loads((first / "Depot.template.json").read_text())["engine"] == "http://127.0.0.1:4600"
    assert json.loads((second / "Depot.template.json").read_text())["broker"] == "127.0.0.1:9017"
    assert (second / "asset.1" / "code.py").read_text() == f"PORT = {PORTS[0]}"
    synthesize(second, (4_700, 9_017), {"basket_untouched": "60"})
    assert app.ran == 2
    assert json.loads((second / "Depot.template.json").read_text())["basket_untouched"] == "60"


def test_a_folder_holds_nothing_of_what_was_synthesized_before(app: App, tmp_path: Path) -> None:
    folder = tmp_path / "cdk.out"
    folder.mkdir()
    (folder / "Removed.template.json").write_text("{}")
    synthesize(folder, OTHERS, {})
    assert sorted(path.name for path in folder.iterdir()) == ["Depot.template.json", "asset.1"]


def test_templates_are_kept_of_the_sources_that_the_app_read(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit while the app runs: what it made is of neither sources, and is made again."""
    digests = iter(["before", "after the edit", "after the edit", "after the edit"])
    monkeypatch.setattr(synthesis, "digest", lambda _: next(digests))
    assert synthesize(tmp_path / "cdk.out", OTHERS, {}) == "after the edit"
    assert app.ran == 2
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["after the edit"]


def test_templates_of_an_edit_that_was_taken_back_while_the_app_ran_are_not_kept(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest is as before, and tells nothing of it; the time of the last change does."""
    times = iter([1, 2, 2, 2])
    monkeypatch.setattr(synthesis, "last_change", lambda: next(times))
    synthesize(tmp_path / "cdk.out", OTHERS, {})
    assert app.ran == 2


def test_sources_that_change_all_the_time_end_in_an_error_that_says_so(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = count()
    monkeypatch.setattr(synthesis, "digest", lambda _: str(next(numbers)))
    with pytest.raises(LocalCloudError, match="the sources changed each time"):
        synthesize(tmp_path / "cdk.out", OTHERS, {})
    assert list((tmp_path / "kept").iterdir()) == []


def test_an_app_that_fails_keeps_nothing_and_tells_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(synthesis, "KEPT", tmp_path / "kept")
    with pytest.raises(LocalCloudError, match=r"cannot be synthesized:\n.*robot_lease"):
        synthesize(tmp_path / "cdk.out", OTHERS, {"robot_lease": "soon"})
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_another_process_removes_meanwhile_does_not_keep_a_folder_from_being_made(tmp_path: Path) -> None:
    (tmp_path / "removed").symlink_to(tmp_path / "nowhere")  # listed, and not there
    assert kept(tmp_path / "new", lambda empty: (empty / "made").write_text("")).is_dir()


def test_what_was_not_asked_for_in_a_day_is_removed_when_something_else_is_made(tmp_path: Path) -> None:
    a_day_ago = time.time() - KEPT_SECONDS - 60
    old, used, new = (tmp_path / name for name in ("old", "used", "new"))
    for folder in (old, used):
        kept(folder, lambda empty: (empty / "made").write_text(""))
        os.utime(folder, (a_day_ago, a_day_ago))
    kept(used, lambda _: pytest.fail("it is made a second time"))
    kept(new, lambda empty: (empty / "made").write_text(""))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "used"]
