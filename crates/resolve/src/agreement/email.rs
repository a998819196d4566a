//! E-mail addresses.

use std::num::NonZeroU32;

use crate::features::{Features, text_hash};
use crate::kernels::{jaro_winkler_from, within_edits};
use crate::letters::Letters;

/// Domains at which everybody may have a mailbox. Two of them are two mailboxes, however alike they are; any other domain
/// that is nearly one of them is a slip.
#[rustfmt::skip]
const PROVIDERS: [&str; 54] = [
    "aim.com", "aol.com", "att.net", "bluewin.ch", "bt.com", "comcast.net", "cox.net", "email.com", "email.de",
    "fastmail.com", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net",
    "googlemail.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.es", "hotmail.fr", "hotmail.it",
    "icloud.com", "laposte.net", "libero.it", "live.co.uk", "live.com", "live.de", "live.fr", "live.nl", "mac.com",
    "mail.com", "mail.de", "mail.ru", "me.com", "msn.com", "orange.fr", "outlook.com", "outlook.de", "outlook.fr",
    "sfr.fr", "t-online.de", "verizon.net", "wanadoo.fr", "web.de", "yahoo.co.uk", "yahoo.com", "yahoo.de",
    "yahoo.fr", "yandex.ru", "ymail.com",
];
/// The Jaro–Winkler similarity from which mailbox names are alike.
const ALIKE_MAILBOX: f64 = 0.9;
pub(super) const EMAIL_DIFFERENT: u8 = 5;

/// What is known of an e-mail address before it is read.
#[derive(Clone, Copy)]
pub(crate) struct Mailbox {
    /// Of the name before the last `@`.
    name: Letters,
    /// A hash of that name; `None` where there is no `@`.
    pub(super) hash: Option<NonZeroU32>,
    /// Whether the domain is that of a provider of mailboxes for everybody.
    provider: bool,
}

impl Mailbox {
    pub(crate) fn of(email: &str) -> Self {
        match email.rsplit_once('@') {
            Some((name, domain)) => Self {
                name: Letters::of(name),
                hash: NonZeroU32::new(text_hash(name) as u32 | 1),
                provider: PROVIDERS.binary_search(&domain).is_ok(),
            },
            None => Self { name: Letters::of(email), hash: None, provider: false },
        }
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

/// The level of two addresses that are not the same.
pub(super) fn email_level([left, right]: [&str; 2], [of_left, of_right]: [Mailbox; 2]) -> u8 {
    let (Some((local_x, domain_x)), Some((local_y, domain_y))) = (left.rsplit_once('@'), right.rsplit_once('@')) else {
        return if within_edits(left, right, 1) { 2 } else { EMAIL_DIFFERENT };
    };
    let shortest = local_x.len().min(local_y.len());
    if local_x == local_y {
        let is_slip = !(of_left.provider && of_right.provider)
            && digits(domain_x).eq(digits(domain_y))
            && within_edits(domain_x, domain_y, 2);
        return if is_slip { 2 } else { 3 };
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
    // Letters that differ are a slip; digits that differ are what tells two holders of one name apart, and so do dots.
    let is_slip = level == 2 && (left == right || !letters(left).eq(letters(right)));
    let confirmed = digits(left).eq(digits(right)) && (is_slip || digits(left).count() >= 2);
    !confirmed && made_of_names(left, names()) && made_of_names(right, names())
}

fn digits(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(u8::is_ascii_digit)
}

fn letters(text: &str) -> impl Iterator<Item = u8> {
    text.bytes().filter(|byte| !byte.is_ascii() || byte.is_ascii_alphabetic())
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
        assert!(follows_from_names(2, "john.smith@a.org", "johnsmith@a.org", names), "dots tell namesakes apart");
        assert!(!follows_from_names(2, "john.smith@a.org", "john.smith@a.ogr", names), "a slip in the domain");
    }

    #[test]
    fn two_providers_are_no_slip() {
        let level = |x: &str, y: &str| email_level([x, y], [x, y].map(Mailbox::of));
        assert_eq!(level("m7@gmx.de", "m7@gmx.at"), 3, "two providers");
        assert_eq!(level("m7@gmx.de", "m7@gmx.ed"), 2, "a slip");
        assert_eq!(level("info@haus36.fr", "info@haus63.fr"), 3, "two houses");
        assert_eq!(level("info@meier.fr", "info@maier.fr"), 2);
        assert_eq!(level("m8@b.org", "m8@gmx.de"), 3);
        assert!(PROVIDERS.is_sorted());
    }
}
