//! Numbers of things, as people read them.

/// So many of something: `1 source`, `1,024 sources`.
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", human(count), if count == 1 { "" } else { "s" })
}

/// A count with thousands set apart.
#[must_use]
pub fn human(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
