use super::*;
use crate::plot::canvas::{Rgb, decode};

fn ceiling(label: &str, points: &[(f64, f64)]) -> Series {
    Series::new(label, SeriesKind::Ceiling, points.to_vec())
}

/// A roofline: what limits there are, and how far below each case is.
fn roofline() -> Chart {
    let mut series = vec![
        ceiling("FMA, 8 lanes: 42.3 GFLOP/s", &[(0.05, 42.3), (400.0, 42.3)]),
        ceiling("multiply and add apart: 24.1 GFLOP/s", &[(0.05, 24.1), (400.0, 24.1)]),
        ceiling("device memory: 11.8 GB/s", &[(0.05, 0.59), (42.3 / 11.8, 42.3)]),
        ceiling("workgroup memory: 96 GB/s", &[(0.05, 4.8), (42.3 / 96.0, 42.3)]),
    ];
    let cases = [
        ("matmul 256×256×256", (42.6, 9.3)),
        ("matmul 1024×1024×1024", (170.0, 17.9)),
        ("matmul_tiled 1024×1024×1024", (170.0, 31.2)),
        ("matmul_tiled 1757×1757×1757", (292.0, 29.8)),
        ("bias_add 1024×1024", (0.125, 0.92)),
        ("bias_grad 1024×1024", (0.25, 1.9)),
        ("sigmoid 1048576", (0.5, 1.1)),
        ("sigmoid_grad 1048576", (0.25, 2.3)),
        ("bce_loss 1048576", (1.9, 3.4)),
        ("bce_grad 1048576", (0.4, 2.5)),
        ("sgd_update 1048576", (0.17, 1.3)),
        ("train_xor_private, 16384 members", (121.0, 12.4)),
        ("train_xor_workgroup, 4096 members", (60.0, 8.7)),
        ("layered step, batch 4", (0.31, 0.004)),
    ];
    let case = |(label, point): (&str, _)| Series::new(label, SeriesKind::Points, vec![point]);
    series.extend(cases.map(case));
    Chart {
        title: "Roofline of llvmpipe (LLVM 19.1.7, 256 bits)".to_owned(),
        x: ChartAxis::new("arithmetic intensity (FLOP/byte)"),
        y: ChartAxis::new("throughput (GFLOP/s)"),
        series,
        caption: vec![
            "Ceilings were measured by probes in the same run; a case lies below the one that \
             binds it. FLOPs and bytes are counted from sizes, as the algorithm needs them at \
             least."
                .to_owned(),
            "Medians of 25 rounds, in which cases took turns.".to_owned(),
        ],
    }
}

/// Times against sizes, with a label at the last point of each.
fn curves() -> Chart {
    let curve = |label: &str, launch_us: f64, us_per_member: f64| {
        let sizes = (0..=16).map(|power| f64::from(1 << power));
        let points: Vec<_> = sizes.map(|size| (size, launch_us + us_per_member * size)).collect();
        let mut point_labels = vec![String::new(); points.len()];
        point_labels[16] = format!("{:.1} ms", points[16].1 / 1e3);
        let kind = SeriesKind::LineWithPoints;
        Series { point_labels, ..Series::new(label, kind, points) }
    };
    Chart {
        title: "Time of 1000 steps against the number of networks".to_owned(),
        // Beyond the last points is room for their labels.
        x: ChartAxis { reaches: Some([1.0, 2e5]), ..ChartAxis::new("networks") },
        y: ChartAxis::new("time (µs)"),
        series: vec![
            curve("CPU, one thread", 0.4, 61.0),
            curve("CPU, all threads", 18.0, 8.2),
            curve("GPU, a dispatch per kernel", 41_000.0, 3.1),
            curve("GPU, fused, parameters in private memory", 930.0, 0.9),
            curve("GPU, fused, parameters in workgroup memory", 1_250.0, 1.4),
        ],
        caption: vec!["Medians of 25 rounds.".to_owned()],
    }
}

/// A chart with one point of each of `count` series.
fn many(count: usize, label: &str) -> Chart {
    let one = |index: usize| {
        let at = f64::from(u32::try_from(index).expect("few")) + 1.0;
        Series::new(format!("{label} {index}"), SeriesKind::Points, vec![(at, at * at)])
    };
    Chart { series: (0..count).map(one).collect(), ..curves() }
}

