// Four outputs at a time. Needs product.wgsl.

fn store_row(row: u32, column: u32, products: vec4<f32>) {
    store(row, column, products.x);
    store(row, column + 1u, products.y);
    store(row, column + 2u, products.z);
    store(row, column + 3u, products.w);
}

// down · acrossᵀ
fn outer(down: vec4<f32>, across: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(down.x * across, down.y * across, down.z * across, down.w * across);
}
