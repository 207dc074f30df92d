"""IoT Core's message broker: who may connect, and with what.

Restored behaviour of AWS:

- Robots connect by TLS with a client certificate; without one the handshake fails. The engine lets them in.
  https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html
- A certificate that is no longer active loses its live connections too (within minutes on AWS, here at once), and so
  do handshakes that have not said CONNECT yet.
  https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html
- A policy may limit who connects with a persistent session or a last will, by `iot:ConnectAttributes`.
  https://docs.aws.amazon.com/iot/latest/developerguide/connect-policy.html
"""

import os
import ssl
from typing import Any

from infra.local.engine.patches.mqtt import NOT_AUTHORIZED, disconnect, start
from infra.local.engine.seams import Seams, module

Response = tuple[int, dict[str, str], bytes]


def apply() -> None:
    if os.environ.get("IOT_MTLS_ENABLED") == "0":
        return
    seams = Seams("mqtt_access")
    iot = module("services.iot")
    require_certificates(seams, iot)
    cut_off_certificates(seams, iot)
    judge_connections(seams, iot)


def require_certificates(seams: Seams, iot: Any) -> None:
    build = seams.take(iot, "_mtls_build_ssl_context")

    def build_strict() -> ssl.SSLContext:
        context: ssl.SSLContext = build()
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    seams.replace(iot, "_mtls_build_ssl_context", build_strict)


def cut_off_certificates(seams: Seams, iot: Any) -> None:
    handle = seams.take(iot, "_handle_certificate")
    seams.need(iot, "_certificates", "_connected_clients", "_mtls_loop")

    def cut_off(certificate: str) -> None:
        for session in list(iot._connected_clients.values()):
            if session.certificate_id == certificate:
                start(disconnect(iot, session, NOT_AUTHORIZED, "AUTH_ERROR"))

    def handle_and_cut_off(method: str, path: str, body: bytes, query: dict[str, Any]) -> Response:
        response: Response = handle(method, path, body, query)
        certificate = path.rpartition("/")[2]
        if method != "GET" and response[0] < 400:
            record = iot._certificates.get(certificate)
            if (record is None or record["status"] != "ACTIVE") and iot._mtls_loop is not None:
                iot._mtls_loop.call_soon_threadsafe(cut_off, certificate)
        return response

    seams.replace(iot, "_handle_certificate", handle_and_cut_off)


def judge_connections(seams: Seams, iot: Any) -> None:
    """One attribute at a time: the engine's conditions know no sets of a connection's values."""
    allows = seams.take(iot._WSSession, "_policy_allows")
    registrations = seams.take(iot, "_mtls_active_registrations")

    def is_active(session: Any) -> bool:
        claims = session.provisioning_template is not None  # such a certificate is registered elsewhere
        return session.certificate_id is None or claims or bool(registrations(session.certificate_id))

    def allows_with(session: Any, action: str, resource: str) -> bool:
        if action == "iot:Connect" and not is_active(session):
            return False
        used = {"PersistentConnect": session._persist_session, "LastWill": session._will_topic is not None}
        attributes = [name for name, is_used in used.items() if is_used]
        if action != "iot:Connect" or not attributes:
            return bool(allows(session, action, resource))
        context = session._policy_context
        try:
            for attribute in attributes:
                session._policy_context = {**context, "iot:connectattributes": attribute}
                if not allows(session, action, resource):
                    return False
        finally:
            session._policy_context = context
        return True

    seams.replace(iot._WSSession, "_policy_allows", allows_with)
