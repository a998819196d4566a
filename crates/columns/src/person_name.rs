//! The columns of a person's name: each mapped part overrides what parsing the full name gives, and the full name is
//! written anew from the parts.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, StringBuilder};
use arrow::error::ArrowError;
use goldsmith_standardize::name::PersonName;
use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder};
use goldsmith_standardize::{name, text};

use crate::memo::Memo;
use crate::{layout, present, text_of};

/// The columns of [`layout::NAME_PARTS`] in their normal form, from the raw ones; `None` where a part is not mapped.
///
/// # Errors
/// Where a column is no text and cannot be made one.
pub fn normalize(raw: &[Option<ArrayRef>], rows: usize) -> Result<Vec<ArrayRef>, ArrowError> {
    let columns: Vec<Option<StringArray>> =
        raw.iter().map(|column| column.as_ref().map(text_of).transpose()).collect::<Result<_, _>>()?;
    let column = |index: usize| columns.get(index).and_then(Option::as_ref);
    let [fulls, titles, givens, middles, families, suffixes] = std::array::from_fn(column);
    let mut parts = [(); 5].map(|()| Memo::new());
    let [title_memo, given_memo, middle_memo, family_memo, suffix_memo] = &mut parts;
    let mut full_memo = Memo::new();
    let mut out: Vec<StringBuilder> =
        layout::NAME_PARTS.iter().map(|_| StringBuilder::with_capacity(rows, rows * 8)).collect();
    let mut full = String::new();
    let nobody = PersonName::default();
    for row in 0..rows {
        let parsed = match fulls.and_then(|values| present(values, row)) {
            Some(raw) => full_memo.get(raw, |raw| said(raw).and_then(name::parse_person).unwrap_or_default()),
            None => &nobody,
        };
        let title = part(titles, row, title_memo, text::clean).or(parsed.title.as_deref());
        let given = part(givens, row, given_memo, name::person_part).or(parsed.given.as_deref());
        let middle = part(middles, row, middle_memo, name::person_part).or(parsed.middle.as_deref());
        let (given, middle) = without_initials(given, middle);
        let mut suffix = part(suffixes, row, suffix_memo, name::suffix).or(parsed.suffix.as_deref());
        let mut family = part(families, row, family_memo, name::person_part).or(parsed.family.as_deref());
        // A suffix often sits at the end of the family name: "Smith Jr".
        let found;
        if suffix.is_none()
            && let Some((head, tail)) = family.and_then(|family| family.rsplit_once(' '))
        {
            found = name::suffix(tail);
            if found.is_some() {
                suffix = found.as_deref();
                family = Some(head.trim_end_matches(','));
            }
        }
        full.clear();
        let mut any = false;
        for part in [given, middle, family, suffix].into_iter().flatten() {
            if any {
                full.push(' ');
            }
            any = true;
            full.push_str(part);
        }
        for (builder, part) in out.iter_mut().zip([any.then_some(full.as_str()), title, given, middle, family, suffix])
        {
            builder.append_option(part);
        }
    }
    Ok(out.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect())
}

/// Initials that stand behind the given name in its column belong to the middle name: `Jessica P`, `C U`.
fn without_initials<'a>(given: Option<&'a str>, middle: Option<&'a str>) -> (Option<&'a str>, Option<&'a str>) {
    let Some(name) = given else { return (given, middle) };
    // Scripts without capitals write whole names with one letter.
    let is_initial = |word: &str| word.chars().all(char::is_uppercase) && word.chars().nth(1).is_none();
    let mut first = name;
    while let Some((head, last)) = first.rsplit_once(' ')
        && is_initial(last)
    {
        first = head;
    }
    let initials = name[first.len()..].trim_start();
    match middle {
        _ if initials.is_empty() => (given, middle),
        None => (Some(first), Some(initials)),
        // What both columns say is said once.
        Some(middle) if middle.starts_with(initials) => (Some(first), Some(middle)),
        Some(_) => (given, middle),
    }
}

/// A value that is no placeholder.
fn said(raw: &str) -> Option<&str> {
    (!is_placeholder(PlaceholderKind::Name, raw)).then_some(raw)
}

fn part<'a, 'm>(
    values: Option<&'a StringArray>,
    row: usize,
    memo: &'m mut Memo<'a, Option<String>>,
    read: fn(&str) -> Option<String>,
) -> Option<&'m str> {
    memo.get(present(values?, row)?, |raw| said(raw).and_then(read)).as_deref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_given_name_gives_its_initials_to_the_middle_name() {
        let column = |value: &str| Some(Arc::new(StringArray::from(vec![value])) as ArrayRef);
        let raw = [None, None, column("JESSICA P"), None, column("SMITH"), None];
        let parts = normalize(&raw, 1).unwrap();
        let texts: Vec<String> = parts.iter().map(|part| text_of(part).unwrap().value(0).to_owned()).collect();
        assert_eq!(texts, ["Jessica P Smith", "", "Jessica", "P", "Smith", ""]);
    }

    #[test]
    fn initials_behind_a_given_name_are_middle_names() {
        let of = |given, middle| without_initials(Some(given), middle);
        assert_eq!(of("Jessica P", None), (Some("Jessica"), Some("P")));
        assert_eq!(of("C U", None), (Some("C"), Some("U")));
        assert_eq!(of("Mary Ann J R", None), (Some("Mary Ann"), Some("J R")));
        assert_eq!(of("Jessica P", Some("Paula")), (Some("Jessica"), Some("Paula")));
        assert_eq!(of("Jessica P", Some("Ann")), (Some("Jessica P"), Some("Ann")), "they say different things");
        assert_eq!(of("Jessica", None), (Some("Jessica"), None));
        assert_eq!(of("J", None), (Some("J"), None));
        assert_eq!(of("Zoé É", None), (Some("Zoé"), Some("É")));
        assert_eq!(of("小 明", None), (Some("小 明"), None));
        assert_eq!(without_initials(None, Some("P")), (None, Some("P")));
    }
}
