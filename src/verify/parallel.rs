//! Work on all threads of the processor, where the program has them.

/// What `work` makes of each number below `count`, in their order.
#[cfg(feature = "cli")]
pub(super) fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Send + Sync) -> Vec<T> {
    use rayon::prelude::*;
    (0..count).into_par_iter().map(work).collect()
}

/// The library alone works on the thread of its caller.
#[cfg(not(feature = "cli"))]
pub(super) fn map<T>(count: usize, work: impl Fn(usize) -> T) -> Vec<T> {
    (0..count).map(work).collect()
}
