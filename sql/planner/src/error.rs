//! DataFusion's errors in PostgreSQL's words.

use arrow::error::ArrowError;
use datafusion::common::{Column, DataFusionError, SchemaError, Span};
use summit_catalog::{SqlError, SqlState};

use crate::output_names::shown;
use crate::type_names::{arrow_type_in, postgres_type, postgres_types};

/// Ours, through DataFusion's planner and back.
pub(crate) fn external(error: SqlError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// What a client should see of an error of DataFusion's, from planning or from execution.
pub fn sql_error(error: DataFusionError) -> SqlError {
    let mut error = translate(&error);
    error.message = shown(&error.message);
    error.hint = error.hint.map(|hint| shown(&hint));
    error
}

/// [`sql_error`] with the position in the statement's text, when the error has one.
pub(crate) fn located(error: DataFusionError, source: Option<&str>) -> SqlError {
    let position = source.and_then(|text| position_in(text, span_of(&error)?));
    let mut error = sql_error(error);
    error.position = error.position.or(position);
    error
}

fn span_of(error: &DataFusionError) -> Option<Span> {
    match error {
        DataFusionError::Diagnostic(diagnostic, inner) => {
            diagnostic.span.or_else(|| span_of(inner))
        }
        DataFusionError::Context(_, inner) => span_of(inner),
        DataFusionError::Shared(inner) => span_of(inner),
        DataFusionError::Collection(errors) => errors.first().and_then(span_of),
        _ => None,
    }
}

/// Characters from 1.
fn position_in(text: &str, span: Span) -> Option<usize> {
    let line = usize::try_from(span.start.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(span.start.column).ok()?;
    let before: usize = text
        .split('\n')
        .take(line)
        .map(|line| line.chars().count() + 1)
        .sum();
    let position = before + column;
    (column > 0 && position <= text.chars().count() + 1).then_some(position)
}

fn translate(error: &DataFusionError) -> SqlError {
    match error {
        DataFusionError::External(inner) => match inner.downcast_ref::<SqlError>() {
            Some(ours) => ours.clone(),
            None => match inner.downcast_ref::<ArrowError>() {
                Some(arrow) => translate_arrow(arrow),
                None => match inner.downcast_ref::<DataFusionError>() {
                    Some(inner) => translate(inner),
                    None => SqlError::internal(one_line(&inner.to_string())),
                },
            },
        },
        DataFusionError::ArrowError(arrow, _) => translate_arrow(arrow),
        DataFusionError::SchemaError(schema, _) => translate_schema(schema),
        DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
            translate(inner)
        }
        DataFusionError::Shared(inner) => translate(inner),
        DataFusionError::Collection(errors) => match errors.first() {
            Some(first) => translate(first),
            None => SqlError::internal("an error without a cause"),
        },
        DataFusionError::Plan(message) => plan(message),
        DataFusionError::NotImplemented(message) => unsupported(message),
        DataFusionError::Execution(message) => execution(message),
        DataFusionError::ResourcesExhausted(message) => {
            SqlError::new(SqlState::OUT_OF_MEMORY, "out of memory")
                .detail(one_line(message))
                .hint("Read fewer rows at a time, or raise --memory-limit.")
        }
        DataFusionError::SQL(message, _) => {
            SqlError::new(SqlState::SYNTAX_ERROR, one_line(&message.to_string()))
        }
        DataFusionError::IoError(error) => {
            SqlError::new(SqlState::IO_ERROR, one_line(&error.to_string()))
        }
        DataFusionError::Configuration(message) => {
            SqlError::new(SqlState::INVALID_PARAMETER, one_line(message))
        }
        other => SqlError::internal(one_line(&other.strip_backtrace())),
    }
}

fn translate_schema(error: &SchemaError) -> SqlError {
    match error {
        SchemaError::FieldNotFound {
            field,
            valid_fields,
        } => undefined_column(field, valid_fields),
        SchemaError::AmbiguousReference { field } => SqlError::new(
            SqlState::AMBIGUOUS_COLUMN,
            format!("column reference \"{}\" is ambiguous", field.name),
        )
        .hint("Put the relation's name before it: relation.column."),
        SchemaError::DuplicateQualifiedField { name, .. }
        | SchemaError::DuplicateUnqualifiedField { name } => SqlError::new(
            SqlState::DUPLICATE_COLUMN,
            format!("column \"{name}\" specified more than once"),
        )
        .hint("Give one of them another name with AS."),
    }
}

fn undefined_column(field: &Column, valid: &[Column]) -> SqlError {
    if let Some(relation) = &field.relation {
        let known = |column: &Column| {
            column
                .relation
                .as_ref()
                .is_some_and(|other| other.resolved_eq(relation))
        };
        if !valid.is_empty() && !valid.iter().any(known) {
            return SqlError::new(
                SqlState::UNDEFINED_TABLE,
                format!(
                    "missing FROM-clause entry for table \"{}\"",
                    relation.table()
                ),
            )
            .hint(format!(
                "The relations here are {}.",
                listed(
                    valid
                        .iter()
                        .filter_map(|column| column.relation.as_ref())
                        .map(|relation| relation.table())
                )
            ));
        }
    }
    let message = match &field.relation {
        Some(relation) => format!("column {}.{} does not exist", relation.table(), field.name),
        None => format!("column \"{}\" does not exist", field.name),
    };
    let error = SqlError::new(SqlState::UNDEFINED_COLUMN, message);
    let bare = nearest(&field.name, valid.iter().map(|column| column.name.as_str()));
    match bare {
        Some(name) => {
            let relation = valid
                .iter()
                .find(|column| column.name == name)
                .and_then(|column| column.relation.as_ref())
                .map(|relation| format!("{}.", relation.table()))
                .unwrap_or_default();
            error.hint(format!(
                "Perhaps you meant to reference the column \"{relation}{name}\"."
            ))
        }
        None if valid.is_empty() => error.hint("There is no FROM clause that could have it."),
        None => error.hint(format!(
            "The columns here are {}.",
            listed(valid.iter().map(|column| column.name.as_str()))
        )),
    }
}

/// The name that is spelt most like `name`, when one is near enough.
pub(crate) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = name.to_lowercase();
    known
        .map(|known| {
            (
                strsim::damerau_levenshtein(&known.to_lowercase(), &folded),
                known,
            )
        })
        .filter(|(distance, known)| {
            *distance <= name.chars().count().div_ceil(3).min(3)
                && *distance < known.chars().count()
        })
        .min()
        .map(|(_, known)| known)
}

