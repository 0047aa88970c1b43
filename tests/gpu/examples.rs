//! The programs in `examples/`, which check what they print.

#[path = "../../examples/ensemble.rs"]
mod ensemble;
#[path = "../../examples/one_kernel.rs"]
mod one_kernel;
#[path = "../../examples/train_xor.rs"]
mod train_xor;

#[test]
fn each_example_runs() {
    train_xor::main().expect("a run");
    one_kernel::main().expect("a launch");
    ensemble::main().expect("an ensemble");
}
