//! Values on the device.

use std::sync::atomic::Ordering;

use wgpu::BufferUsages;

use super::device::Gpu;
use crate::error::Error;

/// Every tensor starts on a multiple of this many values, so that any of them can be bound: no
/// adapter may ask for more than 256 bytes.
const ALIGNMENT: usize = 64;

/// The length that a tensor of `len` values takes up among others in one buffer.
#[must_use]
pub fn aligned_len(len: usize) -> usize {
    len.next_multiple_of(ALIGNMENT)
}

/// A row-major array of 4-byte values on the device: a buffer or a part of one.
#[derive(Clone, Debug)]
pub struct Tensor {
    pub(super) buffer: wgpu::Buffer,
    pub(super) offset: usize,
    len: usize,
    /// Number of values behind it that a shader could reach.
    room: usize,
}

impl Tensor {
    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has no values at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `len` of the values, from number `start` on.
    ///
    /// # Panics
    /// If that is not inside, or `start` is not aligned as [`aligned_len`] does.
    #[must_use]
    pub fn part(&self, start: usize, len: usize) -> Self {
        assert!(start + len <= self.len, "{start} + {len} values of {}", self.len);
        assert!(start.is_multiple_of(ALIGNMENT), "a part cannot start at value {start}");
        Self { buffer: self.buffer.clone(), offset: self.offset + start, len, room: 0 }
    }

    /// The same tensor, bound with the `room` values behind it in its buffer. Without them, an
    /// access beyond the tensor would have no effect, or that of its last value.
    ///
    /// # Panics
    /// If the buffer has fewer values behind the tensor.
    #[must_use]
    pub fn with_room(self, room: usize) -> Self {
        let end = bytes(self.offset + self.len + room);
        assert!(end <= self.buffer.size(), "{room} values behind {self:?}");
        Self { room, ..self }
    }

    /// The same place in another buffer.
    pub(super) fn in_buffer(&self, buffer: wgpu::Buffer) -> Self {
        Self { buffer, ..self.clone() }
    }

    pub(super) fn whole(buffer: wgpu::Buffer, len: usize) -> Self {
        Self { buffer, offset: 0, len, room: 0 }
    }

    pub(super) fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.buffer,
            offset: bytes(self.offset),
            size: wgpu::BufferSize::new(bytes(self.len + self.room)),
        })
    }
}

/// The size of `len` values.
pub(super) fn bytes(len: usize) -> u64 {
    4 * len as u64
}

/// The most bytes that a tensor may have on any adapter. On Metal, where more could be bound, wgpu
/// 30 tells shaders no length of more than 32 bits: what is behind 4 GiB would be another value.
pub(super) const MAX_BYTES: u64 = 1 << 31;

/// Checks that some adapter can hold a tensor of `len` values.
///
/// # Errors
/// [`Error::Usage`] if no adapter can.
pub fn check_tensor(label: &str, len: usize) -> Result<(), Error> {
    check_bytes(label, len, MAX_BYTES, "no adapter is given")
}

fn check_bytes(label: &str, len: usize, most: u64, who: &str) -> Result<(), Error> {
    let needed = bytes(len);
    if needed <= most {
        return Ok(());
    }
    Err(Error::Usage(format!(
        "the tensor of {label} needs {needed} bytes, and {who} more than {most}: use a smaller network \
         or fewer bits"
    )))
}

impl Gpu {
    /// Checks that this adapter can hold a tensor of `len` values.
    ///
    /// # Errors
    /// [`Error::Usage`] if it cannot.
    pub fn check_tensor(&self, label: &str, len: usize) -> Result<(), Error> {
        let who = format!("{} does not bind", self.adapter.name);
        check_bytes(label, len, self.max_tensor_bytes(), &who)
    }

    /// A tensor of zeros.
    ///
    /// # Errors
    /// [`Error::Usage`] if the adapter cannot bind that much, [`Error::Gpu`] if memory runs out.
    pub async fn zeros(&self, label: &str, len: usize) -> Result<Tensor, Error> {
        self.check_tensor(label, len)?;
        let buffer = self.buffer(label, bytes(len), BufferUsages::STORAGE).await?;
        Ok(Tensor::whole(buffer, len))
    }

    /// A tensor of the given values.
    ///
    /// # Errors
    /// As [`Self::zeros`].
    pub async fn upload<T: bytemuck::Pod>(&self, label: &str, data: &[T]) -> Result<Tensor, Error> {
        let tensor = self.zeros(label, data.len()).await?;
        self.write(&tensor, data);
        Ok(tensor)
    }

    /// A tensor of the given values that a shader binds as `var<uniform>`.
    ///
    /// # Errors
    /// [`Error::Gpu`] if the adapter cannot bind that much, or memory runs out.
    pub async fn upload_uniform(&self, label: &str, data: &[f32]) -> Result<Tensor, Error> {
        let buffer = self.buffer(label, bytes(data.len()), BufferUsages::UNIFORM).await?;
        let tensor = Tensor::whole(buffer, data.len());
        self.write(&tensor, data);
        Ok(tensor)
    }

    /// Overwrites a tensor.
    ///
    /// # Panics
    /// Unless `data` has as many values as the tensor, of 4 bytes each.
    pub fn write<T: bytemuck::Pod>(&self, tensor: &Tensor, data: &[T]) {
        assert_eq!(tensor.len(), data.len(), "values for the tensor");
        self.write_at(tensor, 0, data);
    }

    /// Overwrites part of a tensor, from value number `start` on.
    ///
    /// # Panics
    /// If that is not inside, or values have not 4 bytes each.
    pub fn write_at<T: bytemuck::Pod>(&self, tensor: &Tensor, start: usize, data: &[T]) {
        assert!(start + data.len() <= tensor.len(), "values for the tensor");
        assert_eq!(size_of::<T>(), 4, "bytes a value");
        self.write_buffer(&tensor.buffer, bytes(tensor.offset + start), bytemuck::cast_slice(data));
    }

    /// Everything that goes to the device goes through here, and is counted.
    pub(super) fn write_buffer(&self, buffer: &wgpu::Buffer, offset: u64, data: &[u8]) {
        self.uploaded.fetch_add(data.len() as u64, Ordering::Relaxed);
        self.queue.write_buffer(buffer, offset, data);
    }

    pub(super) async fn buffer(
        &self,
        label: &str,
        size: u64,
        usage: BufferUsages,
    ) -> Result<wgpu::Buffer, Error> {
        // Mappable buffers may only be copied into; all others may be copied both ways.
        let copies = if usage.contains(BufferUsages::MAP_READ) {
            BufferUsages::COPY_DST
        } else {
            BufferUsages::COPY_DST | BufferUsages::COPY_SRC
        };
        let descriptor = wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage: usage | copies,
            mapped_at_creation: false,
        };
        self.scoped(label, || self.device.create_buffer(&descriptor)).await
    }
}
