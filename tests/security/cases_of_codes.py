"""One-time codes and sessions: guessed, reused, raced, enumerated, too many, too late, and at another kiosk."""

import re
from collections.abc import Callable

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
TIME = "time passes in memory alone"


def registered(world: World) -> None:
    """Somebody registers whose number nobody had before: a number takes few codes."""
    ids = world.scene.ids
    ids["number"] = f"+15554{sum(name.startswith('somebody') for name in ids):06}"
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


def times(many: int, attempt: Attack) -> Attack:
    """The same so many times; the last answer counts."""

    def attack(world: World) -> Answer:
        return [attempt(world) for _ in range(many)][-1]

    return attack


def guessed_six_times(world: World) -> Answer:
    """Five wrong ones, then the right one."""
    for _ in range(5):
        proof(world, wrong(world))
    return proof(world, right(world))


def used(world: World) -> None:
    """The code opens a session."""
    request_code(world)
    world.settle()
    assert proof(world, right(world)).status == 200


def alike(about: Callable[[World, str], Answer]) -> Attack:
    """The answers about a known and about an unknown number, which must not differ: 200 if they do not."""

    def attack(world: World) -> Answer:
        known, unknown = about(world, "{number}"), about(world, UNKNOWN)
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
    answers = world.at_once([("kiosk", "POST", SESSIONS, body), ("other kiosk", "POST", SESSIONS, body)])
    opened = sum(answer.status == 200 for answer in answers)
    return Answer(200 if opened == 1 else 409, {}, f"{opened} sessions were opened")


def at_many_numbers(world: World) -> Answer:
    """Codes for 21 numbers from one kiosk."""
    numbers = [f"+1555020{number:02}" for number in range(21)]
    return [as_("busy kiosk", "POST", CODES, {"smsNumber": number})(world) for number in numbers][-1]


def later(seconds: int, attempt: Attack) -> Attack:
    """An attack after a time."""

    def attack(world: World) -> Answer:
        world.pass_time(seconds)
        return attempt(world)

    return attack


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
    Case("a code is guessed", (403,), ANY, lambda w: proof(w, wrong(w)), prepare=request_code, changes=True),
    Case("the right code after five wrong ones", (403,), TRIES, guessed_six_times, prepare=request_code, changes=True),
    Case("a code is used again", (403,), ONCE, lambda w: proof(w, right(w)), prepare=used, changes=True),
    Case("a code is used twice at once", (200,), ONCE, raced, prepare=request_code, changes=True),
    Case(
        "a code for another number",
        (403,),
        ANY,
        lambda w: proof(w, right(w), "+15550101"),
        prepare=request_code,
        changes=True,
    ),
    Case(
        "a code after five minutes",
        (403,),
        LIFE,
        later(301, lambda w: proof(w, right(w))),
        prepare=request_code,
        changes=True,
        memory_only=TIME,
    ),
    Case(
        "whether a number is known, by a request for a code",
        (200,),
        TELLS,
        alike(ask_for_code),
        prepare=registered,
        changes=True,
    ),
    Case(
        "whether a number is known, by a guess",
        (200,),
        TELLS,
        alike(lambda w, number: proof(w, "123456", number)),
        prepare=registered,
        changes=True,
    ),
    Case(
        "four codes for one number",
        (429,),
        BY_PHONE,
        times(4, as_("kiosk", "POST", CODES, {"smsNumber": "{number}"})),
        prepare=registered,
        changes=True,
    ),
    Case("codes for 21 numbers from one kiosk", (429,), BY_KIOSK, at_many_numbers, changes=True),
    Case(
        "31 guesses from one kiosk",
        (429,),
        TRIED,
        times(31, lambda w: proof(w, "123456", UNKNOWN, "busy kiosk")),
        changes=True,
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
        later(601, as_("kiosk", "POST", "/api/customers/{ada}/sessions")),
        changes=True,
        memory_only=TIME,
    ),
    Case(
        "a session is renewed after two hours",
        (403,),
        RENEWAL,
        with_token(old_session, "POST", "/api/customers/{ada}/sessions"),
    ),
    Case(
        "a code or a number in the log", (200,), "logs quote what was sent", in_logs, prepare=request_code, changes=True
    ),
)
