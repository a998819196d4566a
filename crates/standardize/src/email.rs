//! E-mail addresses.

use std::borrow::Cow;

use crate::{
    placeholder::{PlaceholderKind, is_placeholder},
    text,
};

/// An e-mail address in standard form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// `local@domain`, all lower case, the domain in ASCII (IDNA).
    pub address: String,
    /// What stands before the `@`.
    pub local: String,
    /// What stands after it.
    pub domain: String,
    /// The part of the domain one registers (`example.co.uk` of `mail.example.co.uk`), by the public suffix list.
    pub registrable_domain: String,
}

/// What to do with the spellings that reach one mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AliasRules {
    /// Keep the address as its owner gave it.
    #[default]
    Keep,
    /// Drop `+tag`, and at Gmail the dots as well; `googlemail.com` becomes `gmail.com`.
    StripAliases,
}

/// Reads an address, also from `mailto:` links, `Name <address>`, and with stray punctuation or spaces around it.
/// The local part is put into lower case: no provider in use tells cases apart. `None` where it is no address
/// (RFC 5321 without quoted local parts and address literals) or a placeholder.
///
/// ```
/// use goldsmith_standardize::email::{AliasRules, parse};
/// let email = parse("Jane Doe <Jane.Doe+news@GMail.com>", AliasRules::Keep).unwrap();
/// assert_eq!(email.address, "jane.doe+news@gmail.com");
/// assert_eq!(parse("jane.doe+news@googlemail.com", AliasRules::StripAliases).unwrap().address, "janedoe@gmail.com");
/// assert_eq!(parse("kasse@bücher.mail.example.co.uk", AliasRules::Keep).unwrap().registrable_domain, "example.co.uk");
/// assert_eq!(parse("jane at home", AliasRules::Keep), None);
/// ```
#[must_use]
pub fn parse(raw: &str, aliases: AliasRules) -> Option<Email> {
    let candidate = candidate(raw)?;
    let candidate = candidate.as_ref();
    if is_placeholder(PlaceholderKind::Email, candidate) {
        return None;
    }
    let (local, domain) = candidate.rsplit_once('@')?;
    let mut domain = domain_form(domain.trim().trim_end_matches('.'))?;
    let mut local = local_form(local.trim())?;
    if aliases == AliasRules::StripAliases {
        strip_aliases(&mut local, &mut domain);
    }
    let mut address = String::with_capacity(local.len() + domain.len() + 1);
    address.push_str(&local);
    address.push('@');
    address.push_str(&domain);
    let registrable_domain = psl::domain_str(&domain).unwrap_or(&domain).to_owned();
    Some(Email { address, local, domain, registrable_domain })
}

/// Writes the address of `raw` into `address`, in place of what was there, and says whether there is one: as [`parse`]
/// does with all aliases kept, unless the whole text is a placeholder.
///
/// ```
/// use goldsmith_standardize::email::address_of;
/// let mut address = String::new();
/// assert!(address_of("Jane.Doe@Example.COM", &mut address));
/// assert_eq!(address, "jane.doe@example.com");
/// assert!(!address_of("no <reply@example.com>", &mut address));
/// ```
pub fn address_of(raw: &str, address: &mut String) -> bool {
    address.clear();
    if is_placeholder(PlaceholderKind::Email, raw) {
        return false;
    }
    if is_plain(raw) {
        address.push_str(raw);
        address.make_ascii_lowercase();
        return true;
    }
    match parse(raw, AliasRules::Keep) {
        Some(email) => {
            address.push_str(&email.address);
            true
        }
        None => false,
    }
}

/// Whether `raw` is an address that differs from its normal form in capitals at most, and short enough to be sure of
/// every length. Most are; what is not may still be an address.
fn is_plain(raw: &str) -> bool {
    let Some((local, domain)) = raw.split_once('@') else {
        return false;
    };
    let mut at_edge = true;
    let plain = |byte: u8, inner: &[u8], at_edge: &mut bool| {
        let is_inner = inner.contains(&byte);
        let fits = byte.is_ascii_alphanumeric() || (is_inner && !*at_edge);
        *at_edge = is_inner;
        fits
    };
    if local.len() > 64 || !local.bytes().all(|byte| plain(byte, b"._-+", &mut at_edge)) || at_edge {
        return false;
    }
    at_edge = true;
    let mut dots = 0;
    let all_plain = domain.bytes().all(|byte| {
        dots += u32::from(byte == b'.');
        plain(byte, b".-", &mut at_edge)
    });
    let top = domain.rsplit('.').next().unwrap_or_default();
    all_plain
        && !at_edge
        && domain.len() <= 63
        && (1..=8).contains(&dots)
        && top.len() >= 2
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
        && !domain.contains("xn--")
}

