"""pymdoccbor: reads and checks with MdocCbor, issues with MdocCborIssuer.

It knows nothing of device authentication, so it checks the issuer's half of a response only and presents nothing.
"""

import json
import logging
import sys
from datetime import date, datetime
from pathlib import Path

import cbor2
import cryptography.x509  # pymdoccbor uses the module without importing it
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pycose.algorithms import Es256
from pycose.keys import EC2Key
from pycose.keys.curves import P256
from pymdoccbor.mdoc.issuer import MdocCborIssuer
from pymdoccbor.mdoc.verifier import MdocCbor, MobileDocument


def check(folder: Path) -> dict:
    """Checks one case; whatever the library throws is a rejection with its message."""
    about = json.loads((folder / "check.json").read_text())
    data = (folder / "input.cbor").read_bytes()
    anchors = cryptography.x509.load_pem_x509_certificates((folder / "iaca.pem").read_bytes())
    passed, failed, elements = [], [], {}
    try:
        if about["kind"] == "issuer-signed":
            documents = [MobileDocument(about["doc_type"], cbor2.loads(data))]
            verdicts = [documents[0].verify(trusted_root_certs=anchors)]
        else:
            response = MdocCbor()
            response.loads(data)
            verdicts = [response.verify(trusted_root_certs=anchors)]
            documents = response.documents
        (passed if all(verdicts) else failed).append("issuer signature, document signer, value digests")
        for document in documents:
            for name_space, items in document.issuersigned.namespaces.items():
                decoded = (cbor2.loads(item.value) for item in items)
                elements[name_space] = {item["elementIdentifier"]: plain(item["elementValue"]) for item in decoded}
    except Exception as error:  # noqa: BLE001: any exception means that the library does not accept the document
        failed.append(f"{type(error).__name__}: {error}".splitlines()[0])
    return {"case": folder.name, "accepted": not failed, "passed": passed, "failed": failed, "elements": elements}


def make(folder: Path) -> None:
    """Issues the order in `make.json` with the document signer of the folder."""
    order = json.loads((folder / "make.json").read_text())
    issuer = MdocCborIssuer(private_key=cose_key(folder / "ds_key.pem"), alg="ES256")
    device = cose_key(folder / "device_key.pem")
    issuer.new(
        doctype=order["doc_type"],
        data={name: {key: revive(value) for key, value in items.items()} for name, items in order["elements"].items()},
        # The library takes dates only; it signs with the clock and moves validFrom there.
        validity={"issuance_date": order["valid_from"][:10], "expiry_date": order["valid_until"][:10]},
        devicekeyinfo={1: 2, -1: 1, -2: device.x, -3: device.y},
        cert_path=str(folder / "ds_cert.pem"),
    )
    (folder / "issuer_signed_response.cbor").write_bytes(issuer.dump())


def cose_key(path: Path) -> EC2Key:
    numbers = load_pem_private_key(path.read_bytes(), None).private_numbers()
    point = numbers.public_numbers
    x, y, d = (number.to_bytes(32, "big") for number in (point.x, point.y, numbers.private_value))
    key = EC2Key(P256, x, y, d)
    key.alg = Es256
    return key


def revive(value, depth=0):
    """Turns the marks of `make.json` into what the library takes for them.

    It tags dates by the name of the element, or of the member of a list's entry, and takes text for those. Deeper
    ones, and those with a time, the caller has to tag.
    """
    if isinstance(value, list):
        return [revive(item, depth) for item in value]
    if isinstance(value, dict):
        if "full_date" in value:
            return value["full_date"] if depth <= 1 else cbor2.CBORTag(1004, value["full_date"])
        if "tdate" in value:
            return cbor2.CBORTag(0, value["tdate"])
        if "hex" in value:
            return bytes.fromhex(value["hex"])
        return {key: revive(item, depth + 1) for key, item in value.items()}
    return value


def plain(value):
    """Element values in the form of `mdl verify --json`."""
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, cbor2.CBORTag):
        return plain(value.value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "items"):
        return {key: plain(item) for key, item in value.items()}
    return value


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    mode, *folders = sys.argv[1:]
    if mode == "make":
        make(Path(folders[0]))
    else:
        for name in folders:
            print(json.dumps(check(Path(name))))
