//! A shader's description: its text, its buffers, and the fields of its `Params`.

/// The address space and access of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    /// The `params` of the launch, or a small input.
    Uniform,
    /// An input.
    Read,
    /// An output, or an input that is updated.
    ReadWrite,
}

/// One buffer of a shader; its number is its place in [`KernelSpec::bindings`].
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The variable's name in the shader.
    pub name: &'static str,
    /// Its address space and access.
    pub kind: BindingKind,
}

impl Binding {
    /// The `params` of a launch.
    pub const PARAMS: Self = Self { name: "params", kind: BindingKind::Uniform };

    /// A small input that all invocations read alike.
    #[must_use]
    pub const fn uniform(name: &'static str) -> Self {
        Self { name, kind: BindingKind::Uniform }
    }

    /// An input.
    #[must_use]
    pub const fn read(name: &'static str) -> Self {
        Self { name, kind: BindingKind::Read }
    }

    /// An output, or an input that is updated.
    #[must_use]
    pub const fn read_write(name: &'static str) -> Self {
        Self { name, kind: BindingKind::ReadWrite }
    }
}

/// One field of a shader's `Params`, as the host lays it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, in Rust and WGSL alike.
    pub name: &'static str,
    /// Offset from the start of the struct, in bytes.
    pub offset: usize,
    /// Its type in WGSL.
    pub kind: &'static str,
}

/// Types that `Params` may hold.
pub trait HostScalar {
    /// The name of the type in WGSL.
    const KIND: &'static str;
}

impl HostScalar for u32 {
    const KIND: &'static str = "u32";
}

impl HostScalar for f32 {
    const KIND: &'static str = "f32";
}

/// Declares the host's twin of a shader's `Params`, with the list of its fields.
macro_rules! params {
    ($(#[$doc:meta])* pub struct Params { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct Params { $($(#[$field_doc])* pub $field: $type,)* }

        impl Params {
            /// The fields in order, for comparison with the shader's.
            pub const FIELDS: &[$crate::gpu::Field] = &[$($crate::gpu::Field {
                name: stringify!($field),
                offset: std::mem::offset_of!(Params, $field),
                kind: <$type as $crate::gpu::HostScalar>::KIND,
            }),*];
        }
    };
}
pub(crate) use params;

/// The host's description of a shader.
#[derive(Clone, Copy, Debug)]
pub struct KernelSpec {
    /// The stem of its file.
    pub name: &'static str,
    pub(crate) source: &'static str,
    /// Its buffers, in the order of their numbers.
    pub bindings: &'static [Binding],
    /// The fields of its `Params`.
    pub params: &'static [Field],
    /// Number of invocations in a workgroup, in each dimension.
    pub workgroup_size: u32,
    /// What makes the text complete: nothing, or for a shader that needs constants of which no
    /// `override` can be made (lengths of private arrays), a sample of the lines before it.
    pub(crate) sample_header: &'static str,
    /// Whether its loops may be compiled as they are written. wgpu otherwise counts iterations in
    /// each loop, so that it must end; then no driver unrolls it.
    pub(crate) trusted_loops: bool,
    /// Whether only devices with subgroups of one size can run it.
    pub(crate) needs_subgroups: bool,
}

impl KernelSpec {
    /// The fields that few shaders change.
    pub(crate) const PLAIN: Self = Self {
        name: "",
        source: "",
        bindings: &[],
        params: &[],
        workgroup_size: 64,
        sample_header: "",
        trusted_loops: false,
        needs_subgroups: false,
    };

    /// Its WGSL, with one entry point `main`, behind a sample of the constants that it needs.
    #[must_use]
    pub fn sample(&self) -> String {
        format!("{}{}", self.sample_header, self.source)
    }

    /// The WGSL text of its file.
    #[must_use]
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Whether it is only for devices with subgroups of one size.
    #[must_use]
    pub fn needs_subgroups(&self) -> bool {
        self.needs_subgroups
    }

    /// Whether wgpu leaves its loops as they are written.
    #[must_use]
    pub fn has_trusted_loops(&self) -> bool {
        self.trusted_loops
    }

    /// Values of its `override` constants, with the one that every shader has.
    pub(super) fn complete(&self, overrides: &[(&'static str, f64)]) -> Vec<(&'static str, f64)> {
        let mut all = overrides.to_vec();
        if !overrides.iter().any(|(name, _)| *name == "workgroup_size") {
            all.push(("workgroup_size", f64::from(self.workgroup_size)));
        }
        all
    }

    pub(super) fn layout(&self, device: &wgpu::Device) -> wgpu::BindGroupLayout {
        let entries: Vec<_> = (0..).zip(self.bindings).map(layout_entry).collect();
        device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(self.name),
            entries: &entries,
        })
    }
}

fn layout_entry((binding, described): (u32, &Binding)) -> wgpu::BindGroupLayoutEntry {
    let ty = match described.kind {
        BindingKind::Uniform => wgpu::BufferBindingType::Uniform,
        BindingKind::Read => wgpu::BufferBindingType::Storage { read_only: true },
        BindingKind::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
    };
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}