/// Up to eight distinct names.
pub(crate) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut distinct: Vec<&str> = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    let more = distinct.len() > 8;
    distinct.truncate(8);
    let list = distinct.join(", ");
    if more { format!("{list}, …") } else { list }
}

fn translate_arrow(error: &ArrowError) -> SqlError {
    match error {
        ArrowError::ExternalError(inner) => match inner.downcast_ref::<DataFusionError>() {
            Some(inner) => translate(inner),
            None => match inner.downcast_ref::<SqlError>() {
                Some(ours) => ours.clone(),
                None => SqlError::internal(one_line(&inner.to_string())),
            },
        },
        ArrowError::DivideByZero => division_by_zero(),
        ArrowError::ArithmeticOverflow(message) => overflow(message),
        ArrowError::CastError(message) | ArrowError::ParseError(message) => cast(message),
        ArrowError::ComputeError(message) | ArrowError::InvalidArgumentError(message) => {
            execution(message)
        }
        ArrowError::NotYetImplemented(message) => unsupported(message),
        ArrowError::MemoryError(message) => {
            SqlError::new(SqlState::OUT_OF_MEMORY, "out of memory").detail(one_line(message))
        }
        other => SqlError::internal(one_line(&other.to_string())),
    }
}

fn division_by_zero() -> SqlError {
    SqlError::new(SqlState::DIVISION_BY_ZERO, "division by zero")
        .hint("NULLIF(divisor, 0) gives NULL instead.")
}

