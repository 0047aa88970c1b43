//! Wrong launches that compute the same, so that no check can tell them from right ones.

use crate::gpu::{KernelSpec, Mistake, Off, Place, WrongLaunch};
use crate::verify::KERNELS;

/// Changed launches that compute the same, and why. They are run as well: a caught one is wrongly listed.
pub struct SameLaunch {
    /// The stems of the shaders.
    pub kernels: &'static [&'static str],
    is: fn(&WrongLaunch) -> bool,
    /// Why they compute the same.
    pub reason: &'static str,
    /// Whether they do so everywhere; otherwise it is up to a device's rounding and its scheduler, and
    /// to be caught is no fault of the list.
    pub always: bool,
}

impl SameLaunch {
    /// Whether a launch is one of these.
    #[must_use]
    pub fn holds(&self, launch: &WrongLaunch) -> bool {
        self.kernels.contains(&launch.kernel) && (self.is)(launch)
    }
}

const fn same(
    kernels: &'static [&'static str],
    is: fn(&WrongLaunch) -> bool,
    reason: &'static str,
) -> SameLaunch {
    SameLaunch { kernels, is, reason, always: true }
}

const fn maybe_same(
    kernels: &'static [&'static str],
    is: fn(&WrongLaunch) -> bool,
    reason: &'static str,
) -> SameLaunch {
    SameLaunch { kernels, is, reason, always: false }
}

/// All that are known.
pub const SAME_LAUNCHES: &[SameLaunch] = &[
    same(&GUARDED, |launch| is_more(launch, 0), GUARD),
    same(&GUARDED, |launch| is_more(launch, 1), GUARD),
    same(&PRODUCTS, |launch| is_more(launch, 0), GUARD),
    same(&PRODUCTS, |launch| is_more(launch, 1), GUARD),
    same(&PRODUCTS, |launch| is_more(launch, 2), GUARD),
    same(&["probe_arithmetic"], |launch| is_more(launch, 0), GUARD),
    same(&["probe_arithmetic"], |launch| is_more(launch, 1), TWICE),
    same(&["loss"], |launch| is_more(launch, 0), TWICE),
    same(&["loss"], |launch| is_more(launch, 1), TWICE),
    same(&UNGUARDED, |launch| is_more(launch, 1), TWICE),
    same(&REPEATABLE, |launch| is_more(launch, 2), TWICE),
    same(&REPEATABLE, is_doubled, TWICE),
    same(&PRODUCTS, is_doubled, TWICE),
    maybe_same(&IN_PLACE, |launch| is_more(launch, 2), RACE),
    maybe_same(&["sgd_update", "train_invocation"], is_last_bit_of_training, LAST_BIT),
    same(&PADDED, |launch| is_word(launch, "padding"), PADDING),
    same(&["train_workgroup"], |launch| is_word(launch, "tail_from"), NO_MEASURES),
    same(&["train_invocation"], |launch| is_in_training(launch, "momentum"), NO_MOMENTUM),
    same(&["sgd_update"], |launch| is_in_step(launch, "momentum"), NO_MOMENTUM),
    same(&["train_invocation"], |launch| is_one_off_in_training(launch, "solved_from"), LIMIT),
    same(&["train_invocation"], |launch| is_one_off_in_training(launch, "solved_span"), LIMIT),
    same(&["uniform_draw"], is_row_more_in_training, ROW_BEHIND),
    same(&["activation", "matmul_register", "bias_grad"], is_late, APART),
    same(&["matmul_register"], is_same_operand, SAME_OPERAND),
    same(&["sgd_update"], |launch| is_one_less_in_step(launch, "len"), LAST_IS_PADDING),
    same(&["loss"], |launch| is_one_less_in_step(launch, "capacity"), SHORT_RUN),
];

/// The entry of a wrong launch, if it is listed.
#[must_use]
pub fn same_launch(launch: &WrongLaunch) -> Option<&'static SameLaunch> {
    SAME_LAUNCHES.iter().find(|listed| listed.holds(launch))
}

/// Their guard ends what has no element, wherever its workgroup is in x and y.
const GUARDED: [&str; 11] = [
    "loss_grad",
    "bias_add",
    "bias_grad",
    "peak_copy",
    "sgd_update",
    "adam_update",
    "activation",
    "activation_grad",
    "train_invocation",
    "train_workgroup",
    "uniform_draw",
];

/// Their guard also heeds z.
const PRODUCTS: [&str; 4] = ["matmul", "matmul_register", "matmul_subgroup", "matmul_workgroup"];

/// They have one value for each invocation in x that is launched, and no guard.
const UNGUARDED: [&str; 4] =
    ["peak_arithmetic", "peak_workgroup", "probe_loops", "probe_workgroup"];

