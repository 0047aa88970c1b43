//! Work on all threads of the processor, where it has more than one.

#[cfg(not(target_arch = "wasm32"))]
use std::thread;

/// The same where there is one thread.
#[cfg(target_arch = "wasm32")]
pub(super) fn map<T>(count: usize, work: impl Fn(usize) -> T) -> Vec<T> {
    (0..count).map(work).collect()
}

/// What `work` makes of each number below `count`, in their order.
#[cfg(not(target_arch = "wasm32"))]
pub(super) fn map<T: Send>(count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let share = count.div_ceil(threads).max(1);
    if share >= count {
        return (0..count).map(work).collect();
    }
    let work = &work;
    thread::scope(|scope| {
        let shares = (0..count).step_by(share).map(|first| {
            scope.spawn(move || (first..count.min(first + share)).map(work).collect::<Vec<_>>())
        });
        let shares: Vec<_> = shares.collect();
        let joined = shares
            .into_iter()
            .map(|share| share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        joined.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_their_numbers() {
        for count in [0, 1, 2, 3, 7, 1_000] {
            assert_eq!(
                map(count, |number| 3 * number),
                (0..count).map(|n| 3 * n).collect::<Vec<_>>()
            );
        }
    }
}
