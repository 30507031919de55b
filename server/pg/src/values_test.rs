//! Values through their text and binary forms and back.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::*;
use arrow::datatypes::*;
use bytes::BytesMut;
use summit_session::SqlError;

use crate::builder::ColumnBuilder;
use crate::calendar::Zone;
use crate::encode::{Column, Format, Style};
use crate::pg_type::{PgType, TYPE_KEY};

pub(crate) const UTC: Style = Style { zone: Zone::Utc };

pub(crate) fn numeric(precision: u8, scale: i8) -> DataType {
    DataType::Decimal128(precision, scale)
}

pub(crate) fn timestamptz() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub(crate) fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, None)
}

pub(crate) fn interval() -> DataType {
    DataType::Interval(IntervalUnit::MonthDayNano)
}

pub(crate) fn list(item: DataType) -> DataType {
    DataType::new_list(item, true)
}

/// The value of a row in a form; `None` for NULL.
pub(crate) fn written(
    field: &Field,
    array: &ArrayRef,
    row: usize,
    format: Format,
    style: &Style,
) -> Option<Vec<u8>> {
    let column = Column::new(field, array).expect("a type of ours");
    let mut out = BytesMut::new();
    column
        .write_value(row, format, style, &mut out)
        .expect("a value of ours");
    let length = i32::from_be_bytes(out[..4].try_into().expect("four bytes"));
    usize::try_from(length).ok().map(|length| {
        assert_eq!(out.len(), length + 4);
        out[4..].to_vec()
    })
}

fn printed_in(array: &ArrayRef, row: usize, style: &Style) -> String {
    let field = Field::new("x", array.data_type().clone(), true);
    String::from_utf8(written(&field, array, row, Format::Text, style).expect("a value"))
        .expect("text")
}

pub(crate) fn printed(array: &ArrayRef) -> String {
    printed_in(array, 0, &UTC)
}

fn read(data_type: &DataType, text: &str) -> Result<ArrayRef, SqlError> {
    let mut builder = ColumnBuilder::new(&Field::new("x", data_type.clone(), true), Zone::Utc)?;
    builder.append_text(text)?;
    builder.finish()
}

