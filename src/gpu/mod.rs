//! The machinery: adapters, buffers, pipelines, submissions, timestamps. It creates every wgpu
//! object of the crate and knows nothing of neural networks.

mod adapter;
pub mod clock;
mod device;
mod faults;
mod instance;
mod kernel;
mod kernel_cache;
mod listing;
#[cfg(not(target_arch = "wasm32"))]
mod poll;
#[cfg(target_arch = "wasm32")]
#[path = "poll_web.rs"]
mod poll;
mod spec;
mod submit;
mod tensor;
mod timer;
mod wrong_launch;

pub use adapter::{Abilities, AdapterKey, AdapterSummary, Backend, DeviceType};
pub use device::Gpu;
pub use instance::Instance;

pub use kernel::{Dispatch, Kernel, cover};
pub use listing::{Chosen, Listing, Selection};
#[cfg(not(target_arch = "wasm32"))]
pub use poll::THREAD as POLL_THREAD;
pub(crate) use spec::params;
pub use spec::{Binding, BindingKind, Field, HostScalar, KernelSpec};
pub use submit::{Readback, Region};
pub use tensor::{Tensor, aligned_len, check_tensor};
pub use timer::Timer;
pub use wrong_launch::{Mistake, Off, Place, WrongLaunch};
