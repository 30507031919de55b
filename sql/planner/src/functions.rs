//! Functions whose value is the session's: `version()`, `current_user`, `summit_lsn()`, …

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::Scope;

/// The names, for hints.
pub(crate) const NAMES: [&str; 9] = [
    "version",
    "summit_version",
    "summit_lsn",
    "current_database",
    "current_catalog",
    "current_schema",
    "current_user",
    "session_user",
    "user",
];

/// The function of that name, with its value for this statement.
pub(crate) fn find(name: &str, scope: &Scope) -> Option<Arc<ScalarUDF>> {
    let text = |value: &str| ScalarValue::Utf8(Some(value.to_owned()));
    let version = env!("CARGO_PKG_VERSION");
    let (name, value) = match name {
        "version" => (
            "version",
            text(&format!("PostgreSQL 15.0 (Summit {version})")),
        ),
        "summit_version" => ("summit_version", text(version)),
        "summit_lsn" => (
            "summit_lsn",
            ScalarValue::Int64(Some(i64::try_from(scope.lsn).unwrap_or(i64::MAX))),
        ),
        "current_database" => ("current_database", text(&scope.database)),
        "current_catalog" => ("current_catalog", text(&scope.database)),
        "current_schema" => ("current_schema", text("public")),
        "current_user" => ("current_user", text(&scope.user)),
        "session_user" => ("session_user", text(&scope.user)),
        "user" => ("user", text(&scope.user)),
        _ => return None,
    };
    Some(Arc::new(ScalarUDF::new_from_impl(SessionValue {
        name,
        value,
        // Not immutable: a view must not keep the value of the session that made it.
        signature: Signature::nullary(Volatility::Stable),
    })))
}

/// A function without arguments that gives one value.
#[derive(Debug, PartialEq, Eq, Hash)]
struct SessionValue {
    name: &'static str,
    value: ScalarValue,
    signature: Signature,
}

impl ScalarUDFImpl for SessionValue {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.value.data_type())
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Ok(ColumnarValue::Scalar(self.value.clone()))
    }
}
