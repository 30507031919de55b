//! Prepared statements and portals.

use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;
use bytes::Bytes;
use summit_session::{Prepared, SqlError, SqlState};

use crate::builder::{ColumnBuilder, to_type};
use crate::calendar::Zone;
use crate::encode::Format;
use crate::error::Located;
use crate::pg_type::{PgType, Scalar};
use crate::rows::OpenRows;

/// A statement that a client prepared.
pub(super) struct Statement {
    /// `None` for a text without a statement.
    pub(super) prepared: Option<Prepared>,
    /// The types that the client declared, 0 or missing where it did not.
    pub(super) declared: Vec<u32>,
    /// Where the statement starts in the text that was sent.
    pub(super) offset: usize,
}

/// A statement with parameters, ready to run, running or done.
pub(super) struct Portal {
    pub(super) statement: Arc<Statement>,
    pub(super) parameters: Vec<ArrayRef>,
    /// As the client chose them: none, one or one each.
    pub(super) result_formats: Vec<i16>,
    pub(super) state: PortalState,
}

pub(super) enum PortalState {
    Ready,
    Rows(Box<OpenRows>),
    /// All rows were sent; running it again gives none.
    Exhausted(&'static str),
    /// It had no rows; it cannot run again.
    Done,
}

impl Statement {
    pub(super) fn parameter_types(&self) -> &[DataType] {
        self.prepared
            .as_ref()
            .map_or(&[], |prepared| &prepared.parameter_types)
    }

    /// The type in which the client sends a parameter.
    pub(super) fn wire_type(&self, nth: usize) -> PgType {
        let declared = self
            .declared
            .get(nth)
            .copied()
            .filter(|&oid| oid != 0 && oid != Scalar::Unknown.oid());
        declared
            .and_then(PgType::of_oid)
            .unwrap_or_else(|| PgType::of_arrow(&self.parameter_types()[nth]))
    }

    /// The values of a Bind message as arrays of length 1.
    ///
    /// # Errors
    /// `08P01` for wrong numbers; what is wrong with a value, located by its parameter.
    pub(super) fn parameters(
        &self,
        name: &str,
        values: &[Option<Bytes>],
        formats: &[i16],
        zone: Zone,
    ) -> Result<Vec<ArrayRef>, Located> {
        let types = self.parameter_types();
        if formats.len() > 1 && formats.len() != values.len() {
            return Err(crate::error::protocol(format!(
                "bind message has {} parameter formats but {} parameters",
                formats.len(),
                values.len()
            ))
            .into());
        }
        if values.len() != types.len() {
            return Err(crate::error::protocol(format!(
                "bind message supplies {} parameters, but prepared statement \"{name}\" requires {}",
                values.len(),
                types.len()
            ))
            .into());
        }
        // one code is for all of them
        let formats = crate::rows::formats(formats, values.len())?;
        let mut arrays = Vec::with_capacity(values.len());
        for (nth, ((value, format), target)) in values.iter().zip(formats).zip(types).enumerate() {
            let array = parameter(self.wire_type(nth), format, value.as_deref(), target, zone);
            arrays.push(array.map_err(|error| Located {
                error: Box::new(error),
                context: Some(format!("unnamed portal parameter ${}", nth + 1)),
            })?);
        }
        Ok(arrays)
    }
}

/// A value that comes as one type and is wanted as another.
fn parameter(
    wire: PgType,
    format: Format,
    value: Option<&[u8]>,
    target: &DataType,
    zone: Zone,
) -> Result<ArrayRef, SqlError> {
    let natural = PgType::of_arrow(target);
    if value.is_some() && matches!(target, DataType::Null) {
        return Err(SqlError::new(
            SqlState::INDETERMINATE_TYPE,
            "could not determine the data type of a parameter",
        )
        .hint("Add a cast, as in $1::text."));
    }
    let textual = !wire.array
        && matches!(
            wire.scalar,
            Scalar::Text | Scalar::Varchar | Scalar::Bpchar | Scalar::Name | Scalar::Unknown
        );
    let alike = wire.scalar == natural.scalar && wire.array == natural.array;
    let held = match wire.declared() {
        // the value can be read at once as what is wanted
        Some(held) if !alike && !textual => held,
        _ => target.clone(),
    };
    let read_as = if textual && !alike {
        natural
    } else {
        PgType {
            modifier: -1,
            ..wire
        }
    };
    let mut builder = ColumnBuilder::typed(read_as, &held, zone)?;
    match (value, format) {
        (None, _) => builder.append_null(),
        (Some(bytes), Format::Text) => builder.append_text(crate::parse::utf8(bytes)?)?,
        // text is its own binary form
        (Some(bytes), Format::Binary) if textual => {
            builder.append_text(crate::parse::utf8(bytes)?)?
        }
        (Some(bytes), Format::Binary) => builder.append_binary(bytes)?,
    }
    to_type(&builder.finish()?, target)
}
