//! Values with counts, in order.

use std::collections::BTreeMap;

use crate::limits::SMALL_MULTISET;

/// An ordered multiset. Within a step a count may be negative for a while: changes of one
/// step come in no particular order. A value of count 0 is gone.
pub(crate) enum Multiset<K> {
    /// Few distinct values: a sorted vector.
    Small(Vec<(K, i64)>),
    /// Many.
    Large(BTreeMap<K, i64>),
}

impl<K: Ord> Default for Multiset<K> {
    fn default() -> Self {
        Multiset::Small(Vec::new())
    }
}

impl<K: Ord> Multiset<K> {
    /// Adds to the count of a value. Returns by how many the number of distinct values grew:
    /// -1, 0 or 1.
    pub(crate) fn add<Q>(&mut self, value: &Q, weight: i64) -> isize
    where
        K: std::borrow::Borrow<Q>,
        Q: Ord + ToKey<K> + ?Sized,
    {
        match self {
            Multiset::Small(values) => {
                match values.binary_search_by(|(other, _)| other.borrow().cmp(value)) {
                    Ok(at) => {
                        values[at].1 += weight;
                        if values[at].1 != 0 {
                            return 0;
                        }
                        values.remove(at);
                        -1
                    }
                    Err(at) => {
                        values.insert(at, (value.to_key(), weight));
                        if values.len() > SMALL_MULTISET {
                            *self = Multiset::Large(std::mem::take(values).into_iter().collect());
                        }
                        1
                    }
                }
            }
            Multiset::Large(values) => match values.get_mut(value) {
                Some(count) => {
                    *count += weight;
                    if *count != 0 {
                        return 0;
                    }
                    values.remove(value);
                    if values.len() <= SMALL_MULTISET / 2 {
                        *self = Multiset::Small(std::mem::take(values).into_iter().collect());
                    }
                    -1
                }
                None => {
                    values.insert(value.to_key(), weight);
                    1
                }
            },
        }
    }

    /// Number of distinct values.
    pub(crate) fn len(&self) -> usize {
        match self {
            Multiset::Small(values) => values.len(),
            Multiset::Large(values) => values.len(),
        }
    }

    /// The least value.
    pub(crate) fn first(&self) -> Option<&K> {
        match self {
            Multiset::Small(values) => values.first().map(|(value, _)| value),
            Multiset::Large(values) => values.first_key_value().map(|(value, _)| value),
        }
    }

    /// The greatest value.
    pub(crate) fn last(&self) -> Option<&K> {
        match self {
            Multiset::Small(values) => values.last().map(|(value, _)| value),
            Multiset::Large(values) => values.last_key_value().map(|(value, _)| value),
        }
    }

    /// Values and counts, from the least.
    pub(crate) fn iter(&self) -> Box<dyn Iterator<Item = (&K, i64)> + '_> {
        match self {
            Multiset::Small(values) => {
                Box::new(values.iter().map(|(value, count)| (value, *count)))
            }
            Multiset::Large(values) => {
                Box::new(values.iter().map(|(value, count)| (value, *count)))
            }
        }
    }
}

/// What a value becomes when it is kept.
pub(crate) trait ToKey<K> {
    /// The kept form.
    fn to_key(&self) -> K;
}

impl ToKey<u64> for u64 {
    fn to_key(&self) -> u64 {
        *self
    }
}

impl ToKey<Box<[u8]>> for [u8] {
    fn to_key(&self) -> Box<[u8]> {
        self.into()
    }
}
