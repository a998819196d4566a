//! E-mail addresses.

use crate::features::{Features, text_hash};
use crate::kernels::{jaro_winkler_from, within_edits};
use crate::letters::Letters;

/// The Jaro–Winkler similarity from which mailbox names are alike.
const ALIKE_MAILBOX: f64 = 0.9;
pub(super) const EMAIL_DIFFERENT: u8 = 5;

/// What is known of an e-mail address before it is read.
#[derive(Clone, Copy)]
pub(crate) struct Mailbox {
    /// Of the name before the last `@`.
    name: Letters,
    /// A hash of that name; `None` where there is no `@`.
    pub(super) hash: Option<u32>,
}

impl Mailbox {
    pub(crate) fn of(email: &str) -> Self {
        let name = email.rsplit_once('@').map(|parts| parts.0);
        Self { name: Letters::of(name.unwrap_or(email)), hash: name.map(|name| text_hash(name) as u32) }
    }

    /// Whether two addresses are different without a doubt.
    pub(super) fn is_stranger_to(self, other: Self) -> bool {
        self.hash.is_some()
            && other.hash.is_some()
            && self.hash != other.hash
            && !self.name.may_be_within(other.name, 2)
            && !self.name.may_resemble(other.name, ALIKE_MAILBOX)
    }
}

pub(super) fn email_level(left: &str, right: &str) -> u8 {
    let (Some((local_x, domain_x)), Some((local_y, domain_y))) = (left.rsplit_once('@'), right.rsplit_once('@')) else {
        return if within_edits(left, right, 1) { 2 } else { EMAIL_DIFFERENT };
    };
    let shortest = local_x.len().min(local_y.len());
    if local_x == local_y {
        return if within_edits(domain_x, domain_y, 2) { 2 } else { 3 };
    }
    let allowed = if shortest >= 10 { 2 } else { 1 };
    if domain_x == domain_y && shortest >= 4 && within_edits(local_x, local_y, allowed) {
        return 2;
    }
    if shortest >= 5 && jaro_winkler_from(local_x, local_y, ALIKE_MAILBOX) > 0.0 { 4 } else { EMAIL_DIFFERENT }
}

pub(super) fn name_values<'f>(f: &'f Features<'_>, field: usize, record: u32) -> impl Iterator<Item = &'f str> {
    f.values(field, record).iter().map(move |&code| f.pool(field).get(code))
}

/// Whether the likeness of two mailbox names is no more than the names of their holders explain: both are made of
/// these names, and what is not letters does not confirm it. Among namesakes such mailboxes are as different as any.
pub(super) fn follows_from_names<'f, N: Iterator<Item = &'f str>>(
    level: u8,
    left: &str,
    right: &str,
    names: impl Fn() -> N,
) -> bool {
    let local = |email: &'_ str| email.rsplit_once('@').map_or(email.len(), |parts| parts.0.len());
    let (left, right) = (&left[..local(left)], &right[..local(right)]);
    fn digits(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(u8::is_ascii_digit)
    }
    // Letters that differ are a slip; digits that differ are what tells two holders of one name apart.
    let confirmed = digits(left).eq(digits(right)) && (level == 2 || digits(left).count() >= 2);
    !confirmed && made_of_names(left, names()) && made_of_names(right, names())
}

/// A mailbox name is at most this long (RFC 5321, section 4.5.3.1.1).
const LONGEST_MAILBOX: usize = 64;

/// Whether a mailbox name has hardly a letter that is not of one of the names.
fn made_of_names<'f>(local: &str, names: impl Iterator<Item = &'f str>) -> bool {
    let (mut rest, mut name_letters) = ([0u8; LONGEST_MAILBOX], [0u8; LONGEST_MAILBOX]);
    let Some(all) = letters_into(local, &mut rest) else { return false };
    let mut left = all;
    for name in names {
        let Some(length) = letters_into(name, &mut name_letters) else { continue };
        let name = &name_letters[..length];
        if length >= 3
            && let Some(at) = rest[..left].windows(length).position(|part| part == name)
        {
            rest.copy_within(at + length..left, at);
            left -= length;
        }
    }
    let beginnings = rest[..left].iter().filter(|&&byte| byte & 0xc0 != 0x80).count();
    left < all && beginnings <= 2
}

/// Copies the letters of a value; `None` where there are too many. What stands for an umlaut or a sharp s is one letter,
/// because names are written "jager" where the mailbox has "jaeger".
fn letters_into(value: &str, into: &mut [u8]) -> Option<usize> {
    let mut length = 0;
    for letter in value.chars().filter(|c| c.is_alphabetic()) {
        if matches!((into[..length].last(), letter), (Some(b'a' | b'o' | b'u'), 'e') | (Some(b's'), 's')) {
            continue;
        }
        let end = length + letter.len_utf8();
        letter.encode_utf8(into.get_mut(length..end)?);
        length = end;
    }
    Some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_that_follow_from_the_names_say_nothing_of_their_own() {
        let names = || ["john", "smith"].into_iter();
        assert!(follows_from_names(3, "john.smith@a.org", "john.smith@b.org", names), "any John Smith has one");
        assert!(follows_from_names(2, "john.smith1@a.org", "john.smith2@a.org", names), "digits tell namesakes apart");
        assert!(!follows_from_names(2, "john.smith@a.org", "jon.smith@a.org", names), "a letter is a slip");
        let german = || ["jurgen", "grosse kramer"].into_iter().flat_map(|name| name.split(' '));
        assert!(
            follows_from_names(3, "juergen.grosse-kraemer@a.org", "juergen.grosse-kraemer@b.org", german),
            "umlauts"
        );
        assert!(!follows_from_names(3, "john.smith84@a.org", "john.smith84@b.org", names), "a number confirms");
        assert!(!follows_from_names(3, "bluebird@a.org", "bluebird@b.org", names), "a word of one's own confirms");
    }
}