fn overflow(message: &str) -> SqlError {
    SqlError::new(SqlState::NUMERIC_OUT_OF_RANGE, "value out of range")
        .detail(one_line(message))
        .hint("Cast to a wider type first: CAST(x AS numeric) or CAST(x AS double precision).")
}

/// A cast that failed. Arrow says it in several ways; what is quoted is the value.
fn cast(message: &str) -> SqlError {
    let message = one_line(message);
    let value = quoted(&message);
    let type_name = arrow_type_in(&message);
    let lower = message.to_lowercase();
    if let Some(rest) = message.strip_prefix("Can't cast value ") {
        let name = type_name.unwrap_or_else(|| "the type".to_owned());
        let value = rest.split(" to type").next().unwrap_or(rest);
        return SqlError::new(
            SqlState::NUMERIC_OUT_OF_RANGE,
            format!("{name} out of range"),
        )
        .detail(format!("The value is {value}."));
    }
    if lower.contains("overflow") || lower.contains("too large") || lower.contains("is too") {
        return SqlError::new(SqlState::NUMERIC_OUT_OF_RANGE, "numeric field overflow")
            .detail(message);
    }
    // Of the SQL planner, which says it as PostgreSQL does.
    if let Some(rest) = lower.strip_prefix("invalid input syntax for type ") {
        let interval = rest.starts_with("interval");
        let code = if interval {
            SqlState::INVALID_DATETIME
        } else {
            SqlState::INVALID_TEXT
        };
        return SqlError::new(code, lower_first(&message));
    }
    let temporal = ["timestamp", "date", "time"]
        .into_iter()
        .find(|word| lower.contains(word));
    let interval = lower.contains("interval");
    match (value, temporal) {
        (Some(value), _) if interval => SqlError::new(
            SqlState::INVALID_DATETIME,
            format!("invalid input syntax for type interval: \"{value}\""),
        ),
        (Some(value), Some(word)) => {
            let name = type_name.unwrap_or_else(|| word.to_owned());
            SqlError::new(
                SqlState::INVALID_DATETIME,
                format!("invalid input syntax for type {name}: \"{value}\""),
            )
        }
        (Some(value), None) => SqlError::new(
            SqlState::INVALID_TEXT,
            format!(
                "invalid input syntax for type {}: \"{value}\"",
                type_name.unwrap_or_else(|| "this".to_owned())
            ),
        ),
        (None, _) => SqlError::new(SqlState::INVALID_TEXT, message),
    }
}

/// What stands in single quotes.
fn quoted(message: &str) -> Option<&str> {
    let start = message.find('\'')? + 1;
    let end = message.rfind('\'')?;
    message.get(start..end)
}

fn execution(message: &str) -> SqlError {
    let lower = message.to_lowercase();
    if lower.contains("divide by zero") || lower.contains("division by zero") {
        division_by_zero()
    } else if lower.contains("too large to store in a decimal") {
        SqlError::new(SqlState::NUMERIC_OUT_OF_RANGE, "numeric field overflow")
            .detail(one_line(message))
    } else if lower.contains("overflow") || lower.contains("out of range") {
        overflow(message)
    } else if lower.contains("error parsing")
        || lower.contains("cannot cast")
        || lower.contains("can't cast")
    {
        cast(message)
    } else {
        SqlError::new(SqlState::INVALID_PARAMETER, one_line(message))
    }
}

const CASTS: &str = "You might need to add explicit type casts.";

