//! Values of a type as keys of the same order.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, UInt64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type, Int64Type, TimeUnit, UInt64Type};

use crate::FlowError;
use crate::row_encoder::{EncodedRows, RowEncoder, normalize_floats};

/// Turns values into keys and back. As in PostgreSQL, NaN is greater than any number. Of
/// -0 and 0, which are equal, keys make 0.
pub(crate) struct OrderKeys {
    data_type: DataType,
    encoder: RowEncoder,
}

impl OrderKeys {
    /// For values of this type.
    pub(crate) fn new(data_type: DataType) -> Result<Self, FlowError> {
        let encoder = RowEncoder::new([&data_type])?;
        Ok(OrderKeys { data_type, encoder })
    }

    /// Whether keys are numbers, rather than bytes.
    pub(crate) fn are_numbers(&self) -> bool {
        matches!(
            self.data_type,
            DataType::Int8
                | DataType::Int16
                | DataType::Int32
                | DataType::Int64
                | DataType::UInt8
                | DataType::UInt16
                | DataType::UInt32
                | DataType::UInt64
                | DataType::Float32
                | DataType::Float64
                | DataType::Date32
                | DataType::Date64
                | DataType::Time32(_)
                | DataType::Time64(_)
                | DataType::Timestamp(..)
                | DataType::Duration(_)
        )
    }

    /// The keys of values; that of NULL means nothing.
    pub(crate) fn numbers(&self, values: &ArrayRef) -> Result<Vec<u64>, FlowError> {
        let values = normalize_floats(Arc::clone(values));
        Ok(match self.wide() {
            DataType::UInt64 => cast(&values, &DataType::UInt64)?
                .as_primitive::<UInt64Type>()
                .values()
                .to_vec(),
            DataType::Float64 => {
                let values = cast(&values, &DataType::Float64)?;
                values
                    .as_primitive::<Float64Type>()
                    .values()
                    .iter()
                    .map(of_float)
                    .collect()
            }
            _ => {
                let values = self.as_integers(&values)?;
                let values = values.as_primitive::<Int64Type>().values();
                values
                    .iter()
                    .map(|value| value.cast_unsigned() ^ SIGN)
                    .collect()
            }
        })
    }

    /// The values of keys.
    #[expect(clippy::wrong_self_convention, reason = "the inverse of `numbers`")]
    pub(crate) fn from_numbers(
        &self,
        keys: impl Iterator<Item = Option<u64>>,
    ) -> Result<ArrayRef, FlowError> {
        let keys: UInt64Array = keys.collect();
        Ok(match self.wide() {
            DataType::UInt64 => cast(&keys, &self.data_type)?,
            DataType::Float64 => cast(&keys.unary::<_, Float64Type>(to_float), &self.data_type)?,
            _ => {
                let values = keys.unary::<_, Int64Type>(|key| (key ^ SIGN).cast_signed());
                let narrow = cast(&values, &self.integer())?;
                cast(&narrow, &self.data_type)?
            }
        })
    }

    /// The keys of values, where they are bytes.
    pub(crate) fn bytes(&self, values: &ArrayRef) -> Result<EncodedRows, FlowError> {
        self.encoder.encode(std::slice::from_ref(values))
    }

    /// The values of keys.
    #[expect(clippy::wrong_self_convention, reason = "the inverse of `bytes`")]
    pub(crate) fn from_bytes<'a>(
        &self,
        keys: impl Iterator<Item = Option<&'a [u8]>>,
    ) -> Result<ArrayRef, FlowError> {
        let null = self
            .encoder
            .encode(&[arrow::array::new_null_array(&self.data_type, 1)])?;
        let keys: Vec<&[u8]> = keys.map(|key| key.unwrap_or(null.get(0))).collect();
        let values = self.encoder.decode(keys)?;
        values
            .into_iter()
            .next()
            .ok_or_else(|| FlowError::internal("no column decoded"))
    }

    /// The type of 64 bits in which the order is computed.
    fn wide(&self) -> DataType {
        match self.data_type {
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 | DataType::UInt64 => {
                DataType::UInt64
            }
            DataType::Float32 | DataType::Float64 => DataType::Float64,
            _ => DataType::Int64,
        }
    }

    /// The integer type that stands for the type's values.
    fn integer(&self) -> DataType {
        match self.data_type {
            DataType::Date32 | DataType::Time32(TimeUnit::Second | TimeUnit::Millisecond) => {
                DataType::Int32
            }
            DataType::Int8 | DataType::Int16 | DataType::Int32 => self.data_type.clone(),
            _ => DataType::Int64,
        }
    }

    fn as_integers(&self, values: &dyn Array) -> Result<ArrayRef, FlowError> {
        let narrow = cast(values, &self.integer())?;
        Ok(cast(&narrow, &DataType::Int64)?)
    }
}

const SIGN: u64 = 1 << 63;

fn of_float(value: &f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

fn to_float(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}
