//! Which delimiter a file uses, by its first lines.

use crate::scan::{Dialect, Scan, scan};

const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];
const RECORDS: usize = 50;

/// The candidate that splits most of the first records into as many fields as the header, at least two; of equal
/// ones that with most fields, then the first in the list comma, semicolon, tab, pipe. Comma where none splits.
pub(crate) fn delimiter(bytes: &[u8], at_end: bool, dialect: Dialect) -> u8 {
    let mut best = (0, 0, b',');
    for delimiter in CANDIDATES {
        let counts = field_counts(bytes, at_end, Dialect { delimiter, ..dialect });
        let Some(&header) = counts.first() else { continue };
        let agreeing = counts.iter().filter(|&&count| count == header).count();
        let share = agreeing * 100 / counts.len();
        if header > 1 && (share, header) > (best.0, best.1) {
            best = (share, header, delimiter);
        }
    }
    best.2
}

fn field_counts(bytes: &[u8], at_end: bool, dialect: Dialect) -> Vec<usize> {
    let (mut rest, mut fields, mut counts) = (bytes, Vec::new(), Vec::new());
    while counts.len() < RECORDS && !rest.is_empty() {
        let next = match scan(rest, at_end, dialect, &mut fields) {
            Scan::Record { next, .. } => {
                counts.push(fields.len());
                next
            }
            Scan::Skip { next } | Scan::Unclosed { next, .. } => next,
            Scan::NeedMore => break,
        };
        rest = rest.get(next..).unwrap_or_default();
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_delimiter() {
        let cases = [
            ("a,b,c\n1,2,3\n", b','),
            ("a;b\n1,5;2\n2,5;3\n", b';'),
            ("a\tb\n1, x\t2\n", b'\t'),
            ("a|b|c\n1|2|3\n", b'|'),
            ("\"a;x\",b\n\"1;2\",3\n", b','),
            ("name\nSmith, John\n", b','),
            ("a;b,c;d\n1;2;3\n4;5;6\n", b';'),
            ("", b','),
        ];
        for (text, expected) in cases {
            let dialect = Dialect { delimiter: b',', quote: Some(b'"'), escape: None, comment: None };
            assert_eq!(char::from(delimiter(text.as_bytes(), true, dialect)), char::from(expected), "{text:?}");
        }
    }
}
