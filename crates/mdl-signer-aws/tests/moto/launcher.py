"""AWS services for tests: moto on a free port of the loopback, with KMS signing as KMS does.

moto hashes whatever it is given, also what was sent as a digest, so its signatures are not over the digest; it signs
with disabled keys, and with messages of any length. Here Sign looks at MessageType, at lengths and at the key's state,
and GetPublicKey names the key by its ARN.

Prints the port on one line. Ends when its standard input does, so that it does not outlive the test that started it.
"""

import base64
import json
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from moto.core.exceptions import JsonRESTError
from moto.kms.responses import KmsResponse
from moto.server import ThreadedMotoServer

HASHES = {
    "ECDSA_SHA_256": hashes.SHA256(),
    "ECDSA_SHA_384": hashes.SHA384(),
    "ECDSA_SHA_512": hashes.SHA512(),
}
LONGEST_MESSAGE = 4096


def refuse(code, message):
    raise JsonRESTError(code, message)


def check_state(key):
    if key.key_state == "PendingDeletion":
        refuse("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if not key.enabled:
        refuse("DisabledException", f"{key.arn} is disabled.")


def sign(self):
    request = json.loads(self.body)
    message = base64.b64decode(request["Message"])
    algorithm = request["SigningAlgorithm"]
    self._validate_key_id(request["KeyId"])
    key = self.kms_backend.describe_key(request["KeyId"])
    check_state(key)
    if key.key_usage != "SIGN_VERIFY" or algorithm not in key.signing_algorithms:
        refuse("InvalidKeyUsageException", f"{key.arn} does not sign with {algorithm}.")
    digest = HASHES[algorithm]
    scheme = ec.ECDSA(digest)
    if request.get("MessageType", "RAW") == "DIGEST":
        if len(message) != digest.digest_size:
            refuse("ValidationException", f"Digest is invalid length for algorithm {algorithm}.")
        scheme = ec.ECDSA(utils.Prehashed(digest))
    elif len(message) > LONGEST_MESSAGE:
        refuse("ValidationException", f"Message has more than {LONGEST_MESSAGE} bytes.")
    signature = key.private_key.private_key.sign(message, scheme)
    return json.dumps(
        {
            "KeyId": key.arn,
            "Signature": base64.b64encode(signature).decode(),
            "SigningAlgorithm": algorithm,
        }
    )


get_public_key = KmsResponse.get_public_key


def get_public_key_by_arn(self):
    answer = json.loads(get_public_key(self))
    answer["KeyId"] = self.kms_backend.describe_key(answer["KeyId"]).arn
    return json.dumps(answer)


def main():
    KmsResponse.sign = sign
    KmsResponse.get_public_key = get_public_key_by_arn
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()


main()
