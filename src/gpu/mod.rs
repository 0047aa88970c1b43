//! The machinery: adapters, buffers, pipelines, submissions, timestamps. It creates every wgpu
//! object of the crate and knows nothing of neural networks.

mod adapter;
pub mod clock;
mod context;
mod faults;
mod instance;
mod kept;
mod kernel;
mod listing;
mod poll;
mod submit;
mod tensor;
mod timer;
mod wrong_launch;

pub use adapter::{Abilities, AdapterSummary, Backend, DeviceType};
pub use context::Gpu;
pub use instance::Instance;
pub(crate) use kernel::params;
pub use kernel::{Binding, BindingKind, Dispatch, Field, HostScalar, Kernel, KernelSpec, cover};
pub use listing::{Chosen, Listing, Selection};
pub use poll::THREAD as POLL_THREAD;
pub use submit::{Readback, Region};
pub use tensor::{Tensor, aligned_len, check_tensor};
pub use timer::Timer;
pub use wrong_launch::{Mistake, Off, Place, WrongLaunch};
