//! Text in columns, and in lines that fit a terminal.

/// Columns of a line, at most.
pub(super) const WIDTH: usize = 100;

/// In front of every row.
const INDENT: usize = 2;

/// Between two columns, and where the table would be too wide otherwise.
const GAPS: [usize; 2] = [3, 2];

/// A first or last column is not made narrower than this.
const NARROWEST: usize = 20;

/// What may stand beside a number in a cell that still is one.
const UNITS: [&str; 9] = ["ns", "µs", "ms", "s", "/s", "%", "of", "to", "!"];

/// Columns, each as wide as its widest cell, text to the left and numbers to the right. A row with
/// fewer cells than `head` is filled up with empty ones. A row whose first cell is its only one is a
/// heading of those below it. No line has more than [`WIDTH`] columns, as far as the first and the
/// last column can give way: a long first cell has a line of its own, a long last one several.
pub(super) fn table<C: Into<String>, R: Into<Vec<String>>>(
    head: impl IntoIterator<Item = C>,
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut all = vec![head.into_iter().map(Into::into).collect::<Vec<_>>()];
    for row in rows {
        let mut row = row.into();
        assert!(row.len() <= all[0].len(), "more cells than columns");
        row.resize(all[0].len(), String::new());
        all.push(row);
    }
    let layout = Layout::of(&all);
    all.iter().flat_map(|row| layout.lines(row)).map(|line| line + "\n").collect()
}

/// Words in lines of at most [`WIDTH`] columns, all but the first with `indent` spaces in front.
pub(super) fn wrapped(text: &str, indent: usize) -> String {
    let indented = words_in_lines(text, WIDTH - indent);
    let mut lines = indented.iter();
    let first = lines.next().cloned().unwrap_or_default();
    let rest = lines.map(|line| format!("\n{:indent$}{line}", ""));
    first + &rest.collect::<String>() + "\n"
}

/// Lines of at most `width` columns; a word that is longer is cut.
fn words_in_lines(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let letters: Vec<char> = word.chars().collect();
        for part in letters.chunks(width) {
            let part: String = part.iter().collect();
            match lines.last_mut() {
                Some(line) if columns(line) + 1 + columns(&part) <= width => {
                    line.push(' ');
                    line.push_str(&part);
                }
                _ => lines.push(part),
            }
        }
    }
    lines
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// Whether a cell is a number, two of them, or empty.
fn is_number(cell: &str) -> bool {
    let is_part = |c: char| c.is_ascii_digit() || ".,+-−–±×/∞*".contains(c);
    let is_value = |word: &str| {
        // An exponent.
        let digits = word.replace(['e', 'E'], "");
        ["NaN", "inf", "-inf"].contains(&word)
            || (!digits.is_empty() && digits.chars().all(is_part))
    };
    let mut words = cell.split_whitespace().peekable();
    words.peek().is_none_or(|first| is_value(first))
        && words.all(|word| is_value(word) || UNITS.contains(&word))
}

fn is_heading(row: &[String]) -> bool {
    !row[0].is_empty() && row[1..].iter().all(String::is_empty)
}

struct Layout {
    is_text: Vec<bool>,
    widths: Vec<usize>,
    gap: usize,
}

impl Layout {
    fn of(rows: &[Vec<String>]) -> Self {
        let count = rows[0].len();
        let mut body = rows.iter().skip(1);
        let is_text = (0..count).map(|column| body.clone().any(|row| !is_number(&row[column])));
        let is_text: Vec<bool> = is_text.collect();
        let shared = rows.iter().filter(|row| row.len() == 1 || !is_heading(row));
        let width = |column: usize| shared.clone().map(|row| columns(&row[column])).max();
        let mut widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
        let total = |widths: &[usize], gap: usize| {
            INDENT + widths.iter().sum::<usize>() + gap * count.saturating_sub(1)
        };
        if total(&widths, GAPS[0]) > WIDTH {
            // The heading of the first column may have a line of its own.
            let below = shared.clone().skip(1).map(|row| columns(&row[0])).max();
            widths[0] = below.unwrap_or(widths[0]);
        }
        let gap = if total(&widths, GAPS[0]) <= WIDTH { GAPS[0] } else { GAPS[1] };
        let too_wide = |widths: &[usize]| total(widths, gap).saturating_sub(WIDTH);
        if body.next().is_some() && count > 1 {
            for column in [count - 1, 0].into_iter().filter(|&column| is_text[column]) {
                let less = widths[column].saturating_sub(too_wide(&widths)).max(NARROWEST);
                widths[column] = widths[column].min(less);
            }
        }
        Self { is_text, widths, gap }
    }

