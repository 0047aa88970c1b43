//! A device that the caller opened.

use parity::error::Error;
use parity::gpu::Gpu;
use parity::task::{Dataset, Init, Method, Parameters};
use parity::train::{Plan, train};

/// The adapter that `WGPU_BACKEND` allows, and a device of it with these limits.
fn open(limits: wgpu::Limits) -> Result<Gpu, Error> {
    pollster::block_on(async {
        let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
        let instance = wgpu::Instance::new(descriptor);
        let options = wgpu::RequestAdapterOptions::default();
        let adapter = instance.request_adapter(&options).await.expect("an adapter");
        let descriptor = wgpu::DeviceDescriptor { required_limits: limits, ..Default::default() };
        let (device, queue) = adapter.request_device(&descriptor).await.expect("a device");
        Gpu::from_device(&adapter, device, queue)
    })
}

#[test]
fn a_device_of_the_callers_own_trains() {
    let gpu = open(wgpu::Limits::downlevel_defaults()).expect("its limits are enough");
    let start = Parameters::initialise(&"2-2-1".parse().expect("sizes"), Init::Torch, 48);
    let data = Dataset::parity(2).expect("XOR");
    let plan = Plan::new(data, Method::sgd(1.0), start, 5_000, 1_000).expect("a plan");
    let mut go_on = |_| std::ops::ControlFlow::Continue(());
    let outcome = pollster::block_on(train(&gpu, &plan, &mut go_on)).expect("a run");
    assert!(plan.is_learned(&outcome), "a loss of {}", outcome.final_loss);
}

#[test]
fn a_device_with_lower_limits_is_refused_by_their_name() {
    let limits = wgpu::Limits {
        max_compute_workgroup_storage_size: 1_024,
        ..wgpu::Limits::downlevel_defaults()
    };
    let refused = open(limits).err().expect("its limits are too low").to_string();
    assert!(refused.contains("max_compute_workgroup_storage_size is 1024"), "{refused}");
}
