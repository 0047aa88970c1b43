use parity::cpu::bias_add::bias_add as twin;
use parity::gpu::Kernel;
use parity::kernels::bias_add;

use crate::harness::{Output, assert_within, exact, gpu, input, run, values};

#[test]
fn bias_add_matches_its_twin_on_ragged_shapes() {
    for [batch_size, output_size] in
        [[1, 1], [4, 2], [3, 5], [1, 1757], [1757, 1], [65, 63], [65_535 * 64 / 3 + 1, 3]]
    {
        let case = format!("bias_add [{batch_size}, {output_size}]");
        let (bias, before) = (values(1, output_size), values(2, batch_size * output_size));
        let out = Output::of(&before);
        let dispatch = pollster::block_on(async {
            let kernel = Kernel::new(gpu(), &bias_add::SPEC, &[]).await?;
            bias_add::dispatch(gpu(), &kernel, batch_size, [&input(&bias), &out.tensor]).await
        });
        run(&[dispatch.expect("it binds")]);
        let mut expected = exact(&before);
        twin(&exact(&bias), &mut expected);
        assert_within(&case, &out.read(), &expected);
    }
}
