"""One-time codes and sessions: guessed, reused, raced, enumerated, too many, too late, and at another kiosk."""

import re
from collections.abc import Callable
from functools import partial

from tests.security.cases import Attack, Case, as_, claims_of_ada, with_token
from tests.security.world import Answer, World

ANY = "any code opens a session"
TRIES = "a code may be tried for ever"
ONCE = "a code opens more than one session"
LIFE = "a code is valid for ever"
TELLS = "an answer tells whether a number is known"
BY_PHONE = "a number may be sent any number of codes"
BY_KIOSK = "a kiosk may request any number of codes"
TRIED = "a kiosk may try any number of codes"
KIOSKS = "a kiosk opens anyone's session"
JUST = "a kiosk opens the session of whoever registered once"
RENEWAL = "a session is renewed for ever"

CODES, SESSIONS = "/api/customers/codes", "/api/customers/sessions"
UNKNOWN = "+15550999"
SOMEBODYS, NOBODYS = "+15554", "+15555"  # how their numbers begin
TIME = "time passes in memory alone"

KIOSK = ("customers Kiosk",)  # what counts a kiosk's requests and tries
COUNTED = (*KIOSK, "customers Phone")  # and those of a number
REQUESTED = (*COUNTED, "insights rows", "notifications CodeText", "published OneTimeCodeRequested", "texts")


def registered(world: World) -> None:
    """Somebody registers whose number nobody had before, as a number takes few codes; and nobody has another one."""
    ids = world.scene.ids
    rest = f"{sum(name.startswith('somebody') for name in ids):06}"
    ids |= {"number": SOMEBODYS + rest, "nobodys number": NOBODYS + rest}
    body = {"name": "Somebody", "smsNumber": ids["number"]}
    answer = as_("kiosk", "POST", "/api/customers", body)(world)
    ids[f"somebody {ids['number']}"] = answer.body["id"]
    world.settle()


def request_code(world: World) -> None:
    """The kiosk has a code sent to who has just registered."""
    registered(world)
    assert as_("kiosk", "POST", CODES, {"smsNumber": "{number}"})(world).status == 200


def proof(world: World, code: str, number: str = "{number}", kiosk: str = "kiosk") -> Answer:
    """A kiosk sends a code."""
    return as_(kiosk, "POST", SESSIONS, {"smsNumber": number, "code": code})(world)


def right(world: World) -> str:
    """The code that was sent last."""
    [code] = re.findall(r"\b[0-9]{6}\b", world.last_text(world.scene.ids["number"]))
    return str(code)


def wrong(world: World) -> str:
    """Another."""
    return f"{(int(right(world)) + 1) % 10**6:06}"


def guessed_five_times(world: World) -> None:
    """A code is requested, and five wrong ones are tried."""
    request_code(world)
    world.settle()
    assert [proof(world, wrong(world)).status for _ in range(5)] == [403] * 5


def three_requested(world: World) -> None:
    """Three codes for one number, which is how many it gets."""
    registered(world)
    assert [ask_for_code(world, "{number}").status for _ in range(3)] == [200] * 3


def used(world: World) -> None:
    """The code opens a session."""
    request_code(world)
    world.settle()
    assert proof(world, right(world)).status == 200


def alike(about: Callable[[World, str], Answer]) -> Attack:
    """The answers about a known and about an unknown number, which must not differ: 200 if they do not."""

    def attack(world: World) -> Answer:
        known, unknown = about(world, "{number}"), about(world, "{nobodys number}")
        names = [set(answer.headers) for answer in (known, unknown)]
        same = known.status == unknown.status and known.text == unknown.text and names[0] == names[1]
        return Answer(200 if same else 409, {}, f"{known} {unknown}")

    return attack


def ask_for_code(world: World, number: str) -> Answer:
    """The kiosk has a code sent to a number."""
    return as_("kiosk", "POST", CODES, {"smsNumber": number})(world)


def raced(world: World) -> Answer:
    """The right code from two kiosks at once: 200 if exactly one session was opened."""
    body = {"smsNumber": world.scene.ids["number"], "code": right(world)}
    attempts = [partial(as_(kiosk, "POST", SESSIONS, body), world) for kiosk in ("kiosk", "other kiosk")]
    answers = world.at_once(attempts)
    opened = sum(answer.status == 200 for answer in answers)
    return Answer(200 if opened == 1 else 409, {}, f"{opened} sessions were opened")


