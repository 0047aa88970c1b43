//! Networks, data and learning rates of every size that a fused kernel takes, drawn at random.

use std::time::Instant;

use super::{Loops, Networks, data, problem};
use crate::gpu::DeviceType;
use crate::kernels::train_workgroup::{self as workgroup, Split};
use crate::task::{Activation, Adam, Decay, Loss, Method, Optimizer, Schedule};
use crate::train::{KernelChoice, PRODUCTS};
use crate::verify::drawn::{Draws, times};
use crate::verify::{Effort, Failure, Trial};

/// Members of each problem, of which each has rates of its own.
const MEMBERS: usize = 9;

/// Products of the largest problems for a workgroup, whose twin takes its time.
const MOST_PRODUCTS: usize = 20_000;

/// The most inputs, hidden units and rows of problems for a workgroup.
const MOST: [usize; 3] = [252, 512, 1_024];

/// Exponents of 2 of the smallest and the largest learning rate.
const RATES: [f32; 2] = [-60.0, 60.0];

impl Draws {
    /// Inputs, hidden units and rows that make no more than `most` products, and are no more than
    /// `limits` each. In turn each of the three is nearly as large as it can be, or none.
    fn sizes(&mut self, number: u32, most: usize, limits: [usize; 3]) -> [usize; 3] {
        let [most_inputs, most_hidden, most_rows] = limits;
        let wide = |is_wide, most: usize| [if is_wide { (most * 4).div_ceil(5) } else { 1 }, most];
        let turn = number % 4;
        // The one whose turn it is comes first, while nothing is taken.
        let [mut inputs, mut hidden, mut rows] = [1, 1, 1];
        for quantity in [turn, turn + 1, turn + 2] {
            let is_wide = quantity == turn && turn < 3;
            match quantity % 3 {
                0 => {
                    let most = (most / (inputs + 1) / rows).min(most_hidden);
                    hidden = self.size(wide(is_wide, most), true);
                }
                1 => {
                    let most = (most / (inputs + 1) / hidden).min(most_rows);
                    rows = self.size(wide(is_wide, most), true);
                }
                _ => {
                    let most = (most / hidden / rows - 1).min(most_inputs);
                    inputs = self.size(wide(is_wide, most), true);
                }
            }
        }
        [inputs, hidden, rows]
    }

    /// Layers and a number of rows that make no more than `most` products. Every third network has no
    /// hidden layer, two or three, the others have one.
    fn layers(&mut self, number: u32, most: usize) -> (Vec<usize>, usize) {
        let depth = if number % 3 == 2 { self.one_of(&[0, 2, 3]) } else { 1 };
        if depth == 1 {
            let [inputs, hidden, rows] = self.sizes(number, most, [most; 3]);
            return (vec![inputs, hidden, 1], rows);
        }
        // Three layers of them, and the output, make half of the products.
        let widest = if depth == 0 { most } else { (most / 8).isqrt().max(3) };
        let mut layers: Vec<_> = (0..=depth).map(|_| self.size([1, widest], true)).collect();
        layers.push(1);
        let weights: usize = layers.windows(2).map(|pair| pair[0] * pair[1]).sum();
        let rows = self.size([1, (most / weights).max(1)], true);
        (layers, rows)
    }

    /// All that `train_invocation` computes.
    fn method(&mut self) -> Method {
        let compensated = self.share() < 0.4;
        let loss = self.one_of(&Loss::ALL);
        let outputs: &[_] = match loss {
            Loss::CrossEntropy => &[Activation::Sigmoid],
            Loss::SquaredError => &Activation::ALL,
            Loss::Hinge => &[Activation::Identity],
        };
        let form = if compensated { Method::COMPENSATED } else { Method::PLAIN };
        let [hidden_activation, output_activation] =
            [self.one_of(&Activation::ALL), self.one_of(outputs)];
        let momentum = if compensated { 0.0 } else { self.one_of(&[0.0, 0.4, 0.9]) };
        let weight_decay = if compensated { 0.0 } else { self.one_of(&[0.0, 0.0, 1e-3, 0.5]) };
        let nesterov = momentum != 0.0 && self.share() < 0.5;
        let measured = self.share() < 0.3;
        let method = form.with_activations(hidden_activation, output_activation).with_loss(loss);
        let method = method.with_momentum(momentum).with_nesterov(nesterov);
        let method = self.scheduled(method.with_weight_decay(weight_decay).measuring(measured));
        if compensated || self.share() < 0.7 { method } else { self.adam(method) }
    }