/// Whether a local part names a function, not a person: such a mailbox is shared.
///
/// ```
/// use goldsmith_standardize::email::role_account;
/// assert!(role_account("info"));
/// assert!(role_account("Customer-Service"));
/// assert!(!role_account("jane.doe"));
/// ```
#[must_use]
pub fn role_account(local: &str) -> bool {
    let name: String = local
        .split('+')
        .next()
        .unwrap_or_default()
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    ROLES.binary_search(&name.as_str()).is_ok()
}

// Sorted: looked up by binary search.
const ROLES: &[&str] = &[
    "abuse",
    "accounting",
    "accounts",
    "accountspayable",
    "admin",
    "administrator",
    "all",
    "ap",
    "ar",
    "billing",
    "biuro",
    "bookings",
    "buchhaltung",
    "careers",
    "comercial",
    "compras",
    "contabilidad",
    "contact",
    "contacto",
    "contatti",
    "customercare",
    "customerservice",
    "customersupport",
    "donotreply",
    "einkauf",
    "enquiries",
    "enquiry",
    "feedback",
    "finance",
    "frontdesk",
    "hello",
    "help",
    "helpdesk",
    "hostmaster",
    "hr",
    "info",
    "invoice",
    "invoices",
    "it",
    "jobs",
    "kontakt",
    "mail",
    "mailbox",
    "mailerdaemon",
    "marketing",
    "media",
    "news",
    "newsletter",
    "noreply",
    "office",
    "orders",
    "postmaster",
    "press",
    "procurement",
    "purchasing",
    "recepcion",
    "reception",
    "rechnung",
    "reservations",
    "sales",
    "secretary",
    "sekretariat",
    "service",
    "shop",
    "sklep",
    "spam",
    "support",
    "team",
    "ventas",
    "verkauf",
    "vertrieb",
    "webmaster",
    "welcome",
];

/// The address inside the raw text: out of angle brackets and `mailto:`, without what surrounds it.
fn candidate(raw: &str) -> Option<Cow<'_, str>> {
    let cleaned: Cow<'_, str> = if raw.is_ascii() && !raw.bytes().any(|b| b.is_ascii_control()) {
        Cow::Borrowed(raw)
    } else {
        Cow::Owned(text::clean(raw)?)
    };
    let narrow = |s: &str| -> (usize, usize) {
        let mut part = s;
        if let Some((_, rest)) = part.rsplit_once('<') {
            part = rest.split('>').next().unwrap_or_default();
        }
        const STRAY: &[char] = &[' ', ',', ';', ':', '.', '"', '\'', '(', ')', '[', ']', '<', '>'];
        part = part.trim_matches(STRAY);
        if part.get(..7).is_some_and(|p| p.eq_ignore_ascii_case("mailto:")) {
            part = part.get(7..).unwrap_or_default().trim_matches(STRAY);
            // Headers of the link: mailto:a@b?subject=…
            part = part.split('?').next().unwrap_or_default();
        }
        let start = part.as_ptr() as usize - s.as_ptr() as usize;
        (start, start + part.len())
    };
    let (start, end) = narrow(&cleaned);
    match cleaned {
        Cow::Borrowed(s) => s.get(start..end).map(Cow::Borrowed),
        Cow::Owned(s) => s.get(start..end).map(|part| Cow::Owned(part.to_owned())),
    }
}

/// Lower case, where every character may stand in an unquoted local part.
fn local_form(local: &str) -> Option<String> {
    if local.is_empty() || local.len() > 64 || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
        return None;
    }
    if local.is_ascii() {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b);
        return local.bytes().all(allowed).then(|| local.to_ascii_lowercase());
    }
    let allowed = |c: char| {
        c.is_alphanumeric()
            || (c.is_ascii() && "!#$%&'*+-/=?^_`{|}~.".contains(c))
            || (!c.is_ascii() && !c.is_whitespace())
    };
    if !local.chars().all(allowed) {
        return None;
    }
    // Lower case can undo the composition; clean composes again.
    text::clean(&local.to_lowercase()).filter(|l| l.chars().all(allowed) && l.len() <= 64)
}

