"""The robots' stream by REST: who is issued what, and what a signing request may hold.

What a robot may do with its certificate is tried at the broker of a deployment: tests/e2e/test_robots_stream.py.
"""

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.security.cases import Case, as_
from tests.security.cases_of_roles import NOBODY, ROLES, as_nobody
from tests.support.iot import new_key, signing_request

KEYS = "any signing request will do"
UNKNOWN_ROBOT = "who is to have a certificate is not asked"
CERTIFICATE = "/api/fleet/robots/{bot}/certificate"
CSR = {"csr": signing_request()}
FLEET = (
    ("GET", "/api/fleet/robots", None),
    ("GET", "/api/fleet/robots/{bot}", None),
    ("PUT", "/api/fleet/robots/{other_bot}/pause", None),
    ("PUT", "/api/fleet/robots/{other_bot}/resume", None),
    ("PUT", "/api/fleet/robots/{other_bot}/actions/an-action/retry", None),
    ("PUT", "/api/fleet/robots/{other_bot}/actions/an-action/skip", None),
    ("POST", CERTIFICATE, CSR),
)
A_KEY = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

ROLES_ALONE = tuple(
    Case(f"a {who} uses a route of the robots' gateway: {method} {path}", (403,), ROLES, as_(token, method, path, body))
    for who, token in (("robot", "bot"), ("customer", "ada"), ("kiosk", "kiosk"))
    for method, path, body in FLEET
)

REQUESTS = (
    Case("nobody at all is issued a robot's certificate", (401,), NOBODY, as_nobody("POST", CERTIFICATE, CSR)),
    Case(
        "staff issue a certificate for a key that is too weak",
        (400,),
        KEYS,
        as_("staff", "POST", CERTIFICATE, {"csr": signing_request(rsa.generate_private_key(65_537, 1_024))}),
    ),
    Case(
        "staff send a robot's private key with its request",
        (400,),
        KEYS,
        as_("staff", "POST", CERTIFICATE, {"csr": A_KEY + signing_request()}),
    ),
    Case(
        "staff issue a certificate to a robot that there is not",
        (404,),
        UNKNOWN_ROBOT,
        as_("staff", "POST", "/api/fleet/robots/00000000-0000-4000-8000-000000000000/certificate", CSR),
    ),
)

CASES = (*ROLES_ALONE, *REQUESTS)
