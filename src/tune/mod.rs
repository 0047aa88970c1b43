//! Which variant of the matrix product is the fastest on a device: tried once for each class of
//! shapes, checked before it counts, and kept in a file.

mod cache;
mod candidates;

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use self::cache::{Cache, Key};
use self::candidates::Contest;
use crate::error::Error;
use crate::gpu::{DeviceType, Gpu};
use crate::kernels::product::{Epilogue, LADDER, Shape, Transpose, Variant};

/// The longest time of the best variant so far on a GPU with which another is still tried.
const SLOW: Duration = Duration::from_millis(100);

/// Time limit for new variants of the launches of a class. Three things are always tried to the
/// end: the variant at hand, the default, and every variant until one is right.
pub const BUDGET: Duration = Duration::from_secs(1);

/// Fewer products than these are not worth a trial: on any device it takes longer to launch them.
pub const FEWEST_PRODUCTS: usize = 1 << 18;

/// The longest sums of a class that goes by powers of two: how long a sum may be before llvmpipe
/// ends its loop differs by variant, so that of longer ones each length is a class of its own.
const LONGEST_ALIKE: usize = 1 << 15;

/// The longest sums that are tried: see [`Contest`].
const LONGEST: usize = 1 << 17;

/// Products that the same variant is the best for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    transpose: Transpose,
    epilogue: Epilogue,
    shape: Shape,
}

impl Class {
    /// The one that a product belongs to: sizes are rounded up to powers of two. None if it is not
    /// worth a trial, or cannot be tried.
    #[must_use]
    pub fn of(transpose: Transpose, epilogue: Epilogue, shape: Shape) -> Option<Self> {
        let Shape { m, n, k } = shape;
        if m.saturating_mul(n).saturating_mul(k) < FEWEST_PRODUCTS || k > LONGEST {
            return None;
        }
        let k = if k > LONGEST_ALIKE { k } else { k.next_power_of_two() };
        let shape = Shape { m: m.next_power_of_two(), n: n.next_power_of_two(), k };
        Some(Self { transpose, epilogue, shape })
    }

    /// What the file calls it.
    fn name(&self) -> String {
        let Self { transpose, epilogue, shape: Shape { m, n, k } } = self;
        format!("{m}×{n}×{k}, transposed {transpose:?}, {epilogue:?}")
    }
}

/// How a variant was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Found {
    /// Nothing was tried.
    Default,
    /// It won a trial just now.
    Tuned,
    /// It won a trial earlier.
    Cache,
}

impl Found {
    /// In a word.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Tuned => "tuned",
            Self::Cache => "tuned earlier",
        }
    }
}

/// Finds variants for one device.
pub struct Tuner<'g> {
    gpu: &'g Gpu,
    key: Key,
    cache: Cache,
}

impl<'g> Tuner<'g> {
    /// With the file `tuned.json` in a folder, or none.
    #[must_use]
    pub fn new(gpu: &'g Gpu, folder: Option<&Path>) -> Self {
        let cache = Cache::read(folder.map(|folder| folder.join("tuned.json")));
        Self { gpu, key: Key::of(&gpu.adapter), cache }
    }

    /// The variant for a product, and how it was found.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails, [`Error::Usage`] if it cannot hold the operands.
    pub async fn variant(
        &mut self,
        transpose: Transpose,
        epilogue: Epilogue,
        shape: Shape,
    ) -> Result<(Variant, Found), Error> {
        let Some(class) = Class::of(transpose, epilogue, shape) else {
            return Ok((Variant::DEFAULT, Found::Default));
        };
        let known = self.cache.get(&self.key, &class.name()).and_then(|name| self.named(name));
        if let Some(variant) = known {
            return Ok((variant, Found::Cache));
        }
        let (variant, median) = match self.contest(transpose, epilogue, shape).await {
            Ok(winner) => winner.ok_or_else(|| {
                Error::Gpu(format!(
                    "no variant of the matrix product gives the right result for {shape:?} on {}: \
                     run parity verify, or train without tuning",
                    self.gpu.adapter
                ))
            })?,
            // Such as no memory for a second copy of the operands: that is no reason not to train.
            Err(error) if self.gpu.works().await => {
                tracing::warn!(?shape, "not tuned: {error}");
                return Ok((Variant::DEFAULT, Found::Default));
            }
            Err(error) => return Err(error),
        };
        tracing::info!(class = class.name(), variant = variant.name(), ?median, "tuned");
        self.cache.put(&self.key, &class.name(), &variant.name(), median);
        Ok((variant, Found::Tuned))
    }

    fn named(&self, name: &str) -> Option<Variant> {
        let is_it = |variant: &&Variant| variant.name() == name && variant.fits(self.gpu);
        LADDER.iter().find(is_it).copied()
    }

    /// Lets the variants compute this very product, the most promising first.
    async fn contest(
        &self,
        transpose: Transpose,
        epilogue: Epilogue,
        shape: Shape,
    ) -> Result<Option<(Variant, Duration)>, Error> {
        let mut contest = Contest::new(self.gpu, transpose, epilogue, shape).await?;
        for variant in candidates(self.gpu) {
            let wanted = match contest.winner() {
                None => true,
                // Another one may take much longer, and the driver of a GPU may give up on it.
                Some((_, median)) if median > SLOW && !is_software(self.gpu) => false,
                Some(_) => variant == Variant::DEFAULT || contest.spent() < BUDGET,
            };
            if wanted {
                contest.enter(variant).await?;
            }
        }
        Ok(contest.winner())
    }
}

fn is_software(gpu: &Gpu) -> bool {
    gpu.adapter.device_type == DeviceType::Software
}

/// What an adapter can run, with what usually wins there first.
fn candidates(gpu: &Gpu) -> Vec<Variant> {
    let rank = |variant: &Variant| match (variant, is_software(gpu)) {
        (Variant::Subgroup(_), true) | (Variant::Workgroup(_), false) => 0,
        (Variant::Register(_), _) => 1,
        (Variant::Subgroup(_), false) | (Variant::Workgroup(_), true) => 2,
        (Variant::Naive, _) => 3,
    };
    let mut all: Vec<_> = LADDER.iter().rev().copied().filter(|v| v.fits(gpu)).collect();
    all.sort_by_key(rank);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_go_by_powers_of_two_and_leave_out_what_is_small_or_too_long() {
        let class = |m, n, k| Class::of(Transpose::B, Epilogue::Sigmoid, Shape { m, n, k });
        assert_eq!(class(256, 64, 15), None);
        assert_eq!(class(65, 64, 64), class(128, 33, 64));
        assert_ne!(class(65, 64, 64), class(64, 64, 64));
        assert_ne!(class(4, 4, 40_000), class(4, 4, 40_001));
        assert_eq!(class(4, 4, LONGEST + 1), None);
        let other = Class::of(Transpose::A, Epilogue::Sigmoid, Shape { m: 64, n: 64, k: 64 });
        assert_ne!(class(64, 64, 64), other);
        assert_eq!(
            class(64, 100, 64).expect("it is large").name(),
            "64×128×64, transposed B, Sigmoid"
        );
    }
}
