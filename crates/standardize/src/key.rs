//! A short word as a table key, built on the stack: the tables are asked for every word of every name and address.

use crate::text;

/// Longer words are in no table.
const LONGEST: usize = 14;

/// The letters and digits of one word, in lower case and ASCII.
pub(crate) struct Key {
    bytes: [u8; LONGEST],
    len: usize,
}

impl Key {
    /// The key of a word; punctuation is skipped where `skip` says so, any other makes it no key. Letters outside ASCII
    /// are folded. `None` for words too long for any table.
    pub(crate) fn new(word: &str, skip: fn(u8) -> bool) -> Option<Self> {
        if word.is_ascii() {
            Self::of_ascii(word, skip)
        } else {
            Self::of_ascii(&text::fold(word), |byte| byte == b' ')
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.bytes.get(..self.len).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    fn of_ascii(word: &str, skip: fn(u8) -> bool) -> Option<Self> {
        let mut key = Self { bytes: [0; LONGEST], len: 0 };
        for byte in word.bytes() {
            if byte.is_ascii_alphanumeric() {
                *key.bytes.get_mut(key.len)? = byte.to_ascii_lowercase();
                key.len += 1;
            } else if !skip(byte) {
                return None;
            }
        }
        Some(key)
    }
}