fn plan(message: &str) -> SqlError {
    let line = one_line(message);
    if let Some(rest) = line.strip_prefix("Invalid function '") {
        let (name, _) = rest.split_once('\'').unwrap_or((rest, ""));
        let error = SqlError::new(
            SqlState::UNDEFINED_FUNCTION,
            format!("function {name} does not exist"),
        );
        let near = message
            .split("Did you mean '")
            .nth(1)
            .and_then(|rest| rest.split('\'').next());
        return match near {
            Some(near) if nearest(name, std::iter::once(near)).is_some() => {
                error.hint(format!("Perhaps you meant \"{near}\"."))
            }
            _ => error.hint("No function has that name."),
        };
    }
    if let Some((_, rest)) =
        line.split_once("No function matches the given name and argument types '")
        && let Some((name, types)) = rest
            .split("'.")
            .next()
            .and_then(|call| call.split_once('('))
    {
        let types = types.strip_suffix(')').unwrap_or(types);
        return SqlError::new(
            SqlState::UNDEFINED_FUNCTION,
            format!("function {name}({}) does not exist", postgres_types(types)),
        )
        .hint(format!(
            "No function matches the given name and argument types. {CASTS}"
        ));
    }
    if let Some((_, rest)) = line.split_once("Failed to coerce arguments to satisfy a call to '")
        && let Some((name, rest)) = rest.split_once("' function: coercion from ")
        && let Some((types, _)) = rest.split_once(" to the signature")
    {
        let types = types.trim_start_matches('[').trim_end_matches(']');
        return SqlError::new(
            SqlState::UNDEFINED_FUNCTION,
            format!("function {name}({}) does not exist", postgres_types(types)),
        )
        .hint(format!(
            "No function matches the given name and argument types. {CASTS}"
        ));
    }
    for start in [
        "Cannot coerce arithmetic expression ",
        "Cannot infer common ",
        "Cannot get result type for temporal operation ",
    ] {
        if let Some((_, rest)) = line.split_once(start)
            && let Some(error) = operator(rest)
        {
            return error;
        }
    }
    if let Some((_, rest)) = line
        .split_once("must appear in the GROUP BY clause or must be part of an aggregate function")
        .or_else(|| {
            line.split_once(
                "must appear in the GROUP BY clause or be used in an aggregate function",
            )
        })
    {
        let before = &line[..line.len() - rest.len()];
        let column = quoted_double(before).unwrap_or("of the select list");
        let column = column.replace('"', "");
        return SqlError::new(
            SqlState::GROUPING_ERROR,
            format!(
                "column \"{column}\" must appear in the GROUP BY clause or be used in an aggregate function"
            ),
        );
    }
    if let Some(rest) =
        line.strip_prefix("Projections require unique expression names but the expression \"")
    {
        let name = rest.split('"').next().unwrap_or(rest);
        return SqlError::new(
            SqlState::DUPLICATE_COLUMN,
            format!("column \"{name}\" specified more than once"),
        )
        .hint("Give one of them another name with AS.");
    }
    if line.starts_with("Aggregate functions are not allowed in the WHERE") {
        return SqlError::new(
            SqlState::GROUPING_ERROR,
            "aggregate functions are not allowed in WHERE",
        )
        .hint("Use HAVING.");
    }
    if line.starts_with("Aggregate functions are not allowed") {
        return SqlError::new(SqlState::GROUPING_ERROR, lower_first(&line));
    }
    if line.starts_with("Aggregate function calls cannot be nested") {
        return SqlError::new(
            SqlState::GROUPING_ERROR,
            "aggregate function calls cannot be nested",
        )
        .hint("Compute the inner one in a subquery.");
    }
    if let Some((_, rest)) = line.split_once("Function '")
        && let Some((name, rest)) = rest.split_once("' failed to match any signature")
    {
        let received = rest
            .split("(DataType: ")
            .nth(1)
            .and_then(|rest| rest.split(").").next());
        let types = received.map(postgres_types).unwrap_or_default();
        return SqlError::new(
            SqlState::UNDEFINED_FUNCTION,
            format!("function {name}({types}) does not exist"),
        )
        .hint(format!(
            "No function matches the given name and argument types. {CASTS}"
        ));
    }
    if let Some((_, data_type)) = line
        .split_once("with non-boolean predicate ")
        .and_then(|(_, rest)| rest.rsplit_once(" returning "))
    {
        let name = postgres_type(data_type).unwrap_or_else(|| data_type.to_owned());
        return SqlError::new(
            SqlState::DATATYPE_MISMATCH,
            format!("argument of WHERE must be type boolean, not type {name}"),
        );
    }
    if line.contains("SELECT DISTINCT, ORDER BY expressions") {
        return SqlError::new(
            SqlState("42P10"),
            "for SELECT DISTINCT, ORDER BY expressions must appear in select list",
        );
    }
    if let Some(rest) = line.strip_prefix("Unsupported compound identifier '") {
        return SqlError::new(
            SqlState::SYNTAX_ERROR,
            format!(
                "improper qualified name (too many dotted names): {}",
                rest.split('\'').next().unwrap_or(rest)
            ),
        );
    }
    if line.starts_with("Inconsistent data length across values list") {
        return SqlError::new(
            SqlState::SYNTAX_ERROR,
            "VALUES lists must all be the same length",
        );
    }
    if let Some(rest) = line.strip_prefix("Source table contains ") {
        let mut numbers = rest
            .split_whitespace()
            .filter_map(|word| word.parse::<usize>().ok());
        if let (Some(available), Some(given)) = (numbers.next(), numbers.next()) {
            return SqlError::new(
                SqlState("42P10"),
                format!("table has {available} columns available but {given} columns specified"),
            );
        }
    }
    if line.contains("not supported")
        || line.contains("Unsupported")
        || line.contains("not implemented")
    {
        return unsupported(&line);
    }
    if line.contains("Cannot cast string") || line.contains("Error parsing") {
        return cast(&line);
    }
    // The user's, and none of those that have a state of their own.
    SqlError::new(SqlState::SYNTAX_ERROR, lower_first(&line))
}

