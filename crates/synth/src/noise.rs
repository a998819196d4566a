//! What hands and keyboards do to a value.

use crate::rng::Rng;

/// One slip of the finger: a neighbouring key, two letters swapped, one dropped or one doubled. Values of fewer than
/// three letters stay as they are.
pub(crate) fn typo(text: &mut String, rng: &mut Rng) {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 3 {
        return;
    }
    let at = rng.below(letters.len());
    match rng.below(10) {
        0..=2 => letters[at] = neighbour(letters[at], rng),
        3..=5 => {
            let at = at.min(letters.len() - 2);
            letters.swap(at, at + 1);
        }
        6 | 7 => {
            letters.remove(at);
        }
        _ => letters.insert(at, letters[at]),
    }
    text.clear();
    text.extend(letters);
}

/// One wrong digit or two swapped ones; everything that is not a digit stays.
pub(crate) fn digit_slip(text: &mut String, rng: &mut Rng) {
    let mut bytes: Vec<u8> = text.bytes().collect();
    let digits: Vec<usize> = (0..bytes.len()).filter(|&i| bytes[i].is_ascii_digit()).collect();
    if digits.len() < 3 {
        return;
    }
    let i = 1 + rng.below(digits.len() - 1);
    let (before, at) = (digits[i - 1], digits[i]);
    if rng.chance(0.5) && bytes[before] != bytes[at] {
        bytes.swap(before, at);
    } else {
        bytes[at] = b'0' + (bytes[at] - b'0' + 1 + rng.below(9) as u8) % 10;
    }
    if let Ok(changed) = String::from_utf8(bytes) {
        *text = changed;
    }
}

/// The key next to it on the keyboard; digits and other scripts get a repeat of themselves at worst.
fn neighbour(letter: char, rng: &mut Rng) -> char {
    const ROWS: [&str; 4] = ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let lower = letter.to_ascii_lowercase();
    for row in ROWS {
        if let Some(at) = row.find(lower) {
            let to = if at == 0 || (at + 1 < row.len() && rng.chance(0.5)) { at + 1 } else { at - 1 };
            let hit = char::from(row.as_bytes()[to]);
            return if letter.is_ascii_uppercase() { hit.to_ascii_uppercase() } else { hit };
        }
    }
    letter
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn a_typo_is_one_slip() {
        let mut rng = Rng::of(1, Stream::Record, 1);
        let mut changed = 0;
        for _ in 0..1000 {
            let mut text = "Żukowska".to_owned();
            typo(&mut text, &mut rng);
            assert!((7..=9).contains(&text.chars().count()));
            changed += usize::from(text != "Żukowska");
        }
        assert!(changed > 900, "{changed}");
        let mut phone = "+44 7700 900123".to_owned();
        digit_slip(&mut phone, &mut rng);
        assert_ne!(phone, "+44 7700 900123");
        assert_eq!(phone.len(), 15);
    }
}
