#!/bin/sh
# Whether `parity bench --compare` finds differences between runs of one binary, and whether a run
# beside a constant neighbour says that it is not quiet. Half an hour on an idle machine.
#   tests/bench_repeat.sh [RUNS [ARGUMENT OF parity bench]...]     default: 6 --suite all
# Exits with 1 if more than 2 % of the compared rows are surely different, a gate fails, no two runs
# had the machine for themselves, or the neighbour is not noticed.
set -eu
cd "$(dirname "$0")/.."
runs=${1:-6}
[ $# -gt 0 ] && shift
[ $# -gt 0 ] || set -- --suite all
cargo build --release --locked --quiet
parity=${CARGO_TARGET_DIR:-target}/release/parity
folder=$(mktemp -d)
neighbour=
trap '[ -z "$neighbour" ] || kill "$neighbour"; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
export PARITY_DATA="$folder" PARITY_CACHE="$folder"

# The value of a key that occurs once in a pretty JSON file.
value() { sed -n "s/^ *\"$1\": \([^,]*\),*\$/\1/p" "$2" | head -n 1; }

quiet=
run=1
while [ "$run" -le "$runs" ]; do
    "$parity" bench "$@" --save "run$run" >"$folder/text" 2>"$folder/errors" || {
        cat "$folder/text" "$folder/errors"
        exit 1
    }
    printf 'run %s ' "$run"
    sed -n '/^machine: /,/^$/p' "$folder/text" | sed '/^$/d'
    saved=$folder/bench/run$run.json
    others=$(value others "$saved")
    stolen=$(value stolen "$saved")
    # Where the system does not tell, each run counts.
    if awk "BEGIN { exit !(${others:-0} + ${stolen:-0} < 0.05) }"; then quiet="$quiet $run"; fi
    run=$((run + 1))
done

rows=0 different=0 failed=0 pairs=0
for before in $quiet; do
    for after in $quiet; do
        [ "$before" -lt "$after" ] || continue
        pairs=$((pairs + 1))
        "$parity" bench --compare "run$before" --saved "run$after" --fail-on-regression 5 --json \
            >"$folder/json" || failed=$((failed + 1))
        # One line a row that is surely different.
        awk -F'"' -v pair="$before-$after" '
            $2 == "kernel" || $2 == "variant" || $2 == "size" { name[$2] = $4 }
            $2 == "ratio" { ratio = $3; gsub(/[:, ]/, "", ratio) }
            $2 == "verdict" && ($4 == "slower" || $4 == "faster") {
                print pair ":", name["kernel"], name["variant"], name["size"], ratio, $4
            }' "$folder/json" >"$folder/different"
        cat "$folder/different"
        different=$((different + $(wc -l <"$folder/different")))
        rows=$((rows + $(grep -c '"verdict": ' "$folder/json")))
    done
done
echo "$pairs pairs of quiet runs: $different of $rows rows surely different, $failed gates failed"

sh -c 'while :; do :; done' &
neighbour=$!
"$parity" bench --suite kernels --kernel activation --budget 5 >"$folder/text"
echo 'beside a constant neighbour:'
sed -n '/^machine: /,/^$/p' "$folder/text"
grep -q '^machine: NOT QUIET: ' "$folder/text" || { echo 'the neighbour was not noticed'; exit 1; }
[ "$pairs" -gt 0 ] && [ "$failed" -eq 0 ] && [ $((50 * different)) -le "$rows" ]
