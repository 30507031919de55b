//! The names of types in DataFusion's and Arrow's messages.

/// PostgreSQL's name of the last Arrow type that a message names.
pub(crate) fn arrow_type_in(message: &str) -> Option<String> {
    let outside = match (message.find('\''), message.rfind('\'')) {
        (Some(start), Some(end)) if start < end => {
            format!("{}{}", &message[..start], &message[end + 1..])
        }
        _ => message.to_owned(),
    };
    outside
        .split(|c: char| !(c.is_alphanumeric() || "(),+:\"".contains(c)))
        .rev()
        .find_map(postgres_type)
}

/// PostgreSQL's name for how Arrow writes a type.
pub(crate) fn postgres_type(arrow: &str) -> Option<String> {
    let arrow = arrow.trim();
    let name = match arrow {
        "Boolean" => "boolean",
        "Int8" | "Int16" | "UInt8" => "smallint",
        "Int32" | "UInt16" => "integer",
        "Int64" | "UInt32" => "bigint",
        "UInt64" => "numeric",
        "Float16" | "Float32" => "real",
        "Float64" => "double precision",
        "Utf8" | "LargeUtf8" | "Utf8View" => "text",
        "Null" => "unknown",
        "Binary" | "LargeBinary" | "BinaryView" => "bytea",
        "Date32" | "Date64" | "Date" => "date",
        _ if arrow.starts_with("Decimal") => "numeric",
        _ if arrow.starts_with("Time64") || arrow.starts_with("Time32") => "time without time zone",
        _ if arrow.starts_with("Timestamp(") && arrow.contains('"') => "timestamp with time zone",
        _ if arrow.starts_with("Timestamp(") => "timestamp without time zone",
        _ if arrow.starts_with("Interval") || arrow.starts_with("Duration") => "interval",
        _ if arrow.starts_with("List(") => "array",
        _ if arrow.starts_with("Struct(") => "record",
        _ => return None,
    };
    Some(name.to_owned())
}

/// The names for a list of them.
pub(crate) fn postgres_types(list: &str) -> String {
    split_types(list)
        .map(|one| postgres_type(one).unwrap_or_else(|| one.trim().to_lowercase()))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Splits at commas outside parentheses.
fn split_types(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_i32;
    list.split(move |c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}
