//! Names as PostgreSQL folds them.

use sqlparser::ast::{Ident, ObjectName};

/// The name that an identifier stands for: in lower case, unless it is quoted. As PostgreSQL in a
/// UTF-8 database, only ASCII letters are folded.
pub fn fold_ident(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

/// The parts of a name, folded: `Public."Flights"` is `public`, `Flights`.
pub fn object_name_parts(name: &ObjectName) -> Vec<String> {
    name.0
        .iter()
        .map(|part| match part.as_ident() {
            Some(ident) => fold_ident(ident),
            None => part.to_string(),
        })
        .collect()
}
