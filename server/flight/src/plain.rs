//! Types at the edge: what a client may not know becomes its plain counterpart.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, FieldRef, Fields, Schema, SchemaRef};
use arrow::error::ArrowError;

/// The schema that clients see.
pub(crate) fn plain_schema(schema: &Schema) -> SchemaRef {
    Arc::new(Schema::new_with_metadata(
        plain_fields(schema.fields()),
        schema.metadata().clone(),
    ))
}

/// The batch in the types of `schema`, which [`plain_schema`] made of the batch's own.
pub(crate) fn plain_batch(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    if batch.num_columns() != schema.fields().len() {
        return Err(ArrowError::SchemaError(format!(
            "a batch has {} columns where {} were announced",
            batch.num_columns(),
            schema.fields().len()
        )));
    }
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| plain_column(column, field.data_type()))
        .collect::<Result<Vec<ArrayRef>, _>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

fn plain_column(column: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == to {
        Ok(Arc::clone(column))
    } else {
        cast(column, to)
    }
}

fn plain_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, value) => plain_type(value),
        DataType::RunEndEncoded(_, value) => plain_type(value.data_type()),
        DataType::Decimal32(precision, scale) | DataType::Decimal64(precision, scale) => {
            DataType::Decimal128(*precision, *scale)
        }
        DataType::List(item) | DataType::ListView(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) | DataType::LargeListView(item) => {
            DataType::LargeList(plain_field(item))
        }
        DataType::FixedSizeList(item, len) => DataType::FixedSizeList(plain_field(item), *len),
        DataType::Struct(fields) => DataType::Struct(plain_fields(fields)),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        other => other.clone(),
    }
}

fn plain_field(field: &FieldRef) -> FieldRef {
    let data_type = plain_type(field.data_type());
    if data_type == *field.data_type() {
        return Arc::clone(field);
    }
    Arc::new(
        Field::new(field.name(), data_type, field.is_nullable())
            .with_metadata(field.metadata().clone()),
    )
}

fn plain_fields(fields: &Fields) -> Fields {
    fields.iter().map(plain_field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{
        BinaryViewArray, DictionaryArray, Int32Array, ListArray, StringArray, StringViewArray,
    };
    use arrow::buffer::OffsetBuffer;
    use arrow::datatypes::Int32Type;

    #[test]
    fn views_and_dictionaries_become_plain_even_inside_lists() {
        let views = StringViewArray::from(vec![Some("a"), None, Some("a long one, not inlined")]);
        let item = Arc::new(Field::new_list_field(DataType::Utf8View, true));
        let list = ListArray::new(
            Arc::clone(&item),
            OffsetBuffer::from_lengths([1, 0, 2]),
            Arc::new(views.clone()),
            None,
        );
        let dictionary: DictionaryArray<Int32Type> = ["x", "y", "x"].into_iter().collect();
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("v", Arc::new(views) as ArrayRef, true),
            (
                "b",
                Arc::new(BinaryViewArray::from(vec![b"1".as_slice(), b"2", b"3"])),
                true,
            ),
            ("l", Arc::new(list), true),
            ("d", Arc::new(dictionary), false),
            ("i", Arc::new(Int32Array::from(vec![1, 2, 3])), false),
        ])
        .unwrap();
        let schema = plain_schema(&batch.schema());
        let plain = plain_batch(&batch, &schema).unwrap();
        let types: Vec<_> = schema
            .fields()
            .iter()
            .map(|f| f.data_type().clone())
            .collect();
        assert_eq!(
            types,
            [
                DataType::Utf8,
                DataType::Binary,
                DataType::new_list(DataType::Utf8, true),
                DataType::Utf8,
                DataType::Int32
            ]
        );
        assert_eq!(
            plain.column(0).as_ref(),
            &StringArray::from(vec![Some("a"), None, Some("a long one, not inlined")])
        );
        assert_eq!(
            plain.column(3).as_ref(),
            &StringArray::from(vec!["x", "y", "x"])
        );
    }
}
