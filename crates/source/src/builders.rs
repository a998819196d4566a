//! What columns are built of, value by value: made for reading millions of short ones.

use arrow::array::BooleanBufferBuilder;
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};

/// Values of up to this many bytes are copied as a block of that length, which is two instructions; for any other
/// length a function is called.
const BLOCK: usize = 32;

/// Texts or other bytes, one after the other.
#[derive(Debug)]
pub struct Bytes {
    values: Vec<u8>,
    /// Where each begins, and the last ends.
    ends: Vec<i32>,
}

impl Bytes {
    /// Room for `rows` values of `bytes` together.
    #[must_use]
    pub fn with_capacity(rows: usize, bytes: usize) -> Self {
        let mut ends = Vec::with_capacity(rows + 1);
        ends.push(0);
        Self { values: Vec::with_capacity(bytes + BLOCK), ends }
    }

    /// How many values there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len() - 1
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the first `length` bytes of `from`. What follows them there does not matter; that it may be read makes
    /// this fast. `None` where there are fewer, or 2 GiB are full.
    #[inline]
    #[must_use]
    pub fn push_start(&mut self, from: &[u8], length: usize) -> Option<()> {
        match from.first_chunk::<BLOCK>() {
            Some(block) if length <= BLOCK => {
                let end = self.values.len() + length;
                self.values.extend_from_slice(block);
                self.values.truncate(end);
                self.end()
            }
            _ => self.push(from.get(..length)?),
        }
    }

    /// Appends `value`; `None` where 2 GiB are full.
    #[must_use]
    pub fn push(&mut self, value: &[u8]) -> Option<()> {
        self.values.extend_from_slice(value);
        self.end()
    }

    /// Ends a value: one without bytes.
    #[inline]
    #[must_use]
    pub fn end(&mut self) -> Option<()> {
        self.ends.push(i32::try_from(self.values.len()).ok()?);
        Some(())
    }

    /// What was gathered. The next batch will be about as large.
    pub fn finish(&mut self) -> (OffsetBuffer<i32>, Buffer) {
        let next = Self::with_capacity(self.len(), self.values.len() + self.values.len() / 16);
        let full = std::mem::replace(self, next);
        (OffsetBuffer::new(ScalarBuffer::from(full.ends)), Buffer::from_vec(full.values))
    }
}

/// The places of nulls: a value that is none costs nothing.
#[derive(Debug, Default)]
pub struct Nulls {
    places: Vec<usize>,
}

impl Nulls {
    /// The value at `place` is null. Places come in ascending order.
    pub fn push(&mut self, place: usize) {
        self.places.push(place);
    }

    /// The bitmap for `rows` values; `None` where none is null.
    pub fn finish(&mut self, rows: usize) -> Option<NullBuffer> {
        if self.places.is_empty() {
            return None;
        }
        let mut bits = BooleanBufferBuilder::new(rows);
        bits.append_n(rows, true);
        for place in self.places.drain(..) {
            bits.set_bit(place, false);
        }
        Some(NullBuffer::new(bits.finish()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_any_length_are_kept() {
        let text: Vec<u8> = (0..200).collect();
        let mut bytes = Bytes::with_capacity(0, 0);
        for batch in 0..2 {
            let mut expected = Vec::new();
            for length in (0..100).chain([0, 32, 33]) {
                // With a block behind the value, and with nothing.
                bytes.push_start(text.get(length..).unwrap_or_default(), length).unwrap();
                expected.extend(length as u8..(length * 2) as u8);
                bytes.push_start(text.get(..length).unwrap_or_default(), length).unwrap();
                expected.extend(0..length as u8);
            }
            assert_eq!(bytes.push_start(&text, 201), None);
            let (ends, values) = bytes.finish();
            assert_eq!((values.as_slice(), ends.len()), (expected.as_slice(), 207), "{batch}");
        }
    }

    #[test]
    fn nulls_are_where_they_were_put() {
        let mut nulls = Nulls::default();
        assert_eq!(nulls.finish(3), None);
        nulls.push(0);
        nulls.push(9);
        let bits = nulls.finish(10).unwrap();
        assert_eq!((0..10).filter(|at| bits.is_null(*at)).collect::<Vec<_>>(), [0, 9]);
        assert_eq!(nulls.finish(3), None);
    }
}
