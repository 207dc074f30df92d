"""The use cases of robots' certificates: what a robot needs to connect, and that a retired one no longer can."""

import os
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from events.vda5050.topics import Topics
from functions.fleet import service, signing_requests, views
from functions.fleet.identities import identities, revocation
from functions.kernel.domain.errors import NotFoundError, RefusedError, UnavailableError
from functions.kernel.runtime import budget, runtime
from functions.kernel.runtime.runtime import Port

ROOTS = Path(__file__).with_name("amazon_roots.pem")


def connect() -> str:
    """The certificates (PEM) by which a robot knows the broker: AWS's roots, or what the local cloud signs with.

    ROBOTS_CA is the address of the latter. Raises UnavailableError where it does not answer.
    """
    address = os.environ.get("ROBOTS_CA", "")
    if not address:
        return ROOTS.read_text()
    place = urlsplit(address)
    connection = HTTPConnection(str(place.hostname), place.port, timeout=budget.READ)
    try:
        connection.request("GET", place.path)
        answer = connection.getresponse()
        text = answer.read().decode()
    except (OSError, HTTPException) as error:
        raise UnavailableError("the broker's certificate cannot be read now: ask again in a moment") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise UnavailableError("the broker's certificate cannot be read now: ask again in a moment")
    return text


authorities: Port[str] = Port("authorities", connect=connect)


@dataclass(frozen=True)
class Connecting:
    """What a robot needs to connect. certificate, authorities: in PEM. endpoint: of MQTT over TLS, as host:port."""

    certificate: str
    authorities: str
    endpoint: str
    topics: Topics


def issue(bot_id: str, csr: str) -> Connecting:
    """Issue a robot a certificate for the key of a signing request; the same key gets the same certificate again.

    The newest two certificates of a robot are valid. Raises InvalidError for a request that is not fit, NotFoundError
    for an unknown robot, RefusedError for a retired one, and UnavailableError, after which it can be repeated.
    """
    request = signing_requests.read(csr)
    _must_be_known(bot_id, RefusedError)  # an unknown id may be that of another thing of the account
    trusted, endpoint = authorities(), runtime.current().setting("BROKER")
    if not endpoint:
        raise UnavailableError("this deployment does not say where robots connect: deploy it by make deploy")
    try:
        certificate = identities().issue(bot_id, request)
    finally:
        _must_be_known(bot_id, NotFoundError, RefusedError)
    return Connecting(certificate, trusted, endpoint, Topics(f"mallbots-{runtime.current().setting('STAGE')}"))


def _must_be_known(bot_id: str, *gone: type[Exception]) -> None:
    """Raises as `service.is_known` does; what is in `gone`, once the robot has no certificate.

    One that is issued while it is retired may come into being after all of its certificates were revoked; and where
    that function was cut short, a request that is repeated is the next that can see it.
    """
    try:
        service.is_known(bot_id)
    except gone:
        identities().revoke(bot_id)
        raise


def revoke(bot_id: str) -> None:
    """Revoke all certificates of a robot that was retired; once is enough.

    Raises UnavailableError while AWS does not delete them: they are found again by a row.
    """
    known = views.certificates(bot_id)
    revocation().revoke(bot_id, known, lambda arns: views.keep_certificates(bot_id, arns))
    views.forget_certificates(bot_id)
