//! Proof that a device trains correctly: each kernel against its twin, gradients against the
//! definition of the derivative, every step against the one that the reference makes, and the
//! engines against each other; and proof that a wrong kernel would be noticed.

mod accuracy;
mod cases;
mod doctor;
mod drawn;
mod draws;
mod engines;
mod ensemble;
mod fused;
mod gradients;
mod harness;
mod inputs;
mod integers;
mod lockstep;
pub mod matrix;
pub mod mutants;
mod own_exp;
mod parallel;
mod problems;
mod residue;
mod run;
mod timestamps;
mod used_by;
mod workload;

pub use accuracy::Accuracy;
pub use cases::{KERNELS, Kernel, check_kernel, chosen};
pub use doctor::{Check, Diagnosis, Fingerprint, Habit, Loops, examine};
pub use engines::Engines;
pub use gradients::{Gradients, by_arithmetic, on_device};
pub use harness::{Effort, Failure, Fault, Output, Tally, Trial, Unchecked};
pub use lockstep::{EngineForm, Growth, Lockstep, check_step, lockstep};
pub use run::{
    KernelResult, LockstepResult, Observe, QUICK_STEPS, Request, Section, Skipped, Trouble,
    Verification, prove_by_training, verify,
};
pub use timestamps::Timestamps;
pub use used_by::is_of_training;
pub use workload::{Workload, Workloads};
