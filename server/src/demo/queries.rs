//! The demo's SQL: `server/demo/*.sql`, which read as a tutorial.

/// The streams and tables.
pub const SCHEMA: &str = include_str!("../../demo/schema.sql");
/// The materialized views.
pub const VIEWS: &str = include_str!("../../demo/views.sql");
/// What the screen shows.
pub const SCREEN: &str = include_str!("../../demo/screen.sql");
/// What is printed at the end of `--once`.
pub const FINAL: &str = include_str!("../../demo/final.sql");

/// A query with its title.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Titled {
    /// The comment's line before it.
    pub title: &'static str,
    /// The query.
    pub sql: &'static str,
}

/// The queries of a file in which a title comes before each and an empty line after it.
pub fn titled(text: &'static str) -> Vec<Titled> {
    text.split("\n\n")
        .filter_map(|block| {
            let (title, sql) = block.trim().split_once('\n')?;
            let title = title.strip_prefix("-- ")?;
            (!sql.trim_start().starts_with("--")).then_some(Titled { title, sql })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_of_the_files_has_a_title() {
        for (text, count) in [(SCREEN, 3), (FINAL, 6)] {
            let found = titled(text);
            assert_eq!(found.len(), count, "{found:?}");
            assert_eq!(found.len(), text.matches(';').count());
            for query in found {
                assert!(
                    query.sql.starts_with("SELECT") && query.sql.ends_with(';'),
                    "{query:?}"
                );
                assert!(query.sql.contains("ORDER BY"), "{query:?}");
            }
        }
    }
}