/// `… Utf8 + Int64 …`: an operator between two types.
fn operator(rest: &str) -> Option<SqlError> {
    let rest = rest.split(" to valid types").next().unwrap_or(rest);
    let rest = rest.split(": ").next().unwrap_or(rest);
    let rest = rest
        .split_once(" operation ")
        .map_or(rest, |(_, rest)| rest);
    let operators = [
        "IS NOT DISTINCT FROM",
        "IS DISTINCT FROM",
        "!~*",
        "!~",
        "~*",
        "~",
        "||",
        "<=",
        ">=",
        "!=",
        "<>",
        "=",
        "<",
        ">",
        "+",
        "-",
        "*",
        "/",
        "%",
        "AND",
        "OR",
        "LIKE",
        "ILIKE",
        "&",
        "|",
        "#",
        "<<",
        ">>",
    ];
    operators.into_iter().find_map(|operator| {
        let (left, right) = rest.split_once(&format!(" {operator} "))?;
        let (left, right) = (postgres_type(left)?, postgres_type(right)?);
        Some(
            SqlError::new(
                SqlState::UNDEFINED_FUNCTION,
                format!("operator does not exist: {left} {operator} {right}"),
            )
            .hint(format!(
                "No operator matches the given name and argument types. {CASTS}"
            )),
        )
    })
}

fn quoted_double(message: &str) -> Option<&str> {
    let start = message.find('"')? + 1;
    let end = message.rfind('"')?;
    message.get(start..end)
}

fn unsupported(message: &str) -> SqlError {
    SqlError::new(
        SqlState::FEATURE_NOT_SUPPORTED,
        lower_first(&one_line(message)),
    )
    .hint("Summit does not offer this. Write the query in another way.")
}

/// The first line, without DataFusion's prefixes.
fn one_line(message: &str) -> String {
    let mut line = message.lines().next().unwrap_or_default().trim();
    const PREFIXES: [&str; 9] = [
        "Error during planning: ",
        "Execution error: ",
        "Arrow error: ",
        "External error: ",
        "This feature is not implemented: ",
        "type_coercion caused by ",
        "Cast error: ",
        "Parser error: ",
        "Compute error: ",
    ];
    while let Some(rest) = PREFIXES.iter().find_map(|prefix| line.strip_prefix(prefix)) {
        line = rest.trim();
    }
    line.to_owned()
}

fn lower_first(message: &str) -> String {
    let mut characters = message.chars();
    match characters.next() {
        // An acronym or a type's name stays.
        Some(first) if !characters.clone().next().is_some_and(char::is_uppercase) => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => message.to_owned(),
    }
}