/// They write what does not depend on what they wrote before.
const REPEATABLE: [&str; 12] = [
    "loss_grad",
    "loss",
    "bias_grad",
    "peak_arithmetic",
    "peak_copy",
    "peak_workgroup",
    "probe_arithmetic",
    "probe_loops",
    "probe_workgroup",
    "activation",
    "activation_grad",
    "uniform_draw",
];

/// They write over what they read.
const IN_PLACE: [&str; 5] =
    ["bias_add", "sgd_update", "adam_update", "train_invocation", "train_workgroup"];

const PADDED: [&str; 12] = [
    "bias_grad",
    "matmul",
    "matmul_register",
    "matmul_subgroup",
    "matmul_workgroup",
    "peak_arithmetic",
    "peak_copy",
    "probe_arithmetic",
    "probe_loops",
    "probe_workgroup",
    "activation",
    "activation_grad",
];

const GUARD: &str = "the guard ends invocations that have nothing to do";

const TWICE: &str = "what is done twice writes the same values again";

const PADDING: &str = "it is padding: nothing reads it";

const RACE: &str = "two invocations update the same values at once: here both found the old ones";

const LAST_BIT: &str = "it changes the last bit of a sum, within the rounding that WGSL allows, and the \
                        residue takes that up; the kernel's own check sees it";

const NO_MEASURES: &str = "this kernel takes neither momentum nor measures";

const NO_MOMENTUM: &str = "the networks of this run have no momentum";

const ROW_BEHIND: &str = "the next launch draws the row behind anew, and behind the last parameter is \
                          what these networks do not read";

const APART: &str = "neither of the two reads or writes what the other writes";

const SAME_OPERAND: &str = "a product that is stored as it is reads no operand, and has b bound in its \
                            place";

const LAST_IS_PADDING: &str = "the last value is padding behind the last parameter";

const SHORT_RUN: &str =
    "a short run does not come to the end of the ring; the kernel's own check does";

const LIMIT: &str = "it moves the limit by a unit in the last place, less than rounding moves what is \
                     compared with it; the kernel's own check sees it";

fn is_more(launch: &WrongLaunch, of: usize) -> bool {
    matches!(launch.mistake, Mistake::Count { dimension, off: Off::More } if dimension == of)
}

fn is_doubled(launch: &WrongLaunch) -> bool {
    launch.mistake == Mistake::Doubled
}

fn is_word(launch: &WrongLaunch, name: &str) -> bool {
    let spec = || spec(launch.kernel);
    matches!(launch.mistake, Mistake::Word { index, .. } if spec().params[index].name == name)
}

fn spec(kernel: &str) -> &'static KernelSpec {
    let mut specs = KERNELS.iter().map(|kernel| kernel.spec);
    specs.find(|spec| spec.name == kernel).expect("each launch is of a kernel")
}

fn is_in_step(launch: &WrongLaunch, name: &str) -> bool {
    is_word(launch, name) && matches!(launch.place, Place::Step { .. })
}

fn is_one_less_in_step(launch: &WrongLaunch, name: &str) -> bool {
    let is_less = matches!(launch.mistake, Mistake::Word { off: Off::Less, .. });
    is_less && is_in_step(launch, name)
}

fn is_in_training(launch: &WrongLaunch, name: &str) -> bool {
    is_word(launch, name) && launch.place == Place::Training
}

fn is_one_off_in_training(launch: &WrongLaunch, name: &str) -> bool {
    let is_one_off = matches!(launch.mistake, Mistake::Word { off: Off::More | Off::Less, .. });
    is_one_off && is_in_training(launch, name)
}

fn is_row_more_in_training(launch: &WrongLaunch) -> bool {
    let is_more = matches!(launch.mistake, Mistake::Word { off: Off::More, .. });
    is_more && is_in_training(launch, "row_count")
}

/// What keeps compilers from seeing through the compensation is not 0 but 1.
fn is_last_bit_of_training(launch: &WrongLaunch) -> bool {
    is_word(launch, "zero") && launch.place != Place::Everywhere
}

/// The last activations and their loss; the two gradients of a layer's parameters; the gradients of
/// a bias and of the layer before.
fn is_late(launch: &WrongLaunch) -> bool {
    let WrongLaunch { place: Place::Step { kernels, index }, mistake: Mistake::Late, .. } = *launch
    else {
        return false;
    };
    let pairs = [
        ["activation", "loss"],
        ["matmul_register", "bias_grad"],
        ["bias_grad", "matmul_register"],
    ];
    pairs.iter().any(|pair| kernels[index..].starts_with(pair))
}

/// Behind a bias or a sigmoid of its own, or before a sum of its columns or a gradient of its own, a
/// product is stored as it is.
fn is_same_operand(launch: &WrongLaunch) -> bool {
    let WrongLaunch { place: Place::Step { kernels, index }, mistake, .. } = *launch else {
        return false;
    };
    let stores = ["bias_add", "bias_grad", "activation_grad"];
    mistake == Mistake::Bindings([1, 2]) && stores.contains(&kernels[index + 1])
}
