//! Names in scripts that write the family name first, and East Slavic names with a patronymic.

/// Korean family names of two syllables; all others have one.
const KOREAN_PAIRS: [&str; 6] = ["남궁", "황보", "제갈", "사공", "선우", "독고"];

/// Whether the name is written in Han, kana or Hangul.
pub(super) fn is_family_first(name: &str) -> bool {
    !name.is_ascii()
        && name.chars().all(|c| is_east_asian(c) || matches!(c, ' ' | '・' | ','))
        && name.chars().any(is_east_asian)
}

/// Family and given name. A space or comma divides them; without one, Korean and Chinese names divide after the first
/// character (after two of four), and what is longer or has kana in it stays whole as family name.
pub(super) fn split(name: &str) -> (Option<String>, Option<String>) {
    let part = |s: &str| {
        let s = s.trim_matches([' ', ',', '・']);
        (!s.is_empty()).then(|| s.to_owned())
    };
    if let Some((family, given)) = name.split_once([' ', ',', '・']) {
        return (part(family), part(given));
    }
    let count = name.chars().count();
    let at = match count {
        _ if name.chars().any(is_kana) => count,
        2..=4 if KOREAN_PAIRS.iter().any(|pair| name.starts_with(pair)) && count > 2 => 2,
        2 | 3 => 1,
        4 if name.chars().any(is_hangul) => 1,
        4 => 2,
        _ => count,
    };
    let cut = name.char_indices().nth(at).map_or(name.len(), |(offset, _)| offset);
    let (family, given) = name.split_at_checked(cut).unwrap_or((name, ""));
    (part(family), part(given))
}

/// Given, patronymic and family name of three words in Cyrillic, in either order.
pub(super) fn split_patronymic<'a>(words: &[&'a str]) -> Option<(&'a str, &'a str, &'a str)> {
    let &[first, second, third] = words else {
        return None;
    };
    if first.is_ascii() {
        None
    } else if is_patronymic(third) {
        Some((second, third, first))
    } else if is_patronymic(second) {
        Some((first, second, third))
    } else {
        None
    }
}

fn is_patronymic(word: &str) -> bool {
    let lower = word.to_lowercase();
    ["ович", "евич", "овна", "евна", "ична", "йович"].iter().any(|ending| lower.ends_with(ending))
}

const fn is_east_asian(c: char) -> bool {
    is_hangul(c)
        || is_kana(c)
        || matches!(c, '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FA1F}' | '々')
}

const fn is_hangul(c: char) -> bool {
    matches!(c, '\u{AC00}'..='\u{D7A3}' | '\u{1100}'..='\u{11FF}')
}

const fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}')
}
