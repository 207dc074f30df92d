"""IoT Core's message broker: who may connect, and with what.

Restored behaviour of AWS:

- Robots connect by TLS with a client certificate; without one the handshake fails. The engine lets them in.
  https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html
- A certificate that is no longer active loses its live connections too (within minutes on AWS, here at once), and so
  do handshakes that have not said CONNECT yet.
  https://docs.aws.amazon.com/iot/latest/apireference/API_UpdateCertificate.html
- The data API ends a client's connection, and drops its session and its will if it is told to. It is judged by the
  client. https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_DeleteConnection.html
- A policy may limit who connects with a persistent session or a last will, by `iot:ConnectAttributes`.
  https://docs.aws.amazon.com/iot/latest/developerguide/connect-policy.html
"""

import os
import ssl
from typing import Any
from urllib.parse import unquote

from infra.local.engine.patches.mqtt import NOT_AUTHORIZED, disconnect, start
from infra.local.engine.seams import Seams, module

CONNECTIONS = "/connections/"
ADMINISTRATIVE_ACTION = 0x98

Response = tuple[int, dict[str, str], bytes]


def apply() -> None:
    if os.environ.get("IOT_MTLS_ENABLED") == "0":
        return
    seams = Seams("mqtt_access")
    iot = module("services.iot")
    require_certificates(seams, iot)
    cut_off_certificates(seams, iot)
    judge_connections(seams, iot)
    end_connections(seams, iot)


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


def end_connections(seams: Seams, iot: Any) -> None:
    data, actions, responses = module("services.iot_data"), module("core.iam_actions"), module("core.responses")
    handle, resource_of = seams.take(data, "handle_request"), seams.take(actions, "extract_resource_arn")
    account, region = seams.take(responses, "get_account_id"), seams.take(responses, "get_region")
    error, answer = seams.take(data, "error_response_json"), seams.take(data, "json_response")

    async def handle_with_connections(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        if method != "DELETE" or not path.startswith(CONNECTIONS):
            handled: Response = await handle(method, path, headers, body, query)
            return handled
        asked = {name: str(value[0] if isinstance(value, list) else value) for name, value in query.items()}
        key = account(), region(), unquote(path.removeprefix(CONNECTIONS))
        session = iot._connected_clients.get(key)
        if session is None:
            missing: Response = error("ResourceNotFoundException", f"{key[2]} is not connected", 404)
            return missing
        if asked.get("preventWillMessage") == "true":
            session._will_topic = None
        if asked.get("cleanSession") == "true":
            session._persist_session = False
        await disconnect(iot, session, ADMINISTRATIVE_ACTION, "API_INITIATED_DISCONNECT")
        ended: Response = answer({})
        return ended

    def resource_or_client(service: str, method: str, path: str, *rest: Any) -> str:
        if service == "iot-data" and path.startswith(CONNECTIONS):
            return f"arn:aws:iot:{region()}:{account()}:client/{unquote(path.removeprefix(CONNECTIONS))}"
        return str(resource_of(service, method, path, *rest))

    seams.replace(data, "handle_request", handle_with_connections)
    seams.replace(actions, "extract_resource_arn", resource_or_client)
