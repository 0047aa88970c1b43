#!/bin/sh
# How often 2-2-1, 2-3-1 and 2-4-1 learn XOR: 100,000 networks each, started uniformly within ±1,
# learning rate 0.5, 10,000 steps. A study of 2,000 seeds on a CPU found 80.8 %, 98.7 % and 100 %.
set -eu
cd "$(dirname "$0")/.."
for layers in 2-2-1 2-3-1 2-4-1; do
    cargo run --release --quiet -- train --networks 100000 --layers "$layers" --init uniform \
        --learning-rate 0.5 --steps 10000
done
