//! A compiled shader, and a launch of it that can be repeated.

use std::sync::Arc;

use super::device::Gpu;
use super::instance::Instance;
use super::spec::{Field, KernelSpec};
use super::tensor::Tensor;
use super::wrong_launch::{Mistake, launched};
use crate::error::Error;

/// A compiled shader.
#[derive(Clone)]
pub struct Kernel {
    program: Arc<Program>,
    pipeline: wgpu::ComputePipeline,
}

/// What a pipeline is compiled from.
#[derive(Debug)]
pub(super) struct Program {
    spec: &'static KernelSpec,
    module: wgpu::ShaderModule,
    /// Values of its `override` constants.
    constants: Vec<(&'static str, f64)>,
    layout: wgpu::BindGroupLayout,
}

impl Program {
    fn compile(&self, device: &wgpu::Device) -> wgpu::ComputePipeline {
        let Self { spec, module, constants, layout } = self;
        Self::pipeline(device, spec.name, module, layout, constants)
    }

    pub(super) fn pipeline(
        device: &wgpu::Device,
        name: &str,
        module: &wgpu::ShaderModule,
        layout: &wgpu::BindGroupLayout,
        constants: &[(&str, f64)],
    ) -> wgpu::ComputePipeline {
        let label = Some(name);
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label,
            bind_group_layouts: &[Some(layout)],
            ..Default::default()
        });
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label,
            layout: Some(&pipeline_layout),
            module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants,
                // The shaders write workgroup memory before they read it. Left to llvmpipe's
                // GL compiler, 2,048 zeros cost 53 s.
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        })
    }
}

/// A launch as data: it can be encoded any number of times.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The stem of the shader.
    pub name: &'static str,
    /// The source that the pipeline is compiled from.
    program: Arc<Program>,
    /// The compiled shader.
    pub(super) pipeline: wgpu::ComputePipeline,
    /// Its buffers.
    pub(super) bind_group: wgpu::BindGroup,
    /// The first of them: its `params`.
    uniform: wgpu::Buffer,
    /// The others.
    tensors: Vec<Tensor>,
    /// Number of workgroups, in each dimension.
    pub workgroup_count: [u32; 3],
}

impl Dispatch {
    /// The tensors that it is bound to, in the order of the shader's bindings, without its
    /// `params`.
    #[must_use]
    pub fn tensors(&self) -> &[Tensor] {
        &self.tensors
    }

    /// Whether another launch runs the same compiled code.
    #[must_use]
    pub fn shares_code_with(&self, other: &Self) -> bool {
        self.pipeline == other.pipeline
    }

    /// Its `params`.
    pub(super) fn uniform(&self) -> wgpu::Buffer {
        self.uniform.clone()
    }

    /// The fields of its `params`.
    pub(super) fn fields(&self) -> &'static [Field] {
        self.program.spec.params
    }

    /// Adds the launch to a pass, with the mistake that is asked for.
    pub(super) fn encode(&self, pass: &mut wgpu::ComputePass<'_>, mistake: Option<Mistake>) {
        let (times, [x, y, z]) = launched(mistake, self.workgroup_count);
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        for _ in 0..times {
            pass.dispatch_workgroups(x, y, z);
        }
    }
}

/// Number of workgroups that cover `items`, `per_workgroup` each, in two dimensions: one dimension
/// ends at 65,535.
///
/// # Panics
/// If that takes more than 65,535² workgroups.
#[must_use]
pub fn cover(items: usize, per_workgroup: u32) -> [u32; 3] {
    const MOST: usize = 65_535;
    let count = items.div_ceil(per_workgroup as usize);
    let y = count.div_ceil(MOST).max(1);
    let as_u32 = |count: usize| u32::try_from(count).expect("at most 65,535");
    assert!(y <= MOST, "{items} items are too many for one dispatch");
    [as_u32(count.div_ceil(y)), as_u32(y), 1]
}

