//! Drawings of data: heat maps in which every pixel is one value, as PNG, and charts, as SVG.

mod canvas;
mod chart;
mod heat_map;

pub use canvas::{AxisScale, PlotAxis};
pub use chart::{Chart, Series, SeriesKind};
pub use heat_map::{ColourScale, Picture};
