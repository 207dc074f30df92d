"""Robots' certificates: issued once for a key, two of them valid, revoked all, and of no use where half made."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from functions.fleet.identities import IotIdentities
from functions.fleet.signing_requests import SigningRequest, certifies, read
from functions.kernel.domain.errors import InvalidError, UnavailableError
from functions.kernel.runtime import budget, clock
from tests.support.iot import INVALID, FakeIot, new_key, refusal, signing_request

ROBOT, OTHER = "robot-1", "robot-2"
NOW = datetime(2030, 1, 2, tzinfo=UTC)
CALLS = 12  # more than any request makes


@pytest.fixture(autouse=True)
def waits() -> Iterator[list[float]]:
    waited: list[float] = []
    with clock.fixed(lambda: NOW, waited.append):
        yield waited


def request() -> SigningRequest:
    return read(signing_request())


def test_a_certificate_is_of_the_key_of_the_request(iot: FakeIot, identities: IotIdentities) -> None:
    key = new_key()
    pem = identities.issue(ROBOT, read(signing_request(key)))
    held = x509.load_pem_x509_certificate(pem.encode()).public_key()
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert held.public_bytes(*form) == key.public_key().public_bytes(*form)
    assert iot.usable(ROBOT) == [pem]
    assert iot.usable(OTHER) == []


def test_a_repeated_request_gets_the_same_certificate(iot: FakeIot, identities: IotIdentities) -> None:
    key = new_key()
    first = identities.issue(ROBOT, read(signing_request(key, "one")))
    assert identities.issue(ROBOT, read(signing_request(key, "two"))) == first
    assert len(iot.certificates) == 1


def test_the_newest_two_stay_valid_and_older_ones_are_revoked(iot: FakeIot, identities: IotIdentities) -> None:
    issued = [identities.issue(ROBOT, request()) for _ in range(4)]
    assert sorted(iot.usable(ROBOT)) == sorted(issued[2:])
    assert len(iot.certificates) == 2


def test_a_certificate_that_is_requested_again_stays_with_the_newest_of_the_others(
    iot: FakeIot, identities: IotIdentities
) -> None:
    first = request()
    issued = [identities.issue(ROBOT, one) for one in (first, request())]
    assert identities.issue(ROBOT, first) == issued[0]
    assert sorted(iot.usable(ROBOT)) == sorted(issued)


def test_other_robots_keep_theirs(iot: FakeIot, identities: IotIdentities) -> None:
    theirs = identities.issue(OTHER, request())
    for _ in range(3):
        identities.issue(ROBOT, request())
    identities.revoke(ROBOT)
    assert iot.usable(OTHER) == [theirs]
    assert iot.things == {OTHER}


def test_what_was_deactivated_by_hand_is_removed_and_not_activated(iot: FakeIot, identities: IotIdentities) -> None:
    lost = request()
    identities.issue(ROBOT, lost)
    for one in iot.certificates.values():
        one.status = "INACTIVE"
    new = identities.issue(ROBOT, request())
    assert iot.usable(ROBOT) == [new]
    assert [one.pem for one in iot.certificates.values()] == [new]


@pytest.mark.parametrize(("after", "stays"), [(5, True), (61, False)])
def test_what_another_request_is_about_to_activate_stays_and_what_was_cut_short_a_minute_ago_is_removed(
    iot: FakeIot, identities: IotIdentities, monkeypatch: pytest.MonkeyPatch, after: int, stays: bool
) -> None:
    identities.issue(ROBOT, request())
    [other] = iot.certificates.values()
    other.status = "INACTIVE"
    monkeypatch.setattr(clock, "now", lambda: other.made + timedelta(seconds=after))
    identities.issue(ROBOT, request())
    assert (other in iot.certificates.values()) is stays
    if stays:
        other.status = "ACTIVE"
        assert len(iot.usable(ROBOT)) == 2


def test_to_revoke_leaves_no_certificate_and_no_thing_on_however_many_pages(
    iot: FakeIot, identities: IotIdentities
) -> None:
    identities.issue(ROBOT, request())
    for _ in range(4):  # attached by hand
        made = iot.create_certificate_from_csr(certificateSigningRequest=signing_request(), setAsActive=False)
        iot.attach_thing_principal(thingName=ROBOT, principal=made["certificateArn"])
    identities.revoke(ROBOT)
    assert (iot.things, iot.certificates) == (set(), {})


def test_to_revoke_twice_or_an_unknown_robot_is_no_error(iot: FakeIot, identities: IotIdentities) -> None:
    identities.issue(ROBOT, request())
    identities.revoke(ROBOT)
    identities.revoke(ROBOT)
    identities.revoke(OTHER)
    assert (iot.things, iot.certificates) == (set(), {})


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", range(1, CALLS))
def test_a_request_that_fails_anywhere_can_be_repeated_and_leaves_nothing_half_made(
    iot: FakeIot, identities: IotIdentities, at: int, moment: str
) -> None:
    held = [identities.issue(ROBOT, request()) for _ in range(2)]
    began = iot._calls
    iot.fails = lambda _operation, number, when: (number - began, when) == (at, moment)
    new = request()
    try:
        pem = identities.issue(ROBOT, new)
    except UnavailableError:
        assert set(held) <= set(iot.usable(ROBOT)) or any(certifies(one, new) for one in iot.usable(ROBOT))
        pem = identities.issue(ROBOT, new)
    assert sorted(iot.usable(ROBOT)) == sorted([held[1], pem])
    unused = [one for one in iot.certificates.values() if one.pem not in (held[1], pem)]
    assert [one.status for one in unused] in ([], ["INACTIVE"]), "one that is lost between two calls is of no use"


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("at", range(1, 2 * CALLS))
def test_a_revocation_that_fails_anywhere_is_done_to_the_end_when_it_is_repeated(
    iot: FakeIot, identities: IotIdentities, at: int, moment: str
) -> None:
    for _ in range(2):
        identities.issue(ROBOT, request())
    began = iot._calls
    iot.fails = lambda _operation, number, when: (number - began, when) == (at, moment)
    kept: list[str] = []
    for _ in range(2):
        try:
            identities.revoke(ROBOT, kept, kept.extend)
            break
        except UnavailableError:
            continue
    assert iot.things == set()
    assert iot.certificates == {}


def test_a_certificate_that_is_detached_only_a_moment_later_is_deleted_then(
    iot: FakeIot, identities: IotIdentities, waits: list[float]
) -> None:
    identities.issue(ROBOT, request())
    iot.conflicts = 2
    identities.revoke(ROBOT)
    assert (iot.things, iot.certificates, len(waits)) == (set(), {}, 2)


def test_certificates_that_stay_attached_for_long_are_inactive_and_deleted_when_the_revocation_is_repeated(
    iot: FakeIot, identities: IotIdentities, waits: list[float]
) -> None:
    kept: list[str] = []
    for _ in range(2):
        identities.issue(ROBOT, request())
    iot.conflicts = 20
    with pytest.raises(UnavailableError, match="cannot be deleted yet"):
        identities.revoke(ROBOT, keep=kept.extend)
    assert sum(waits) == 7.5
    assert {(one.status, *one.things, *one.policies) for one in iot.certificates.values()} == {("INACTIVE",)}
    iot.conflicts = 0
    identities.revoke(ROBOT, kept)
    assert (iot.things, iot.certificates) == (set(), {})


def test_a_function_that_has_no_time_left_does_not_wait_for_a_detachment(
    iot: FakeIot, identities: IotIdentities, waits: list[float]
) -> None:
    identities.issue(ROBOT, request())
    iot.conflicts = 20
    with budget.limited(lambda: 9.0 - sum(waits)), pytest.raises(UnavailableError):
        identities.revoke(ROBOT)
    assert waits == [0.5]


def test_to_revoke_ends_the_robots_connection_and_no_other_without_its_will(
    iot: FakeIot, identities: IotIdentities
) -> None:
    identities.issue(ROBOT, request())
    iot.connections = {ROBOT, OTHER}
    identities.revoke(ROBOT)
    assert (iot.connections, iot.wills) == ({OTHER}, [])


def test_a_third_key_ends_no_connection_for_it_may_be_by_one_that_stays(
    iot: FakeIot, identities: IotIdentities
) -> None:
    iot.connections = {ROBOT}
    for _ in range(3):
        identities.issue(ROBOT, request())
    assert iot.connections == {ROBOT}


def test_a_request_that_aws_refuses_is_the_clients_error(iot: FakeIot, identities: IotIdentities) -> None:
    def refuse(**_: object) -> None:
        raise refusal(INVALID, "CSR violates constraints")

    iot._create_certificate_from_csr = refuse  # type: ignore[assignment,method-assign]
    with pytest.raises(InvalidError, match=r"^csr: AWS IoT refuses this request"):
        identities.issue(ROBOT, request())
    assert iot.usable(ROBOT) == []
