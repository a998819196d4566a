//! Numbers as text, several a record, without the cost of the formatting machinery.

/// Appends a number with zeros in front where it has fewer digits than `width`.
pub(crate) fn push_number(mut number: u64, width: usize, out: &mut String) {
    let mut buffer = [b'0'; 20];
    let mut at = buffer.len();
    while number > 0 || at == buffer.len() {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let start = at.min(buffer.len() - width.min(buffer.len()));
    out.push_str(std::str::from_utf8(&buffer[start..]).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_padded_to_the_width_and_never_cut() {
        let mut text = String::new();
        for (number, width) in [(0, 0), (7, 3), (1234, 2), (u64::MAX, 8)] {
            push_number(number, width, &mut text);
            text.push(' ');
        }
        assert_eq!(text, "0 007 1234 18446744073709551615 ");
    }
}
