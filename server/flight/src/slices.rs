//! Cuts batches so that no message is larger than it must be. Rows differ in size, so the
//! cut follows the bytes: a batch is halved until each part fits or is a single row.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::DataType;

/// The parts of a batch, in order, each of at most `bytes_max` bytes unless it is one row.
/// Nothing is copied.
pub(crate) struct Slices {
    /// Still to give, the next one last.
    rest: Vec<RecordBatch>,
    bytes_max: usize,
    rows_max: usize,
}

impl Slices {
    /// Of no batch.
    pub(crate) fn none() -> Self {
        Slices {
            rest: Vec::new(),
            bytes_max: 0,
            rows_max: 0,
        }
    }

    /// Of one batch.
    pub(crate) fn new(batch: RecordBatch, bytes_max: usize, rows_max: usize) -> Self {
        Slices {
            rest: vec![batch],
            bytes_max,
            rows_max,
        }
    }
}

impl Iterator for Slices {
    type Item = RecordBatch;

    fn next(&mut self) -> Option<RecordBatch> {
        // each turn halves what is on top: at most 2 * log2(rows) batches wait in `rest`
        loop {
            let batch = self.rest.pop()?;
            let rows = batch.num_rows();
            if rows <= 1 || (rows <= self.rows_max && batch_bytes(&batch) <= self.bytes_max) {
                return Some(batch);
            }
            let half = rows / 2;
            self.rest.push(batch.slice(half, rows - half));
            self.rest.push(batch.slice(0, half));
        }
    }
}

/// Bytes that the rows of a batch take on the wire, not those of the buffers they lie in.
pub(crate) fn batch_bytes(batch: &RecordBatch) -> usize {
    batch
        .columns()
        .iter()
        .map(|column| array_bytes(column))
        .sum()
}

fn array_bytes(array: &dyn Array) -> usize {
    let own = match array.data_type() {
        DataType::Utf8 | DataType::Binary | DataType::LargeUtf8 | DataType::LargeBinary => {
            return array
                .to_data()
                .get_slice_memory_size()
                .unwrap_or_else(|_| array.get_array_memory_size());
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (start, end) = ends(list.value_offsets());
            4 * (array.len() + 1) + array_bytes(&list.values().slice(start, end - start))
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let (start, end) = ends(list.value_offsets());
            8 * (array.len() + 1) + array_bytes(&list.values().slice(start, end - start))
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let (start, end) = ends(map.value_offsets());
            4 * (array.len() + 1) + array_bytes(&map.entries().slice(start, end - start))
        }
        DataType::Struct(_) => array
            .as_struct()
            .columns()
            .iter()
            .map(|column| array_bytes(column))
            .sum(),
        // several views may share bytes, and several keys a value: what counts is each row's
        DataType::Utf8View => {
            let views = array.as_string_view().views();
            16 * array.len() + views.iter().map(|view| view_bytes(*view)).sum::<usize>()
        }
        DataType::BinaryView => {
            let views = array.as_binary_view().views();
            16 * array.len() + views.iter().map(|view| view_bytes(*view)).sum::<usize>()
        }
        DataType::Dictionary(..) => array
            .len()
            .saturating_mul(8 + widest(array.as_any_dictionary().values())),
        DataType::FixedSizeList(..) => array_bytes(array.as_fixed_size_list().values()),
        _ => {
            return array
                .to_data()
                .get_slice_memory_size()
                .unwrap_or_else(|_| array.get_array_memory_size());
        }
    };
    own + array.nulls().map_or(0, |_| array.len().div_ceil(8))
}

/// The low half of a view is its length.
fn view_bytes(view: u128) -> usize {
    (view & 0xffff_ffff) as usize
}