#[test]
fn texts_are_read_and_printed_as_in_postgresql() {
    let cases: Vec<(DataType, &str, &str)> = vec![
        (DataType::Boolean, " YES ", "t"),
        (DataType::Boolean, "of", "f"),
        (DataType::Int16, " -32768 ", "-32768"),
        (DataType::UInt8, "255", "255"),
        (
            DataType::UInt64,
            "18446744073709551615",
            "18446744073709551615",
        ),
        (
            DataType::Int64,
            "-9223372036854775808",
            "-9223372036854775808",
        ),
        (DataType::Float64, "1e15", "1e+15"),
        (DataType::Float64, "100000000000000", "100000000000000"),
        (
            DataType::Float64,
            "123456789012345678",
            "1.2345678901234568e+17",
        ),
        (DataType::Float64, "0.0001", "0.0001"),
        (DataType::Float64, "0.00001", "1e-05"),
        (DataType::Float64, "-0", "-0"),
        (DataType::Float64, "0.1", "0.1"),
        (DataType::Float64, "-infinity", "-Infinity"),
        (DataType::Float64, "nan", "NaN"),
        (DataType::Float64, "1.5e300", "1.5e+300"),
        (DataType::Float32, "0.1", "0.1"),
        (DataType::Float32, "1000000", "1e+06"),
        (DataType::Float32, "999999", "999999"),
        (DataType::Float32, "16777216", "1.6777216e+07"),
        (DataType::Float16, "0.5", "0.5"),
        (numeric(10, 2), "1.005", "1.01"),
        (numeric(10, 2), "-0.005", "-0.01"),
        (numeric(10, 2), "-0.5", "-0.50"),
        (numeric(10, 2), "1e3", "1000.00"),
        (numeric(10, 2), "12345678.99", "12345678.99"),
        (numeric(10, 2), "0", "0.00"),
        (numeric(5, 0), "99999.4", "99999"),
        (numeric(5, -2), "1250", "1300"),
        (
            DataType::Decimal256(60, 4),
            "-12345678901234567890123456789012345678901234567890.12345",
            "-12345678901234567890123456789012345678901234567890.1235",
        ),
        (DataType::Binary, "\\x00fF", "\\x00ff"),
        (DataType::Binary, "a\\\\b\\001", "\\x615c6201"),
        (DataType::Date32, "2013-01-01", "2013-01-01"),
        (DataType::Date32, "20000229", "2000-02-29"),
        (DataType::Date32, "0044-03-15 BC", "0044-03-15 BC"),
        (DataType::Date32, "2013-01-01 23:59:59", "2013-01-01"),
        (DataType::Date64, "1969-12-31", "1969-12-31"),
        (
            DataType::Time64(TimeUnit::Nanosecond),
            "04:05:06.789",
            "04:05:06.789",
        ),
        (DataType::Time32(TimeUnit::Second), "24:00", "24:00:00"),
        (
            DataType::Time64(TimeUnit::Microsecond),
            "04:05 pm",
            "16:05:00",
        ),
        (timestamp(), "2013-01-01T10:00:00", "2013-01-01 10:00:00"),
        (
            timestamp(),
            "2013-01-01 10:00:00.123456+05",
            "2013-01-01 10:00:00.123456",
        ),
        (
            timestamp(),
            "1969-12-31 23:59:59.9",
            "1969-12-31 23:59:59.9",
        ),
        (timestamp(), "10000-01-01", "10000-01-01 00:00:00"),
        (
            DataType::Timestamp(TimeUnit::Second, None),
            "1960-01-01 00:00:01",
            "1960-01-01 00:00:01",
        ),
        (
            DataType::Timestamp(TimeUnit::Nanosecond, None),
            "1960-01-01 00:00:00.000001",
            "1960-01-01 00:00:00.000001",
        ),
        (
            timestamptz(),
            "2013-01-01 10:00:00",
            "2013-01-01 10:00:00+00",
        ),
        (
            timestamptz(),
            "2013-01-01 10:00:00+05:30",
            "2013-01-01 04:30:00+00",
        ),
        (
            timestamptz(),
            "2013-01-01T10:00:00.5Z",
            "2013-01-01 10:00:00.5+00",
        ),
        (
            timestamptz(),
            "2013-01-01 10:00:00 -0800",
            "2013-01-01 18:00:00+00",
        ),
        (
            interval(),
            "1 year 2 mons 3 days 04:05:06.789",
            "1 year 2 mons 3 days 04:05:06.789",
        ),
        (
            interval(),
            "P1Y2M3DT4H5M6S",
            "1 year 2 mons 3 days 04:05:06",
        ),
        (interval(), "-1 year +2 mons", "-10 mons"),
        (interval(), "1 mon -1 day", "1 mon -1 days"),
        (
            interval(),
            "-1 mon +1 day 2 hours",
            "-1 mons +1 day 02:00:00",
        ),
        (interval(), "1 day ago", "-1 days"),
        (interval(), "-1 day 01:00", "-1 days +01:00:00"),
        (interval(), "1.5 hours", "01:30:00"),
        (interval(), "1h30m", "01:30:00"),
        (interval(), "90", "00:01:30"),
        (interval(), "1-2", "1 year 2 mons"),
        (interval(), "1.5 days", "1 day 12:00:00"),
        (interval(), "2 weeks", "14 days"),
        (interval(), "-1-2", "-1 years -2 mons"),
        (interval(), "1.5 months", "1 mon 15 days"),
        (interval(), "1.7 years", "1 year 8 mons"),
        (interval(), "-00:00:00.5", "-00:00:00.5"),
        (interval(), "0", "00:00:00"),
        (
            DataType::Interval(IntervalUnit::YearMonth),
            "14 months",
            "1 year 2 mons",
        ),
        (
            DataType::Interval(IntervalUnit::DayTime),
            "1 day 00:00:01",
            "1 day 00:00:01",
        ),
        (
            DataType::Duration(TimeUnit::Millisecond),
            "100 hours",
            "100:00:00",
        ),
        (
            list(DataType::Utf8),
            "{a,\"b c\",NULL,\"\",\"q\\\"\\\\\",\"null\"}",
            "{a,\"b c\",NULL,\"\",\"q\\\"\\\\\",\"null\"}",
        ),
        (list(DataType::Int32), " { 1 , 2 } ", "{1,2}"),
        (list(DataType::Int32), "{}", "{}"),
        (
            list(list(DataType::Int32)),
            "{{1,2},{3,NULL}}",
            "{{1,2},{3,NULL}}",
        ),
        (
            list(timestamp()),
            "{2013-01-01}",
            "{\"2013-01-01 00:00:00\"}",
        ),
        (
            DataType::new_large_list(DataType::Float64, true),
            "{1.5}",
            "{1.5}",
        ),
        (
            DataType::new_fixed_size_list(DataType::Int64, 2, true),
            "{1,2}",
            "{1,2}",
        ),
        (
            DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
            "x",
            "x",
        ),
        (DataType::LargeUtf8, "x", "x"),
        (
            DataType::Utf8View,
            "a longer text than twelve",
            "a longer text than twelve",
        ),
        (DataType::BinaryView, "\\x01", "\\x01"),
        (DataType::LargeBinary, "\\x01", "\\x01"),
        (DataType::FixedSizeBinary(2), "\\x0102", "\\x0102"),
    ];
    for (data_type, text, expected) in cases {
        let array =
            read(&data_type, text).unwrap_or_else(|error| panic!("{data_type} {text}: {error}"));
        assert_eq!(array.data_type(), &data_type);
        assert_eq!(printed(&array), expected, "{data_type} {text}");
    }
}

