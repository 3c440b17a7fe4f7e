#!/bin/sh
# Runs `mdl verify` on one test:
#
#   mdl vectors run testvectors --command 'sh testvectors/verify-with-mdl.sh {dir}'
#
# Six tests cannot come out right: this gives trust anchors without their limits (path-anchor-for-others,
# path-anchor-for-none, path-anchor-for-other-country, path-anchor-for-other-state; `mdl verify --trust-list` takes such
# limits), and a file given as a CRL that is none is wrong usage (revocation-noise*).
set -eu
dir=$1

member() { sed -n "s/^  \"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$dir/test.json"; }

set -- --at "$(member at)" --policy "$(member policy)" --json
for file in "$dir"/iaca-*.der; do
    # A reader without trust anchors verifies nothing.
    [ -e "$file" ] || exit 1
    set -- "$@" --iaca "$file"
done
for file in "$dir"/crl-*.der; do
    if [ -e "$file" ]; then set -- "$@" --crl "$file"; fi
done
for file in "$dir"/status-token-*; do
    if [ -e "$file" ]; then set -- "$@" --status-list "$file"; fi
done
if [ "$(member require_revocation)" = true ]; then set -- "$@" --require-revocation; fi
if [ -n "$(member doc_type)" ]; then set -- "$@" --doc-type "$(member doc_type)"; fi
if [ -e "$dir/session-transcript.cbor" ]; then
    set -- "$@" --session-transcript "$dir/session-transcript.cbor"
    if [ -e "$dir/reader-key.pem" ]; then set -- "$@" --reader-key "$dir/reader-key.pem"; fi
else
    set -- "$@" --static
fi
exec "${MDL:-mdl}" verify "$@" "$dir/input.cbor" >/dev/null
