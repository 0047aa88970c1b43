//! Chunks: networks that are trained side by side.

use std::ops::ControlFlow;

use super::population::Population;
use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Kernel, Region, Tensor};
use crate::kernels::uniform_draw::{self, Draw, MOST_ROWS, ORIGIN_ROWS};
use crate::numeric::Stream;
use crate::task::Parameters;
use crate::train::{Batch, Finished, Training, run};

/// Number of steps at the end of a run whose mean loss tells whether it converged.
pub const TAIL: u64 = 20;

/// The initial parameters and learning rates of the networks of a chunk.
#[derive(Clone, Debug)]
pub struct Starts {
    /// `[6, member_count]`, see [`uniform_draw`].
    origins: Vec<u32>,
    /// The learning rate of each layer, `[layer_count, member_count]`.
    rates: Vec<f32>,
    /// Parameters that are set instead of drawn: the number, and a value for each member.
    fixed: Vec<(usize, Vec<f32>)>,
    member_count: usize,
}

impl Starts {
    /// The starts of `member_count` networks of `layer_count` layers, all with one learning rate. Their
    /// parameters are still to be drawn or set.
    #[must_use]
    pub fn new(layer_count: usize, member_count: usize, learning_rate: f32) -> Self {
        Self {
            origins: vec![0; ORIGIN_ROWS * member_count],
            rates: vec![learning_rate; layer_count * member_count],
            fixed: vec![],
            member_count,
        }
    }

    /// Draws the parameters of a member from a stream, times `scale`.
    pub fn draw(&mut self, index: usize, stream: Stream, scale: f32) {
        let words = stream.key.into_iter().chain(stream.counter).chain([scale.to_bits()]);
        for (row, word) in words.enumerate() {
            self.origins[row * self.member_count + index] = word;
        }
    }

    /// Sets the learning rate of one layer of a member, or of all.
    pub fn set_rate(&mut self, index: usize, layer: Option<usize>, rate: f32) {
        for (number, rates) in self.rates.chunks_exact_mut(self.member_count).enumerate() {
            if layer.is_none_or(|layer| layer == number) {
                rates[index] = rate;
            }
        }
    }

    /// Sets parameter number `parameter` of every member.
    pub fn set_parameter(&mut self, parameter: usize, values: Vec<f32>) {
        assert_eq!(values.len(), self.member_count, "a value for each member");
        self.fixed.push((parameter, values));
    }
}

/// Networks that are trained side by side on the device.
pub struct Chunk<'a> {
    batch: Batch<'a>,
    drawing: Drawing<'a>,
    member_count: usize,
}

/// How members are put where they start.
struct Drawing<'a> {
    gpu: &'a Gpu,
    population: &'a Population,
    draws: Vec<Dispatch>,
    origins: Tensor,
}

/// The training of a chunk.
struct Watched<'c, 'a> {
    drawing: &'c Drawing<'a>,
    starts: &'c Starts,
    observe: &'c mut (dyn FnMut(u64) -> ControlFlow<()> + Send),
    finished: Option<Finished>,
}

impl<'a> Chunk<'a> {
    /// Compiles the kernels that train a population, and allocates the state of its members.
    ///
    /// # Errors
    /// [`Error::Usage`] if the population cannot be trained or does not fit, [`Error::Gpu`] if the
    /// driver refuses.
    pub async fn new(
        gpu: &'a Gpu,
        population: &'a Population,
        member_count: usize,
    ) -> Result<Self, Error> {
        population.check()?;
        let (problem, loop_limit) = (population.problem()?, population.loop_limit);
        let batch = Batch::new(gpu, problem, member_count, 2, false, loop_limit).await?;
        let origins = gpu.zeros("origins", ORIGIN_ROWS * member_count).await?;
        let draws = draws(gpu, population, [&origins, &batch.state]).await?;
        let drawing = Drawing { gpu, population, draws, origins };
        Ok(Self { batch, drawing, member_count })
    }

