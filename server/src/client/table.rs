//! Rows as an aligned table, as psql prints it.

use crate::limits::{ALIGN_BYTES_MAX, ALIGN_ROWS_MAX};

use super::Column;

/// Columns and rows.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows as text; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
}

impl Table {
    /// All of it, with header and number of rows.
    pub fn show(self) -> String {
        let mut writer = TableWriter::new(self.columns);
        let mut out = String::new();
        for row in self.rows {
            out.push_str(&writer.row(row));
        }
        out + &writer.finish()
    }
}

/// Writes rows as they come. It holds rows back so that columns align, up to a bound or until
/// [`TableWriter::flush`]; later rows keep the widths, or widen them.
#[derive(Debug)]
pub struct TableWriter {
    columns: Vec<Column>,
    widths: Vec<usize>,
    held: Vec<Vec<Option<String>>>,
    held_bytes: usize,
    count: u64,
    wrote_header: bool,
}

impl TableWriter {
    /// For rows of these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        let widths = columns.iter().map(|column| width(&column.name)).collect();
        TableWriter {
            columns,
            widths,
            held: Vec::new(),
            held_bytes: 0,
            count: 0,
            wrote_header: false,
        }
    }

    /// Takes a row, and answers what can be written now.
    pub fn row(&mut self, row: Vec<Option<String>>) -> String {
        self.count += 1;
        self.held_bytes += row.iter().flatten().map(String::len).sum::<usize>();
        for (known, value) in self.widths.iter_mut().zip(&row) {
            *known = value.as_deref().map_or(0, width).max(*known);
        }
        self.held.push(row);
        if self.held.len() >= ALIGN_ROWS_MAX || self.held_bytes >= ALIGN_BYTES_MAX {
            self.flush()
        } else {
            String::new()
        }
    }

    /// What is held back.
    pub fn flush(&mut self) -> String {
        let mut out = String::new();
        if !self.wrote_header {
            self.wrote_header = true;
            self.header(&mut out);
        }
        self.held_bytes = 0;
        for row in std::mem::take(&mut self.held) {
            self.line(&row, &mut out);
        }
        out
    }

    /// Whether something is held back: rows or the header.
    pub fn holds_back(&self) -> bool {
        !self.held.is_empty() || !self.wrote_header
    }

    /// The rest, and the number of rows.
    pub fn finish(mut self) -> String {
        let mut out = self.flush();
        let rows = if self.count == 1 { "row" } else { "rows" };
        out.push_str(&format!("({} {rows})\n\n", self.count));
        out
    }

    fn header(&self, out: &mut String) {
        let cells = self
            .columns
            .iter()
            .zip(&self.widths)
            .map(|(column, width)| {
                let room = width - self::width(&column.name);
                let left = room / 2;
                format!(
                    " {:left$}{}{:right$} ",
                    "",
                    one_line(&column.name),
                    "",
                    right = room - left
                )
            });
        out.push_str(&cells.collect::<Vec<_>>().join("|"));
        out.push('\n');
        let rules = self.widths.iter().map(|width| "-".repeat(width + 2));
        out.push_str(&rules.collect::<Vec<_>>().join("+"));
        out.push('\n');
    }

    fn line(&self, row: &[Option<String>], out: &mut String) {
        let cells: Vec<Vec<String>> = row
            .iter()
            .map(|value| {
                value
                    .as_deref()
                    .unwrap_or("")
                    .split('\n')
                    .map(one_line)
                    .collect()
            })
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        for i in 0..height {
            for (column, lines) in cells.iter().enumerate() {
                let text = lines.get(i).map_or("", String::as_str);
                let known = self.widths.get(column).copied().unwrap_or(0);
                let room = known.saturating_sub(text.chars().count());
                let is_number = self
                    .columns
                    .get(column)
                    .is_some_and(|column| column.is_number);
                let (left, right) = if is_number { (room, 0) } else { (0, room) };
                let goes_on = i + 1 < lines.len();
                let is_last = column + 1 == cells.len();
                out.push_str(&format!(" {:left$}{text}", ""));
                if goes_on || !is_last {
                    out.push_str(&format!("{:right$}{}", "", if goes_on { '+' } else { ' ' }));
                }
                if !is_last {
                    out.push('|');
                }
            }
            out.push('\n');
        }
    }
}

