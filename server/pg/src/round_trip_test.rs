//! Random values through their text and binary forms and back.

use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use bytes::BytesMut;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::builder::ColumnBuilder;
use crate::calendar::Zone;
use crate::encode::{Column, Format};
use crate::values_test::{UTC, interval, list, numeric, printed, timestamp, timestamptz, written};

#[test]
fn malformed_binary_values_are_refused() {
    let types = [
        DataType::Boolean,
        DataType::Int32,
        DataType::Float64,
        DataType::Date32,
        timestamp(),
        interval(),
        numeric(10, 2),
        DataType::Decimal256(60, 3),
        list(DataType::Int32),
        list(list(DataType::Utf8)),
    ];
    let seed = 7;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for data_type in types {
        for _ in 0..2000 {
            let mut bytes = vec![0_u8; random.random_range(0..40)];
            for byte in &mut bytes {
                // small numbers get further than arbitrary ones
                *byte = if random.random_bool(0.7) {
                    random.random_range(0..3)
                } else {
                    random.random()
                };
            }
            let field = Field::new("x", data_type.clone(), true);
            let mut builder = ColumnBuilder::new(&field, Zone::Utc).expect("a builder");
            // whatever comes out, it is an error or a value that can be printed
            if builder.append_binary(&bytes).is_ok()
                && let Ok(array) = builder.finish()
            {
                let column = Column::new(&field, &array).expect("a column");
                let mut out = BytesMut::new();
                let _ = column.write_value(0, Format::Text, &UTC, &mut out);
            }
        }
    }
}

/// A text that the type's own printing gives.
fn random_text(data_type: &DataType, random: &mut StdRng) -> String {
    match data_type {
        DataType::Boolean => ["t", "f"][random.random_range(0..2)].to_owned(),
        DataType::Int16 => random.random::<i16>().to_string(),
        DataType::Int32 => random.random::<i32>().to_string(),
        DataType::Int64 => random.random::<i64>().to_string(),
        DataType::Float32 => f32::from_bits(random.random()).to_string(),
        DataType::Float64 => f64::from_bits(random.random()).to_string(),
        DataType::Utf8 => {
            let letters = [
                'a', 'é', ' ', '"', '\\', ',', '{', '}', '\n', '\t', 'N', '漢',
            ];
            (0..random.random_range(0..12))
                .map(|_| letters[random.random_range(0..letters.len())])
                .collect()
        }
        DataType::Binary => (0..random.random_range(0..9)).fold("\\x".to_owned(), |text, _| {
            text + &format!("{:02x}", random.random::<u8>())
        }),
        DataType::Decimal128(precision, scale) => {
            let digits = random.random_range(0..=*precision);
            let value = (0..digits).fold(0_i128, |sum, _| sum * 10 + random.random_range(0..10));
            format!(
                "{}{}e-{scale}",
                if random.random() { "-" } else { "" },
                value
            )
        }
        DataType::Date32 => {
            let days: i32 = random.random_range(-800_000..3_000_000);
            printed(&(Arc::new(Date32Array::from(vec![days])) as ArrayRef))
        }
        DataType::Time64(_) => {
            let micros: i64 = random.random_range(0..86_400_000_000);
            printed(&(Arc::new(Time64MicrosecondArray::from(vec![micros])) as ArrayRef))
        }
        DataType::Timestamp(_, zone) => {
            let micros: i64 = random.random_range(-90_000_000_000_000_000..250_000_000_000_000_000);
            let array =
                TimestampMicrosecondArray::from(vec![micros]).with_timezone_opt(zone.clone());
            printed(&(Arc::new(array) as ArrayRef))
        }
        DataType::Interval(_) => {
            let value = IntervalMonthDayNano::new(
                random.random_range(-500..500),
                random.random_range(-500..500),
                random.random_range(-9_000_000_000_i64..9_000_000_000) * 1000,
            );
            printed(&(Arc::new(IntervalMonthDayNanoArray::from(vec![value])) as ArrayRef))
        }
        other => panic!("no random {other}"),
    }
}

#[test]
fn random_values_survive_both_forms() {
    let seed: u64 = 20_130_101;
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let scalars = [
        DataType::Boolean,
        DataType::Int16,
        DataType::Int32,
        DataType::Int64,
        DataType::Float32,
        DataType::Float64,
        DataType::Utf8,
        DataType::Binary,
        numeric(38, 0),
        numeric(12, 5),
        numeric(38, 38),
        DataType::Date32,
        DataType::Time64(TimeUnit::Microsecond),
        timestamp(),
        timestamptz(),
        interval(),
    ];
    let types: Vec<DataType> = scalars
        .iter()
        .cloned()
        .chain(scalars.iter().cloned().map(list))
        .collect();
    for data_type in types {
        let field = Field::new("x", data_type.clone(), true);
        let mut builder = ColumnBuilder::new(&field, Zone::Utc).expect("a builder");
        for _ in 0..200 {
            if random.random_bool(0.1) {
                builder.append_null();
                continue;
            }
            let text = match &data_type {
                DataType::List(item) => {
                    let items: Vec<String> = (0..random.random_range(0..4))
                        .map(|_| {
                            let text = random_text(item.data_type(), &mut random);
                            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
                        })
                        .collect();
                    format!("{{{}}}", items.join(","))
                }
                scalar => random_text(scalar, &mut random),
            };
            builder
                .append_text(&text)
                .unwrap_or_else(|error| panic!("{data_type} {text}: {error} {:?}", error.detail));
        }
        let first = builder.finish().expect("an array");
        for format in [Format::Text, Format::Binary] {
            let mut builder = ColumnBuilder::new(&field, Zone::Utc).expect("a builder");
            let forms: Vec<_> = (0..first.len())
                .map(|row| written(&field, &first, row, format, &UTC))
                .collect();
            for form in &forms {
                match (form, format) {
                    (None, _) => builder.append_null(),
                    (Some(bytes), Format::Text) => {
                        builder
                            .append_text(std::str::from_utf8(bytes).expect("text"))
                            .expect("its own text");
                    }
                    (Some(bytes), Format::Binary) => {
                        builder.append_binary(bytes).expect("its own bytes")
                    }
                }
            }
            let again = builder.finish().expect("an array");
            let forms_again: Vec<_> = (0..again.len())
                .map(|row| written(&field, &again, row, format, &UTC))
                .collect();
            assert_eq!(forms_again, forms, "{data_type} {format:?}");
            // NaNs are equal in their forms only
            if !matches!(
                data_type,
                DataType::Float32 | DataType::Float64 | DataType::List(_)
            ) {
                assert_eq!(&again, &first, "{data_type} {format:?}");
            }
        }
    }
}
