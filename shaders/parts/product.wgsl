// Operands and epilogue of a matrix product. Needs sigmoid.wgsl, the bindings and overrides of a
// product, and these.

// Values of `epilogue`; 0 stores the product as it is. It is followed by:
// plus operand[column];
const BIAS: u32 = 1;
// the logistic function of that;
const SIGMOID: u32 = 2;
// as the gradient of activations, which operand [m, n] holds, back through their logistic function.
const SIGMOID_GRAD: u32 = 3;

// op(a)[row, l], where a row of a has `length` values in storage.
fn left(row: u32, l: u32, length: u32) -> f32 {
    return a[select(row * length + l, l * length + row, transpose_a)];
}

// op(b)[l, column], where a row of b has `length` values in storage.
fn right(l: u32, column: u32, length: u32) -> f32 {
    return b[select(l * length + column, column * length + l, transpose_b)];
}

fn finish(product: f32, index: u32, column: u32) -> f32 {
    switch epilogue {
        case BIAS: {
            return product + operand[column];
        }
        case SIGMOID: {
            return sigmoid(product + operand[column]);
        }
        case SIGMOID_GRAD: {
            let a = operand[index];
            return product * (a * (1.0 - a));
        }
        default: {
            return product;
        }
    }
}

// `&` and not `&&`, of which naga makes a branch: each branch in a loop doubles the time that
// SwiftShader (Chromium 156) takes to compile it: for a tile it did not end, and took all memory.
fn store(row: u32, column: u32, product: f32) {
    if (row < params.m) & (column < params.n) {
        let index = row * params.n + column;
        out[index] = finish(product, index, column);
    }
}
