//! Where a statement ends in a text that comes line by line.

/// Collects lines and gives statements. It knows quotes, dollar quotes and comments, so that a
/// semicolon inside of them ends nothing.
#[derive(Debug, Default)]
pub struct Splitter {
    text: String,
    /// How far `text` has been looked at, in bytes.
    seen: usize,
    state: State,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum State {
    #[default]
    Plain,
    /// Within quotes of this kind; with backslash escapes or without.
    Quoted { quote: char, escapes: bool },
    /// Within `$tag$`.
    Dollar(String),
    /// Within `--`.
    LineComment,
    /// Within `/*`, so many levels deep.
    BlockComment(u32),
}

impl Splitter {
    /// Takes a line, with its end.
    pub fn push(&mut self, line: &str) {
        self.text.push_str(line);
    }

    /// Whether nothing but white space waits.
    pub fn is_empty(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Forgets what waits.
    pub fn clear(&mut self) {
        *self = Splitter::default();
    }

    /// The next whole statement, with its semicolon.
    pub fn next_statement(&mut self) -> Option<String> {
        while let Some(c) = self.text[self.seen..].chars().next() {
            let at = self.seen;
            self.seen += c.len_utf8();
            let next = self.text[self.seen..].chars().next();
            match &mut self.state {
                State::Plain => match c {
                    ';' => {
                        let rest = self.text.split_off(self.seen);
                        let statement = std::mem::replace(&mut self.text, rest);
                        self.seen = 0;
                        return Some(statement);
                    }
                    '\'' => {
                        let escapes = ends_with_escape_prefix(&self.text[..at]);
                        self.state = State::Quoted { quote: c, escapes };
                    }
                    '"' => {
                        self.state = State::Quoted {
                            quote: c,
                            escapes: false,
                        }
                    }
                    '-' if next == Some('-') => self.state = State::LineComment,
                    '/' if next == Some('*') => {
                        self.seen += 1;
                        self.state = State::BlockComment(1);
                    }
                    '$' => {
                        if let Some(tag) = dollar_tag(&self.text, at) {
                            self.seen = at + tag.len();
                            self.state = State::Dollar(tag);
                        }
                    }
                    _ => {}
                },
                State::Quoted { escapes: true, .. } if c == '\\' => {
                    self.seen += next.map_or(0, char::len_utf8);
                }
                // a doubled quote ends and begins again, which is the same
                State::Quoted { quote, .. } => {
                    if c == *quote {
                        self.state = State::Plain;
                    }
                }
                State::Dollar(tag) => {
                    if c == '$' && self.text[at..].starts_with(tag.as_str()) {
                        self.seen = at + tag.len();
                        self.state = State::Plain;
                    }
                }
                State::LineComment => {
                    if c == '\n' {
                        self.state = State::Plain;
                    }
                }
                State::BlockComment(depth) => match (c, next) {
                    ('/', Some('*')) => {
                        self.seen += 1;
                        *depth += 1;
                    }
                    ('*', Some('/')) => {
                        self.seen += 1;
                        *depth -= 1;
                        if *depth == 0 {
                            self.state = State::Plain;
                        }
                    }
                    _ => {}
                },
            }
        }
        None
    }

    /// What waits at the end of the input: a statement without its semicolon, unless it is
    /// only white space and comments.
    pub fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.text);
        self.clear();
        (!first_word(&rest).is_empty()).then_some(rest)
    }
}

/// A statement's first word in upper case, after white space and comments; nothing when there
/// is no more than those.
pub fn first_word(statement: &str) -> String {
    let mut rest = statement.trim_start();
    loop {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment
                .split_once('\n')
                .map_or("", |(_, after)| after)
                .trim_start();
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment
                .split_once("*/")
                .map_or("", |(_, after)| after)
                .trim_start();
        } else {
            break;
        }
    }
    let end = rest
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(rest.len());
    if end == 0 {
        return rest.chars().next().map(String::from).unwrap_or_default();
    }
    rest[..end].to_uppercase()
}

/// Whether a quote after this text begins `E'…'`, where backslashes escape.
fn ends_with_escape_prefix(before: &str) -> bool {
    let mut last = before.chars().rev();
    matches!(last.next(), Some('e' | 'E'))
        && !last.next().is_some_and(|c| c.is_alphanumeric() || c == '_')
}

/// The `$tag$` that begins here. `$1` is a parameter, and a dollar within a name is part of it.
fn dollar_tag(text: &str, at: usize) -> Option<String> {
    let before = text[..at].chars().next_back();
    if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let rest = &text[at + 1..];
    let end = rest.find('$')?;
    let tag = &rest[..end];
    let is_name = !tag.starts_with(|c: char| c.is_ascii_digit())
        && tag.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| format!("${tag}$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        // by line, and in the worst case for a state that is kept between lines
        for line in text.split_inclusive('\n') {
            splitter.push(line);
            while let Some(statement) = splitter.next_statement() {
                found.push(statement.trim().to_owned());
            }
        }
        found.extend(splitter.finish().map(|rest| rest.trim().to_owned()));
        found
    }

    #[test]
    fn statements_end_at_semicolons() {
        assert_eq!(
            split("SELECT 1; SELECT\n2;\n\nSELECT 3"),
            ["SELECT 1;", "SELECT\n2;", "SELECT 3"]
        );
        assert_eq!(split("  \n-- nothing\n"), Vec::<String>::new());
    }

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        for one in [
            "SELECT 'a;b''c;d';",
            "SELECT \";\"\";\";",
            "SELECT E'it\\';s';",
            "SELECT 'back\\';",
            "SELECT 1 -- no; end\n+ 1;",
            "SELECT 1 /* no; /* end; */ ; */ + 1;",
            "SELECT $$a;b$$;",
            "SELECT $x$a;$$;$y$;$x$;",
            "SELECT 'line\n;\nline';",
            "SELECT a$b$c;",
            "SELECT $1;",
        ] {
            assert_eq!(split(one), [one]);
        }
    }

    #[test]
    fn the_first_word_comes_after_comments() {
        assert_eq!(first_word(" -- a\n/* b */ subscribe TO x"), "SUBSCRIBE");
        assert_eq!(first_word("(SELECT 1)"), "(");
        assert_eq!(first_word("-- only"), "");
    }
}