impl Kernel {
    /// Compiles a shader with the given `override` constants.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the driver refuses it.
    pub async fn new(
        gpu: &Gpu,
        spec: &'static KernelSpec,
        overrides: &[(&'static str, f64)],
    ) -> Result<Self, Error> {
        Self::with_header(gpu, spec, "", overrides).await
    }

    /// Compiles a shader that needs `const` lines before its text.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the driver refuses it.
    pub(crate) async fn with_header(
        gpu: &Gpu,
        spec: &'static KernelSpec,
        header: &str,
        overrides: &[(&'static str, f64)],
    ) -> Result<Self, Error> {
        let constants = spec.complete(overrides);
        let instance = || Instance::new(spec, header, overrides);
        if let Some(recorder) = &gpu.recorder {
            recorder.add(instance());
        }
        // A wrong launch is one of many of the same text.
        let kept = gpu.wrong_launch.map(|_| (instance(), gpu.substitutes(spec.name)));
        if let Some(kernel) = kept.as_ref().and_then(|kept| gpu.kernel_cache.get(kept)) {
            return Ok(kernel);
        }
        let compile = || {
            let module = shader_module(gpu, spec, header);
            let layout = spec.layout(&gpu.device);
            let program = Program { spec, module, constants, layout };
            Self { pipeline: program.compile(&gpu.device), program: Arc::new(program) }
        };
        let kernel = gpu.scoped(spec.name, compile).await?;
        if let Some(kept) = kept {
            gpu.kernel_cache.add(kept, &kernel);
        }
        Ok(kernel)
    }

    /// Binds parameters and tensors, in the order of the shader's bindings, for a launch of
    /// `workgroup_count` workgroups.
    ///
    /// # Errors
    /// [`Error::Gpu`] if wgpu refuses.
    ///
    /// # Panics
    /// Unless there is one tensor for each binding after `params`.
    pub async fn bind<P: bytemuck::Pod>(
        &self,
        gpu: &Gpu,
        params: &P,
        tensors: &[&Tensor],
        workgroup_count: [u32; 3],
    ) -> Result<Dispatch, Error> {
        let Program { spec, layout, .. } = &*self.program;
        let name = spec.name;
        assert_eq!(tensors.len() + 1, spec.bindings.len(), "tensors for {name}");
        let data = gpu.params(name, spec.params, bytemuck::bytes_of(params));
        let uniform = gpu.uniform(name, &data).await?;
        let tensors = gpu.bound(name, tensors);
        let bind_group = gpu.bind_group(name, layout, &uniform, &tensors).await?;
        let (program, pipeline) = (Arc::clone(&self.program), self.pipeline.clone());
        Ok(Dispatch { name, program, pipeline, bind_group, uniform, tensors, workgroup_count })
    }
}

/// Another text for a kernel.
pub(super) struct Substitute {
    kernel: &'static str,
    /// The complete text, for the `const` lines that the host writes before it.
    complete: Box<dyn Fn(&str) -> String + Send + Sync>,
}

impl Gpu {
    /// From now on compiles `source` where a kernel is asked for, with all of wgpu's checks: to see
    /// whether a wrong kernel is noticed.
    #[doc(hidden)]
    pub fn substitute(&mut self, kernel: &'static str, source: String) {
        self.substitute_with(kernel, move |header| format!("{header}{source}"));
    }

    /// The same with a text that depends on the `const` lines that the host writes before it:
    /// `complete` gives all of it for these lines.
    #[doc(hidden)]
    pub fn substitute_with(
        &mut self,
        kernel: &'static str,
        complete: impl Fn(&str) -> String + Send + Sync + 'static,
    ) {
        self.substitute = Some(Substitute { kernel, complete: Box::new(complete) });
    }

    /// Whether it does so for this one.
    #[must_use]
    #[doc(hidden)]
    pub fn substitutes(&self, kernel: &str) -> bool {
        self.substitute.as_ref().is_some_and(|substitute| substitute.kernel == kernel)
    }

    /// Compiles and launches every kernel as it is again.
    #[doc(hidden)]
    pub fn restore(&mut self) {
        self.substitute = None;
        self.wrong_launch = None;
    }

    /// Gives a dispatch other `params`, for the submissions to come.
    ///
    /// # Panics
    /// If they have another size.
    pub fn write_params<P: bytemuck::Pod>(&self, dispatch: &Dispatch, params: &P) {
        let data = bytemuck::bytes_of(params);
        assert_eq!(data.len() as u64, dispatch.uniform.size(), "params of {}", dispatch.name);
        let data = self.params(dispatch.name, dispatch.fields(), data);
        self.write_buffer(&dispatch.uniform, 0, &data);
    }

    /// The same launch, compiled anew, on buffers of its own, which hold what those of the other hold
    /// now: a time may depend on where in memory they lie, and where the code does.
    ///
    /// # Errors
    /// [`Error::Gpu`] if memory runs out or the driver refuses.
    pub async fn replicate(&self, dispatch: &Dispatch) -> Result<Dispatch, Error> {
        let mut copies: Vec<(wgpu::Buffer, wgpu::Buffer)> = vec![];
        let old = dispatch.tensors.iter().map(|tensor| &tensor.buffer);
        for old in std::iter::once(&dispatch.uniform).chain(old) {
            if copies.iter().all(|(known, _)| known != old) {
                let usage = old.usage() - wgpu::BufferUsages::COPY_DST;
                let usage = usage - wgpu::BufferUsages::COPY_SRC;
                copies.push((old.clone(), self.buffer(dispatch.name, old.size(), usage).await?));
            }
        }
        let mut encoder =
            self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for (old, new) in &copies {
            encoder.copy_buffer_to_buffer(old, 0, new, 0, old.size());
        }
        self.queue.submit([encoder.finish()]);
        let copy_of = |old: &wgpu::Buffer| {
            let copy = copies.iter().find(|(known, _)| known == old);
            copy.expect("each was copied").1.clone()
        };
        let uniform = copy_of(&dispatch.uniform);
        let moved = |tensor: &Tensor| tensor.in_buffer(copy_of(&tensor.buffer));
        let tensors: Vec<_> = dispatch.tensors.iter().map(moved).collect();
        let (name, program) = (dispatch.name, &dispatch.program);
        let bind_group = self.bind_group(name, &program.layout, &uniform, &tensors).await?;
        let pipeline = self.scoped(name, || program.compile(&self.device)).await?;
        Ok(Dispatch { pipeline, bind_group, uniform, tensors, ..dispatch.clone() })
    }

    /// The same launch on other tensors.
    pub(super) async fn rebound(
        &self,
        dispatch: &Dispatch,
        tensors: Vec<Tensor>,
    ) -> Result<Dispatch, Error> {
        let (layout, uniform) = (&dispatch.program.layout, &dispatch.uniform);
        let bind_group = self.bind_group(dispatch.name, layout, uniform, &tensors).await?;
        Ok(Dispatch { bind_group, tensors, ..dispatch.clone() })
    }

    async fn bind_group(
        &self,
        name: &str,
        layout: &wgpu::BindGroupLayout,
        uniform: &wgpu::Buffer,
        tensors: &[Tensor],
    ) -> Result<wgpu::BindGroup, Error> {
        let resources = [uniform.as_entire_binding()].into_iter();
        let resources = resources.chain(tensors.iter().map(|tensor| tensor.binding()));
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let descriptor = wgpu::BindGroupDescriptor { label: Some(name), layout, entries: &entries };
        self.scoped(name, || self.device.create_bind_group(&descriptor)).await
    }

    async fn uniform(&self, name: &str, data: &[u8]) -> Result<wgpu::Buffer, Error> {
        let buffer = self.buffer(name, data.len() as u64, wgpu::BufferUsages::UNIFORM).await?;
        self.write_buffer(&buffer, 0, data);
        Ok(buffer)
    }
}

pub(super) fn shader_module(gpu: &Gpu, spec: &KernelSpec, header: &str) -> wgpu::ShaderModule {
    let substitute = gpu.substitute.as_ref().filter(|substitute| substitute.kernel == spec.name);
    let text = substitute.map_or_else(
        || format!("{header}{}", spec.source),
        |substitute| (substitute.complete)(header),
    );
    let descriptor = wgpu::ShaderModuleDescriptor {
        label: Some(spec.name),
        source: wgpu::ShaderSource::Wgsl(text.into()),
    };
    if !spec.trusted_loops || substitute.is_some() {
        return gpu.device.create_shader_module(descriptor);
    }
    let mut checks = wgpu::ShaderRuntimeChecks::checked();
    checks.force_loop_bounding = false;
    #[expect(unsafe_code, reason = "wgpu leaves it to the caller that loops end")]
    // SAFETY: all other checks stay, only this crate can make such a spec or give it a header (what
    // others give to `Gpu::compile` is never run), and each of its loops counts up by one to a
    // constant or to a value that nothing writes, such as one of `params` (tests/host/contract.rs).
    unsafe {
        gpu.device.create_shader_module_trusted(descriptor, checks)
    }
}
