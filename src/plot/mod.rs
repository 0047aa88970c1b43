//! Drawings of data: heat maps in which every pixel is one value, and charts; as PNG.

mod canvas;
mod chart;
mod heat_map;

pub use canvas::{AxisScale, PlotAxis};
pub use chart::{Chart, ChartAxis, Series, SeriesKind};
pub use heat_map::{ColourScale, Picture};
