//! Types: PostgreSQL's names and what stands for them in Arrow.
//!
//! | SQL | Arrow |
//! | --- | --- |
//! | `boolean` | Boolean |
//! | `smallint`, `integer`, `bigint` | Int16, Int32, Int64 |
//! | `real`, `double precision` | Float32, Float64 |
//! | `numeric(p, s)`; plain `numeric` is `numeric(38, 9)` | Decimal128(p, s) |
//! | `text`, `varchar`, `varchar(n)`, `char(n)` | Utf8 |
//! | `bytea` | Binary |
//! | `date`, `time` | Date32, Time64(µs) |
//! | `timestamp`, `timestamptz` | Timestamp(µs), Timestamp(µs, "UTC") |
//! | `interval` | Interval(MonthDayNano) |
//! | `t[]` | List(t) |
//!
//! Where Arrow's type does not tell (`varchar(10)`), the field's metadata [`TYPE_KEY`] does.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use sqlparser::ast::{
    ArrayElemTypeDef, CharacterLength, DataType as SqlType, ExactNumberInfo, TimezoneInfo,
};
use summit_parser::{SqlError, SqlState};

/// Field metadata that names a PostgreSQL type.
pub const TYPE_KEY: &str = "summit.type";

/// The time zone of `timestamptz`.
pub const UTC: &str = "UTC";

/// `numeric` without precision and scale.
const NUMERIC_DEFAULT: (u8, i8) = (38, 9);

/// A column of a SQL type.
///
/// # Errors
/// `42704` for a type that does not exist, `0A000` for one that is not offered.
pub fn field_of(name: &str, sql_type: &SqlType, nullable: bool) -> Result<Field, SqlError> {
    let data_type = arrow_of(sql_type)?;
    let field = Field::new(name, data_type, nullable);
    Ok(match named(sql_type) {
        Some(type_name) => {
            field.with_metadata([(TYPE_KEY.to_owned(), type_name)].into_iter().collect())
        }
        None => field,
    })
}

/// The Arrow type that stands for a SQL type.
///
/// # Errors
/// `42704` for a type that does not exist, `0A000` for one that is not offered.
pub fn arrow_of(sql_type: &SqlType) -> Result<DataType, SqlError> {
    Ok(match sql_type {
        SqlType::Boolean | SqlType::Bool => DataType::Boolean,
        SqlType::SmallInt(_) | SqlType::Int2(_) | SqlType::TinyInt(_) => DataType::Int16,
        SqlType::Int(_) | SqlType::Integer(_) | SqlType::Int4(_) => DataType::Int32,
        SqlType::BigInt(_) | SqlType::Int8(_) | SqlType::Int64 => DataType::Int64,
        SqlType::Real | SqlType::Float4 => DataType::Float32,
        SqlType::Float(ExactNumberInfo::Precision(bits)) if *bits <= 24 => DataType::Float32,
        SqlType::Double(_) | SqlType::DoublePrecision | SqlType::Float8 | SqlType::Float(_) => {
            DataType::Float64
        }
        SqlType::Numeric(info) | SqlType::Decimal(info) | SqlType::Dec(info) => numeric(info)?,
        SqlType::Text
        | SqlType::String(_)
        | SqlType::Varchar(_)
        | SqlType::CharacterVarying(_)
        | SqlType::CharVarying(_)
        | SqlType::Char(_)
        | SqlType::Character(_) => DataType::Utf8,
        SqlType::Bytea => DataType::Binary,
        SqlType::Date => DataType::Date32,
        SqlType::Time(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            DataType::Time64(TimeUnit::Microsecond)
        }
        SqlType::Timestamp(_, TimezoneInfo::None | TimezoneInfo::WithoutTimeZone) => {
            DataType::Timestamp(TimeUnit::Microsecond, None)
        }
        SqlType::Timestamp(_, TimezoneInfo::Tz | TimezoneInfo::WithTimeZone) => {
            DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))
        }
        SqlType::Interval { .. } => DataType::Interval(IntervalUnit::MonthDayNano),
        SqlType::Array(
            ArrayElemTypeDef::SquareBracket(element, _)
            | ArrayElemTypeDef::AngleBracket(element)
            | ArrayElemTypeDef::Parenthesis(element),
        ) => DataType::List(Arc::new(Field::new_list_field(arrow_of(element)?, true))),
        SqlType::JSON | SqlType::JSONB | SqlType::Uuid | SqlType::Time(..) => {
            return Err(SqlError::unsupported(
                format!(
                    "type {} is not available yet",
                    sql_type.to_string().to_lowercase()
                ),
                "Use text, and cast in your queries.",
            ));
        }
        SqlType::Custom(name, arguments) if arguments.is_empty() => {
            let name = name.to_string().to_lowercase();
            return match name.as_str() {
                "timestamptz" => Ok(DataType::Timestamp(TimeUnit::Microsecond, Some(UTC.into()))),
                "name" | "bpchar" => Ok(DataType::Utf8),
                "serial" | "bigserial" | "smallserial" => Err(SqlError::unsupported(
                    format!("type {name} is not available yet"),
                    "Use integer or bigint and give the values yourself.",
                )),
                _ => Err(undefined(&name)),
            };
        }
        other => return Err(undefined(&other.to_string().to_lowercase())),
    })
}

