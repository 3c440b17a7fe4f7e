#!/usr/bin/env bash
# Installs what the tests need and runs all of them.
#
#   ./test.sh              every stage
#   ./test.sh STAGE...     these stages, in the order given
#   ./test.sh --list       the stages
#
# A Debian machine with a Rust toolchain needs nothing else by hand: the first stage installs the rest from Debian's
# packages, when it may. Everything else that a stage needs it builds or installs below the folders that .gitignore names.
set -euo pipefail
cd "$(dirname "$0")"
# A machine that builds once gains nothing from what would make the next build faster.
if [[ -n "${CI:-}" ]]; then export CARGO_INCREMENTAL=0; fi

STAGES=(
    "tools:   Debian packages, rustup components and the wasm32 target that are missing"
    "hygiene: what no compiler checks about the files of the repository"
    "fmt:     rustfmt with its defaults"
    "clippy:  clippy without warnings, on every target, and on the embeddable crates with the portable backend"
    "test:    every test and documentation example, with the aws-lc-rs backend"
    "portable: the same of the crates that a reader app embeds, with the portable backend alone"
    "doc:     the documentation builds without warnings"
    "wasm:    the WebAssembly package: its size, its types, and every vector and report in Node"
    "web:     the page of examples/reader-web in headless Chromium"
    "bindings: every test vector through Python and Kotlin, and the size of the library they load"
    "tree:    no async runtime, HTTP or AWS crate below mdl-reader, and the seams between the crates"
    "deny:    cargo-deny: licences, banned and duplicate crates, sources, advisories"
    "benches: memory bounds, and instruction counts beside the bare cryptography (callgrind)"
    "vectors: the test vectors pass, are what the generator makes, and run against another program"
    "readme:  the commands of the README work as they stand there"
    "deploy:  the container, compose and systemd files, as far as this machine can check them"
    "aws:     the CloudFormation templates: cfn-lint, checkov, and our tests of certificates, policies and alarms"
    "http:    generated requests to both listeners find no server error (schemathesis)"
    "interop: other libraries read our documents and ours reads theirs; OpenSSL checks our certificates"
    "faults:  the service under load while its processes and its database are killed, FAULT_SECONDS (120) seconds each"
    "fuzz:    every fuzz target for FUZZ_SECONDS (10) seconds"
)

# The crates that other programs embed. Without --workspace, their features are those that they ask for themselves: the
# portable backend alone.
EMBEDDABLE=(
    --package mdl-crypto --package mdl-mdoc --package mdl-iaca --package mdl-signer --package mdl-reader
    --package mdl-verifier --features mdl-crypto/jose,mdl-mdoc/jwt,mdl-reader/json
)
CARGO_DENY=0.20.2

run() {
    printf '+ %s\n' "$*"
    "$@"
}