fn pixels(chart: &Chart) -> Vec<Vec<Rgb>> {
    decode(&chart.to_png().expect("a chart")).1
}

/// The centre of the pixels of a colour, left of the legend.
fn centre_of(pixels: &[Vec<Rgb>], colour: Rgb) -> [f64; 2] {
    let found = pixels.iter().enumerate().flat_map(|(y, row)| {
        let found = row[..900].iter().enumerate().filter(|&(_, &pixel)| pixel == colour);
        found.map(move |(x, _)| [x, y].map(|at| f64::from(u32::try_from(at).expect("small")) + 0.5))
    });
    let found: Vec<_> = found.collect();
    let count = f64::from(u32::try_from(found.len()).expect("few"));
    [0, 1].map(|axis| found.iter().map(|spot| spot[axis]).sum::<f64>() / count)
}

#[test]
fn the_same_chart_gives_the_same_bytes() {
    for chart in [roofline(), curves()] {
        assert_eq!(chart.to_png().expect("a chart"), chart.to_png().expect("a chart"));
    }
}

#[test]
fn a_chart_says_what_it_shows() {
    let (info, pixels) = decode(&roofline().to_png().expect("a chart"));
    assert_eq!((info.width, info.height, pixels.len()), (1200, 800, 800));
    let texts: Vec<_> =
        info.utf8_text.iter().map(|chunk| chunk.get_text().expect("it is readable")).collect();
    assert_eq!(texts, [roofline().title, roofline().caption.join("\n")]);
}

#[test]
fn a_point_is_drawn_where_the_axes_say() {
    let blue = [0x00, 0x72, 0xb2];
    let chart = |point: (f64, f64)| {
        let mut chart = many(1, "a point");
        chart.series[0].points = vec![point];
        chart.x.reaches = Some([1.0, 1e4]);
        chart.y.reaches = Some([0.1, 1e3]);
        chart
    };
    // No point is near the ends, so that all charts have the same axes.
    let [a, b, c] = [(10.0, 1.0), (1e3, 1.0), (100.0, 10.0)]
        .map(|point| centre_of(&pixels(&chart(point)), blue));
    assert!((a[1] - b[1]).abs() < 0.5, "{a:?} {b:?}");
    assert!((c[0] - f64::midpoint(a[0], b[0])).abs() < 0.5, "{a:?} {b:?} {c:?}");
    let layout = layout::Layout::new(&chart((10.0, 1.0)), &[0]);
    let [left, top] = layout.plot.at.map(f64::from);
    let [width, height] = layout.plot.size.map(f64::from);
    for ([x, y], [along, up]) in [(a, [0.25, 0.25]), (b, [0.75, 0.25]), (c, [0.5, 0.5])] {
        let expected = [left + along * width, top + (1.0 - up) * height];
        assert!((x - expected[0]).abs() < 0.5 && (y - expected[1]).abs() < 0.5, "{x} {y}");
    }
}

#[test]
fn a_ceiling_runs_at_its_height_to_the_frame() {
    let ceilings = vec![
        ceiling("roof", &[(1.0, 100.0), (1e4, 100.0)]),
        ceiling("floor", &[(1.0, 1.0), (1e4, 1.0)]),
    ];
    let chart = Chart { series: ceilings, x: ChartAxis::new("size"), ..curves() };
    let layout = layout::Layout::new(&chart, &[]);
    let [_, y] = layout.spot((10.0, 100.0));
    let row = &pixels(&chart)[usize::try_from(crate::plot::canvas::pixel_of(y)).expect("inside")];
    let [left, width] =
        [layout.plot.at[0], layout.plot.size[0]].map(|at| usize::try_from(at).expect("inside"));
    let dark = row[left..left + width].iter().filter(|pixel| pixel[0] < 0x80).count();
    assert!(dark > width - 4, "{dark} of {width}");
    assert!(row[left + width + 8..].iter().all(|&pixel| pixel == [0xff; 3]), "no legend is needed");
}

