#!/bin/sh
# A wallet collects its licence from a running service, shows it, and the authority takes it back: over HTTP, on this
# machine, with a throw-away authority and sample people.
#
#   sh examples/issuing-service.sh          in an empty folder, with `mdl` and curl on the path
set -eu
umask 077
port=${PORT:-8080}
operators=http://127.0.0.1:$((port + 1))

# 1. The service, with all it needs below one folder: keys, certificates, records, a SQLite database and issuer.toml, its
#    configuration. Wallets come to one address, operators to another.
mdl serve --dev --data service --port "$port" >service.txt 2>service.log &
service=$!
trap 'kill "$service"' EXIT
until curl -fs -o ready.json "$operators/readyz"; do
    kill -0 "$service" || { cat service.log >&2 && exit 1; }
    sleep 1
done

# Operators say who they are by a token, which stands on no command line either.
{
    printf 'header = "Authorization: Bearer %s"\n' "$(cat service/secrets/operator-token)"
    printf 'header = "Content-Type: application/json"\n'
} >operator.curl
operator() { curl -fsS --config operator.curl "$operators/tenants/dmv/$1" --data "$2"; }
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$2"; }

# 2. An operator offers a licence to a person. The link goes into a QR code; the transaction code goes into a letter.
operator offers '{"subject": "sample-001", "configuration_ids": ["org.iso.18013.5.1.mDL"], "tx_code_digits": 6}' >offer.json
member link_by_reference offer.json >link
member tx_code offer.json >letter

# 3. The wallet collects a batch: one licence for each of ten keys, so that no two readers see the same one.
mdl wallet collect - --allow-loopback-http --iaca service/authority/iaca/certificate.pem --batch 10 --tx-code-file letter \
    <link
mdl wallet list

# 4. The holder proves to be over 18. The reader trusts the root, and has fetched the authority's revocation list and its
#    status lists, all of them, so that nobody learns which licence it is about to see.
mdl wallet present --session-transcript 83f6f6f6 --elements org.iso.18013.5.1:age_over_18,org.iso.18013.5.1:portrait \
    --out response.cbor
curl -fsS -o crl.der "http://127.0.0.1:$port/crl"
lists() {
    rm -f status-*.cwt
    { curl -fsS "http://127.0.0.1:$port/status-lists" && echo; } | tr ',' '\n' | sed -n 's/.*"\(http[^"]*\)".*/\1/p' |
        while read -r list; do
            curl -fsS -H 'Accept: application/statuslist+cwt' -o "status-${list##*/}.cwt" "$list"
        done
}
verify() {
    set -- --iaca service/authority/iaca/certificate.pem --session-transcript 83f6f6f6 \
        --crl crl.der --require-revocation
    for list in status-*.cwt; do set -- "$@" --status-list "$list"; done
    mdl verify "$@" response.cbor
}
lists
verify

# 5. The phone is lost: what the person holds is revoked, and the lists say so within seconds.
operator status-changes '{"subject": "sample-001", "action": "revoke", "reason": "device-lost"}' >revoked.json
attempts=0
while lists && verify >verdict.txt; do
    attempts=$((attempts + 1))
    [ "$attempts" -lt 30 ] || { echo "a revoked licence was accepted" >&2 && exit 1; }
    sleep 1
done
cat verdict.txt
