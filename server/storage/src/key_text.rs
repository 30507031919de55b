//! A key as PostgreSQL prints it in the detail of a unique violation.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// `(a, b)=(1, x)`.
pub fn key_text(rows: &RecordBatch, columns: &[usize], row: usize) -> String {
    let schema = rows.schema_ref();
    let names: Vec<_> = columns
        .iter()
        .map(|column| schema.field(*column).name().as_str())
        .collect();
    let values: Vec<_> = columns
        .iter()
        .map(|column| value_text(rows.column(*column), row))
        .collect();
    format!("({})=({})", names.join(", "), values.join(", "))
}

fn value_text(column: &ArrayRef, row: usize) -> String {
    if column.is_null(row) {
        return "null".to_owned();
    }
    match column.data_type() {
        DataType::Boolean => {
            return if column.as_boolean().value(row) {
                "t"
            } else {
                "f"
            }
            .to_owned();
        }
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
            return format!("\\x{}", formatted(column, row, &FormatOptions::new()));
        }
        _ => {}
    }
    // PostgreSQL's default output, in UTC
    let options = FormatOptions::new()
        .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
        .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f+00"));
    let text = formatted(column, row, &options);
    match column.data_type() {
        DataType::Float32 | DataType::Float64 => {
            let text = text.strip_suffix(".0").unwrap_or(&text);
            match text {
                "inf" => "Infinity".to_owned(),
                "-inf" => "-Infinity".to_owned(),
                text => text.to_owned(),
            }
        }
        _ => text,
    }
}

fn formatted(column: &ArrayRef, row: usize, options: &FormatOptions<'_>) -> String {
    ArrayFormatter::try_new(column, options)
        .map(|values| values.value(row).to_string())
        .unwrap_or_else(|_| "?".to_owned())
}
