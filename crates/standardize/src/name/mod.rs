//! Names of persons: taken apart, capitals restored, nicknames led back to their roots.
//!
//! A name is read in three steps: words that are no name (titles, suffixes, a birth name, a nickname in quotes) are
//! set aside; a comma, the script or the particles say where the family name begins; each part gets its capitals.

mod affix;
mod case;
mod nickname;
mod script;

pub use affix::suffix;
pub use case::person_part;
pub use nickname::{GivenNameMatch, given_names_compatible, nickname_root, nickname_roots, nicknames_of};

use crate::{
    placeholder::{PlaceholderKind, is_placeholder},
    text,
};

/// A person's name, taken apart. Each part is in display form; what is not there is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PersonName {
    /// `Dr`, `Prof Dr`, `Mrs`.
    pub title: Option<String>,
    /// The first given name.
    pub given: Option<String>,
    /// All other given names, and what stands between given and family name.
    pub middle: Option<String>,
    /// The family name with its particles (`van der Berg`).
    pub family: Option<String>,
    /// `Jr`, `III`; where there is no such, the first degree (`PhD`).
    pub suffix: Option<String>,
    /// A nickname given in quotes or brackets.
    pub nickname: Option<String>,
    /// The family name before marriage, after `née` or `geb.`.
    pub birth_family: Option<String>,
}

impl PersonName {
    /// Given, middle and family name and suffix in one line.
    ///
    /// ```
    /// let name = goldsmith_standardize::name::parse_person("SMITH JR, DR. JOHN Q.").unwrap();
    /// assert_eq!(name.full(), "John Q Smith Jr");
    /// ```
    #[must_use]
    pub fn full(&self) -> String {
        let mut full = String::new();
        for part in [&self.given, &self.middle, &self.family, &self.suffix].into_iter().flatten() {
            if !full.is_empty() {
                full.push(' ');
            }
            full.push_str(part);
        }
        full
    }
}

/// Takes a full name apart: `Given Middle Family` or `Family, Given Middle`, with titles, suffixes and particles.
/// A single word is a family name after a title and a given name otherwise. In scripts that write the family name
/// first (Chinese, Japanese, Korean) the parts are found so, and left in their script. `None` for placeholders and for
/// values that are no name (an e-mail address, digits).
///
/// ```
/// use goldsmith_standardize::name::parse_person;
/// let name = parse_person("Prof. Dr. Jan van der BERG III").unwrap();
/// assert_eq!(name.title.as_deref(), Some("Prof Dr"));
/// assert_eq!(name.given.as_deref(), Some("Jan"));
/// assert_eq!(name.family.as_deref(), Some("van der Berg"));
/// assert_eq!(name.suffix.as_deref(), Some("III"));
/// let name = parse_person("mcdonald, mary-jane j.").unwrap();
/// assert_eq!((name.given.as_deref(), name.middle.as_deref(), name.family.as_deref()), (Some("Mary-Jane"), Some("J"), Some("McDonald")));
/// assert_eq!(parse_person("n/a"), None);
/// ```
#[must_use]
pub fn parse_person(value: &str) -> Option<PersonName> {
    let cleaned = case::tidy(value)?;
    if is_placeholder(PlaceholderKind::Name, &cleaned)
        || cleaned.contains('@')
        || !cleaned.chars().any(char::is_alphabetic)
    {
        return None;
    }
    let mut name = PersonName::default();
    if script::is_family_first(&cleaned) {
        (name.family, name.given) = script::split(&cleaned);
        return Some(name);
    }
    let cleaned = take_quoted(cleaned, &mut name);
    let mut segments = cleaned.split(',').map(str::trim).filter(|s| !s.is_empty());
    let mut head: Words = words(segments.next()?);
    let mut tail: Option<Words> = None;
    for segment in segments {
        let segment = words(segment);
        if segment.iter().all(|word| affix::suffix_after_comma(word).is_some()) {
            for word in segment {
                add_suffix(&mut name, affix::suffix_after_comma(word));
            }
        } else if let [marker, birth_family @ ..] = segment.as_slice()
            && affix::is_birth_marker(marker)
            && !birth_family.is_empty()
        {
            name.birth_family = case::family(birth_family);
        } else if let Some(given) = &mut tail {
            given.extend(segment);
        } else {
            tail = Some(segment);
        }
    }
    take_affixes(&mut head, &mut name);
    if let Some(mut given) = tail {
        take_affixes(&mut given, &mut name);
        take_birth_family(&mut head, &mut name);
        take_birth_family(&mut given, &mut name);
        // "Berg, Jan van der": the particles belong to the family name.
        let particles = given.len() - given.iter().rev().take_while(|word| affix::is_trailing_particle(word)).count();
        let mut family = if particles == 0 { Words::new() } else { given.split_off(particles) };
        family.append(&mut head);
        name.family = case::family(&family);
        set_given(&given, &mut name);
    } else {
        take_birth_family(&mut head, &mut name);
        split_given_family(&head, &mut name);
    }
    let found = name.given.is_some() || name.family.is_some();
    found.then_some(name)
}

