//! Parquet's hybrid of runs and packed bits: what codes and levels are written in.

/// As many equal values make a run; fewer are packed.
const RUN: usize = 16;
/// Values are packed in groups of this many.
const GROUP: usize = 8;

/// Bits that hold every code below `names`.
pub(crate) fn width_of(names: usize) -> u8 {
    let bits = usize::BITS - names.saturating_sub(1).leading_zeros();
    u8::try_from(bits).unwrap_or(u8::MAX)
}

/// Appends `codes`, each of at most `width` bits.
pub(crate) fn encode(codes: &[u32], width: u8, out: &mut Vec<u8>) {
    let mut rest = codes;
    // Values before the next run, which is looked for from `from` on.
    let mut from = 0;
    while let Some(value) = rest.get(from) {
        let run = rest.iter().skip(from).take_while(|code| *code == value).count();
        if run < RUN {
            from += run;
            continue;
        }
        // Packed values fill whole groups: the run lends what is missing.
        let packed = from.next_multiple_of(GROUP);
        let (before, after) = rest.split_at(packed);
        pack(before, width, out);
        let repeated = run - (packed - from);
        repeat(*value, repeated, width, out);
        rest = after.get(repeated..).unwrap_or_default();
        from = 0;
    }
    pack(rest, width, out);
}

/// One value many times.
pub(crate) fn repeat(value: u32, times: usize, width: u8, out: &mut Vec<u8>) {
    varint((times as u64) << 1, out);
    let bytes = usize::from(width).div_ceil(8);
    out.extend(value.to_le_bytes().into_iter().take(bytes));
}

/// Values one after the other, the lowest bits first, zeros to the end of the last group.
fn pack(codes: &[u32], width: u8, out: &mut Vec<u8>) {
    if codes.is_empty() {
        return;
    }
    let groups = codes.len().div_ceil(GROUP);
    varint((groups as u64) << 1 | 1, out);
    let end = out.len() + groups * usize::from(width);
    out.reserve(end - out.len() + 8);
    let (mut bits, mut filled) = (0_u64, 0_u32);
    for code in codes {
        bits |= u64::from(*code) << filled;
        filled += u32::from(width);
        if filled >= 32 {
            out.extend_from_slice(&(bits as u32).to_le_bytes());
            bits >>= 32;
            filled -= 32;
        }
    }
    out.extend_from_slice(&bits.to_le_bytes());
    out.resize(end, 0);
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::{encode, width_of};

    /// Reads what [`encode`] wrote, by the letter of the format.
    fn decode(mut bytes: &[u8], width: u8, count: usize) -> Vec<u32> {
        let mut codes = Vec::new();
        while !bytes.is_empty() {
            let (mut header, mut shift) = (0_u64, 0);
            loop {
                let byte = bytes[0];
                bytes = &bytes[1..];
                header |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            if header & 1 == 0 {
                let size = usize::from(width).div_ceil(8);
                let mut value = [0; 4];
                value[..size].copy_from_slice(&bytes[..size]);
                bytes = &bytes[size..];
                codes.extend(std::iter::repeat_n(u32::from_le_bytes(value), usize::try_from(header >> 1).unwrap()));
            } else {
                let size = usize::try_from(header >> 1).unwrap() * usize::from(width);
                for number in 0..size * 8 / usize::from(width.max(1)) {
                    let bit = |at: usize| u32::from(bytes[at / 8] >> (at % 8) & 1);
                    codes.push((0..usize::from(width)).map(|at| bit(number * usize::from(width) + at) << at).sum());
                }
                bytes = &bytes[size..];
            }
        }
        assert!(codes.len() < count + 8);
        codes.truncate(count);
        codes
    }

    #[test]
    fn widths_hold_every_code() {
        assert_eq!([0, 1, 2, 3, 4, 5, 256, 257].map(width_of), [0, 0, 1, 2, 2, 3, 8, 9]);
    }

    #[test]
    fn what_was_written_is_read() {
        for width in [1_u8, 2, 3, 7, 8, 9, 19, 31, 32] {
            let most = u32::MAX >> (32 - width);
            let mut state = 1_u32;
            for count in [0, 1, 7, 8, 9, 100, 5_000] {
                let codes: Vec<u32> = (0..count)
                    .map(|at| {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        // Stretches of noise between stretches of one value.
                        if at / 40 % 2 == 0 { state >> (32 - width) } else { most.min(at / 80) }
                    })
                    .collect();
                let mut bytes = Vec::new();
                encode(&codes, width, &mut bytes);
                assert_eq!(decode(&bytes, width, codes.len()), codes, "{width} bits, {count} values");
            }
        }
    }

    #[test]
    fn one_value_is_one_run() {
        let mut bytes = Vec::new();
        encode(&[3; 1_000], 2, &mut bytes);
        assert_eq!(bytes.len(), 3);
        bytes.clear();
        encode(&[0; 1_000], 0, &mut bytes);
        assert_eq!(bytes.len(), 2);
    }
}