# A stage runs in a subshell with `set -e`, which bash ignores inside a condition: hence no `if stage; then`.
stage_tools() {
    local -A packages=(
        [git]=git [cc]=gcc [c++]=g++ [make]=make [cmake]=cmake [curl]=curl [openssl]=openssl
        [chromium]=chromium [node]=nodejs [npm]=npm [python3]=python3 [softhsm2-util]=softhsm2 [valgrind]=valgrind
        [strip]=binutils [javac]=default-jdk-headless [mvn]=maven
    )
    local missing=() command
    for command in "${!packages[@]}"; do
        command -v "$command" >/dev/null || missing+=("${packages[$command]}")
    done
    # Its servers are not on the path: the tests start one from the folder of its version.
    compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
    # Debian has the module in a package of its own, without which `python3 -m venv` explains itself and fails.
    python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
    if ((${#missing[@]})); then
        install_packages "${missing[@]}"
    fi
    run scripts/moto
    command -v cargo >/dev/null || fail "no cargo: install a Rust toolchain (rustup, or Debian's own from 1.94 on)"
    if command -v rustup >/dev/null; then
        run rustup component add rustfmt clippy
        run rustup target add wasm32-unknown-unknown
    fi
    run cargo --version
    run cargo fmt --version
    run cargo clippy --version
    run node --version
    run python3 --version
    run openssl version
    run valgrind --version
    run mvn --version
}

install_packages() {
    command -v apt-get >/dev/null || fail "missing, and there is no apt-get to install it with: $*"
    local root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "missing, and this user may not install it: apt-get install $*"
        root=(sudo)
    fi
    run "${root[@]}" apt-get update --quiet
    run "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --quiet --yes --no-install-recommends "$@"
}

stage_hygiene() {
    run bash scripts/hygiene
}

stage_fmt() {
    run cargo fmt --all --check
    local manifest
    for manifest in fuzz/Cargo.toml interop/isomdl/Cargo.toml benches/Cargo.toml \
        benches/peer-isomdl/Cargo.toml benches/issuing-service/Cargo.toml bindings/wasm/Cargo.toml \
        bindings/uniffi/Cargo.toml bindings/uniffi/generator/Cargo.toml; do
        run cargo fmt --manifest-path "$manifest" --check
    done
}

stage_clippy() {
    run cargo clippy --locked --workspace --all-targets -- -D warnings
    run cargo clippy --locked "${EMBEDDABLE[@]}" --all-targets -- -D warnings
}

stage_test() {
    run cargo test --locked --workspace
}

stage_portable() {
    run cargo test --locked "${EMBEDDABLE[@]}"
}

stage_doc() {
    RUSTDOCFLAGS="-D warnings" run cargo doc --locked --workspace --no-deps
}

stage_bindings() {
    build_mdl
    run bindings/uniffi/test target/release/mdl
}

stage_wasm() {
    build_mdl
    run bindings/wasm/build
    # 1 MB gzip is what a page can carry.
    local size
    size=$(gzip -9 --stdout bindings/wasm/target/package/mdl_verifier_bg.wasm | wc -c)
    ((size <= 1000000)) || fail "the module has $size bytes with gzip"
    run target/release/mdl vectors run testvectors --reports "$PWD/target/reports.txt"
    cd bindings/wasm/tests
    run npm ci --silent --no-audit --no-fund
    run npx --no-install tsc --project tsconfig.json
    REPORTS=../../../target/reports.txt run node --test vectors.mjs
}

stage_web() {
    build_mdl
    run bindings/wasm/build
    local mdl=$PWD/target/release/mdl
    cd examples/reader-web
    run npm ci --silent --no-audit --no-fund
    run node build.mjs
    MDL=$mdl CHROMIUM=$(command -v chromium) run node --test test.mjs
}

stage_tree() {
    run bash scripts/dependency-tree
}

stage_deny() {
    local deny=target/tools/bin/cargo-deny
    if [[ "$("$deny" --version 2>/dev/null)" != "cargo-deny $CARGO_DENY" ]]; then
        # Unoptimised and without debug information: a tool that runs for a second is not worth minutes of compiling.
        CARGO_PROFILE_DEV_DEBUG=0 CARGO_TARGET_DIR=target/tools-build \
            run cargo install cargo-deny --version "$CARGO_DENY" --locked --debug --quiet --root target/tools
        rm -rf target/tools-build
    fi
    run "$deny" --locked --all-features check licenses bans sources
    # The advisory database is a git repository on a host that not every network reaches.
    local reason
    if reason=$(timeout 60 "$deny" --locked fetch db 2>&1); then
        run "$deny" --locked --all-features check --disable-fetch advisories
    else
        printf 'advisories: skipped, the database could not be fetched: %s\n' \
            "$(grep -m1 -iE 'error|fail' <<<"$reason" || echo 'no answer within 60 seconds')"
    fi
}

# The command as a user builds it.
build_mdl() {
    run cargo build --locked --release --bin mdl
}

stage_benches() {
    run cargo test --release --locked --manifest-path benches/Cargo.toml
    run benches/instructions
    # Checked only: with optimisation, HTTP and databases take longer to build than all other stages of the benches.
    run cargo check --locked --manifest-path benches/issuing-service/Cargo.toml --target-dir benches/target
}

stage_vectors() {
    build_mdl
    local mdl=$PWD/target/release/mdl generated=target/vectors file
    run "$mdl" vectors run testvectors
    rm -rf "$generated"
    run "$mdl" vectors generate "$generated"
    for file in "$generated"/*; do
        run cmp "$file" "testvectors/$(basename "$file")"
    done
    # As somebody would run them against another program. Six tests ask for what the script cannot pass on;
    # verify-with-mdl.sh names them.
    MDL=$mdl run "$mdl" vectors run testvectors --command 'sh testvectors/verify-with-mdl.sh {dir}' \
        >"$generated/command.txt" || true
    grep -q '^[0-9]* passed, 6 failed$' "$generated/command.txt" || fail "$(tail -n 20 "$generated/command.txt")"
    echo "with --command: all but the six tests that are known"
}

stage_readme() {
    run bash scripts/readme-commands
}

stage_deploy() {
    build_mdl
    run deploy/lint "$PWD/target/release/mdl"
}

stage_aws() {
    build_mdl
    run deploy/aws/check target/release/mdl
}

stage_http() {
    build_mdl
    run bash scripts/schemathesis target/release/mdl "${SCHEMATHESIS_SECONDS:-60}"
}

stage_interop() {
    build_mdl
    run interop/run --mdl target/release/mdl
}

stage_faults() {
    FAULT_SECONDS="${FAULT_SECONDS:-120}" \
        run cargo test --locked --package mdl-cli --test faults -- --nocapture --test-threads=1
}

stage_fuzz() {
    run bash fuzz/run --seconds "${FUZZ_SECONDS:-10}"
}

fail() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

list() {
    local stage
    for stage in "${STAGES[@]}"; do
        printf '%-10s %s\n' "${stage%%:*}" "$(sed 's/^[a-z-]*: *//' <<<"$stage")"
    done
}

main() {
    local selected=() stage name
    for name in "$@"; do
        case $name in
        --list) list && return ;;
        -h | --help) sed -n '2,9s/^# \{0,1\}//p' test.sh && return ;;
        *)
            declare -F "stage_$name" >/dev/null || fail "no stage named $name; ./test.sh --list prints them"
            selected+=("$name")
            ;;
        esac
    done
    if ((${#selected[@]} == 0)); then
        for stage in "${STAGES[@]}"; do selected+=("${stage%%:*}"); done
    fi

    local summary=() passed=0 failed=0 started status
    for name in "${selected[@]}"; do
        printf '\n== %s\n' "$name"
        started=$SECONDS
        set +e
        (set -e && "stage_$name")
        status=$?
        set -e
        if ((status == 0)); then
            passed=$((passed + 1))
            summary+=("$(printf '%-10s %5d s' "$name" $((SECONDS - started)))")
        else
            failed=$((failed + 1))
            summary+=("$(printf '%-10s %5d s  FAILED' "$name" $((SECONDS - started)))")
        fi
        printf -- '-- %s\n' "${summary[-1]}"
    done
    printf '\n== summary, %d s in all\n' "$SECONDS"
    printf '%s\n' "${summary[@]}"
    printf 'stages: %d passed, %d failed\n' "$passed" "$failed"
    ((failed == 0))
}

main "$@"
