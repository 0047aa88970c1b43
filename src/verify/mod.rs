//! Proof that a device trains correctly: each kernel against its twin, gradients against the
//! definition of the derivative, every step against the one that the reference makes, and the
//! engines against each other; and proof that a wrong kernel would be noticed.

mod draws;
mod kernels;
mod members;
mod trial;

pub use kernels::{KERNELS, Kernel};
pub use trial::{Effort, Failure, Fault, Output, Tally, Trial};
