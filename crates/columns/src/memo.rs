//! A value that repeats is read once: names, places, dates and kinds of things do, e-mail addresses do not.

use hashbrown::HashMap;

/// What distinct texts become, by the text. One that is asked for values that hardly repeat stops keeping them.
pub(crate) struct Memo<'a, T> {
    known: HashMap<&'a str, T>,
    /// The answer for a text that is not kept.
    last: Option<T>,
    asked: usize,
    keeps: bool,
}

/// After so many questions it is decided whether keeping answers pays.
const TRIAL: usize = 1024;

impl<'a, T> Memo<'a, T> {
    pub(crate) fn new() -> Self {
        Self { known: HashMap::new(), last: None, asked: 0, keeps: true }
    }

    /// What `raw` becomes: as it did before, else by `read`.
    pub(crate) fn get(&mut self, raw: &'a str, read: impl FnOnce(&'a str) -> T) -> &T {
        if self.asked == TRIAL {
            self.keeps = self.known.len() * 2 < TRIAL;
        }
        self.asked += 1;
        if self.keeps { self.known.entry(raw).or_insert_with(|| read(raw)) } else { self.last.insert(read(raw)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_values_are_read_once_and_others_are_not_kept() {
        let mut reads = 0;
        let mut memo = Memo::new();
        for round in 0..10 * TRIAL {
            assert_eq!(
                *memo.get(["a", "bc"][round % 2], |raw| {
                    reads += 1;
                    raw.len()
                }),
                round % 2 + 1
            );
        }
        assert_eq!(reads, 2);
        let texts: Vec<String> = (0..10 * TRIAL).map(|number| number.to_string()).collect();
        let mut memo = Memo::new();
        for text in &texts {
            assert_eq!(*memo.get(text, str::len), text.len());
        }
        assert_eq!(memo.known.len(), TRIAL);
    }
}
