"""What the certificate of the root would be: Private CA's template and what certificate-authority.yaml passes through.

Held against the profile of ISO/IEC 18013-5, Table B.1. A finding is one sentence.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from template import Stack

KEY_USAGE, ISSUER_ALT_NAME, CRL_POINTS = "2.5.29.15", "2.5.29.18", "2.5.29.31"
# Of each extension that Table B.1 asks for and Private CA's template leaves to us, whether it is critical.
PROFILE = {KEY_USAGE: True, ISSUER_ALT_NAME: False, CRL_POINTS: False}
TEMPLATE = "arn:aws:acm-pca:::template/BlankRootCACertificate_PathLen0_APIPassthrough/V1"
KEYS = {
    "EC_prime256v1": ("SHA256WITHECDSA", ec.SECP256R1(), hashes.SHA256()),
    "EC_secp384r1": ("SHA384WITHECDSA", ec.SECP384R1(), hashes.SHA384()),
    "EC_secp521r1": ("SHA512WITHECDSA", ec.SECP521R1(), hashes.SHA512()),
}
RDNS = {
    "Country": NameOID.COUNTRY_NAME,
    "State": NameOID.STATE_OR_PROVINCE_NAME,
    "Organization": NameOID.ORGANIZATION_NAME,
    "CommonName": NameOID.COMMON_NAME,
}
# An hour more than was asked for, as Private CA counts; 20 years of 365 days.
LONGEST = timedelta(days=7300)


def certificate(stack: Stack, now: datetime) -> x509.Certificate:
    """The certificate that Private CA is documented to make of the stack's requests, under a throw-away key."""
    resources = stack.resources()
    authority = resources["CertificateAuthority"]["Properties"]
    request = resources["RootCertificate"]["Properties"]
    _, curve, digest = KEYS[authority["KeyAlgorithm"]]
    key = ec.generate_private_key(curve)
    name = x509.Name([x509.NameAttribute(RDNS[kind], text) for kind, text in authority["Subject"].items()])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=request["Validity"]["Value"]))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    for extension in request["ApiPassthrough"]["Extensions"]["CustomExtensions"]:
        oid = x509.ObjectIdentifier(extension["ObjectIdentifier"])
        value = base64.b64decode(extension["Value"], validate=True)
        builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=extension.get("Critical", False))
    return builder.sign(key, digest)


def findings(stack: Stack) -> list[str]:
    """What is wrong with the root that the stack would make."""
    resources = stack.resources()
    authority = resources["CertificateAuthority"]["Properties"]
    request = resources["RootCertificate"]["Properties"]
    found = []
    if request["TemplateArn"] != TEMPLATE:
        found.append("another template: Table B.1 wants a path length of 0, and what is passed through")
    if authority["Type"] != "ROOT" or resources["Activation"]["Properties"]["Status"] != "ACTIVE":
        found.append("not a root, or not activated")
    signature = KEYS[authority["KeyAlgorithm"]][0]
    if {authority["SigningAlgorithm"], request["SigningAlgorithm"]} != {signature}:
        found.append("the signature algorithm does not go with the curve")
    validity = request["Validity"]
    if validity["Type"] != "DAYS" or timedelta(days=validity["Value"], hours=1) > LONGEST:
        found.append("longer than 20 years")
    extensions = request["ApiPassthrough"]["Extensions"]
    if structured := sorted(set(extensions) - {"CustomExtensions"}):
        found.append(f"passed through as members, whose encoding is the service's: {structured}")
    if set(request["ApiPassthrough"]) != {"Extensions"}:
        found.append("the subject is to come from the CA's own request")
    custom = extensions.get("CustomExtensions", [])
    oids = [extension["ObjectIdentifier"] for extension in custom]
    if sorted(oids) != sorted(PROFILE):
        found.append(f"extensions {sorted(oids)} and not {sorted(PROFILE)}")
    for extension in custom:
        oid = extension["ObjectIdentifier"]
        if extension.get("Critical", False) != PROFILE.get(oid):
            found.append(f"{oid}: criticality is not that of Table B.1")
    try:
        made = certificate(stack, datetime.now(timezone.utc))
    except (binascii.Error, ValueError) as error:
        return [*found, f"no certificate: {error}"]
    return found + _contents(made, stack)


def _contents(made: x509.Certificate, stack: Stack) -> list[str]:
    found = []
    try:
        decoded = {extension.oid.dotted_string: extension.value for extension in made.extensions}
    except ValueError as error:
        return [f"an extension is not DER: {error}"]
    for extension in stack.resources()["RootCertificate"]["Properties"]["ApiPassthrough"]["Extensions"]["CustomExtensions"]:
        oid = extension["ObjectIdentifier"]
        if decoded[oid].public_bytes() != base64.b64decode(extension["Value"]):
            found.append(f"{oid}: not the shortest DER of what it says")
    usage = decoded.get(KEY_USAGE)
    if usage != x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    ):
        found.append("keyUsage is not keyCertSign and cRLSign alone")
    names = decoded.get(ISSUER_ALT_NAME, ())
    if not any(isinstance(name, (x509.UniformResourceIdentifier, x509.RFC822Name)) for name in names):
        found.append("issuerAltName names neither a URI nor an e-mail address")
    points = list(decoded.get(CRL_POINTS, ()))
    expected = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url(stack))], None, None, None)
    if points != [expected]:
        found.append("the CRL distribution point is not where Private CA publishes the CRL")
    return found


def crl_url(stack: Stack) -> str:
    """Where Private CA publishes the complete CRL, and what it writes into certificates below the root."""
    resources = stack.resources()
    crl = resources["CertificateAuthority"]["Properties"]["RevocationConfiguration"]["CrlConfiguration"]
    identifier = resources["RootCertificate"]["Properties"]["CertificateAuthorityArn"].split("/")[1]
    return f"http://{crl['CustomCname']}/crl/{identifier}.crl"


def custom_extension(template: dict[str, Any], oid: str) -> dict[str, Any]:
    """The unresolved extension with this OID, for a test to break."""
    extensions = template["Resources"]["RootCertificate"]["Properties"]["ApiPassthrough"]["Extensions"]["CustomExtensions"]
    return next(extension for extension in extensions if extension["ObjectIdentifier"] == oid)
