#!/bin/sh
# An issuing authority of one's own, step by step: root, document signer, licence, presentation, revocation.
#
#   sh examples/own-authority.sh          in an empty folder, with `mdl` on the path
set -eu
records=$(cd "$(dirname "$0")/records" && pwd)

# The keys of the authority are encrypted under a passphrase, which never stands on a command line.
umask 077
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >passphrase
MDL_AUTHORITY=$PWD/authority
export MDL_AUTHORITY

# 1. The root (IACA) and a document signer below it. Their certificates pass the linter before they are signed.
mdl iaca init --country US --state US-CA --organization 'Example DMV' --name 'Example IACA' \
    --contact iaca@dmv.example --crl-url https://dmv.example/iaca.crl --passphrase-file passphrase
mdl ds issue ds-1 --passphrase-file passphrase
mdl ds list
mdl lint --issuer authority/iaca/certificate.pem authority/ds/ds-1/certificate.pem

# 2. The holder's device makes a key and sends its public half.
mdl key new --out device.pem --public-out device.pub

# 3. The authority issues a licence from a record, bound to that key.
mdl issue --record "$records/erika.json" --device-key device.pub --ds ds-1 --out licence.cbor \
    --passphrase-file passphrase
mdl lint --issuer authority/iaca/certificate.pem licence.cbor

# 4. The holder proves to be over 21, and nothing else. In earnest the transcript is that of a session; here it is
#    the smallest one, [null, null, null].
mdl present --issuer-signed licence.cbor --device-key device.pem --session-transcript 83f6f6f6 \
    --elements org.iso.18013.5.1:age_over_21,org.iso.18013.5.1:portrait --out response.cbor

# 5. The reader trusts the root, and asks for evidence that the document signer is not revoked.
mdl crl build --passphrase-file passphrase
mdl verify --iaca authority/iaca/certificate.pem --session-transcript 83f6f6f6 \
    --crl authority/crl/crl.pem --require-revocation response.cbor

# 6. The document signer is compromised: with the next CRL its licences are worth nothing, and it signs no more.
mdl crl build --revoke ds-1 --passphrase-file passphrase
if mdl verify --iaca authority/iaca/certificate.pem --session-transcript 83f6f6f6 \
    --crl authority/crl/crl.pem response.cbor; then
    echo "a revoked document signer was trusted" >&2
    exit 1
fi