fn undefined(name: &str) -> SqlError {
    let error = SqlError::new(
        SqlState::UNDEFINED_OBJECT,
        format!("type \"{name}\" does not exist"),
    );
    let near = NAMES
        .iter()
        .map(|known| (strsim::damerau_levenshtein(known, name), known))
        .filter(|(distance, _)| *distance <= 3)
        .min();
    match near {
        Some((_, known)) => error.hint(format!("Perhaps you meant \"{known}\".")),
        None => error.hint(format!("The types are {}.", NAMES.join(", "))),
    }
}

const NAMES: [&str; 16] = [
    "boolean",
    "smallint",
    "integer",
    "bigint",
    "real",
    "double precision",
    "numeric",
    "text",
    "varchar",
    "char",
    "bytea",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
];

fn numeric(info: &ExactNumberInfo) -> Result<DataType, SqlError> {
    let (precision, scale) = match info {
        ExactNumberInfo::None => {
            return Ok(DataType::Decimal128(NUMERIC_DEFAULT.0, NUMERIC_DEFAULT.1));
        }
        ExactNumberInfo::Precision(precision) => (*precision, 0),
        ExactNumberInfo::PrecisionAndScale(precision, scale) => (*precision, *scale),
    };
    let valid_precision = u8::try_from(precision)
        .ok()
        .filter(|precision| (1..=38).contains(precision));
    let Some(valid_precision) = valid_precision else {
        return Err(SqlError::new(
            SqlState::INVALID_PARAMETER,
            format!("NUMERIC precision {precision} must be between 1 and 38"),
        ));
    };
    match i8::try_from(scale) {
        Ok(scale) if (0..=valid_precision as i8).contains(&scale) => {
            Ok(DataType::Decimal128(valid_precision, scale))
        }
        _ => Err(SqlError::new(
            SqlState::INVALID_PARAMETER,
            format!("NUMERIC scale {scale} must be between 0 and precision {precision}"),
        )),
    }
}

/// The name to keep when Arrow's type does not tell.
fn named(sql_type: &SqlType) -> Option<String> {
    let (base, length) = match sql_type {
        SqlType::Varchar(length)
        | SqlType::CharacterVarying(length)
        | SqlType::CharVarying(length) => ("varchar", *length),
        SqlType::Char(length) | SqlType::Character(length) => (
            "char",
            Some(length.unwrap_or(CharacterLength::IntegerLength {
                length: 1,
                unit: None,
            })),
        ),
        _ => return None,
    };
    Some(match length {
        Some(CharacterLength::IntegerLength { length, .. }) => format!("{base}({length})"),
        _ => base.to_owned(),
    })
}

/// The greatest number of characters that a field takes, when its type bounds it.
pub fn length_max(field: &Field) -> Option<usize> {
    let name = field.metadata().get(TYPE_KEY)?;
    name.split_once('(')?.1.strip_suffix(')')?.parse().ok()
}

/// PostgreSQL's name for the type of a field.
pub fn name_of(field: &Field) -> String {
    match field.metadata().get(TYPE_KEY).map(String::as_str) {
        Some(name) => match name.split_once('(') {
            Some(("varchar", length)) => format!("character varying({length}"),
            Some(("char", length)) => format!("character({length}"),
            _ if name == "varchar" => "character varying".to_owned(),
            _ => name.to_owned(),
        },
        None => type_name(field.data_type()),
    }
}

/// PostgreSQL's name for what an Arrow type stands for.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::Int8 | DataType::Int16 | DataType::UInt8 => "smallint".to_owned(),
        DataType::Int32 | DataType::UInt16 => "integer".to_owned(),
        DataType::Int64 | DataType::UInt32 => "bigint".to_owned(),
        DataType::UInt64 => "numeric".to_owned(),
        DataType::Float16 | DataType::Float32 => "real".to_owned(),
        DataType::Float64 => "double precision".to_owned(),
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => format!("numeric({p},{s})"),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => {
            "text".to_owned()
        }
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "bytea".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time without time zone".to_owned(),
        DataType::Timestamp(_, None) => "timestamp without time zone".to_owned(),
        DataType::Timestamp(_, Some(_)) => "timestamp with time zone".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "interval".to_owned(),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _) => format!("{}[]", type_name(element.data_type())),
        DataType::Dictionary(_, value) => type_name(value),
        other => format!("jsonb ({other})"),
    }
}