def busy_with_requests(world: World) -> None:
    """Codes for 20 numbers from one kiosk."""
    numbers = [f"+1555020{number:02}" for number in range(20)]
    asked = [as_("busy kiosk", "POST", CODES, {"smsNumber": number})(world) for number in numbers]
    assert [answer.status for answer in asked] == [200] * 20


def busy_with_guesses(world: World) -> None:
    """30 guesses from one kiosk."""
    assert [proof(world, "123456", UNKNOWN, "busy kiosk").status for _ in range(30)] == [403] * 30


def later(seconds: int, prepare: Callable[[World], object] = lambda world: None) -> Callable[[World], None]:
    """What comes before an attack, and a time after it."""

    def prepared(world: World) -> None:
        prepare(world)
        world.settle()
        world.pass_time(seconds)

    return prepared


def old_session(world: World) -> str:
    """A session of Ada's that began more than two hours ago and was renewed since."""
    return world.sign(claims_of_ada(world, more={"began": world.now() - 7_300}))


def in_logs(world: World) -> Answer:
    """A code is requested and used; no log line may hold it, nor the number."""
    code = right(world)
    answer = proof(world, code)
    for secret in (code, world.scene.ids["number"]):
        assert secret not in world.logs(), "a log line holds a code or a number"
    return answer


CASES = (
    Case("a code is guessed", (403,), ANY, lambda w: proof(w, wrong(w)), prepare=request_code, changes=COUNTED),
    Case(
        "the right code after five wrong ones",
        (403,),
        TRIES,
        lambda w: proof(w, right(w)),
        prepare=guessed_five_times,
        changes=KIOSK,
    ),
    Case("a code is used again", (403,), ONCE, lambda w: proof(w, right(w)), prepare=used, changes=KIOSK),
    Case("a code is used twice at once", (200,), ONCE, raced, prepare=request_code, changes=COUNTED),
    Case(
        "a code for another number",
        (403,),
        ANY,
        lambda w: proof(w, right(w), "+15550101"),
        prepare=request_code,
        changes=KIOSK,
    ),
    Case(
        "a code after five minutes",
        (403,),
        LIFE,
        lambda w: proof(w, right(w)),
        prepare=later(301, request_code),
        changes=KIOSK,
        memory_only=TIME,
    ),
    Case(
        "whether a number is known, by a request for a code",
        (200,),
        TELLS,
        alike(ask_for_code),
        prepare=registered,
        changes=REQUESTED,
    ),
    Case(
        "whether a number is known, by a guess",
        (200,),
        TELLS,
        alike(lambda w, number: proof(w, "123456", number)),
        prepare=registered,
        changes=KIOSK,
    ),
    Case(
        "a fourth code for one number",
        (429,),
        BY_PHONE,
        lambda w: ask_for_code(w, "{number}"),
        prepare=three_requested,
        changes=KIOSK,
    ),
    Case(
        "a code for the 21st number from one kiosk",
        (429,),
        BY_KIOSK,
        as_("busy kiosk", "POST", CODES, {"smsNumber": "+155502020"}),
        prepare=busy_with_requests,
    ),
    Case(
        "the 31st guess from one kiosk",
        (429,),
        TRIED,
        lambda w: proof(w, "123456", UNKNOWN, "busy kiosk"),
        prepare=busy_with_guesses,
    ),
    Case(
        "a customer requests a code", (403,), "roles are not judged", as_("ada", "POST", CODES, {"smsNumber": UNKNOWN})
    ),
    Case(
        "another kiosk opens the session of who has just registered",
        (404,),
        KIOSKS,
        as_("other kiosk", "POST", "/api/customers/{ada}/sessions"),
    ),
    Case(
        "a kiosk opens the session of who registered ten minutes ago",
        (403,),
        JUST,
        as_("kiosk", "POST", "/api/customers/{ada}/sessions"),
        prepare=later(601),
        memory_only=TIME,
    ),
    Case(
        "a session is renewed after two hours",
        (403,),
        RENEWAL,
        with_token(old_session, "POST", "/api/customers/{ada}/sessions"),
    ),
    Case(
        "a code or a number in the log",
        (200,),
        "logs quote what was sent",
        in_logs,
        prepare=request_code,
        changes=COUNTED,
    ),
)
