//! Pictures of a benchmark: the roofline, and time against size.

use crate::bench::{LimitsOf, Peaks, Row, Suite};
use crate::error::Error;
use crate::plot::{Chart, Series, SeriesKind};
use crate::report::BenchReport;
use crate::report::text::{duration, significant};

impl BenchReport<'_> {
    /// `roofline.svg` and `times.svg`, as far as there is something to draw.
    ///
    /// # Errors
    /// [`Error::Usage`] if a chart is no SVG.
    pub fn plots(&self) -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
        let charts = [("roofline.svg", self.roofline()), ("times.svg", self.times())];
        let charts = charts.into_iter().filter(|(_, chart)| !chart.series.is_empty());
        charts.map(|(name, chart)| Ok((name, chart.to_svg()?.into_bytes()))).collect()
    }

    fn caption(&self, what: &str) -> Vec<String> {
        let adapter = self.adapter;
        let version = env!("CARGO_PKG_VERSION");
        let mut caption = vec![what.to_owned(), format!("{adapter}; parity {version}")];
        caption.extend(self.quick.then(|| "--quick: these figures mean nothing.".into()));
        caption
    }

    /// S. Williams, A. Waterman, D. Patterson, "Roofline: an insightful visual performance model",
    /// 2009.
    fn roofline(&self) -> Chart {
        let points = |row: &Row| row.intensity.zip(row.gflops);
        let mut series = series(&self.results.rows, SeriesKind::Points, points);
        if !series.is_empty() {
            let all = series.iter().flat_map(|series| &series.points).map(|&(x, _)| x);
            let reach = all.fold([0.1, 10.0], |[low, high], x| [x.min(low), x.max(high)]);
            series.extend(ceilings(&self.results.peaks, reach));
        }
        let lines = match self.results.peaks.limits_of {
            LimitsOf::Hardware => "the peaks of this adapter",
            LimitsOf::DriverCode => {
                "what the code of this driver reaches; the processor can do more"
            }
        };
        let what = format!(
            "Points: the work that a formula asks for at least, by the median time. Lines: {lines}; \
             measured in the same run, a launch taken off."
        );
        Chart {
            title: "Roofline".into(),
            x_label: "flops a byte".into(),
            y_label: "GFLOP/s".into(),
            series,
            caption: self.caption(&what),
        }
    }

    fn times(&self) -> Chart {
        let points = |row: &Row| {
            let moved = row.gbps? * row.time.median_us * 1e3;
            Some((moved, row.time.median_us))
        };
        let mut series = series(&self.results.rows, SeriesKind::LineWithPoints, points);
        if let (Some(launch_us), false) = (self.results.peaks.launch_us, series.is_empty()) {
            let all = series.iter().flat_map(|series| &series.points).map(|&(x, _)| x);
            let [low, high] = all.fold([f64::MAX, 0.0], |[low, high], x| [x.min(low), x.max(high)]);
            let label = format!("a launch, {}", duration(launch_us));
            // Beyond the points, so that there is a line beside one size, too.
            let line = vec![(low / 2.0, launch_us), (2.0 * high, launch_us)];
            series.push(Series::new(label, SeriesKind::Ceiling, line));
        }
        Chart {
            title: "Time against size".into(),
            x_label: "bytes that are read and written at least".into(),
            y_label: "median time of a launch, µs".into(),
            series,
            caption: self.caption("Each line is a kernel, each point one of its sizes."),
        }
    }
}

/// One for each kernel and variant, without the peaks themselves.
fn series(
    rows: &[Row],
    kind: SeriesKind,
    point: impl Fn(&Row) -> Option<(f64, f64)>,
) -> Vec<Series> {
    let mut all: Vec<Series> = vec![];
    for row in rows.iter().filter(|row| row.name.suite != Suite::Peaks) {
        let Some(point) = point(row) else { continue };
        let label = format!("{} {}", row.name.kernel, row.name.variant).trim_end().to_owned();
        match all.iter_mut().find(|series| series.label == label) {
            Some(series) => series.points.push(point),
            None => all.push(Series::new(label, kind, vec![point])),
        }
    }
    for series in &mut all {
        series.points.sort_by(|a, b| a.0.total_cmp(&b.0));
    }
    all
}

/// The compute roof, and one for each bandwidth, from `low` to `high` flops a byte.
fn ceilings(peaks: &Peaks, [low, high]: [f64; 2]) -> Vec<Series> {
    let Some(roof) = peaks.fma_gflops else { return vec![] };
    let high = peaks.copy.iter().map(|copy| 4.0 * roof / copy.gbps).fold(high, f64::max);
    let [products, copies] = match peaks.limits_of {
        LimitsOf::Hardware => ["products and sums", "memory"],
        LimitsOf::DriverCode => ["code for products", "code for copies"],
    };
    let label = format!("{products}, {} GFLOP/s", significant(roof));
    let mut ceilings =
        vec![Series::new(label, SeriesKind::Ceiling, vec![(low, roof), (high, roof)])];
    for copy in &peaks.copy {
        let gbps = copy.gbps;
        let label = format!("{copies}, {} GB/s at {}", significant(gbps), copy.size());
        let end = (roof / gbps).max(low);
        let line = vec![(low, low * gbps), (end, end * gbps)];
        ceilings.push(Series::new(label, SeriesKind::Ceiling, line));
    }
    ceilings
}