type Words<'a> = Vec<&'a str>;

fn words(segment: &str) -> Words<'_> {
    segment.split(' ').filter(|word| word.chars().any(char::is_alphanumeric)).collect()
}

/// `Given Middle Family`: the family name begins at the first particle, else it is the last word.
fn split_given_family(words: &[&str], name: &mut PersonName) {
    if let Some((given, middle, family)) = script::split_patronymic(words) {
        name.family = case::family(&[family]);
        name.given = case::given(&[given]);
        name.middle = case::given(&[middle]);
        return;
    }
    let last = match words.len() {
        0 => return,
        1 if name.title.is_some() => {
            name.family = case::family(words);
            return;
        }
        1 => return set_given(words, name),
        count => count - 1,
    };
    let inner = words.get(1..last).unwrap_or_default();
    let start = match inner.iter().position(|word| affix::is_particle(word)) {
        Some(at) => at + 1,
        // Ortega y Gasset: the word before "y" belongs to the family name.
        None => match inner.iter().position(|word| affix::is_conjunction(word)) {
            Some(at) if at > 0 => at,
            _ => last,
        },
    };
    let (given, family) = words.split_at_checked(start).unwrap_or_default();
    name.family = case::family(family);
    set_given(given, name);
}

fn set_given(words: &[&str], name: &mut PersonName) {
    let initials =
        |word: &str| -> Vec<String> { affix::initials(word).map_or_else(|| vec![word.to_owned()], Iterator::collect) };
    // J.R.R. is three names.
    if words.first().is_some_and(|word| affix::initials(word).is_some_and(|i| i.count() > 1)) {
        let split: Vec<String> = words.iter().flat_map(|word| initials(word)).collect();
        let split: Vec<&str> = split.iter().map(String::as_str).collect();
        name.given = case::given(split.get(..1).unwrap_or_default());
        name.middle = case::given(split.get(1..).unwrap_or_default());
        return;
    }
    name.given = case::given(words.get(..1).unwrap_or_default());
    name.middle = case::given(words.get(1..).unwrap_or_default());
}

/// Takes titles off the front and suffixes off the end; one word always stays.
fn take_affixes(words: &mut Words<'_>, name: &mut PersonName) {
    let mut titles = 0;
    while titles + 1 < words.len()
        && let Some(title) = words.get(titles).and_then(|word| affix::title(word))
    {
        let all = name.title.get_or_insert_default();
        if !all.is_empty() {
            all.push(' ');
        }
        all.push_str(title);
        titles += 1;
        // "Mr and Mrs Smith"
        if words.get(titles).is_some_and(|word| affix::is_and(word)) && titles + 2 < words.len() {
            titles += 1;
        }
    }
    words.drain(..titles);
    while words.len() > 1
        && let Some(suffix) = words.last().and_then(|word| affix::suffix_at_end(word, words.len()))
    {
        add_suffix(name, Some(suffix));
        words.pop();
    }
}

