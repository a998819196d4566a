//! PostgreSQL's binary numeric as an integer of a fixed number of decimal places.

/// The number times ten to the power of `scale`. `None` where it is no number, has more places or does not fit.
pub(crate) fn decimal(bytes: &[u8], scale: u8) -> Option<i128> {
    let (head, digits) = bytes.split_first_chunk::<8>()?;
    let [count_high, count_low, weight_high, weight_low, sign_high, sign_low, _, _] = *head;
    let count = i32::from(i16::from_be_bytes([count_high, count_low]));
    let weight = i32::from(i16::from_be_bytes([weight_high, weight_low]));
    let negative = match [sign_high, sign_low] {
        [0x00, 0x00] => false,
        [0x40, 0x00] => true,
        _ => return None,
    };
    if usize::try_from(count).ok()? * 2 != digits.len() {
        return None;
    }
    // Decimal places that lie after the last digit, or, where negative, within it: a digit is four decimal ones.
    let shift = 4 * (weight - count + 1) + i32::from(scale);
    let (digits, _) = digits.as_chunks::<2>();
    let Some((last, first)) = digits.split_last() else { return Some(0) };
    let last = u32::from(u16::from_be_bytes(*last));
    let value =
        if let Some(small) = small(first, last, shift) { i128::from(small) } else { large(first, last, shift)? };
    Some(if negative { -value } else { value })
}

/// Numbers below ten to the eighteenth, which nearly all are.
fn small(first: &[[u8; 2]], last: u32, shift: i32) -> Option<u64> {
    if first.len() > 3 || shift > 2 {
        return None;
    }
    let head = first.iter().fold(0u64, |head, digit| head * 10_000 + u64::from(u16::from_be_bytes(*digit)));
    match shift {
        0 => Some(head * 10_000 + u64::from(last)),
        1 => Some((head * 10_000 + u64::from(last)) * 10),
        2 => Some((head * 10_000 + u64::from(last)) * 100),
        -1 if last.is_multiple_of(10) => Some(head * 1_000 + u64::from(last / 10)),
        -2 if last.is_multiple_of(100) => Some(head * 100 + u64::from(last / 100)),
        -3 if last.is_multiple_of(1_000) => Some(head * 10 + u64::from(last / 1_000)),
        _ => None,
    }
}

fn large(first: &[[u8; 2]], last: u32, shift: i32) -> Option<i128> {
    let mut head = 0i128;
    for digit in first {
        head = head.checked_mul(10_000)?.checked_add(i128::from(u16::from_be_bytes(*digit)))?;
    }
    let within = Some(shift.min(0).unsigned_abs()).filter(|within| *within < 4)?;
    let cut = 10u32.pow(within);
    if !last.is_multiple_of(cut) {
        return None;
    }
    let whole = head.checked_mul(i128::from(10_000 / cut))?.checked_add(i128::from(last / cut))?;
    whole.checked_mul(10i128.checked_pow(u32::try_from(shift.max(0)).ok()?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Weight, sign, digits, places, and what comes of them.
    type Case<'a> = (i16, u16, &'a [u16], u8, Option<i128>);

    fn bytes(weight: i16, sign: u16, digits: &[u16]) -> Vec<u8> {
        let count = u16::try_from(digits.len()).unwrap();
        let head = [count.to_be_bytes(), weight.to_be_bytes(), sign.to_be_bytes(), [0, 0]];
        head.into_iter().chain(digits.iter().map(|digit| digit.to_be_bytes())).flatten().collect()
    }

    #[test]
    fn digits_of_ten_thousand_become_decimal_places() {
        let cases: [Case<'_>; 12] = [
            (0, 0, &[], 2, Some(0)),
            (0, 0, &[7], 0, Some(7)),
            (0, 0x4000, &[12, 3400], 2, Some(-1_234)),
            (-1, 0, &[500], 2, Some(5)),
            (-1, 0, &[5000], 1, Some(5)),
            (-1, 0, &[1], 4, Some(1)),
            (-1, 0, &[1], 3, None),
            (1, 0, &[1], 2, Some(1_000_000)),
            (2, 0, &[1, 2, 3], 0, Some(100_020_003)),
            (0, 0xC000, &[], 2, None),
            (8, 0, &[9999; 9], 0, Some(999_999_999_999_999_999_999_999_999_999_999_999)),
            (8, 0, &[9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9999, 9900], 2, Some(10i128.pow(38) - 1)),
        ];
        for (weight, sign, digits, scale, expected) in cases {
            assert_eq!(decimal(&bytes(weight, sign, digits), scale), expected, "{weight} {digits:?} {scale}");
        }
    }

    #[test]
    fn what_is_cut_or_too_large_is_none() {
        assert_eq!(decimal(&[0, 1, 0, 0, 0, 0, 0, 0, 0], 0), None);
        assert_eq!(decimal(&[0, 1], 0), None);
        assert_eq!(decimal(&bytes(i16::MAX, 0, &[1]), 0), None);
        assert_eq!(decimal(&bytes(9, 0, &[9999; 10]), 0), None);
    }
}
