//! Values made safe for reports and logs: enough to recognise a kind of mistake, not enough to know the person.

/// Keeps the first character and the class of the length (`***` up to 5 characters, `*****` up to 10, `********`
/// beyond); of an e-mail address the first character of each side and the top-level domain.
///
/// ```
/// use goldsmith_standardize::mask::mask_value;
/// assert_eq!(mask_value("Smith"), "S***");
/// assert_eq!(mask_value("+12025550173"), "+********");
/// assert_eq!(mask_value("jane.doe@example.co.uk"), "j***@e***.uk");
/// assert_eq!(mask_value(""), "");
/// ```
#[must_use]
pub fn mask_value(value: &str) -> String {
    match value.rsplit_once('@') {
        Some((local, domain)) if !local.is_empty() && !domain.contains(' ') => {
            let mut masked = first(local);
            masked.push_str("***@");
            masked.push_str(&first(domain));
            masked.push_str("***");
            // Only a plain top-level domain is shown: anything else there may be personal.
            if let Some((_, tld)) = domain.rsplit_once('.').filter(|(_, tld)| is_plain_tld(tld)) {
                masked.push('.');
                masked.push_str(tld);
            }
            masked
        }
        _ => mask_word(value),
    }
}

pub(crate) fn mask_word(value: &str) -> String {
    let value = value.trim();
    let mut masked = first(value);
    masked.push_str(match value.chars().count() {
        0 => "",
        1..=5 => "***",
        6..=10 => "*****",
        _ => "********",
    });
    masked
}

fn first(value: &str) -> String {
    value.trim_start().chars().next().map(String::from).unwrap_or_default()
}

fn is_plain_tld(tld: &str) -> bool {
    (2..=6).contains(&tld.len()) && tld.bytes().all(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn little_of_a_value_remains() {
        fn check(raw: &str, expected: &str) {
            assert_eq!(mask_value(raw), expected, "{raw}");
        }
        check("12 Main Street", "1********");
        check("a@b.com", "a***@b***.com");
        check("a@b", "a***@b***");
        check("@handle", "@*****");
        check("Émile", "É***");
        check("x", "x***");
    }

    proptest! {
        #[test]
        fn at_most_two_characters_and_a_tld_survive(raw in ".{0,60}") {
            let masked = mask_value(&raw);
            prop_assert!(masked.chars().filter(|c| !matches!(c, '*' | '@' | '.')).count() <= 8);
        }
    }
}
