//! What a client may send with `DoPut`: checked before it is decoded, so that a small message
//! cannot stand for more than the server has memory for.

use arrow::compute::can_cast_types;
use arrow::datatypes::{DataType, Schema};
use arrow::ipc::root_as_message;
use arrow_flight::FlightData;
use tonic::Status;

use crate::call::Call;
use crate::limits::REQUEST_ROWS_MAX;
use crate::status::from_sql;

/// Refuses messages whose content is not bounded by their size. What is no message at all is
/// the decoder's to refuse.
pub(crate) fn check_message(message: &FlightData) -> Result<(), Status> {
    let Ok(header) = root_as_message(&message.data_header) else {
        return Ok(());
    };
    let dictionary = header
        .header_as_dictionary_batch()
        .and_then(|dictionary| dictionary.data());
    let Some(batch) = header.header_as_record_batch().or(dictionary) else {
        return Ok(());
    };
    if batch.compression().is_some() {
        return Err(Status::invalid_argument(
            "compressed record batches are not taken\n\
             HINT: send them uncompressed (pyarrow: IpcWriteOptions without compression)",
        ));
    }
    if batch.length() > REQUEST_ROWS_MAX {
        return Err(Status::invalid_argument(format!(
            "a record batch of {} rows is larger than the limit of {REQUEST_ROWS_MAX} rows\n\
             HINT: send smaller batches",
            batch.length()
        )));
    }
    Ok(())
}

/// Refuses columns that the relation does not have or whose types cannot become its types.
pub(crate) fn check_schema(call: &Call, relation: &[String], sent: &Schema) -> Result<(), Status> {
    let own = call
        .session
        .relation_schema(relation)
        .map_err(|error| from_sql(&error))?;
    let name = relation.join(".");
    for (index, field) in sent.fields().iter().enumerate() {
        let column = field.name();
        if sent
            .fields()
            .iter()
            .take(index)
            .any(|earlier| earlier.name() == column)
        {
            return Err(Status::invalid_argument(format!(
                "column \"{column}\" is sent twice\nHINT: send each column of \"{name}\" once"
            )));
        }
        let Ok(own_field) = own.field_with_name(column) else {
            let names: Vec<&str> = own.fields().iter().map(|f| f.name().as_str()).collect();
            return Err(Status::invalid_argument(format!(
                "column \"{column}\" of relation \"{name}\" does not exist\n\
                 HINT: its columns are {}",
                names.join(", ")
            )));
        };
        if may_overlap(field.data_type()) {
            return Err(Status::invalid_argument(format!(
                "column \"{column}\" comes as {}, which is not taken\n\
                 HINT: send {}",
                field.data_type(),
                own_field.data_type()
            )));
        }
        if !can_cast_types(field.data_type(), own_field.data_type()) {
            return Err(Status::invalid_argument(format!(
                "column \"{column}\" of relation \"{name}\" has type {}, not {}\n\
                 HINT: cast the column before sending it",
                own_field.data_type(),
                field.data_type()
            )));
        }
    }
    Ok(())
}

/// Whether rows of this type may share their bytes in a way that their size does not tell.
fn may_overlap(data_type: &DataType) -> bool {
    match data_type {
        DataType::RunEndEncoded(..) | DataType::ListView(_) | DataType::LargeListView(_) => true,
        DataType::Dictionary(_, value) => may_overlap(value),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => may_overlap(item.data_type()),
        DataType::Struct(fields) => fields.iter().any(|field| may_overlap(field.data_type())),
        _ => false,
    }
}
