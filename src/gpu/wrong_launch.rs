//! Launches with one deliberate mistake, to test that it is noticed.

use std::borrow::Cow;

use super::device::Gpu;
use super::kernel::Dispatch;
use super::spec::Field;
use super::tensor::Tensor;
use crate::error::Error;

/// A mistake in the launches of one kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongLaunch {
    /// The stem of the shader.
    pub kernel: &'static str,
    /// The launches that are wrong.
    pub place: Place,
    /// The mistake in them.
    pub mistake: Mistake,
}

/// The launches of a kernel that are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// All of them.
    Everywhere,
    /// All of them, while nothing but training is looked at.
    Training,
    /// One dispatch of the step that consists of these.
    Step {
        /// The stems of the dispatches, in their order.
        kernels: &'static [&'static str],
        /// The number of the wrong one.
        index: usize,
    },
}

/// A mistake in a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Another number of workgroups in a dimension.
    Count {
        /// 0 for x, 1 for y, 2 for z.
        dimension: usize,
        /// Which number.
        off: Off,
    },
    /// Another word of the parameters.
    Word {
        /// Its number.
        index: usize,
        /// Which word.
        off: Off,
    },
    /// Two tensors in each other's place, by their numbers without `params`.
    Bindings([usize; 2]),
    /// No launch at all.
    LeftOut,
    /// The launch twice, one after the other.
    Doubled,
    /// The launch behind the one that follows it; only in a step.
    Late,
}

/// The way a number is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// One more; the largest integer stays.
    More,
    /// One less; the integer zero stays, so that no loop counts to 2³².
    Less,
    /// Zero.
    Zero,
}

impl Off {
    fn of(self, value: u32) -> u32 {
        match self {
            Self::More => value.saturating_add(1),
            Self::Less => value.saturating_sub(1),
            Self::Zero => 0,
        }
    }

    /// The bits of a field, from those that it should have.
    fn word(self, bits: u32, kind: &str) -> u32 {
        let value = f32::from_bits(bits);
        match self {
            Self::More if kind == "f32" => (value + 1.0).to_bits(),
            Self::Less if kind == "f32" => (value - 1.0).to_bits(),
            _ => self.of(bits),
        }
    }
}

impl Mistake {
    /// The number of workgroups, from the right one; none is more than a device can be asked for.
    fn count(self, mut right: [u32; 3]) -> [u32; 3] {
        const MOST: u32 = 65_535;
        if let Self::Count { dimension, off } = self {
            right[dimension] = off.of(right[dimension]).min(MOST);
        }
        right
    }

    /// The parameters, from the right ones.
    fn spoil(self, words: &mut [u32], fields: &[Field]) {
        if let Self::Word { index, off } = self {
            words[index] = off.word(words[index], fields[index].kind);
        }
    }
}

/// The mistake in all launches of a kernel, if there is one.
pub(super) fn mistake_of(wrong: Option<WrongLaunch>, kernel: &str) -> Option<Mistake> {
    let wrong = wrong.filter(|wrong| wrong.kernel == kernel)?;
    (!matches!(wrong.place, Place::Step { .. })).then_some(wrong.mistake)
}

/// How often to launch, and how many workgroups.
pub(super) fn launched(mistake: Option<Mistake>, count: [u32; 3]) -> (usize, [u32; 3]) {
    match mistake {
        None => (1, count),
        Some(Mistake::LeftOut) => (0, count),
        Some(Mistake::Doubled) => (2, count),
        Some(mistake) => (1, mistake.count(count)),
    }
}

impl Gpu {
    /// From now on launches a kernel wrongly, and keeps what it compiles for the next mistake.
    #[doc(hidden)]
    pub fn launch_wrongly(&mut self, wrong: WrongLaunch) {
        self.wrong_launch = Some(wrong);
    }

