//! Every combination of what a recipe can say.

use parity::error::Error;
use parity::task::{
    Activation, Adam, Backprop, Coding, Dataset, Decay, LayerSizes, Loss, Method, Optimizer,
    Recipe, Rounding, Schedule,
};

/// For one invocation without a hidden layer, with one and with two; for one workgroup; for neither.
pub const NETWORKS: [&str; 5] = ["2-1", "2-3-1", "2-4-3-1", "5-9-1", "2-9-9-1"];
pub const BACKPROPS: [Backprop; 3] = [
    Backprop::Exact,
    Backprop::ByHand { hidden_derivative: true },
    Backprop::ByHand { hidden_derivative: false },
];

/// Constant, and with a factor for each update.
pub const SCHEDULES: [Schedule; 2] =
    [Schedule::CONSTANT, Schedule { warmup: 4, decay: Decay::Cosine { steps: 40, least: 0.1 } }];

/// As it is, with momentum, with weight decay, with both and Nesterov's momentum, by Adam, and by AdamW.
pub fn optimizers(method: Method) -> [Method; 6] {
    let momentum = method.with_momentum(0.5);
    let both = momentum.with_nesterov(true).with_weight_decay(0.01);
    let by = |adam| method.with_optimizer(Optimizer::Adam(adam));
    let [adam, adamw] = [by(Adam::DEFAULT), by(Adam::DECOUPLED)];
    [method, momentum, method.with_weight_decay(0.1), both, adam, adamw]
}

/// One combination.
#[derive(Clone, Debug)]
pub struct Cell {
    pub network: &'static str,
    pub coding: Coding,
    pub method: Method,
}

impl Cell {
    /// The recipe, or why its parts do not go together.
    pub fn recipe(&self) -> Result<Recipe, Error> {
        let sizes: LayerSizes = self.network.parse().expect("a network");
        let bits = u32::try_from(sizes.input_size()).expect("few");
        let data = Dataset::parity(bits).expect("data").with_coding(self.coding);
        Recipe::new(data, sizes, self.method, 40)
    }
}

/// All combinations.
pub fn cells() -> Vec<Cell> {
    let all = |methods: Vec<Method>, vary: &dyn Fn(Method) -> Vec<Method>| {
        methods.into_iter().flat_map(vary).collect::<Vec<_>>()
    };
    let methods = all(vec![Method::sgd(0.1)], &|method| {
        let pairs = Activation::ALL.iter().flat_map(|&hidden| {
            Activation::ALL.map(|output| method.with_activations(hidden, output))
        });
        pairs.collect()
    });
    let methods = all(methods, &|method| Loss::ALL.map(|loss| method.with_loss(loss)).into());
    let methods = all(methods, &|method| optimizers(method).into());
    let methods = all(methods, &|method| SCHEDULES.map(|it| method.with_schedule(it)).into());
    let methods = all(methods, &|method| Rounding::ALL.map(|how| method.with_rounding(how)).into());
    let methods = all(methods, &|method| BACKPROPS.map(|how| with_backprop(method, how)).into());
    let of = |network, coding| methods.iter().map(move |&method| Cell { network, coding, method });
    let cell = |network| Coding::ALL.into_iter().flat_map(move |coding| of(network, coding));
    NETWORKS.into_iter().flat_map(cell).collect()
}

pub fn with_backprop(mut method: Method, backprop: Backprop) -> Method {
    method.backprop = backprop;
    method
}
