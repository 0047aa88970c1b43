use std::ops::ControlFlow;
use parity::{*, gpu::*, train::*, model::*, rule::*, dataset::*};
fn main() {
    pollster::block_on(async {
        let gpu = Gpu::open(Selection::default()).await.unwrap();
        println!("{}", gpu.adapter);
        let layers = std::env::args().nth(1).unwrap_or("2-2-1".into());
        let steps = std::env::args().nth(2).unwrap_or("10000".into()).parse().unwrap();
        let sizes: LayerSizes = layers.parse().unwrap();
        let plan = Plan { data: Dataset::parity(sizes.input_size() as u32).unwrap(), rule: Rule::sgd(1.0), start: Parameters::initialise(&sizes, Init::Torch, 0), steps, log_every: 100 };
        let engine = Layered::new(&gpu, &plan).await.unwrap();
        let mut last = std::time::Instant::now();
        let mut longest = std::time::Duration::ZERO; let mut n=0;
        let out = engine.train(&mut |_| { let e = last.elapsed(); last = std::time::Instant::now(); n+=1; if n>1 {longest = longest.max(e);} ControlFlow::Continue(()) }).await.unwrap();
        println!("{:?} {:?} {:?} wall {:?} gpu {:?} longest {longest:?} n {n}", out.final_loss, &out.probabilities[..4], &out.losses[..4.min(out.losses.len())], out.wall, out.gpu);
        let t = std::time::Instant::now();
        let r = reference::<f64>(&plan, &|| ControlFlow::Continue(())).unwrap();
        println!("{} {:?}", r.final_loss, t.elapsed());
    });
}