    /// Sets the members to their starts.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn start(&mut self, starts: &Starts) -> Result<(), Error> {
        self.drawing.start(&mut self.batch, starts).await
    }

    /// Trains members from their starts to the end. After every submission, `observe` is called
    /// with the number of network-steps that are done, including those of `before` other networks.
    /// If it asks to stop after the last submission, that is returned together with the result.
    ///
    /// # Errors
    /// - [`Error::Interrupted`] if `observe` asks to stop earlier;
    /// - [`Error::Undone`] if the device left out steps;
    /// - [`Error::Gpu`] if the device fails.
    pub async fn run(
        &mut self,
        starts: &Starts,
        before: u64,
        observe: &mut (dyn FnMut(u64) -> ControlFlow<()> + Send + '_),
    ) -> Result<(Finished, ControlFlow<()>), Error> {
        let (count, all_steps) = (self.member_count as u64, self.drawing.population.recipe.steps);
        let mut go_on = ControlFlow::Continue(());
        let mut watch = |steps: u64| {
            go_on = observe(before * all_steps + steps * count);
            go_on
        };
        let drawing = &self.drawing;
        let mut watched = Watched { drawing, starts, observe: &mut watch, finished: None };
        run(&mut self.batch, &mut watched).await?;
        let finished = watched.finished.expect("the run took it");
        Ok((finished, go_on))
    }

    /// The outputs of one member after the last step, `[batch_size, 1]`.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn outputs(&self, index: usize) -> Result<Vec<f32>, Error> {
        self.column(&self.batch.outputs, self.drawing.population.recipe.data.row_count(), index)
            .await
    }

    /// The current parameters of one member.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn parameters(&self, index: usize) -> Result<Parameters, Error> {
        let count = self.batch.problem.parameter_count();
        let values = self.column(&self.batch.state, count, index).await?;
        Ok(Parameters::from_fn(&self.drawing.population.recipe.sizes, |number, _| {
            values[number as usize]
        }))
    }

    /// The current parameters of all members, `[parameter_count, member_count]`.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the device fails.
    pub async fn all_parameters(&self) -> Result<Vec<f32>, Error> {
        let len = self.batch.problem.parameter_count() * self.member_count;
        let region = Region { tensor: &self.batch.state, start: 0, len };
        let words = self.drawing.gpu.read_regions(&[region]).await?;
        Ok(words.into_iter().map(f32::from_bits).collect())
    }

    /// One member's value in each of the first rows of a tensor.
    async fn column(&self, tensor: &Tensor, rows: usize, index: usize) -> Result<Vec<f32>, Error> {
        let region = |row: usize| Region { tensor, start: row * self.member_count + index, len: 1 };
        let regions: Vec<_> = (0..rows).map(region).collect();
        let words = self.drawing.gpu.read_regions(&regions).await?;
        Ok(words.into_iter().map(f32::from_bits).collect())
    }
}

/// Dispatches that draw all parameters of the members.
async fn draws(
    gpu: &Gpu,
    population: &Population,
    tensors: [&Tensor; 2],
) -> Result<Vec<Dispatch>, Error> {
    let kernel = Kernel::new(gpu, &uniform_draw::SPEC, &[]).await?;
    let mut draws = vec![];
    let mut first = 0;
    for (inputs, outputs) in population.recipe.sizes.layers() {
        let end = first + (inputs + 1) * outputs;
        while first < end {
            let draw = Draw {
                first_parameter: u32::try_from(first).expect("few"),
                first_row: first,
                row_count: (end - first).min(MOST_ROWS),
                extent: population.init.extent(inputs),
            };
            draws.push(uniform_draw::dispatch(gpu, &kernel, draw, tensors).await?);
            first += draw.row_count;
        }
    }
    Ok(draws)
}

impl Drawing<'_> {
    async fn start(&self, batch: &mut Batch<'_>, starts: &Starts) -> Result<(), Error> {
        let Self { gpu, population, draws, origins } = self;
        assert_eq!(origins.len(), starts.origins.len(), "members of the chunk");
        gpu.write(origins, &starts.origins);
        let mut nothing = gpu.readback(0).await?;
        gpu.submit(draws, &[], &mut nothing, None).await?;
        for (parameter, values) in &starts.fixed {
            batch.write_row(*parameter, values);
        }
        let (problem, method) = (batch.problem, population.recipe.method);
        if method.keeps_state() {
            let rows = problem.rates_row() - problem.optimizer_state_row();
            let zeros = vec![0.0; rows * starts.member_count];
            batch.write_row(problem.optimizer_state_row(), &zeros);
        }
        batch.write_row(problem.rates_row(), &starts.rates);
        let tail_from = u32::try_from(population.recipe.steps.saturating_sub(TAIL));
        batch.start(population.solved_below, tail_from.expect("steps have 32 bits"));
        Ok(())
    }
}

impl Training for Watched<'_, '_> {
    fn steps(&self) -> u64 {
        self.drawing.population.recipe.steps
    }

    async fn start(&mut self, batch: &mut Batch<'_>) -> Result<(), Error> {
        self.drawing.start(batch, self.starts).await
    }

    fn next(&self, batch: &Batch<'_>) -> [u64; 2] {
        [1, batch.next(self.steps() - batch.done())]
    }

    async fn dispatch(&mut self, batch: &mut Batch<'_>, looks: [u64; 2]) -> Result<(), Error> {
        batch.advance(looks).await?;
        let (step, steps) = (batch.done(), self.steps());
        if (self.observe)(step).is_break() && step < steps {
            return Err(Error::Interrupted { step, steps });
        }
        Ok(())
    }

    /// What has become of the members is read once, at the end.
    async fn finish(&mut self, batch: &mut Batch<'_>) -> Result<(), Error> {
        self.finished = Some(batch.finished().await?);
        Ok(())
    }
}