/// A suffix of the line (Jr, III) tells father and son apart and goes before a degree.
fn add_suffix(name: &mut PersonName, suffix: Option<&'static str>) {
    if let Some(suffix) = suffix
        && (name.suffix.is_none()
            || affix::is_generational(suffix)
            || !name.suffix.as_deref().is_some_and(affix::is_generational))
    {
        name.suffix = Some(suffix.to_owned());
    }
}

fn take_birth_family(words: &mut Words<'_>, name: &mut PersonName) {
    if let Some(at) =
        words.iter().position(|word| affix::is_birth_marker(word)).filter(|at| *at > 0 && at + 1 < words.len())
    {
        name.birth_family = case::family(words.get(at + 1..).unwrap_or_default());
        words.truncate(at);
    }
}

/// `John "Jack" Smith`, `Robert (Bob) Jones`.
fn take_quoted(cleaned: String, name: &mut PersonName) -> String {
    for (open, close) in [('"', '"'), ('(', ')'), ('“', '”')] {
        if let Some((before, rest)) = cleaned.split_once(open)
            && let Some((inside, after)) = rest.split_once(close)
            && (before.chars().any(char::is_alphabetic) || after.chars().any(char::is_alphabetic))
        {
            let mut inner = words(inside);
            if inner.first().is_some_and(|word| affix::is_birth_marker(word)) {
                inner.remove(0);
                name.birth_family = case::family(&inner);
            } else {
                name.nickname = case::given(&inner);
            }
            return text::clean(&format!("{before} {after}")).unwrap_or_default();
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Title | given | middle | family | suffix, as one line.
    fn check(raw: &str, expected: &str) {
        let name = parse_person(raw).unwrap_or_else(|| panic!("{raw} should be a name"));
        let parts = [&name.title, &name.given, &name.middle, &name.family, &name.suffix];
        let shown: Vec<&str> = parts.iter().map(|part| part.as_deref().unwrap_or("-")).collect();
        assert_eq!(shown.join(" | "), expected, "{raw}");
    }

    #[test]
    fn order_of_the_parts() {
        check("John Smith", "- | John | - | Smith | -");
        check("Smith, John", "- | John | - | Smith | -");
        check("SMITH,JOHN PAUL", "- | John | Paul | Smith | -");
        check("john paul george smith", "- | John | Paul George | Smith | -");
        check("Madonna", "- | Madonna | - | - | -");
        check("Mr Smith", "Mr | - | - | Smith | -");
        check("Smith,", "- | Smith | - | - | -");
        check("Jean-Luc Picard", "- | Jean-Luc | - | Picard | -");
        check("Иванова Мария Петровна", "- | Мария | Петровна | Иванова | -");
        check("Мария Петровна Иванова", "- | Мария | Петровна | Иванова | -");
        check("山田 太郎", "- | 太郎 | - | 山田 | -");
        check("王小明", "- | 小明 | - | 王 | -");
        check("김민수", "- | 민수 | - | 김 | -");
    }

    #[test]
    fn particles() {
        check("Vincent van Gogh", "- | Vincent | - | van Gogh | -");
        check("MARIA DE LA CRUZ LOPEZ", "- | Maria | - | de la Cruz Lopez | -");
        check("Berg, Jan van der", "- | Jan | - | van der Berg | -");
        check("van der Berg, Jan", "- | Jan | - | van der Berg | -");
        check("Ludwig von Mises", "- | Ludwig | - | von Mises | -");
        check("Osama bin Laden", "- | Osama | - | bin Laden | -");
        check("JILL ST. JOHN", "- | Jill | - | St. John | -");
        check("José Ortega y Gasset", "- | José | - | Ortega y Gasset | -");
        check("Van Morrison", "- | Van | - | Morrison | -");
        check("John E Smith", "- | John | E | Smith | -");
    }

    #[test]
    fn capitals() {
        check("SEAN O'BRIEN", "- | Sean | - | O'Brien | -");
        check("sean o’brien", "- | Sean | - | O'Brien | -");
        check("RONALD MCDONALD", "- | Ronald | - | McDonald | -");
        check("FLORA MACDONALD", "- | Flora | - | MacDonald | -");
        check("ANA MACHADO", "- | Ana | - | Machado | -");
        check("BEVERLY D'ANGELO", "- | Beverly | - | D'Angelo | -");
        check("ANNE SMITH-JONES", "- | Anne | - | Smith-Jones | -");
        check("Danny DeVito", "- | Danny | - | DeVito | -");
        check("ÉMILE ZOLA", "- | Émile | - | Zola | -");
    }

    #[test]
    fn titles_suffixes_and_what_else_is_no_name() {
        check("Dr. John Smith Jr.", "Dr | John | - | Smith | Jr");
        check("John Smith, Jr.", "- | John | - | Smith | Jr");
        check("Smith, John, III", "- | John | - | Smith | III");
        check("Smith Jr., John", "- | John | - | Smith | Jr");
        check("John Smith, Jr., MD", "- | John | - | Smith | Jr");
        check("John Smith PhD", "- | John | - | Smith | PhD");
        check("Frau Dr. med. Anna Weiß", "Frau Dr med | Anna | - | Weiß | -");
        check("Mme Claire Dupont", "Mme | Claire | - | Dupont | -");
        check("Mr and Mrs Smith", "Mr Mrs | - | - | Smith | -");
        check("J.R.R. Tolkien", "- | J | R R | Tolkien | -");
        check("J. Robert Oppenheimer", "- | J | Robert | Oppenheimer | -");
        check("Anna Meier geb. Schulz", "- | Anna | - | Meier | -");
        check("Robert (Bob) Jones", "- | Robert | - | Jones | -");
        check("Petra Meier-Schmidt, geb. Koch", "- | Petra | - | Meier-Schmidt | -");
        check("Schulz, Anna, geb. Koch", "- | Anna | - | Schulz | -");
        check("Familie Müller", "Familie | - | - | Müller | -");
        check("Prof. Dr. Dr. h.c. Karl Weiß", "Prof Dr Dr h.c. | Karl | - | Weiß | -");
        check("Pham, Minh", "- | Minh | - | Pham | -");
        assert_eq!(parse_person("Anna Meier geb. Schulz").and_then(|n| n.birth_family).as_deref(), Some("Schulz"));
        assert_eq!(parse_person("Petra Kurz, geb. Koch").and_then(|n| n.birth_family).as_deref(), Some("Koch"));
        assert_eq!(parse_person("Robert \"Bob\" Jones").and_then(|n| n.nickname).as_deref(), Some("Bob"));
        for raw in ["", "n/a", "NULL", "a@b.com", "12345", ",", "- -"] {
            assert_eq!(parse_person(raw), None, "{raw}");
        }
        check("Christopher Null", "- | Christopher | - | Null | -");
    }

    proptest! {
        #[test]
        fn never_panics(raw in ".{0,40}", words in "((dr|van|y|jr|\\(|\"|,|geb|III|J\\.R|o'|Mc|山|김) ?){0,7}") {
            for raw in [raw, words] {
                let _ = (parse_person(&raw), person_part(&raw), suffix(&raw));
            }
        }

        #[test]
        fn a_full_name_reads_back_the_same(given in "[A-Z][b-z]{2,8}", middle in "[A-Z][b-z]{2,8}", family in "(van |de la |O'|Mc)?[A-Z][b-z]{3,8}") {
            let full = format!("{given} {middle} {family}");
            if let Some(name) = parse_person(&full) {
                let again = parse_person(&name.full());
                prop_assert_eq!(again, Some(PersonName { title: None, ..name }));
            }
        }
    }
}