#[test]
fn what_cannot_be_drawn_is_an_error_that_names_it() {
    let says = |chart: Chart, words: &str| {
        let error = chart.to_png().expect_err(words);
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(words), "{error}");
    };
    says(Chart { series: vec![], ..curves() }, "has no series");
    says(
        Chart { series: vec![Series::new("none", SeriesKind::Line, vec![])], ..curves() },
        "\"none\"",
    );
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        for point in [(1.0, value), (value, 1.0)] {
            let wrong = Series::new("the wrong one", SeriesKind::Points, vec![(1.0, 1.0), point]);
            let mut chart = curves();
            chart.series.push(wrong);
            says(chart, "point 1 of the series \"the wrong one\"");
        }
        let mut chart = curves();
        chart.y.reaches = Some([1.0, value]);
        says(chart, "\"time (µs)\"");
    }
}

#[test]
#[should_panic(expected = "of 17 points was given 1 labels")]
fn labels_for_some_points_only_are_a_programmer_error() {
    let mut chart = curves();
    chart.series[0].point_labels.truncate(1);
    drop(chart.to_png());
}

/// Fails unless nothing is drawn in the margin around everything.
fn margins_are_white(chart: &Chart) {
    let pixels = pixels(chart);
    assert_eq!(pixels[0].len(), 1200);
    let margin = 8;
    let is_white = |row: &[Rgb]| row.iter().all(|&pixel| pixel == [0xff; 3]);
    for (y, row) in pixels.iter().enumerate() {
        assert!(is_white(&row[..margin]) && is_white(&row[1200 - margin..]), "row {y}");
    }
    let height = pixels.len();
    assert!(pixels[..margin].iter().chain(&pixels[height - margin..]).all(|row| is_white(row)));
}

#[test]
fn long_texts_and_many_series_stay_inside() {
    let long = "a long label of many words ".repeat(12) + &"x".repeat(300);
    let mut all = many(50, &long);
    all.title = long.clone();
    all.caption = vec![long.clone(); 30];
    [all.x.label, all.y.label] = [long.clone(), long.clone()];
    all.series[3].point_labels = vec![long.clone()];
    all.series.push(ceiling(&long, &[(1.0, 1.0), (50.0, 2500.0)]));
    margins_are_white(&all);
    for chart in [roofline(), curves(), many(1, "one"), many(14, "of some")] {
        margins_are_white(&chart);
    }
}

#[test]
fn points_of_all_magnitudes_are_drawn() {
    for [low, high] in [[1e-300, 1e300], [5e-324, f64::MAX], [1.0, 1.0 + 1e-15], [3.0, 4.0]] {
        let mut chart = many(2, "a point");
        chart.series[0].points = vec![(low, high)];
        chart.series[1].points = vec![(high, low)];
        margins_are_white(&chart);
    }
}

#[test]
fn a_ceiling_without_room_for_its_label_is_in_the_legend() {
    let mut chart = roofline();
    let arranged = draw::arrange(&chart);
    assert!(arranged.layout.legend.iter().map(|entry| entry.series).eq(4..18));
    assert_eq!(arranged.notes.len(), 4);
    chart.series.push(ceiling("a short one", &[(1.0, 2.0), (1.1, 2.0)]));
    let arranged = draw::arrange(&chart);
    assert!(arranged.layout.legend.iter().map(|entry| entry.series).eq(4..19));
    assert!(arranged.notes.iter().all(|note| note.text != "a short one"));
}

#[test]
fn the_last_points_of_curves_have_room_for_their_labels() {
    let chart = curves();
    let arranged = draw::arrange(&chart);
    let texts: Vec<_> = arranged.notes.iter().map(|note| &note.text).collect();
    let expected: Vec<_> = chart.series.iter().map(|series| &series.point_labels[16]).collect();
    assert_eq!(texts, expected);
}

#[test]
fn labels_of_one_place_do_not_cover_each_other() {
    let mut chart = many(1, "a crowd");
    chart.series[0].points = vec![(1.0, 1.0); 20];
    chart.series[0].point_labels = vec!["a name".to_owned(); 20];
    let notes = draw::arrange(&chart).notes;
    assert!((3..=8).contains(&notes.len()), "{}", notes.len());
    for (index, note) in notes.iter().enumerate() {
        for other in &notes[..index] {
            let is_apart = |axis: usize| {
                (note.block.at[axis] - other.block.at[axis]).abs() >= note.block.size[axis]
            };
            assert!(is_apart(0) || is_apart(1), "{:?} {:?}", note.block, other.block);
        }
    }
}