/// Columns on the terminal of the widest line, one for each character.
fn width(text: &str) -> usize {
    text.split('\n')
        .map(|line| one_line(line).chars().count())
        .max()
        .unwrap_or(0)
}

/// Without what would move the cursor: values come from anywhere.
fn one_line(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.extend(std::iter::repeat_n(' ', 8 - out.chars().count() % 8)),
            '\r' => out.push_str("\\r"),
            '\n' => out.push(' '),
            c if c.is_control() => out.push_str(&format!("\\x{:02X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(names: &[(&str, bool)]) -> Vec<Column> {
        let column = |(name, is_number): &(&str, bool)| Column {
            name: (*name).to_owned(),
            is_number: *is_number,
        };
        names.iter().map(column).collect()
    }

    fn row(values: &[&str]) -> Vec<Option<String>> {
        values
            .iter()
            .map(|value| (*value != "NULL").then(|| (*value).to_owned()))
            .collect()
    }

    #[test]
    fn tables_look_as_in_psql() {
        let table = Table {
            columns: columns(&[("origin", false), ("n", true), ("city", false)]),
            rows: vec![
                row(&["EWR", "12345", "Newark"]),
                row(&["J", "NULL", "NULL"]),
            ],
        };
        let expected = [
            " origin |   n   |  city  ",
            "--------+-------+--------",
            " EWR    | 12345 | Newark",
            " J      |       | ",
            "(2 rows)",
            "",
            "",
        ];
        assert_eq!(table.show(), expected.join("\n"));
    }

    #[test]
    fn values_of_several_lines_go_on_below_with_a_plus() {
        let table = Table {
            columns: columns(&[("plan", false), ("n", true)]),
            rows: vec![row(&["a\nbcdef", "1"])],
        };
        let expected = [
            " plan  | n ",
            "-------+---",
            " a    +| 1",
            " bcdef |  ",
            "(1 row)",
            "",
            "",
        ];
        let shown = table.show();
        let shown: Vec<&str> = shown.split('\n').map(str::trim_end).collect();
        assert_eq!(shown, expected.map(str::trim_end));
    }

    #[test]
    fn no_rows_and_no_columns_are_tables_too() {
        let table = Table {
            columns: columns(&[("a", false)]),
            rows: vec![],
        };
        assert_eq!(table.show(), " a \n---\n(0 rows)\n\n");
        let table = Table {
            columns: vec![],
            rows: vec![vec![]],
        };
        assert_eq!(table.show(), "\n\n\n(1 row)\n\n");
    }

    #[test]
    fn flushed_rows_are_not_written_again() {
        let mut writer = TableWriter::new(columns(&[("a", true)]));
        assert_eq!(writer.row(row(&["1"])), "");
        assert!(writer.holds_back());
        assert_eq!(writer.flush(), " a \n---\n 1\n");
        assert!(!writer.holds_back());
        assert_eq!(writer.row(row(&["10"])), "");
        assert_eq!(writer.finish(), " 10\n(2 rows)\n\n");
    }

    #[test]
    fn control_characters_of_values_do_not_reach_the_terminal() {
        let table = Table {
            columns: columns(&[("a", false)]),
            rows: vec![row(&["\x1b[2J\u{7}\tx\r"])],
        };
        assert!(!table.show().contains(|c: char| c.is_control() && c != '\n'));
    }

    #[test]
    fn rows_past_the_bound_are_written_with_the_widths_so_far() {
        let mut writer = TableWriter::new(columns(&[("a", false)]));
        let mut written = String::new();
        for _ in 0..ALIGN_ROWS_MAX {
            written.push_str(&writer.row(row(&["x"])));
        }
        assert_eq!(written.lines().count(), ALIGN_ROWS_MAX + 2);
        assert!(!writer.holds_back());
    }
}
