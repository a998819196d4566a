//! What is known of a value before it is read: enough to refuse most strangers without looking at their letters.
//!
//! Every test here errs on one side only: it says "no" where the full comparison would say "no", and otherwise leaves
//! the question open.

/// A summary of the bytes of one value.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Letters {
    /// Bit `k`: a byte that is `k` modulo 32 occurs; bit `32 + k`: it occurs twice.
    occurs: u64,
    /// The first four bytes.
    start: u32,
    /// Length in bytes; 0 where the value is empty, longer than a byte can say, or not ASCII: then nothing is refused.
    length: u8,
    /// How many bytes occur for the third time or later.
    beyond: u8,
}

impl Letters {
    pub(crate) fn of(value: &str) -> Self {
        if !value.is_ascii() {
            return Self::default();
        }
        let Ok(length) = u8::try_from(value.len()) else { return Self::default() };
        let mut letters = Self { length, ..Self::default() };
        for (index, byte) in value.bytes().enumerate() {
            let (once, twice) = (1u64 << (byte % 32), 1u64 << (32 + byte % 32));
            if letters.occurs & once == 0 {
                letters.occurs |= once;
            } else if letters.occurs & twice == 0 {
                letters.occurs |= twice;
            } else {
                letters.beyond += 1;
            }
            if index < 4 {
                letters.start |= u32::from(byte) << (8 * index);
            }
        }
        letters
    }

    /// The summary as a number.
    pub(crate) fn bits(self) -> u64 {
        self.occurs
    }

    fn unknown(self, other: Self) -> bool {
        self.length == 0 || other.length == 0
    }

    /// Whether the two may be at most `edits` apart, a swap of neighbours being one. An edit changes at most two of the
    /// counts of letters.
    #[inline]
    pub(crate) fn may_be_within(self, other: Self, edits: u32) -> bool {
        self.unknown(other)
            || u32::from(self.length.abs_diff(other.length)) <= edits
                && (self.occurs ^ other.occurs).count_ones() + u32::from(self.beyond.abs_diff(other.beyond))
                    <= 2 * edits
    }

    /// Whether the Jaro–Winkler similarity of the two may reach `least`: as if every letter that occurs in both were
    /// matched, and none transposed.
    #[inline]
    pub(crate) fn may_resemble(self, other: Self, least: f64) -> bool {
        if self.unknown(other) {
            return true;
        }
        let matches = (self.occurs & other.occurs).count_ones() + u32::from(self.beyond.min(other.beyond));
        if matches == 0 {
            return false;
        }
        let matches = f64::from(matches);
        let jaro = ((matches / f64::from(self.length) + matches / f64::from(other.length) + 1.0) / 3.0).min(1.0);
        jaro + f64::from(self.common_start(other)) * 0.1 * (1.0 - jaro) + 1e-9 >= least
    }

    /// How many of the first four bytes are the same.
    fn common_start(self, other: Self) -> u32 {
        ((self.start ^ other.start).trailing_zeros() / 8)
            .min(4)
            .min(u32::from(self.length))
            .min(u32::from(other.length))
    }

    /// Whether one may be the beginning of the other, and at least three bytes of it.
    #[inline]
    pub(crate) fn may_begin(self, other: Self) -> bool {
        self.unknown(other) || self.common_start(other) >= 3
    }

    /// Whether all of the shorter may be a part of the longer.
    #[inline]
    pub(crate) fn may_contain(self, other: Self) -> bool {
        let (short, long) = if self.length < other.length { (self, other) } else { (other, self) };
        self.unknown(other) || short.occurs & !long.occurs == 0
    }
}

/// The digits of a phone number in four bits each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Digits(u64);

impl Digits {
    /// `+` and at most sixteen digits; anything else is unknown.
    pub(crate) fn of(value: &str) -> Self {
        let digits = value.strip_prefix('+').unwrap_or(value).as_bytes();
        if digits.len() > 16 || !digits.iter().all(u8::is_ascii_digit) {
            return Self::default();
        }
        // A digit is stored as one more than itself, so that the length shows.
        Self(digits.iter().fold(0, |packed, digit| packed << 4 | u64::from(digit - b'0' + 1)))
    }

    /// The digits as a number.
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// Whether two different numbers are one edit apart; `None` where that takes reading them.
    #[inline]
    pub(crate) fn within_one(self, other: Self) -> Option<bool> {
        let count = |digits: Self| (u64::BITS - digits.0.leading_zeros()).div_ceil(4);
        if self == other || self.0 == 0 || other.0 == 0 {
            return None;
        }
        match count(self).abs_diff(count(other)) {
            0 => {
                let differ = self.0 ^ other.0;
                let (low, high) = (differ.trailing_zeros() / 4, (u64::BITS - 1 - differ.leading_zeros()) / 4);
                let digit = |digits: Self, at: u32| digits.0 >> (4 * at) & 15;
                let swapped = || digit(self, low) == digit(other, high) && digit(self, high) == digit(other, low);
                Some(low == high || high == low + 1 && swapped())
            }
            1 => None,
            _ => Some(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::{jaro_winkler, within_edits};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn only_strangers_are_refused(a in "[a-dA-Dé]{0,9}", b in "[a-dA-D1-4]{0,9}") {
            let (x, y) = (Letters::of(&a), Letters::of(&b));
            for edits in 1..3 {
                prop_assert!(x.may_be_within(y, edits) || !within_edits(&a, &b, edits as usize));
            }
            for least in [0.8, 0.85, 0.93] {
                prop_assert!(x.may_resemble(y, least) || jaro_winkler(&a, &b) < least);
            }
            let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
            prop_assert!(x.may_begin(y) || short.len() < 3 || !long.starts_with(short.as_str()));
            prop_assert!(x.may_contain(y) || !long.contains(short.as_str()));
        }

        #[test]
        fn edits_of_a_value_are_not_refused(a in "[a-f]{1,9}", at in 0usize..9, letter in "[a-f]") {
            let mut edited = a.clone();
            edited.insert_str(at.min(a.len()), &letter);
            prop_assert!(Letters::of(&a).may_be_within(Letters::of(&edited), 1));
        }

        #[test]
        fn digits_are_told_as_text_is(a in "\\+[0-2]{1,6}", b in "\\+[0-2]{1,6}") {
            if let Some(close) = Digits::of(&a).within_one(Digits::of(&b)) {
                prop_assert_eq!(close, within_edits(&a, &b, 1));
            }
        }
    }

    #[test]
    fn strangers_are_refused() {
        let of = Letters::of;
        assert!(!of("martha").may_be_within(of("edward"), 1));
        assert!(!of("martha").may_resemble(of("higgins"), 0.85));
        assert!(!of("martha").may_begin(of("edward")));
        assert!(!of("elm").may_contain(of("oak street")));
        assert_eq!(Digits::of("+14155550123").within_one(Digits::of("+14155559876")), Some(false));
        assert_eq!(Digits::of("+14155550123").within_one(Digits::of("+14155550132")), Some(true));
        assert_eq!(Digits::of("call me").within_one(Digits::of("+1")), None);
    }
}