    /// The parameters of a launch, as they are written.
    pub(super) fn params<'a>(
        &self,
        kernel: &str,
        fields: &[Field],
        right: &'a [u8],
    ) -> Cow<'a, [u8]> {
        let Some(mistake) = mistake_of(self.wrong_launch, kernel) else { return right.into() };
        let mut words: Vec<u32> = right.chunks_exact(4).map(bytemuck::pod_read_unaligned).collect();
        mistake.spoil(&mut words, fields);
        bytemuck::cast_slice(&words).to_vec().into()
    }

    /// The tensors of a launch, as they are bound.
    pub(super) fn bound(&self, kernel: &str, right: &[&Tensor]) -> Vec<Tensor> {
        let mut tensors: Vec<_> = right.iter().map(|&tensor| tensor.clone()).collect();
        if let Some(Mistake::Bindings([one, other])) = mistake_of(self.wrong_launch, kernel) {
            tensors.swap(one, other);
        }
        tensors
    }

    /// Makes the mistake that is asked for in one dispatch of a step, if it is one of this step; gives
    /// the number of the dispatch.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn spoil_step(&self, step: &mut Vec<Dispatch>) -> Result<Option<usize>, Error> {
        let Some(WrongLaunch { place: Place::Step { kernels, index }, mistake, .. }) =
            self.wrong_launch
        else {
            return Ok(None);
        };
        if !step.iter().map(|dispatch| dispatch.name).eq(kernels.iter().copied()) {
            return Ok(None);
        }
        match mistake {
            Mistake::LeftOut => drop(step.remove(index)),
            Mistake::Doubled => step.insert(index, step[index].clone()),
            Mistake::Late => step.swap(index, index + 1),
            Mistake::Count { .. } => {
                step[index].workgroup_count = mistake.count(step[index].workgroup_count);
            }
            Mistake::Word { .. } => {
                let dispatch = &step[index];
                let fields = dispatch.fields();
                let uniform = Tensor::whole(dispatch.uniform(), fields.len());
                let mut words: Vec<u32> = self.read(&uniform).await?;
                mistake.spoil(&mut words, fields);
                self.write_buffer(&dispatch.uniform(), 0, bytemuck::cast_slice(&words));
            }
            Mistake::Bindings([one, other]) => {
                let mut tensors = step[index].tensors().to_vec();
                tensors.swap(one, other);
                step[index] = self.rebound(&step[index], tensors).await?;
            }
        }
        Ok(Some(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_off_or_zero_and_never_wraps() {
        for (off, of_7, of_0, of_most) in
            [(Off::More, 8, 1, u32::MAX), (Off::Less, 6, 0, u32::MAX - 1), (Off::Zero, 0, 0, 0)]
        {
            assert_eq!([7, 0, u32::MAX].map(|value| off.of(value)), [of_7, of_0, of_most]);
        }
        for (off, expected) in [(Off::More, 1.5_f32), (Off::Less, -0.5), (Off::Zero, 0.0)] {
            assert_eq!(off.word(0.5_f32.to_bits(), "f32"), expected.to_bits(), "{off:?}");
        }
    }

    #[test]
    fn no_more_workgroups_are_asked_for_than_a_device_has() {
        let more = |dimension| Mistake::Count { dimension, off: Off::More };
        assert_eq!(more(1).count([65_535, 3, 1]), [65_535, 4, 1]);
        assert_eq!(more(0).count([65_535, 3, 1]), [65_535, 3, 1]);
    }

    #[test]
    fn a_mistake_in_a_step_is_none_of_other_launches() {
        let (kernel, mistake) = ("bias_add", Mistake::LeftOut);
        let step = Place::Step { kernels: &["bias_add"], index: 0 };
        for (place, expected) in
            [(Place::Everywhere, Some(mistake)), (Place::Training, Some(mistake)), (step, None)]
        {
            let wrong = Some(WrongLaunch { kernel, place, mistake });
            assert_eq!(mistake_of(wrong, "bias_add"), expected, "{place:?}");
            assert_eq!(mistake_of(wrong, "sigmoid"), None);
        }
        assert_eq!(launched(Some(mistake), [3, 1, 1]).0, 0);
        assert_eq!(launched(Some(Mistake::Doubled), [3, 1, 1]), (2, [3, 1, 1]));
    }
}
