"""Clients that go on, and the journal of what they asked."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from clients.mall import MallError
from infra.local.process import HOST
from tests.chaos.clients import AbandonedError, Gate, PatientMall
from tests.chaos.journal import Asked, Journal
from tests.chaos.kills import TakenBack, bring_back, bring_back_later

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts([HOST])]


class Server(BaseHTTPRequestHandler):
    """Answers as it is told: a status for each request; 0 closes the connection without an answer."""

    protocol_version = "HTTP/1.1"
    answers: ClassVar[list[int]] = []
    keys: ClassVar[list[str | None]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.keys.append(self.headers.get("idempotency-key"))
        status = self.answers.pop(0)
        if not status:
            self.close_connection = True
            return
        content = json.dumps({"id": "made"} if status == 200 else {"code": "refused", "message": "no"}).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    Server.answers, Server.keys = [], []
    server = ThreadingHTTPServer((HOST, 0), Server)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def mall(server: ThreadingHTTPServer, journal: Journal, gate: Gate) -> Iterator[PatientMall]:
    with PatientMall(f"http://{HOST}:{server.server_address[1]}", journal, gate) as mall:
        yield mall


def test_a_request_without_an_answer_is_sent_again_under_its_key(mall: PatientMall, journal: Journal) -> None:
    Server.answers[:] = [0, 503, 200]
    assert mall.post("/api/baskets", {}, key="mine") == {"id": "made"}
    assert Server.keys == ["mine", "mine", "mine"]
    assert [asked.status for asked in journal.entries] == [None, 503, 200]
    assert [asked.accepted for asked in journal.entries] == [False, False, True]


def test_what_is_refused_for_good_is_not_sent_again(mall: PatientMall, journal: Journal) -> None:
    Server.answers[:] = [404]
    with pytest.raises(MallError) as refused:
        mall.post("/api/baskets", {}, key="mine")
    assert refused.value.status == 404
    assert len(journal.entries) == 1


def test_a_closed_gate_holds_all_requests_back_but_those_that_bring_something_back(
    mall: PatientMall, gate: Gate
) -> None:
    Server.answers[:] = [200]
    gate.close()
    assert mall.through_the_gate().post("/api/baskets", {}, key="mine") == {"id": "made"}
    gate.abandon()
    with pytest.raises(AbandonedError):
        mall.post("/api/baskets", {}, key="another")
    assert Server.keys == ["mine"]


def test_the_journal_is_kept_as_lines_of_json(mall: PatientMall, journal: Journal, tmp_path: Path) -> None:
    Server.answers[:] = [200]
    mall.post("/api/baskets", {"customerId": "c"}, key="mine")
    journal.write(tmp_path / "journal.jsonl")
    [line] = (tmp_path / "journal.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert (kept["method"], kept["path"], kept["key"], kept["status"]) == ("POST", "/api/baskets", "mine", 200)
    assert kept["answer"] == {"id": "made"}


def taken_back_by(mall: PatientMall, who: str) -> TakenBack:
    asked = Asked(1, who, "POST", "/api/payments/invoices/1/pay", {}, "mine", 1.0, 2.0, 200, by=mall)
    return TakenBack(3.0, 1.5, 10.0, [asked], [])


def test_what_a_kill_took_back_is_repeated_under_its_key(mall: PatientMall) -> None:
    Server.answers[:] = [503, 200]
    taken = taken_back_by(mall, "customer:1")
    assert bring_back(taken) == []
    assert Server.keys == ["mine", "mine"]
    assert taken.refused == []


def test_what_is_about_something_that_a_kill_took_back_too_is_repeated_until_that_is_there(mall: PatientMall) -> None:
    Server.answers[:] = [404, 404, 200]
    taken = taken_back_by(mall, "customer:1")
    early = bring_back(taken)
    assert early == taken.requests
    bring_back_later(taken, early)
    assert Server.keys == ["mine"] * 3
    assert taken.refused == []


def test_a_robots_step_is_not_repeated_when_its_list_is_no_longer_there(mall: PatientMall) -> None:
    Server.answers[:] = [404]
    taken = taken_back_by(mall, "bot:1")
    assert bring_back(taken) == []
    assert len(taken.refused) == 1
