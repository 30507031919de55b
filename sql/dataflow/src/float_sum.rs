//! Sums of floats that are exact, so that neither the order of rows nor rows that came and
//! went show in the result: it is the true sum, rounded once.

/// An exact sum of `f64`s with weights. Most sums stay a 128-bit integer times a power of
/// two; those whose terms lie further apart move to a fixed-point number over the whole
/// range of `f64`.
#[derive(Default)]
pub(crate) struct FloatSum {
    mantissa: i128,
    exponent: i32,
    wide: Option<Box<Wide>>,
    special: Option<Box<Special>>,
}

/// How many terms are not numbers.
#[derive(Default)]
struct Special {
    nan: i64,
    infinite: i64,
    negative_infinite: i64,
}

/// 32-bit digits, least first, in 64 bits each so that carries can wait; digit 0 stands for
/// 2^`BASE`. The top digit is signed.
#[derive(Clone)]
struct Wide {
    digits: [i64; DIGITS],
    pending: u32,
}

/// Below the least subnormal, 2^-1074.
const BASE: i32 = -1088;

/// Up to 2^(BASE + 32 · 72) = 2^1216: the greatest `f64` times 2^63, and 2^129 of them.
const DIGITS: usize = 72;

impl FloatSum {
    /// Adds `value` `weight` times.
    pub(crate) fn add(&mut self, value: f64, weight: i64) {
        if !value.is_finite() {
            let special = self.special.get_or_insert_default();
            if value.is_nan() {
                special.nan += weight;
            } else if value > 0.0 {
                special.infinite += weight;
            } else {
                special.negative_infinite += weight;
            }
            return;
        }
        let (mantissa, exponent) = decompose(value);
        let product = i128::from(mantissa) * i128::from(weight);
        if product == 0 {
            return;
        }
        let zeros = product.trailing_zeros();
        self.add_exact(product >> zeros, exponent + zeros.cast_signed());
    }

    /// The sum, rounded to the nearest `f64`.
    pub(crate) fn value(&self) -> f64 {
        if let Some(special) = &self.special {
            let (up, down) = (special.infinite > 0, special.negative_infinite > 0);
            if special.nan > 0 || (up && down) {
                return f64::NAN;
            } else if up {
                return f64::INFINITY;
            } else if down {
                return f64::NEG_INFINITY;
            }
        }
        match &self.wide {
            Some(wide) => wide.value(),
            None if self.mantissa == 0 => 0.0,
            None => {
                // the cast rounds to 53 bits; scaling is exact while the result is normal
                let bits = (self.mantissa as f64).to_bits();
                let exponent = i64::from((bits >> 52) as u32 & 0x7ff) + i64::from(self.exponent);
                if (1..2047).contains(&exponent) {
                    let rest = bits & !(0x7ff << 52);
                    f64::from_bits(rest | (exponent.cast_unsigned() << 52))
                } else {
                    let mut wide = Wide::zero();
                    wide.add(self.mantissa, self.exponent);
                    wide.value()
                }
            }
        }
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.wide.as_ref().map_or(0, |_| size_of::<Wide>())
            + self.special.as_ref().map_or(0, |_| size_of::<Special>())
    }

    fn add_exact(&mut self, mantissa: i128, exponent: i32) {
        if let Some(wide) = &mut self.wide {
            wide.add(mantissa, exponent);
            return;
        }
        if self.mantissa == 0 {
            (self.mantissa, self.exponent) = (mantissa, exponent);
            return;
        }
        let low = exponent.min(self.exponent);
        let ours = shift_left(self.mantissa, self.exponent - low);
        let theirs = shift_left(mantissa, exponent - low);
        match ours
            .zip(theirs)
            .and_then(|(ours, theirs)| ours.checked_add(theirs))
        {
            Some(sum) => (self.mantissa, self.exponent) = (sum, low),
            None => {
                let mut wide = Box::new(Wide::zero());
                wide.add(self.mantissa, self.exponent);
                wide.add(mantissa, exponent);
                self.wide = Some(wide);
            }
        }
    }
}

impl Wide {
    fn zero() -> Self {
        Wide {
            digits: [0; DIGITS],
            pending: 0,
        }
    }

    fn add(&mut self, mantissa: i128, exponent: i32) {
        let offset = (exponent - BASE).cast_unsigned();
        let (digit, bit) = ((offset / 32) as usize, offset % 32);
        let magnitude = mantissa.unsigned_abs();
        let sign: i64 = if mantissa < 0 { -1 } else { 1 };
        let low = ((magnitude << bit) as u32, magnitude >> (32 - bit));
        self.digits[digit] += sign * i64::from(low.0);
        let mut rest = low.1;
        let mut at = digit + 1;
        while rest != 0 {
            self.digits[at] += sign * i64::from(rest as u32);
            rest >>= 32;
            at += 1;
        }
        self.pending += 1;
        if self.pending == 1 << 30 {
            self.carry();
        }
    }

    fn carry(&mut self) {
        for at in 0..DIGITS - 1 {
            let carry = self.digits[at] >> 32;
            self.digits[at] &= 0xffff_ffff;
            self.digits[at + 1] += carry;
        }
        self.pending = 0;
    }