#[test]
fn texts_that_are_no_values_get_postgresqls_errors() {
    let cases: Vec<(DataType, &str, &str, &str)> = vec![
        (
            DataType::Int32,
            "x",
            "22P02",
            "invalid input syntax for type integer: \"x\"",
        ),
        (
            DataType::Int32,
            "",
            "22P02",
            "invalid input syntax for type integer: \"\"",
        ),
        (
            DataType::Int32,
            "99999999999",
            "22003",
            "value \"99999999999\" is out of range for type integer",
        ),
        (
            DataType::Int16,
            "32768",
            "22003",
            "value \"32768\" is out of range for type smallint",
        ),
        (
            DataType::Int64,
            "9223372036854775808",
            "22003",
            "value \"9223372036854775808\" is out of range for type bigint",
        ),
        (DataType::UInt8, "256", "22003", "smallint out of range"),
        (
            DataType::Boolean,
            "o",
            "22P02",
            "invalid input syntax for type boolean: \"o\"",
        ),
        (
            DataType::Float64,
            "1e400",
            "22003",
            "\"1e400\" is out of range for type double precision",
        ),
        (
            DataType::Float32,
            "1e40",
            "22003",
            "\"1e40\" is out of range for type real",
        ),
        (
            DataType::Float64,
            "abc",
            "22P02",
            "invalid input syntax for type double precision: \"abc\"",
        ),
        (numeric(4, 2), "100", "22003", "numeric field overflow"),
        (numeric(4, 2), "99.995", "22003", "numeric field overflow"),
        (
            numeric(4, 2),
            "1e99999999",
            "22003",
            "numeric field overflow",
        ),
        (
            numeric(4, 2),
            "1.2.3",
            "22P02",
            "invalid input syntax for type numeric: \"1.2.3\"",
        ),
        (
            DataType::Date32,
            "2013-13-01",
            "22008",
            "date/time field value out of range: \"2013-13-01\"",
        ),
        (
            DataType::Date32,
            "2013-02-29",
            "22008",
            "date/time field value out of range: \"2013-02-29\"",
        ),
        (
            DataType::Date32,
            "soon",
            "22007",
            "invalid input syntax for type date: \"soon\"",
        ),
        (
            timestamp(),
            "2013-01-01 25:00:00",
            "22008",
            "date/time field value out of range: \"2013-01-01 25:00:00\"",
        ),
        (
            timestamptz(),
            "x",
            "22007",
            "invalid input syntax for type timestamp with time zone: \"x\"",
        ),
        (
            timestamptz(),
            "2013-01-01 10:00 Mars/Base",
            "22023",
            "time zone \"Mars/Base\" not recognized",
        ),
        (
            interval(),
            "1 fortnight",
            "22007",
            "invalid input syntax for type interval: \"1 fortnight\"",
        ),
        (
            interval(),
            "99999999999 years",
            "22008",
            "interval field value out of range: \"99999999999 years\"",
        ),
        (
            DataType::Binary,
            "\\x0",
            "22023",
            "invalid hexadecimal data: odd number of digits",
        ),
        (
            list(DataType::Int32),
            "1,2",
            "22P02",
            "malformed array literal: \"1,2\"",
        ),
        (
            list(DataType::Int32),
            "{1,x}",
            "22P02",
            "invalid input syntax for type integer: \"x\"",
        ),
        (
            list(DataType::Int32),
            "{{1}}",
            "22P02",
            "malformed array literal: \"{{1}}\"",
        ),
        (
            list(DataType::Int32),
            "{1",
            "22P02",
            "malformed array literal: \"{1\"",
        ),
    ];
    for (data_type, text, code, message) in cases {
        let error = read(&data_type, text)
            .map(|array| printed(&array))
            .expect_err(text);
        assert_eq!(
            (error.code.0, error.message.as_str()),
            (code, message),
            "{data_type}"
        );
    }
}

