"""Signing requests for robots' certificates: whether one is fit, and whose key it holds.

What AWS IoT takes: https://docs.aws.amazon.com/iot/latest/apireference/API_CreateCertificateFromCsr.html. The names in
a request count for nothing: a robot is known by the thing that its certificate is attached to.
"""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from functions.kernel.domain.errors import InvalidError

if TYPE_CHECKING:
    from cryptography.x509 import CertificateSigningRequest

LONGEST = 4_096  # characters
SMALLEST_RSA, LARGEST_RSA = 2_048, 4_096  # bits; a larger key would only cost time
CURVES = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}

HOW = "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout robot.key -subj /CN=robot"
_BLOCK = re.compile(
    r"\s*-----BEGIN (NEW )?CERTIFICATE REQUEST-----[A-Za-z0-9+/=\s]+-----END (NEW )?CERTIFICATE REQUEST-----\s*"
)


@dataclass(frozen=True)
class SigningRequest:
    """A request that is fit. pem: as it came; key: the robot's public key, as DER."""

    pem: str
    key: bytes


def read(pem: str) -> SigningRequest:
    """A signing request from its PEM. Raises InvalidError, which says what to do."""
    if "PRIVATE KEY" in pem:
        raise InvalidError("csr: this holds a private key, which must not leave the robot: send the request alone")
    if len(pem) > LONGEST:
        raise InvalidError(f"csr: a certificate signing request has at most {LONGEST:,} characters")
    if not _BLOCK.fullmatch(pem):
        raise InvalidError(f"csr: one certificate signing request in PEM is required, as is made by: {HOW}")
    # Imported here, since no other route of the service needs it, and it is a third of a cold start.
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        request = x509.load_pem_x509_csr(pem.encode())
        key = _fit(request)
        if not request.is_signature_valid:
            raise InvalidError("csr: its signature is not by its own key: make the request anew")
        return SigningRequest(pem, key)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise InvalidError(f"csr: this cannot be read as a certificate signing request; make one by: {HOW}") from error


def certifies(certificate: str, request: SigningRequest) -> bool:
    """Whether a certificate (PEM) is of the key of a request."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == request.key


def _fit(request: "CertificateSigningRequest") -> bytes:
    """The public key of a request, as DER. Raises InvalidError for one that AWS IoT does not take."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = request.public_key()
    match key:
        case rsa.RSAPublicKey() if SMALLEST_RSA <= key.key_size <= LARGEST_RSA:
            pass
        case ec.EllipticCurvePublicKey() if key.curve.name in CURVES:
            pass
        case _:
            sizes, curves = f"{SMALLEST_RSA:,} to {LARGEST_RSA:,} bits", ", ".join(CURVES.values())
            raise InvalidError(f"csr: the key must be RSA of {sizes}, or of one of the curves {curves}")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
