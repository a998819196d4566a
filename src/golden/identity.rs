//! What tells one element of a list from another: one text, in which two mailboxes or addresses are the same or not.

use std::borrow::Cow;

use arrow::array::{Array, StringArray};
use goldsmith_config::attributes::AttributeKind;

/// The parts that tell one element of a list from another.
pub(crate) fn identity(kind: AttributeKind) -> &'static [&'static str] {
    match kind {
        AttributeKind::Address => &["line1", "unit", "postal_code", "locality"],
        AttributeKind::Identifier => &["value", "type"],
        AttributeKind::Consent => &["purpose", "channel", "status"],
        _ => &["value"],
    }
}

/// The identity of an element as one text; `None` where it has no normal form.
pub(crate) fn identity_of(parts: &[StringArray], element: usize) -> Option<Cow<'_, str>> {
    match parts {
        [one] => one.is_valid(element).then(|| Cow::Borrowed(one.value(element))),
        parts => {
            let text = |part: &'_ StringArray| part.is_valid(element) && !part.value(element).is_empty();
            parts.iter().any(text).then(|| Cow::Owned(joined(parts, element)))
        }
    }
}

/// The parts in small letters, a separator between them.
fn joined(parts: &[StringArray], element: usize) -> String {
    let mut text = String::with_capacity(64);
    for (number, part) in parts.iter().enumerate() {
        if number > 0 {
            text.push('\u{1f}');
        }
        if part.is_valid(element) {
            text.push_str(part.value(element));
        }
    }
    if text.is_ascii() {
        text.make_ascii_lowercase();
        return text;
    }
    text.to_lowercase()
}
