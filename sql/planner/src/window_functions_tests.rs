use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::common::ScalarValue;
use datafusion::common::config::ConfigOptions;
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDFImpl};

use super::*;

const HOUR: i64 = 3_600_000_000;

fn call(kind: Kind, timestamps: &[Option<i64>], constants: &[i64]) -> Result<ArrayRef> {
    let array = TimestampMicrosecondArray::from(timestamps.to_vec()).with_timezone("UTC");
    let function = WindowFunction::new(kind);
    let mut types = vec![array.data_type().clone()];
    types.resize(constants.len() + 1, DataType::Int64);
    let return_type = function.return_type(&types).unwrap();
    let mut args = vec![ColumnarValue::Array(Arc::new(array))];
    args.extend(
        constants
            .iter()
            .map(|value| ColumnarValue::Scalar(ScalarValue::from(*value))),
    );
    let result = function.invoke_with_args(ScalarFunctionArgs {
        arg_fields: types
            .iter()
            .map(|data_type| Arc::new(Field::new("", data_type.clone(), true)))
            .collect(),
        args,
        number_rows: timestamps.len(),
        return_field: Arc::new(Field::new("", return_type.clone(), true)),
        config_options: Arc::new(ConfigOptions::default()),
    })?;
    let array = result.into_array(timestamps.len()).unwrap();
    assert_eq!(*array.data_type(), return_type);
    Ok(array)
}

fn instants(array: &dyn Array) -> Vec<Option<i64>> {
    array
        .as_primitive::<TimestampMicrosecondType>()
        .iter()
        .collect()
}

/// The window that a row is in, by looking at every one near it.
fn naive_tumble(ts: i64, size: i64, offset: i64) -> i64 {
    let near = ts / size;
    (near - 3..=near + 3)
        .map(|window| window * size + offset.rem_euclid(size))
        .find(|start| *start <= ts && ts < start + size)
        .unwrap()
}

fn naive_hop(ts: i64, slide: i64, size: i64, offset: i64) -> Vec<i64> {
    let near = ts / slide;
    let around = size / slide + 3;
    (near - around..=near + around)
        .map(|window| window * slide + offset.rem_euclid(slide))
        .filter(|start| *start <= ts && ts < start + size)
        .collect()
}

/// A fixed sequence; its seed is its only state.
fn numbers(seed: u64) -> impl Iterator<Item = i64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 20) as i64
    })
}

#[test]
fn tumbling_windows_agree_with_naive_arithmetic() {
    let seed = 20_241_124;
    let mut numbers = numbers(seed);
    for round in 0..200 {
        let mut next = |range: i64| numbers.next().unwrap().rem_euclid(range);
        let size = 1 + next(3 * HOUR);
        let offset = next(2 * size) - size;
        let timestamps: Vec<Option<i64>> =
            (0..20).map(|_| Some(next(20 * HOUR) - 10 * HOUR)).collect();
        let starts = call(Kind::TumbleStart, &timestamps, &[size, offset]).unwrap();
        let expected: Vec<Option<i64>> = timestamps
            .iter()
            .map(|ts| ts.map(|ts| naive_tumble(ts, size, offset)))
            .collect();
        assert_eq!(
            instants(&starts),
            expected,
            "seed {seed} round {round} size {size} offset {offset}"
        );
    }
}

#[test]
fn hopping_windows_agree_with_naive_arithmetic() {
    let seed = 4_711;
    let mut numbers = numbers(seed);
    for round in 0..200 {
        let mut next = |range: i64| numbers.next().unwrap().rem_euclid(range);
        let slide = 1 + next(HOUR);
        // Neither a multiple of the slide nor always longer than it.
        let size = 1 + next(7 * slide);
        let offset = next(2 * slide) - slide;
        let timestamps: Vec<Option<i64>> =
            (0..20).map(|_| Some(next(20 * HOUR) - 10 * HOUR)).collect();
        let lists = call(Kind::HopStarts, &timestamps, &[slide, size, offset]).unwrap();
        let lists = lists.as_list::<i32>();
        for (row, ts) in timestamps.iter().enumerate() {
            let starts: Vec<i64> = instants(&lists.value(row)).into_iter().flatten().collect();
            let expected = naive_hop(ts.unwrap(), slide, size, offset);
            assert_eq!(
                starts, expected,
                "seed {seed} round {round} slide {slide} size {size} offset {offset}"
            );
        }
    }
}

#[test]
fn an_instant_on_the_edge_is_in_the_later_window() {
    let starts = call(
        Kind::TumbleStart,
        &[Some(HOUR), Some(HOUR - 1), Some(-1), Some(-HOUR)],
        &[HOUR, 0],
    )
    .unwrap();
    assert_eq!(
        instants(&starts),
        [Some(HOUR), Some(0), Some(-HOUR), Some(-HOUR)]
    );
    let ends = call(Kind::WindowEnd, &[Some(HOUR), None], &[HOUR]).unwrap();
    assert_eq!(instants(&ends), [Some(2 * HOUR), None]);
}

#[test]
fn a_row_without_an_event_time_has_no_window() {
    let starts = call(Kind::TumbleStart, &[None, Some(5)], &[HOUR, 0]).unwrap();
    assert_eq!(instants(&starts), [None, Some(0)]);
    let lists = call(Kind::HopStarts, &[None, Some(5)], &[HOUR, HOUR, 0]).unwrap();
    assert!(lists.is_null(0));
    assert_eq!(lists.as_list::<i32>().value(1).len(), 1);
}

#[test]
fn a_slide_longer_than_the_size_leaves_gaps() {
    let lists = call(Kind::HopStarts, &[Some(5), Some(15)], &[20, 10, 0]).unwrap();
    let lists = lists.as_list::<i32>();
    assert_eq!(instants(&lists.value(0)), [Some(0)]);
    assert_eq!(lists.value(1).len(), 0);
}

#[test]
fn instants_at_the_ends_of_time_are_errors_and_not_panics() {
    for ts in [i64::MIN, i64::MAX] {
        for kind in [Kind::TumbleStart, Kind::HopStarts, Kind::WindowEnd] {
            let constants: &[i64] = match kind {
                Kind::TumbleStart => &[HOUR, 0],
                Kind::HopStarts => &[HOUR, 2 * HOUR, 0],
                Kind::WindowEnd => &[HOUR],
            };
            if let Err(error) = call(kind, &[Some(ts)], constants) {
                assert_eq!(crate::sql_error(error).code, SqlState::DATETIME_OVERFLOW);
            }
        }
    }
}

#[test]
fn more_windows_than_the_bound_are_refused() {
    let error = call(Kind::HopStarts, &[Some(0)], &[1, HOUR, 0]).unwrap_err();
    assert_eq!(crate::sql_error(error).code, SqlState::PROGRAM_LIMIT);
}