#[test]
fn types_that_a_field_names_are_used() {
    let named = |name: &str, data_type: DataType| {
        Field::new("x", data_type, true)
            .with_metadata(HashMap::from([(TYPE_KEY.to_owned(), name.to_owned())]))
    };
    let varchar = PgType::of_field(&named("varchar(10)", DataType::Utf8));
    assert_eq!((varchar.oid(), varchar.modifier), (1043, 14));
    assert_eq!(PgType::of_field(&named("uuid", DataType::Utf8)).oid(), 2950);
    assert_eq!(
        PgType::of_field(&named("json", DataType::Utf8View)).oid(),
        114
    );
    // a name that does not fit what is held would break the client
    assert_eq!(PgType::of_field(&named("int4", DataType::Utf8)).oid(), 25);
    assert_eq!(
        PgType::of_arrow(&numeric(10, 2)).modifier,
        ((10 << 16) | 2) + 4
    );
    assert_eq!(PgType::of_arrow(&list(DataType::Int16)).oid(), 1005);

    let uuid = named("uuid", DataType::Utf8);
    let mut builder = ColumnBuilder::new(&uuid, Zone::Utc).expect("a builder");
    builder
        .append_text("{A0EEBC99-9C0B4EF8BB6D6BB9BD380A11}")
        .expect("a uuid");
    let bytes: Vec<u8> = (0..16).collect();
    builder.append_binary(&bytes).expect("a uuid");
    let array = builder.finish().expect("an array");
    assert_eq!(
        array.as_string::<i32>().value(0),
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    );
    assert_eq!(written(&uuid, &array, 1, Format::Binary, &UTC), Some(bytes));

    let jsonb = named("jsonb", DataType::Utf8);
    let array: ArrayRef = Arc::new(StringArray::from(vec!["{}"]));
    assert_eq!(
        written(&jsonb, &array, 0, Format::Binary, &UTC).as_deref(),
        Some(&b"\x01{}"[..])
    );

    let mut builder =
        ColumnBuilder::new(&named("varchar(2)", DataType::Utf8), Zone::Utc).expect("a builder");
    builder.append_text("é1  ").expect("spaces may go");
    let error = builder.append_text("abc").expect_err("too long");
    assert_eq!(
        (error.code.0, error.message.as_str()),
        ("22001", "value too long for type character varying(2)")
    );
}