    fn lines(&self, row: &[String]) -> Vec<String> {
        let indented = |line: &str| format!("{:INDENT$}{}", "", line.trim_end());
        if is_heading(row) {
            return words_in_lines_indented(&row[0]);
        }
        let mut lines = vec![];
        let mut row = row.to_vec();
        if columns(&row[0]) > self.widths[0] {
            lines = words_in_lines_indented(&std::mem::take(&mut row[0]));
        }
        let last = row.len() - 1;
        let mut ends = vec![row[last].clone()];
        if columns(&row[last]) > self.widths[last] {
            ends = words_in_lines(&row[last], self.widths[last]);
        }
        for end in ends {
            row[last] = end;
            let cells: Vec<_> = (0..=last).map(|column| self.cell(column, &row[column])).collect();
            lines.push(indented(&cells.join(&" ".repeat(self.gap))));
            row.fill(String::new());
        }
        lines
    }

    fn cell(&self, column: usize, text: &str) -> String {
        let width = self.widths[column];
        if self.is_text[column] { format!("{text:<width$}") } else { format!("{text:>width$}") }
    }
}

/// A cell that has lines of its own; its own indent is kept.
fn words_in_lines_indented(cell: &str) -> Vec<String> {
    let indent = INDENT + columns(cell) - columns(cell.trim_start());
    let lines = words_in_lines(cell, WIDTH - indent);
    lines.into_iter().map(|line| format!("{:indent$}{line}", "")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_on_the_left_and_numbers_are_on_the_right() {
        let head = ["kernel", "size", "median", "95 % interval", "limited by"];
        let rows = [
            ["sigmoid", "[65]", "1.00 ms", "0.98 – 1.20 ms", "launch"],
            ["bce_gradient", "[4096]", "12.5 µs", "12.0 – 13.0 µs", "no peak !"],
        ];
        let found = table(head, rows.map(|row| row.map(String::from)));
        let expected = "  \
  kernel         size      median    95 % interval   limited by
  sigmoid        [65]     1.00 ms   0.98 – 1.20 ms   launch
  bce_gradient   [4096]   12.5 µs   12.0 – 13.0 µs   no peak !
";
        assert_eq!(found, expected);
    }

    #[test]
    fn a_number_is_a_cell_of_numbers_and_units_only() {
        for number in ["", "12", "1.5e-7", "-0.25", "12.5 µs", "98 – 120 ms", "0.0021×", "100 %"]
        {
            assert!(is_number(number), "{number}");
        }
        for number in ["3 of 18", "0.1 to", "105 % *", "NaN", "–", "2.71e7 /s", "2047.9 / -3.1e-30"]
        {
            assert!(is_number(number), "{number}");
        }
        for text in ["[4096]", "8-4-1, 16 rows", "1 × 2-2-1, 4 rows", "launch", "e", "no peak"] {
            assert!(!is_number(text), "{text}");
        }
    }

    #[test]
    fn no_line_of_a_table_has_more_than_100_columns() {
        let long = "kernels/matmul_workgroup/workgroup 128×128 by 8×8/[512, 512, 512]/".repeat(3);
        let many = "the driver says something that takes a long time to read ".repeat(5);
        let numbers = ["1.00 ms"; 5];
        for [label, remark] in
            [["sigmoid", "ok"], [&long, "ok"], ["sigmoid", &many], [&long, &many]]
        {
            let rows = [vec!["group of rows"], [&[label][..], &numbers, &[remark]].concat()];
            let rows = rows.map(|row| row.into_iter().map(String::from).collect::<Vec<_>>());
            let found = table(["name", "a", "b", "c", "d", "e", "remark"], rows);
            for line in found.lines() {
                assert!(columns(line) <= WIDTH, "{} columns:\n{found}", columns(line));
            }
            let words = |text: &str| text.split_whitespace().collect::<String>();
            let has = |text: &str| words(&found).contains(&words(text));
            assert!(has(label) && has(remark), "nothing is left out:\n{found}");
            assert!(found.contains("\n  group of rows\n"), "{found}");
        }
    }

    #[test]
    fn a_paragraph_is_wrapped_between_words() {
        let text = "peaks:   ".to_owned() + &"GFLOP/s of products, ".repeat(12);
        let found = wrapped(&text, 9);
        assert!(found.lines().count() > 2 && found.lines().all(|line| columns(line) <= WIDTH));
        let is_indented = |line: &str| columns(line) - columns(line.trim_start()) == 9;
        assert!(found.lines().skip(1).all(is_indented), "{found}");
    }
}
