//! What messages show of outside data: nothing that commands a terminal, and no values.

/// A text as people may see it in a terminal: control characters and those that turn the direction of writing around
/// stand as `\u{fffd}`. Tabs and ends of lines stay.
#[must_use]
pub(crate) fn harmless(text: &str) -> String {
    let commands = |c: char| {
        (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.replace(commands, "\u{fffd}")
}

/// The names of a source's columns. Where one looks like a value they may all be values, of a file without a header.
#[must_use]
pub(crate) fn column_names(names: &[&str]) -> String {
    if names.iter().any(|name| looks_like_a_value(name)) {
        return format!("{} columns named like values; has it a header?", names.len());
    }
    names.join(", ")
}

/// Addresses of e-mail, numbers, dates and phone numbers.
fn looks_like_a_value(name: &str) -> bool {
    let digits = name.chars().filter(char::is_ascii_digit).count();
    name.contains('@')
        || digits >= 7
        || (digits > 0 && name.chars().all(|c| c.is_ascii_digit() || "+-./: ".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_a_terminal_is_replaced() {
        assert_eq!(harmless("a\u{1b}[2J\u{202e}b\n\tc"), "a\u{fffd}[2J\u{fffd}b\n\tc");
    }

    #[test]
    fn values_are_no_names() {
        assert_eq!(column_names(&["id", "address_2", "Q4 2023"]), "id, address_2, Q4 2023");
        for row in [["C1", "Ann", "ann@b.org"], ["7", "Ann", "Lee"], ["C1", "1999-01-02", "Lee"]] {
            assert_eq!(column_names(&row), "3 columns named like values; has it a header?");
        }
    }
}