#[test]
fn timestamps_show_in_the_sessions_zone() {
    let array = read(&timestamptz(), "2013-01-01 10:00:00+00").expect("a time");
    for (zone, expected) in [
        ("+05:30", "2013-01-01 15:30:00+05:30"),
        ("-08", "2013-01-01 02:00:00-08"),
    ] {
        let zone = Zone::named(zone).expect("a zone");
        assert_eq!(printed_in(&array, 0, &Style { zone }), expected);
        let mut builder =
            ColumnBuilder::new(&Field::new("x", timestamptz(), true), zone).expect("a builder");
        builder.append_text(&expected[..19]).expect("a local time");
        assert_eq!(&builder.finish().expect("an array"), &array);
    }
}

#[test]
fn binary_forms_are_postgresqls() {
    let cases: Vec<(DataType, &str, &[u8])> = vec![
        (DataType::Boolean, "t", &[1]),
        (DataType::Int16, "-2", &[0xff, 0xfe]),
        (DataType::Date32, "2000-01-02", &[0, 0, 0, 1]),
        (
            timestamp(),
            "2000-01-01 00:00:01",
            &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40],
        ),
        (
            interval(),
            "1 mon 2 days 00:00:01",
            &[0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 2, 0, 0, 0, 1],
        ),
        // digits, weight, sign, scale, digits in base 10000
        (
            numeric(10, 2),
            "12345.60",
            &[0, 3, 0, 1, 0, 0, 0, 2, 0, 1, 0x09, 0x29, 0x17, 0x70],
        ),
        (numeric(10, 2), "0", &[0, 0, 0, 0, 0, 0, 0, 2]),
        (
            numeric(20, 6),
            "-0.000001",
            &[0, 1, 0xff, 0xfe, 0x40, 0, 0, 6, 0, 100],
        ),
        (numeric(10, 0), "10000", &[0, 1, 0, 1, 0, 0, 0, 0, 0, 1]),
        // dimensions, nulls, type; length and lower bound; items
        (
            list(DataType::Int16),
            "{7,NULL}",
            &[
                0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 21, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7,
                0xff, 0xff, 0xff, 0xff,
            ],
        ),
        (
            list(DataType::Int16),
            "{}",
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 21],
        ),
        (
            list(list(DataType::Boolean)),
            "{{t},{f}}",
            &[
                0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 16, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0,
                1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0,
            ],
        ),
    ];
    for (data_type, text, expected) in cases {
        let array = read(&data_type, text).expect(text);
        let field = Field::new("x", data_type.clone(), true);
        assert_eq!(
            written(&field, &array, 0, Format::Binary, &UTC).as_deref(),
            Some(expected),
            "{data_type} {text}"
        );
    }
}

#[test]
fn structs_are_sent_as_json() {
    let fields = Fields::from(vec![
        Field::new("a", DataType::Int32, true),
        Field::new("b", DataType::Utf8, true),
    ]);
    let array: ArrayRef = Arc::new(StructArray::new(
        fields,
        vec![
            Arc::new(Int32Array::from(vec![Some(1), None])),
            Arc::new(StringArray::from(vec!["x\"", "y"])),
        ],
        None,
    ));
    assert_eq!(PgType::of_arrow(array.data_type()).oid(), 3802);
    assert_eq!(printed_in(&array, 0, &UTC), "{\"a\":1,\"b\":\"x\\\"\"}");
    assert_eq!(printed_in(&array, 1, &UTC), "{\"a\":null,\"b\":\"y\"}");
}
