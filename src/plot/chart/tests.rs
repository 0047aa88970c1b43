use regex_lite::Regex;

use super::*;

/// A roofline: ceilings, and points far below them.
fn roofline() -> Chart {
    let ceiling = |label, points| Series::new(label, SeriesKind::Ceiling, points);
    let mut series = vec![
        ceiling("products, 42.3 GFLOP/s", vec![(0.1, 42.3), (400.0, 42.3)]),
        ceiling("memory, 11.8 GB/s", vec![(0.1, 1.18), (3.58, 42.3)]),
    ];
    for (label, point) in
        [("matmul", (170.0, 17.9)), ("sigmoid", (0.5, 0.004)), ("loss", (1.9, 3.4))]
    {
        series.push(Series::new(label, SeriesKind::Points, vec![point]));
    }
    Chart {
        title: "Roofline".into(),
        x_label: "flops a byte".into(),
        y_label: "GFLOP/s".into(),
        series,
        caption: vec!["Measured in the same run. ".repeat(20), "An adapter".into()],
    }
}

/// A chart of many series with long names.
fn crowd() -> Chart {
    let label = |index| format!("a long name {} number {index}", "x".repeat(100));
    let points = |index: u32| (1..9).map(|x| (f64::from(x), f64::from(x + index))).collect();
    let series =
        (0..50).map(|index| Series::new(label(index), SeriesKind::LineWithPoints, points(index)));
    Chart { series: series.collect(), title: "a title ".repeat(50), ..roofline() }
}

/// Each attribute of that name, as numbers.
fn numbers(svg: &str, attribute: &str) -> Vec<f64> {
    let pattern = Regex::new(&format!(r#" {attribute}="([^"]*)""#)).expect("a pattern");
    let values = pattern.captures_iter(svg).flat_map(|found| {
        let values = found[1].split([' ', ',']).filter(|value| !value.is_empty());
        values.map(|value| value.parse().expect("a number")).collect::<Vec<_>>()
    });
    values.collect()
}

/// Each text of a chart, with its place.
fn texts(svg: &str) -> Vec<(f64, f64, String)> {
    let pattern = r#"<text x="([0-9-]*)" y="([0-9-]*)"[^>]*>\n([^<]*)\n</text>"#;
    let found = Regex::new(pattern).expect("a pattern");
    let found = found.captures_iter(svg);
    let number = |text: &str| text.parse().expect("a number");
    found.map(|text| (number(&text[1]), number(&text[2]), text[3].to_owned())).collect()
}

#[test]
fn axes_are_the_fewest_decades_that_hold_all_points() {
    for (values, [low, high]) in [
        (&[0.1, 300.0][..], [0.1, 1e3]),
        (&[20.0, 30.0], [10.0, 100.0]),
        (&[1e-3], [1e-3, 1e-2]),
        (&[1e-15, 9e29], [1e-15, 1e30]),
    ] {
        let axis = decades(values.iter().copied());
        assert!((axis.start / low - 1.0).abs() < 1e-8 && (axis.end / high - 1.0).abs() < 1e-8);
        assert!(values.iter().all(|value| axis.contains(value)), "{axis:?}");
    }
}

#[test]
fn every_decade_has_a_label() {
    let svg = roofline().to_svg().expect("a chart");
    let texts: Vec<_> = texts(&svg).into_iter().map(|(.., text)| text).collect();
    for label in ["0.001", "0.01", "0.1", "1", "10", "100", "1k"] {
        assert!(texts.iter().any(|text| text == label), "{label} {texts:?}");
    }
    assert_eq!(
        [1e4, 1e6, 1e9, 1e12, 1e-4].map(|value| tick(&value)).join(" "),
        "10k 1M 1G 1e12 1e-4"
    );
}

#[test]
fn every_series_is_in_the_legend_and_every_paragraph_below() {
    let chart = roofline();
    let svg = chart.to_svg().expect("a chart");
    assert_eq!(svg, chart.to_svg().expect("a chart"));
    let texts: Vec<_> = texts(&svg).into_iter().map(|(.., text)| text).collect();
    let labels = chart.series.iter().map(|series| &series.label);
    for text in labels.chain([&chart.title, &chart.x_label, &chart.y_label, &chart.caption[1]]) {
        assert_eq!(texts.iter().filter(|found| *found == text).count(), 1, "{text}: {texts:?}");
    }
    assert_eq!(texts.iter().filter(|text| text.contains("Measured")).count(), 4, "{texts:?}");
    let texts = self::texts(&crowd().to_svg().expect("a chart"));
    for index in 0..50 {
        let ends = |(.., text): &(f64, f64, String)| text.ends_with(&format!(" {index}"));
        assert!(texts.iter().any(ends), "{index}: {texts:?}");
    }
}

#[test]
fn what_is_text_stays_text() {
    let mut chart = roofline();
    chart.series[0].label = "<b> & \"c\"\0".into();
    let svg = chart.to_svg().expect("a chart");
    assert!(svg.contains("&lt;b&gt; &amp; &quot;c&quot;\n") && !svg.contains('\0'));
}

#[test]
fn nothing_is_drawn_outside_of_the_view_box() {
    let mut extreme = roofline();
    extreme.series[2].points = vec![(1e-15, 9e29), (9e29, 1e-15)];
    for chart in [roofline(), crowd(), extreme] {
        let svg = chart.to_svg().expect("a chart");
        let [width, height] = numbers(&svg, "viewBox")[2..] else { panic!("four numbers") };
        let points = numbers(&svg, "points");
        assert!(points.len() > 20);
        let inside = |x: f64, y: f64| (0.0..=width).contains(&x) && (0.0..=height).contains(&y);
        for place in points.chunks_exact(2) {
            assert!(inside(place[0], place[1]), "{place:?}");
        }
        for (x, y, text) in texts(&svg) {
            let font_size = if chart.title.contains(&text) { TITLE } else { LABEL };
            let letters = f64::from(u32::try_from(text.chars().count()).expect("few"));
            let end = x + letters * 0.6 * f64::from(font_size);
            assert!(inside(x, y) && inside(end, y + f64::from(font_size)), "{text}");
        }
    }
}

#[test]
fn what_cannot_be_drawn_is_an_error_that_names_it() {
    let says = |chart: Chart, words: &str| {
        let error = chart.to_svg().expect_err(words);
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(words), "{error}");
    };
    says(Chart { series: vec![], ..roofline() }, "has no series");
    let none = Series::new("none", SeriesKind::Points, vec![]);
    says(Chart { series: vec![none], ..roofline() }, "\"none\"");
    for value in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e30, 9e-16] {
        for point in [(1.0, value), (value, 1.0)] {
            let wrong = Series::new("the wrong one", SeriesKind::Points, vec![(1.0, 1.0), point]);
            says(
                Chart { series: vec![wrong], ..roofline() },
                "the series \"the wrong one\" of a chart has the point",
            );
        }
    }
}
