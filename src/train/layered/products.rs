//! The products of a step: which variant computes each, and what it takes over from others.

use serde::Serialize;

use crate::error::Error;
use crate::gpu::{Dispatch, Gpu, Tensor};
use crate::kernels::product::{self, Epilogue, Product, Shape, Transpose, Variant};
use crate::tune::{Found, Tuner};

/// How a step computes its products.
pub enum Products<'t, 'g> {
    /// By the default variant, with a dispatch for each formula around it.
    Plain,
    /// By the default variant, which takes over the formulas that follow: the bias, the sigmoid of a
    /// hidden layer, the gradient through it.
    Epilogues,
    /// The same, by the variant that is found the fastest for each shape.
    Tuned(&'t mut Tuner<'g>),
}

/// What computes a product of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProductUse {
    /// `[m, n, k]`: `[m, k] · [k, n]`
    pub shape: [usize; 3],
    /// The variant.
    pub variant: String,
    /// How it was found.
    pub found: Found,
}

/// Compiles products, each kind once, and binds them.
pub(super) struct Binder<'p, 't, 'g> {
    gpu: &'p Gpu,
    products: Products<'t, 'g>,
    compiled: Vec<(Kind, Product)>,
    pub(super) uses: Vec<ProductUse>,
}

type Kind = (Variant, Transpose, Epilogue);

impl<'p, 't, 'g> Binder<'p, 't, 'g> {
    pub(super) fn new(gpu: &'p Gpu, products: Products<'t, 'g>) -> Self {
        Self { gpu, products, compiled: vec![], uses: vec![] }
    }

    /// Whether products take over what follows them.
    pub(super) fn has_epilogues(&self) -> bool {
        !matches!(self.products, Products::Plain)
    }

    /// A product of tensors as [`product::dispatch`] takes them.
    pub(super) async fn bind(
        &mut self,
        transpose: Transpose,
        epilogue: Epilogue,
        shape: Shape,
        tensors: [&Tensor; 4],
    ) -> Result<Dispatch, Error> {
        let (variant, found) = match &mut self.products {
            Products::Plain | Products::Epilogues => (Variant::DEFAULT, Found::Default),
            Products::Tuned(tuner) => tuner.variant(transpose, epilogue, shape).await?,
        };
        let Shape { m, n, k } = shape;
        self.uses.push(ProductUse { shape: [m, n, k], variant: variant.name(), found });
        let kind = (variant, transpose, epilogue);
        let index = if let Some(known) = self.compiled.iter().position(|(other, _)| *other == kind)
        {
            known
        } else {
            let product = product::product(self.gpu, variant, transpose, epilogue).await?;
            self.compiled.push((kind, product));
            self.compiled.len() - 1
        };
        product::dispatch(self.gpu, &self.compiled[index].1, shape, tensors).await
    }
}
