//! Letters of other scripts as systems write them that cannot hold them.

/// Writes `text` in Latin-1; letters it lacks are transliterated, as a customer system does on entry.
pub(crate) fn push_latin1(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for letter in text.chars() {
        match u8::try_from(letter) {
            Ok(byte) => out.push(byte),
            Err(_) => out.extend_from_slice(transliterate(letter).unwrap_or("?").as_bytes()),
        }
    }
}

/// Greek and Cyrillic written with Latin letters; Latin text, with all its diacritics, as it is.
pub(crate) fn romanise(text: &str) -> String {
    if !is_other_script(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.replace("ου", "ou").replace("ού", "ou").chars() {
        match transliterate(letter).filter(|_| letter >= '\u{370}') {
            Some(latin) => out.push_str(latin),
            None => out.push(letter),
        }
    }
    out
}

/// Only ASCII: what somebody types who has no keyboard for the diacritics.
pub(crate) fn ascii(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_ascii() {
            out.push(letter);
        } else if let Some(plain) = plain_latin1(letter).or_else(|| transliterate(letter)) {
            out.push_str(plain);
        }
    }
    out
}

/// Whether the text is in Greek or Cyrillic letters.
pub(crate) fn is_other_script(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(|letter| letter >= '\u{370}')
}

fn plain_latin1(letter: char) -> Option<&'static str> {
    Some(match letter {
        'À' | 'Á' | 'Â' | 'Ã' | 'Å' => "A",
        'à' | 'á' | 'â' | 'ã' | 'å' => "a",
        'Ä' => "Ae",
        'ä' => "ae",
        'Æ' => "AE",
        'æ' => "ae",
        'Ç' => "C",
        'ç' => "c",
        'È' | 'É' | 'Ê' | 'Ë' => "E",
        'è' | 'é' | 'ê' | 'ë' => "e",
        'Ì' | 'Í' | 'Î' | 'Ï' => "I",
        'ì' | 'í' | 'î' | 'ï' => "i",
        'Ñ' => "N",
        'ñ' => "n",
        'Ò' | 'Ó' | 'Ô' | 'Õ' | 'Ø' => "O",
        'ò' | 'ó' | 'ô' | 'õ' | 'ø' | 'º' => "o",
        'Ö' => "Oe",
        'ö' => "oe",
        'Ù' | 'Ú' | 'Û' => "U",
        'ù' | 'ú' | 'û' => "u",
        'Ü' => "Ue",
        'ü' => "ue",
        'ß' => "ss",
        _ => return None,
    })
}

fn transliterate(letter: char) -> Option<&'static str> {
    Some(match letter {
        'Ą' => "A",
        'ą' => "a",
        'Ć' | 'Č' => "C",
        'ć' | 'č' => "c",
        'Ę' => "E",
        'ę' => "e",
        'Ł' => "L",
        'ł' => "l",
        'Ń' => "N",
        'ń' => "n",
        'Ś' | 'Š' | 'Ş' => "S",
        'ś' | 'š' | 'ş' => "s",
        'Ź' | 'Ż' | 'Ž' => "Z",
        'ź' | 'ż' | 'ž' => "z",
        'ı' => "i",
        'Œ' => "Oe",
        'œ' => "oe",
        'Α' | 'Ά' | 'А' => "A",
        'α' | 'ά' | 'а' => "a",
        'Б' => "B",
        'б' => "b",
        'Β' | 'В' => "V",
        'β' | 'в' => "v",
        'Γ' | 'Г' => "G",
        'γ' | 'г' => "g",
        'Δ' | 'Д' => "D",
        'δ' | 'д' => "d",
        'Ε' | 'Έ' | 'Е' => "E",
        'ε' | 'έ' | 'е' => "e",
        'Ж' => "Zh",
        'ж' => "zh",
        'Ζ' | 'З' => "Z",
        'ζ' | 'з' => "z",
        'Η' | 'Ή' | 'Ι' | 'Ί' | 'И' => "I",
        'η' | 'ή' | 'ι' | 'ί' | 'ϊ' | 'ΐ' | 'и' => "i",
        'Й' => "Y",
        'й' => "y",
        'Θ' => "Th",
        'θ' => "th",
        'Κ' | 'К' => "K",
        'κ' | 'к' => "k",
        'Λ' | 'Л' => "L",
        'λ' | 'л' => "l",
        'Μ' | 'М' => "M",
        'μ' | 'м' => "m",
        'Ν' | 'Н' => "N",
        'ν' | 'н' => "n",
        'Ξ' => "X",
        'ξ' => "x",
        'Ο' | 'Ό' | 'Ω' | 'Ώ' | 'О' => "O",
        'ο' | 'ό' | 'ω' | 'ώ' | 'о' => "o",
        'Π' | 'П' => "P",
        'π' | 'п' => "p",
        'Ρ' | 'Р' => "R",
        'ρ' | 'р' => "r",
        'Σ' | 'С' => "S",
        'σ' | 'ς' | 'с' => "s",
        'Τ' | 'Т' => "T",
        'τ' | 'т' => "t",
        'Υ' | 'Ύ' => "Y",
        'υ' | 'ύ' | 'ϋ' => "y",
        'У' => "U",
        'у' => "u",
        'Φ' | 'Ф' => "F",
        'φ' | 'ф' => "f",
        'Χ' => "Ch",
        'χ' => "ch",
        'Х' => "H",
        'х' => "h",
        'Ц' => "Ts",
        'ц' => "ts",
        'Ч' => "Ch",
        'ч' => "ch",
        'Ш' => "Sh",
        'ш' => "sh",
        'Щ' => "Sht",
        'щ' => "sht",
        'Ъ' => "A",
        'ъ' => "a",
        'Ь' | 'ь' => "",
        'Ю' => "Yu",
        'ю' => "yu",
        'Я' => "Ya",
        'я' => "ya",
        'Ψ' => "Ps",
        'ψ' => "ps",
        'Ы' => "Y",
        'ы' => "y",
        'Э' => "E",
        'э' => "e",
        '’' => "'",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_become_what_the_system_can_hold() {
        let latin1 = |text: &str| {
            let mut bytes = Vec::new();
            push_latin1(text, &mut bytes);
            bytes.iter().map(|&byte| char::from(byte)).collect::<String>()
        };
        assert_eq!(latin1("Müller-Wójcik, Łukasz"), "Müller-Wójcik, Lukasz");
        assert_eq!(latin1("Παπαδόπουλος"), "Papadopoylos");
        assert_eq!(romanise("Παπαδόπουλος"), "Papadopoulos");
        assert_eq!(romanise("Щерев Müller Łukasz"), "Shterev Müller Łukasz");
        assert_eq!(ascii("Jürgen Weiß, Łódź, Ёлка"), "Juergen Weiss, Lodz, lka");
    }
}