    fn value(&self) -> f64 {
        let mut wide = self.clone();
        wide.carry();
        let negative = wide.digits[DIGITS - 1] < 0;
        if negative {
            wide.digits.iter_mut().for_each(|digit| *digit = -*digit);
            wide.carry();
        }
        let Some(top) = wide.digits.iter().rposition(|digit| *digit != 0) else {
            return 0.0;
        };
        let bit_of_top = 63 - wide.digits[top].leading_zeros().cast_signed();
        let highest = 32 * i32::try_from(top).expect("fewer than 2^31 digits") + bit_of_top;
        // the lowest bit that an f64 of this size keeps
        let lowest = (highest - 52).max(-1074 - BASE);
        let mut mantissa: u64 = 0;
        for at in (lowest..=highest).rev() {
            mantissa = mantissa << 1 | u64::from(wide.bit(at));
        }
        let half = lowest > 0 && wide.bit(lowest - 1);
        if half && (mantissa & 1 == 1 || (0..lowest - 1).any(|at| wide.bit(at))) {
            mantissa += 1;
        }
        let mut scale = lowest + BASE;
        if mantissa == 1 << 53 {
            mantissa >>= 1;
            scale += 1;
        }
        let bits = if mantissa < 1 << 52 {
            mantissa // subnormal
        } else if scale + 1075 >= 2047 {
            0x7ff << 52
        } else {
            let exponent = (scale + 1075).cast_unsigned();
            u64::from(exponent) << 52 | (mantissa & ((1 << 52) - 1))
        };
        let value = f64::from_bits(bits);
        if negative { -value } else { value }
    }

    /// A bit of the digits, which must be carried and positive.
    fn bit(&self, at: i32) -> bool {
        let at = at.cast_unsigned();
        self.digits[(at / 32) as usize] >> (at % 32) & 1 == 1
    }
}

/// A finite value as integer times a power of two.
fn decompose(value: f64) -> (i64, i32) {
    let bits = value.to_bits();
    let exponent = i32::try_from(bits >> 52 & 0x7ff).expect("11 bits");
    let fraction = (bits & ((1 << 52) - 1)).cast_signed();
    let (mantissa, exponent) = match exponent {
        0 => (fraction, -1074),
        _ => (fraction | 1 << 52, exponent - 1075),
    };
    (
        if value.is_sign_negative() {
            -mantissa
        } else {
            mantissa
        },
        exponent,
    )
}

/// The number shifted, when it fits with its sign.
fn shift_left(value: i128, by: i32) -> Option<i128> {
    let room = value.unsigned_abs().leading_zeros().cast_signed() - 1;
    (by <= room).then(|| value << by)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(values: &[f64]) -> f64 {
        let mut sum = FloatSum::default();
        values.iter().for_each(|value| sum.add(*value, 1));
        sum.value()
    }

    #[test]
    fn terms_that_cancel_leave_the_small_one() {
        assert_eq!(sum(&[1e300, 1.0, -1e300]), 1.0);
        assert_eq!(sum(&[1e16, 1.0, -1e16]), 1.0);
        assert_eq!(sum(&[f64::MAX, f64::MAX, -f64::MAX]), f64::MAX);
        assert_eq!(sum(&[0.1; 10]), 1.0);
    }

    #[test]
    fn a_single_value_comes_back_as_it_was() {
        let values = [
            1.0,
            -0.1,
            f64::MAX,
            f64::MIN,
            f64::MIN_POSITIVE,
            5e-324,
            -5e-324,
            2.225_073_858_507_201e-308,
            1e-310,
            123456789.125,
        ];
        for value in values {
            assert_eq!(sum(&[value]).to_bits(), value.to_bits(), "{value:e}");
            let mut wide = FloatSum::default();
            // 1e300 and 1e-300 cannot lie in one 128-bit window
            for (term, weight) in [
                (1e300, 1),
                (1e-300, 1),
                (value, 3),
                (1e300, -1),
                (1e-300, -1),
                (value, -2),
            ] {
                wide.add(term, weight);
            }
            assert_eq!(wide.value().to_bits(), value.to_bits(), "{value:e}");
        }
    }

    #[test]
    fn halves_round_to_even() {
        let ulp = f64::EPSILON;
        assert_eq!(sum(&[1.0, ulp / 2.0]), 1.0);
        assert_eq!(sum(&[1.0, ulp / 2.0, 5e-324]), 1.0 + ulp);
        assert_eq!(sum(&[1.0 + ulp, ulp / 2.0]), 1.0 + 2.0 * ulp);
        assert_eq!(sum(&[-1.0, -ulp / 2.0, -5e-324]), -1.0 - ulp);
    }

    #[test]
    fn what_is_not_a_number_leaves_no_trace_when_deleted() {
        let mut sum = FloatSum::default();
        sum.add(2.5, 1);
        sum.add(f64::NAN, 1);
        assert!(sum.value().is_nan());
        sum.add(f64::NAN, -1);
        sum.add(f64::INFINITY, 2);
        assert_eq!(sum.value(), f64::INFINITY);
        sum.add(f64::NEG_INFINITY, 1);
        assert!(sum.value().is_nan());
        sum.add(f64::INFINITY, -2);
        assert_eq!(sum.value(), f64::NEG_INFINITY);
        sum.add(f64::NEG_INFINITY, -1);
        assert_eq!(sum.value(), 2.5);
    }

    #[test]
    fn more_than_the_greatest_is_infinite() {
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum(&[f64::MIN, f64::MIN]), f64::NEG_INFINITY);
    }
}
