#!/bin/sh
# An issuing authority on AWS: the root in Private CA, document signers' keys in KMS. README.md says what each step does.
#
#   sh examples/aws-walkthrough/run.sh    in an empty folder, with `mdl` on the path and credentials of AWS
#
# AWS_REGION, BUCKET (where Private CA writes the CRL) and optionally CRL_HOST (what serves it) say where.
set -eu
records=$(cd "$(dirname "$0")/../records" && pwd)
: "${AWS_REGION:?}" "${BUCKET:?}"
export MDL_AUTHORITY="$PWD/authority"
crl_host=${CRL_HOST:+--crl-host $CRL_HOST}

root() {
    # shellcheck disable=SC2086 # none, or an option and its value
    mdl iaca init --ca private-ca --region "$AWS_REGION" --crl-bucket "$BUCKET" $crl_host \
        --country US --state US-CA --organization 'Example DMV' --name 'Example IACA' \
        --contact iaca@dmv.example --validity-days 3285 "$@"
}

# 1 to 6. The root: authority with its CRL, request, self-signed certificate, import. First every call, then the calls.
root --plan
root
# 7. It is active, and it has the profile of Table B.1.
mdl iaca status
mdl lint --profile iaca-root authority/iaca/certificate.pem
# 8. The document signer's key, in KMS.
key=$(mdl key create --name ds-1 --region "$AWS_REGION" awskms: --json | sed -n 's/.*"key": "\(.*\)",*/\1/p')
# 9 to 11. Its request, signed by KMS; its certificate, issued by Private CA; the check against Table B.3.
mdl ds issue ds-1 --key "$key" --validity-days 457
mdl lint --profile document-signer --issuer authority/iaca/certificate.pem authority/ds/ds-1/certificate.pem
# 12. The first CRL.
mdl crl build
# 13. The holder's device makes a key.
mdl key new --out device.pem --public-out device.pub
# 14. The licence: the MSO is built, and KMS signs the digest of its Sig_structure.
mdl issue --record "$records/erika.json" --device-key device.pub --ds ds-1 --out licence.cbor
mdl lint --issuer authority/iaca/certificate.pem licence.cbor
# 15. The holder presents, and a reader that trusts the root accepts.
mdl present --issuer-signed licence.cbor --device-key device.pem --session-transcript 83f6f6f6 \
    --elements org.iso.18013.5.1:age_over_21,org.iso.18013.5.1:portrait --out response.cbor
verify() {
    mdl verify --iaca authority/iaca/certificate.pem --session-transcript 83f6f6f6 \
        --crl authority/crl/crl.pem --require-revocation response.cbor
}
verify
# 16. The document signer is revoked, and its licences are worth nothing any more.
mdl crl build --revoke ds-1
if verify; then
    echo "a revoked document signer was trusted" >&2
    exit 1
fi
