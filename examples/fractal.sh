#!/bin/sh
# The boundary of trainability by the learning rates of the two layers, and two closer looks at it:
# tanh, identity output, squared error. After Sohl-Dickstein, "The boundary of neural network
# trainability is fractal" (2024).
set -eu
cd "$(dirname "$0")/.."
picture() {
    cargo run --release --quiet -- sweep --x learning-rate.0=1..1000:log \
        --y learning-rate.2=0.05..1:log --layers 2-4-1 --activation tanh \
        --output-activation identity --loss squared-error --init uniform --value convergence \
        --steps 500 --size 512x512 "$@"
}
picture --output examples/fractal.png
picture --center 100,0.3 --zoom 8 --output examples/fractal-8.png
picture --center 97.5,0.298 --zoom 64 --output examples/fractal-64.png