/// No value of the array takes more bytes than this.
fn widest(values: &dyn Array) -> usize {
    fn of_offsets<T: Copy + TryInto<usize>>(offsets: &[T]) -> usize {
        let lengths = offsets.windows(2).map(|pair| {
            let (start, end) = ends(pair);
            end.saturating_sub(start)
        });
        lengths.max().unwrap_or(0)
    }
    match values.data_type() {
        DataType::Utf8 => of_offsets(values.as_string::<i32>().value_offsets()),
        DataType::LargeUtf8 => of_offsets(values.as_string::<i64>().value_offsets()),
        DataType::Binary => of_offsets(values.as_binary::<i32>().value_offsets()),
        DataType::LargeBinary => of_offsets(values.as_binary::<i64>().value_offsets()),
        other => other
            .primitive_width()
            .unwrap_or_else(|| array_bytes(values)),
    }
}

fn ends<T: Copy + TryInto<usize>>(offsets: &[T]) -> (usize, usize) {
    let at = |offset: Option<&T>| {
        offset
            .and_then(|offset| (*offset).try_into().ok())
            .unwrap_or(0)
    };
    (at(offsets.first()), at(offsets.last()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, DictionaryArray, Int64Array, ListBuilder, StringArray, StringBuilder,
        StringViewArray,
    };
    use arrow::compute::concat_batches;
    use arrow::datatypes::Int32Type;

    fn batch(column: ArrayRef) -> RecordBatch {
        RecordBatch::try_from_iter([("c", column)]).unwrap()
    }

    fn check(batch: &RecordBatch, bytes_max: usize, rows_max: usize) -> Vec<RecordBatch> {
        let parts: Vec<_> = Slices::new(batch.clone(), bytes_max, rows_max).collect();
        for part in &parts {
            assert!(part.num_rows() <= rows_max);
            assert!(part.num_rows() == 1 || batch_bytes(part) <= bytes_max);
        }
        assert_eq!(&concat_batches(&batch.schema(), &parts).unwrap(), batch);
        parts
    }

    #[test]
    fn skewed_strings_are_cut_by_their_bytes() {
        let big = "x".repeat(3000);
        let texts: Vec<&str> = (0..1000)
            .map(|i| if i > 990 { big.as_str() } else { "y" })
            .collect();
        let parts = check(
            &batch(Arc::new(StringArray::from(texts))),
            10_000,
            usize::MAX,
        );
        assert!(parts.len() > 3 && parts.len() < 30, "{}", parts.len());
    }

    #[test]
    fn lists_count_only_their_own_rows() {
        let mut list = ListBuilder::new(StringBuilder::new());
        for i in 0..100 {
            for _ in 0..i {
                list.values().append_value("0123456789");
            }
            list.append(i % 7 != 0);
        }
        let parts = check(&batch(Arc::new(list.finish())), 2_000, usize::MAX);
        assert!(parts.len() < 100, "{}", parts.len());
    }

    #[test]
    fn a_dictionary_counts_as_what_it_stands_for() {
        let long = "x".repeat(5000);
        let keys = (0..100).map(|_| long.as_str());
        let dictionary: DictionaryArray<Int32Type> = keys.collect();
        let parts = check(&batch(Arc::new(dictionary)), 50_000, usize::MAX);
        assert!(parts.len() >= 10, "{}", parts.len());
        let views = StringViewArray::from_iter_values((0..100).map(|_| long.as_str()));
        let parts = check(&batch(Arc::new(views)), 50_000, usize::MAX);
        assert!(parts.len() >= 10, "{}", parts.len());
    }

    #[test]
    fn a_batch_that_fits_stays_whole_and_rows_are_bounded_too() {
        let numbers = batch(Arc::new(Int64Array::from_iter_values(0..1000)));
        assert_eq!(check(&numbers, 8_000, usize::MAX).len(), 1);
        assert_eq!(check(&numbers, usize::MAX, 250).len(), 4);
        assert_eq!(Slices::new(numbers.slice(0, 0), 1, 1).count(), 1);
        assert_eq!(Slices::none().count(), 0);
    }
}
