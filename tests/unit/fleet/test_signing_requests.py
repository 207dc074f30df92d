"""Which signing requests are fit for a robot's certificate, and what is said of the others."""

from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from functions.fleet.signing_requests import LONGEST, read
from functions.kernel.domain.errors import InvalidError
from tests.support.iot import new_key, signing_request


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()])
def test_a_key_of_a_curve_that_aws_takes_is_fit(curve: ec.EllipticCurve) -> None:
    pem = signing_request(ec.generate_private_key(curve))
    assert read(pem).pem == pem


@pytest.mark.parametrize("bits", [2_048, 4_096])
def test_an_rsa_key_is_fit(bits: int) -> None:
    assert read(signing_request(rsa.generate_private_key(65_537, bits))).key


def test_two_requests_of_one_key_hold_the_same_key_whatever_names_they_have() -> None:
    key = new_key()
    assert read(signing_request(key, "one")).key == read(signing_request(key, "another")).key
    assert read(signing_request(key)).key != read(signing_request()).key


def test_what_surrounds_a_request_in_a_file_does_not_matter() -> None:
    pem = signing_request()
    assert read("\n" + pem.replace("\n", "\r\n") + "\n").key == read(pem).key


KINDS = "csr: the key must be RSA of 2,048 to 4,096 bits, or of one of the curves P-256, P-384, P-521"


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65_537, 1_024),
        rsa.generate_private_key(65_537, 5_120),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
        dsa.generate_private_key(2_048),
    ],
    ids=["rsa-1024", "rsa-5120", "secp256k1", "p-224", "dsa"],
)
def test_a_weak_or_unknown_key_is_refused(key: object) -> None:
    with pytest.raises(InvalidError) as refused:
        read(signing_request(key))
    assert str(refused.value) == KINDS


def test_a_request_of_a_version_that_does_not_exist_is_refused() -> None:
    content = x509.load_pem_x509_csr(signing_request().encode()).public_bytes(Encoding.DER)
    version = bytes([2, 1, 0])  # an integer of one byte, which is the first of a request
    text = b64encode(content.replace(version, bytes([2, 1, 5]), 1)).decode()
    with pytest.raises(InvalidError, match="this cannot be read as a certificate signing request"):
        read(f"-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n")


def test_a_key_that_signs_without_a_hash_is_refused() -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = request.sign(ed25519.Ed25519PrivateKey.generate(), None)
    with pytest.raises(InvalidError) as refused:
        read(signed.public_bytes(Encoding.PEM).decode())
    assert str(refused.value) == KINDS


@pytest.mark.parametrize("text", ["", "  ", "hello", signing_request()[:-30], signing_request() + signing_request()])
def test_what_is_no_single_request_in_pem_is_refused_with_how_to_make_one(text: str) -> None:
    with pytest.raises(InvalidError, match=r"^csr: one certificate signing request in PEM .* by: openssl req -new"):
        read(text)


def test_what_only_looks_like_a_request_is_refused_with_how_to_make_one() -> None:
    begin, end = "-----BEGIN CERTIFICATE REQUEST-----", "-----END CERTIFICATE REQUEST-----"
    for content in ("AAAA", "MIIBVjCB", "===="):
        with pytest.raises(InvalidError, match=r"^csr: this cannot be read as .* by: openssl req -new"):
            read(f"{begin}\n{content}\n{end}\n")


def test_a_request_that_another_key_signed_is_refused() -> None:
    lines = signing_request().splitlines()
    other = signing_request().splitlines()
    swapped = "\n".join([*lines[:-3], *other[-3:]])
    with pytest.raises(InvalidError, match=r"^csr: "):
        read(swapped)


def test_a_request_with_a_changed_name_is_refused_by_its_signature() -> None:
    request = x509.load_pem_x509_csr(signing_request(name="robot").encode())
    forged = request.public_bytes(Encoding.DER).replace(b"robot", b"rabot")
    pem = x509.load_der_x509_csr(forged).public_bytes(Encoding.PEM).decode()
    with pytest.raises(InvalidError, match="its signature is not by its own key"):
        read(pem)


def test_a_private_key_is_refused_and_not_repeated() -> None:
    key = new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with pytest.raises(InvalidError) as refused:
        read(key + signing_request())
    assert "must not leave the robot" in str(refused.value)
    assert key[40:60] not in str(refused.value)


def test_a_request_that_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidError, match=r"^csr: a certificate signing request has at most 4,096 characters$"):
        read(signing_request() + " " * LONGEST)


def test_a_large_hash_is_fit() -> None:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    assert read(request.sign(new_key(), hashes.SHA512()).public_bytes(Encoding.PEM).decode()).key
