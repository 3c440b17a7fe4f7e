#!/bin/sh
# A root ceremony with three witnesses, two of whom must agree: from the reviewed file to somebody who was not there.
#
#   sh examples/ceremony/run.sh           in an empty folder, with `mdl` on the path
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cp "$here/ceremony.toml" .

# The day of the example. Without --at the clock of the machine says what time it is.
at=2026-06-15T12:00:00Z

umask 077
head -c 24 /dev/urandom | od -An -tx1 | tr -d ' \n' >passphrase

# 0. The witnesses have keys. These come from seeds, so that their public halves can stand in the file of the example:
#    never so in earnest.
mdl key new --seed 616461 --out ada.pem
mdl key new --seed 616c616e --out alan.pem
mdl key new --seed 6772616365 --out grace.pem

# 1. The dry run. Every witness does this on a machine of their own, and gets the same plan.
mdl ceremony plan ceremony.toml --out plan.json

# 2. Two witnesses approve. Signing makes the plan once more and refuses if it is another.
mdl ceremony sign ceremony.toml plan.json --witness ada --key ada.pem --out ada.plan.json --at "$at"
mdl ceremony sign ceremony.toml plan.json --witness grace --key grace.pem --out grace.plan.json --at "$at"

# 3. With one approval nothing happens.
if mdl ceremony run ceremony.toml --plan plan.json --approval ada.plan.json --operator 'Op One' --at "$at" \
    --passphrase-file passphrase; then
    echo "one witness was enough" >&2
    exit 1
fi

# 4. The ceremony: keys are made, every planned hash is reproduced with them, and only then do they sign.
mdl ceremony run ceremony.toml --plan plan.json --approval ada.plan.json --approval grace.plan.json \
    --operator 'Op One' --at "$at" --passphrase-file passphrase

# 5. Witnesses sign the transcript, each of them after having it verified.
mdl ceremony sign ceremony.toml transcript.jsonl --witness ada --key ada.pem --out ada.transcript.json --at "$at"
mdl ceremony sign ceremony.toml transcript.jsonl --witness alan --key alan.pem --out alan.transcript.json --at "$at"

# 6. Anybody who has the reviewed file from somebody they trust.
mdl ceremony verify ceremony.toml transcript.jsonl --files \
    --signature ada.transcript.json --signature alan.transcript.json

# 7. What it left is an authority like any other.
mdl iaca show --authority authority
mdl ds list --authority authority --at "$at"
mdl lint --issuer authority/iaca/certificate.pem authority/ds/ds-1/certificate.pem authority/crl/crl.der