/// Lower case ASCII, with at least two labels and a top-level domain that is not a number.
fn domain_form(domain: &str) -> Option<String> {
    let ascii = if domain.is_ascii() && !domain.contains("xn--") {
        domain.to_ascii_lowercase()
    } else {
        idna::domain_to_ascii(domain).ok()?
    };
    let ascii_form = ascii.as_str();
    if ascii_form.len() > 253 {
        return None;
    }
    let mut labels = 0;
    let mut last = "";
    for label in ascii_form.split('.') {
        let bytes = label.as_bytes();
        let edge = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        if bytes.len() > 63
            || !edge(bytes.first())
            || !edge(bytes.last())
            || !bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
        {
            return None;
        }
        labels += 1;
        last = label;
    }
    (labels >= 2 && last.len() >= 2 && last.bytes().any(|b| b.is_ascii_alphabetic())).then_some(ascii)
}

fn strip_aliases(local: &mut String, domain: &mut String) {
    if let Some(at) = local.find('+').filter(|at| *at > 0) {
        local.truncate(at);
        let kept = local.trim_end_matches('.').len();
        local.truncate(kept);
    }
    if domain == "googlemail.com" {
        "gmail.com".clone_into(domain);
    }
    if domain == "gmail.com" {
        local.retain(|c| c != '.');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_in_the_wild() {
        fn check(raw: &str, expected: Option<&str>) {
            assert_eq!(parse(raw, AliasRules::Keep).map(|e| e.address).as_deref(), expected, "{raw}");
        }
        check("a.b@c.org", Some("a.b@c.org"));
        check(" A.B @ C.Org. ", Some("a.b@c.org"));
        check("mailto:a.b@c.org?subject=x", Some("a.b@c.org"));
        check("\"Bell, Ann\" <ann@c.org>;", Some("ann@c.org"));
        check("ann@c.org,", Some("ann@c.org"));
        check("o'neil@c.org", Some("o'neil@c.org"));
        check("ann@münchen.de", Some("ann@xn--mnchen-3ya.de"));
        check("ann@xn--mnchen-3ya.de", Some("ann@xn--mnchen-3ya.de"));
        check("JÖRG@c.org", Some("jörg@c.org"));
        check("ann", None);
        check("ann@", None);
        check("@c.org", None);
        check("ann@c", None);
        check("ann@@c.org", None);
        check("ann@c..org", None);
        check("a..b@c.org", None);
        check("ann bell@c.org", None);
        check("ann@127.0.0.1", None);
        check("ann@-c.org", None);
        check("test@test.com", None);
        check("noreply@c.org", None);
    }

    #[test]
    fn alias_rules() {
        fn check(raw: &str, expected: &str) {
            assert_eq!(parse(raw, AliasRules::StripAliases).map(|e| e.address).as_deref(), Some(expected), "{raw}");
        }
        check("a.b+c@gmail.com", "ab@gmail.com");
        check("a.b+c@c.org", "a.b@c.org");
        check("+c@c.org", "+c@c.org");
    }

    #[test]
    fn roles_are_sorted_for_the_search() {
        assert!(ROLES.is_sorted());
    }

    proptest! {
        #[test]
        fn the_normal_form_gives_itself(raw in "[a-zA-Z.+_' é]{1,12}@[a-zA-Zü.-]{1,12}\\.(com|de|co\\.uk)|.{0,40}") {
            for rules in [AliasRules::Keep, AliasRules::StripAliases] {
                if let Some(email) = parse(&raw, rules) {
                    let again = parse(&email.address, rules);
                    prop_assert_eq!(again, Some(email));
                }
            }
        }

        #[test]
        fn the_short_way_agrees(raw in "[a-zA-Z0-9._+-]{1,12}@[a-zA-Z0-9.-]{1,12}\\.(com|c0m|c|co\\.uk)|(mailto:|no <|n/a)?[a-z.]{0,3}@?[a-z.]{0,4}>?.{0,2}") {
            let mut address = String::from("before");
            let slow = parse(&raw, AliasRules::Keep).filter(|_| !is_placeholder(PlaceholderKind::Email, &raw));
            prop_assert_eq!(address_of(&raw, &mut address).then_some(address), slow.map(|email| email.address));
        }

        #[test]
        fn never_panics(raw in ".{0,20}@.{0,20}") {
            let _ = (parse(&raw, AliasRules::StripAliases), role_account(&raw));
        }
    }
}
