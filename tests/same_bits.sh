#!/bin/sh
# What some thirty commands give on this machine's drivers: exit codes, losses, parameters, arrays and
# pictures, without times. For a change that must change no bit:
#   tests/same_bits.sh target/before             with the binary of before
#   tests/same_bits.sh target/after              with that of after
#   diff -r target/before target/after           shows nothing
#   tests/same_bits.sh FOLDER [PARITY]           default: the release build
set -eu
cd "$(dirname "$0")/.."
folder=${1:?a folder for what the commands give}
parity=${2:-${CARGO_TARGET_DIR:-target}/release/parity}
case $parity in /*) ;; *) parity=$PWD/$parity ;; esac
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PARITY_DATA="$work" PARITY_CACHE="$work" PARITY_LOG=off
number=0

# Lines that depend on time are left out, and this run's folder.
without_times() {
    sed -E -e '/"[a-z_]*(_s|_per_s|_read_back|_uploaded|tile_size|chunk_size)": /d' -e '/"(command|date|version)": /d' \
        -e "s|$work||g"
}

# given ARGUMENT…: keeps what a command gives.
given() {
    number=$((number + 1))
    out=$folder/$WGPU_BACKEND-$(printf '%02d' "$number")
    code=0
    "$parity" "$@" >"$work/stdout" 2>"$work/stderr" || code=$?
    {
        echo "parity $*" | sed "s|$work||g"
        echo "exit code $code"
        without_times <"$work/stdout"
        [ "$code" -eq 0 ] || without_times <"$work/stderr"
    } >"$out"
}

# given_sweep ARGUMENT…: the same with the files of a sweep.
given_sweep() {
    given sweep --json --output "$work/out.png" "$@"
    for extension in npy png; do
        [ ! -e "$work/out.$extension" ] || sha256sum <"$work/out.$extension" >>"$out"
    done
    rm -f "$work"/out.*
}

for WGPU_BACKEND in vulkan gl; do
    export WGPU_BACKEND
    number=0
    for engine in layered fused; do
        given train --json --engine "$engine" --steps 700
        given train --json --engine "$engine" --steps 300 --seed 7 --log-every 7 --layers 2-5-1
        given train --json --engine "$engine" --steps 60 --layers 4-4-1 --bits 4 --init normal
        given train --json --engine "$engine" --steps 20 --layers 8-32-1 --bits 8 --init uniform
        given train --json --engine "$engine" --steps 50 --learning-rate 3e38 --layers 2-8-1
    done
    given train --json --steps 90 --member 5 --vary learning-rate=0.1..10:log
    for preset in perceptron backprop backprop-corrected; do
        given train "$preset" --json --steps 400
    done
    given train --json --steps 40 --layers 3-5-4-1 --bits 3
    given train --json --steps 100 --save "$work/state.safetensors"
    given train --json --steps 100 --init-from "$work/state.safetensors"
    given train --json --networks 300 --steps 2000 --sample 0,5,299
    given train --json --networks 200 --steps 500 --layers 2-3-1 --vary learning-rate=0.1..10:log \
        --vary init-scale=0.5..2 --sample 1,100
    given train --json --networks 5 --steps 20 --layers 8-32-1 --bits 8 --sample 3
    given_sweep --size 24x16 --steps 150
    given_sweep --size 16x24 --steps 150 --value steps-to-solve --layers 2-4-1 --seed 3
    given_sweep --size 24x16 --steps 120 --value convergence --activation tanh \
        --output-activation identity --loss squared-error
    given_sweep --size 12x12 --steps 100 --momentum 0.4 --loss squared-error
    given_sweep --size 12x12 --steps 60 --x '0.weight[0,1]=-4..4' --y seed=0..12
    given_sweep --size 3x2 --steps 5 --layers 8-32-1 --bits 8
    given train --layers 3-2-1
    given train --json --layers 2-2-1 --init-from "$work/none"
    given verify --kernel activation --quick --json --seed 48
done