    /// A step of the schedule for some.
    fn scheduled(&mut self, method: Method) -> Method {
        let decay = Decay::Step { every: 1, factor: 0.5 };
        let schedule = Schedule { warmup: 0, decay };
        if self.share() < 0.3 { method.with_schedule(schedule) } else { method }
    }

    fn adam(&mut self, method: Method) -> Method {
        let form = if self.share() < 0.5 { Adam::DEFAULT } else { Adam::DECOUPLED };
        method.with_optimizer(Optimizer::Adam(Adam {
            betas: self.one_of(&[[0.9, 0.999], [0.5, 0.75], [0.0, 0.9]]),
            epsilon: self.one_of(&[1e-8, 0.125]),
            weight_decay: self.one_of(&[0.0, 0.1]),
            ..form
        }))
    }
}

/// llvmpipe takes tens of seconds to compile the widest networks, even longer where it may unroll them.
fn loops(effort: Effort) -> Loops {
    if effort.thorough { Loops::Trusted } else { Loops::Bounded }
}

/// Random problems for one invocation a network; none in a quick check, as each takes seconds to
/// compile.
pub async fn check_by_invocation(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let (fewest, longest) = times(trial.effort);
    if trial.effort.quick {
        return Ok(());
    }
    // Text that is unrolled longer than this takes llvmpipe many seconds to compile.
    let most = if trial.effort.thorough { PRODUCTS } else { 36 };
    let start = Instant::now();
    for number in (0..).take_while(|number| *number < fewest || start.elapsed() < longest) {
        let mut draws = Draws::new(trial.effort.seed, number);
        let (layers, rows) = draws.layers(number, most);
        let method = draws.method();
        let data = data(layers[0], rows).with_coding(method.loss.coding());
        let of = problem(&data, &layers, method, 1);
        let members_per_invocation = KernelChoice::Invocation.members_per_invocation(
            of,
            trial.gpu.adapter.device_type,
            MEMBERS,
        );
        let (sizes, loops) = ((&layers[..], members_per_invocation), loops(trial.effort));
        let networks = Networks::by_invocation(trial.gpu, &data, sizes, method, loops).await?;
        networks.check_rates(trial, number, draws).await?;
    }
    Ok(())
}

/// The same for one workgroup a network, by the splits of this device and of GPUs.
pub async fn check_by_workgroup(trial: &mut Trial<'_>) -> Result<(), Failure> {
    let (fewest, longest) = times(trial.effort);
    if trial.effort.quick {
        return Ok(());
    }
    let start = Instant::now();
    for number in (0..).take_while(|number| *number < fewest || start.elapsed() < longest) {
        let mut draws = Draws::new(trial.effort.seed, number);
        let [inputs, hidden, rows] = draws.sizes(number, MOST_PRODUCTS, MOST);
        let method = draws.method().measuring(false);
        let data = data(inputs, rows).with_coding(method.loss.coding());
        let layers = [inputs, hidden, 1];
        let of = problem(&data, &layers, method, 1);
        if workgroup::fits(of).is_err() {
            continue;
        }
        let device_type = match number % 2 {
            0 => trial.gpu.adapter.device_type,
            _ => DeviceType::Discrete,
        };
        let split = Split::of(of, device_type).expect("it fits");
        let (sizes, loops) = ((&layers[..], split), loops(trial.effort));
        let networks = Networks::by_workgroup(trial.gpu, &data, sizes, method, loops).await?;
        networks.check_rates(trial, number, draws).await?;
    }
    Ok(())
}

impl Networks<'_> {
    /// A look, a step and a look of members with random parameters and learning rates of every size.
    async fn check_rates(
        &self,
        trial: &mut Trial<'_>,
        number: u32,
        mut draws: Draws,
    ) -> Result<(), Failure> {
        let mut before =
            self.members(trial.effort.seed.wrapping_add(2 * u64::from(number)), MEMBERS, 2);
        for row in 0..2 {
            let rates = before.row(self.problem.rates_row() + row);
            rates.fill_with(|| draws.power(RATES));
        }
        let params = self.params(&before, 2, 1);
        let case = format!("problem {number} of seed {}", trial.effort.seed);
        let unchecked = trial.unchecked.len();
        self.check(trial, &case, &before, &params, None).await?;
        // A large rate leads to where nothing has a bound: of networks that were drawn at random that
        // is no news.
        trial.unchecked.truncate(unchecked);
        Ok(())
    }
}
