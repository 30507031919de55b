//! An error or a notice of the server, written as psql writes it.

use std::fmt;

/// An error or a notice of the server.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// `ERROR`, `FATAL`, `NOTICE`, …
    pub severity: String,
    /// SQLSTATE.
    pub code: String,
    /// One line.
    pub message: String,
    /// More about what was found.
    pub detail: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// Where it happened, as `COPY t, line 3`.
    pub context: Option<String>,
    /// Where in the statement, in characters from 1.
    pub position: Option<usize>,
}

/// Characters of a statement's line that are shown around the position.
const EXCERPT_CHARS_MAX: usize = 60;

impl Report {
    /// Takes in one field of the message.
    pub(super) fn set(&mut self, field: u8, value: &str) {
        match field {
            b'S' => self.severity = value.to_owned(),
            b'C' => self.code = value.to_owned(),
            b'M' => self.message = value.to_owned(),
            b'D' => self.detail = Some(value.to_owned()),
            b'H' => self.hint = Some(value.to_owned()),
            b'W' => self.context = Some(value.to_owned()),
            b'P' => self.position = value.parse().ok(),
            _ => {}
        }
    }

    /// All of it, with the line of the statement and a mark under the position.
    pub fn show(&self, sql: &str) -> String {
        let mut out = format!("{}:  {}\n", self.severity, self.message);
        if let Some(excerpt) = self.position.and_then(|position| excerpt(sql, position)) {
            out.push_str(&excerpt);
        }
        for (name, value) in [
            ("DETAIL", &self.detail),
            ("HINT", &self.hint),
            ("CONTEXT", &self.context),
        ] {
            // as psql does: where a notice comes from is of no interest
            let is_shown = name != "CONTEXT" || !matches!(&*self.severity, "NOTICE" | "INFO");
            if let Some(value) = value
                && is_shown
            {
                out.push_str(&format!("{name}:  {value}\n"));
            }
        }
        out
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

/// `LINE n: text` and a caret below the position.
fn excerpt(sql: &str, position: usize) -> Option<String> {
    let chars: Vec<char> = sql.chars().collect();
    let at = position.checked_sub(1).filter(|at| *at <= chars.len())?;
    let start = chars[..at]
        .iter()
        .rposition(|c| *c == '\n')
        .map_or(0, |newline| newline + 1);
    let end = chars[at..]
        .iter()
        .position(|c| *c == '\n')
        .map_or(chars.len(), |len| at + len);
    let line_number = 1 + chars[..start].iter().filter(|c| **c == '\n').count();

    let (mut from, mut to) = (start, end);
    if to - from > EXCERPT_CHARS_MAX {
        // room on both sides, and none wasted at either end of the line
        from = at.saturating_sub(EXCERPT_CHARS_MAX / 2).max(start);
        to = (from + EXCERPT_CHARS_MAX).min(end);
        from = to.saturating_sub(EXCERPT_CHARS_MAX).max(start);
    }
    let text: String = chars[from..to]
        .iter()
        .map(|c| if c.is_whitespace() { ' ' } else { *c })
        .collect();
    let (before, after) = (
        if from > start { "..." } else { "" },
        if to < end { "..." } else { "" },
    );
    let head = format!("LINE {line_number}: {before}");
    let indent = head.chars().count() + (at - from);
    Some(format!(
        "{head}{}{after}\n{:indent$}^\n",
        text.trim_end(),
        ""
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_shows_its_line_with_a_caret_then_detail_and_hint() {
        let report = Report {
            severity: "ERROR".into(),
            message: "column \"b\" does not exist".into(),
            hint: Some("Perhaps a.".into()),
            position: Some(15),
            ..Report::default()
        };
        assert_eq!(
            report.show("SELECT a,\n\tx, b FROM t"),
            "ERROR:  column \"b\" does not exist\nLINE 2:  x, b FROM t\n            ^\nHINT:  Perhaps a.\n"
        );
    }

    #[test]
    fn long_lines_are_cut_around_the_position() {
        let sql = format!(
            "SELECT {}, oops, {} FROM t",
            "a".repeat(100),
            "b".repeat(100)
        );
        let position = 1 + sql.find("oops").unwrap();
        let shown = excerpt(&sql, position).unwrap();
        let mut lines = shown.lines();
        let (text, caret) = (lines.next().unwrap(), lines.next().unwrap());
        assert!(
            text.starts_with("LINE 1: ...") && text.ends_with("..."),
            "{text}"
        );
        assert_eq!(text.find("oops").unwrap(), caret.find('^').unwrap());
        assert!(text.len() < 80);
    }

    #[test]
    fn positions_outside_the_statement_show_nothing() {
        assert_eq!(excerpt("SELECT", 0), None);
        assert_eq!(excerpt("SELECT", 8), None);
        assert_eq!(
            excerpt("SELECT", 7).unwrap(),
            "LINE 1: SELECT\n              ^\n"
        );
        assert_eq!(excerpt("", 1).unwrap(), "LINE 1: \n        ^\n");
        assert_eq!(
            excerpt("é 'ü' x", 7).unwrap(),
            "LINE 1: é 'ü' x\n              ^\n"
        );
    }
}
