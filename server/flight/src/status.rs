//! Errors as gRPC statuses.

use std::fmt::Write;

use summit_session::SqlError;
use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

/// The metadata key under which a status carries its SQLSTATE.
pub(crate) const SQLSTATE_KEY: &str = "summit-sqlstate";

/// An error as a Flight client sees it: the message names SQLSTATE, detail and hint, because
/// most clients show nothing but the message.
pub(crate) fn from_sql(error: &SqlError) -> Status {
    with_context(error, "")
}

/// The same, with a sentence about the call in front of the detail.
pub(crate) fn with_context(error: &SqlError, context: &str) -> Status {
    let mut message = format!("{} (SQLSTATE {}", error.message, error.code.0);
    if let Some(position) = error.position {
        let _ = write!(message, ", at character {position}");
    }
    message.push(')');
    for (label, text) in [
        ("", (!context.is_empty()).then_some(context)),
        ("DETAIL: ", error.detail.as_deref()),
        ("HINT: ", error.hint.as_deref()),
    ] {
        if let Some(text) = text {
            let _ = write!(message, "\n{label}{text}");
        }
    }
    let mut status = Status::new(code_of(error.code.0), message);
    if let Ok(value) = MetadataValue::try_from(error.code.0) {
        status.metadata_mut().insert(SQLSTATE_KEY, value);
    }
    status
}

/// The call ends because the server does.
pub(crate) fn shutting_down() -> Status {
    from_sql(&SqlError::new(
        summit_session::SqlState::SHUTDOWN,
        "terminating the call: the server is shutting down",
    ))
}

fn code_of(sqlstate: &str) -> Code {
    match sqlstate {
        "42P01" | "42704" | "3D000" | "3F000" => Code::NotFound,
        "42P07" | "42710" | "23505" => Code::AlreadyExists,
        "42501" => Code::PermissionDenied,
        "57014" => Code::Cancelled,
        _ => match sqlstate.get(..2) {
            Some("0A") => Code::Unimplemented,
            Some("08" | "22" | "23" | "42") => Code::InvalidArgument,
            Some("25" | "26" | "2B" | "34" | "55") => Code::FailedPrecondition,
            Some("28") => Code::Unauthenticated,
            Some("40") => Code::Aborted,
            Some("53" | "54") => Code::ResourceExhausted,
            Some("57") => Code::Unavailable,
            Some("XX") => {
                if sqlstate == "XX001" {
                    Code::DataLoss
                } else {
                    Code::Internal
                }
            }
            _ => Code::Unknown,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use summit_session::SqlState;

    #[test]
    fn a_status_carries_the_sqlstate_and_the_way_out() {
        let status = from_sql(
            &SqlError::new(SqlState::UNDEFINED_TABLE, "relation \"t\" does not exist")
                .detail("no such name")
                .hint("SHOW ALL lists them")
                .position(15),
        );
        assert_eq!(status.code(), Code::NotFound);
        assert_eq!(
            status.message(),
            "relation \"t\" does not exist (SQLSTATE 42P01, at character 15)\n\
             DETAIL: no such name\nHINT: SHOW ALL lists them"
        );
        assert_eq!(status.metadata().get(SQLSTATE_KEY).unwrap(), "42P01");
    }

    #[test]
    fn classes_of_sqlstates_have_their_codes() {
        for (state, code) in [
            ("42601", Code::InvalidArgument),
            ("22P02", Code::InvalidArgument),
            ("57014", Code::Cancelled),
            ("53300", Code::ResourceExhausted),
            ("40001", Code::Aborted),
            ("57P01", Code::Unavailable),
            ("XX000", Code::Internal),
            ("0A000", Code::Unimplemented),
            ("99999", Code::Unknown),
            ("", Code::Unknown),
        ] {
            assert_eq!(code_of(state), code, "{state}");
        }
    }
}
