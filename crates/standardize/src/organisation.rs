//! Names of organisations: legal form apart, the rest as it is compared.

use std::sync::LazyLock;

use hashbrown::HashMap;

use crate::{
    placeholder::{PlaceholderKind, is_placeholder},
    text,
};

/// An organisation's name in standard form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organisation {
    /// The name for display, legal form included, capitals restored where it was written in one case.
    pub name: String,
    /// The name for comparison: folded, without legal form, "the" and "and", abbreviations written out.
    pub core: String,
    /// The legal form in its usual writing (`GmbH`, `Ltd`), where the name ends (or begins) with one.
    pub legal_form: Option<String>,
}

/// Takes the name of an organisation apart. `None` for placeholders and names without letters or digits.
///
/// ```
/// use goldsmith_standardize::organisation::parse;
/// let org = parse("Müller & Söhne G.m.b.H. & Co. KG").unwrap();
/// assert_eq!((org.core.as_str(), org.legal_form.as_deref()), ("muller sohne", Some("GmbH & Co. KG")));
/// let org = parse("ACME INTL. BROS., INC.").unwrap();
/// assert_eq!(org.core, "acme international brothers");
/// assert_eq!(org.name, "Acme Intl. Bros., Inc.");
/// assert_eq!(parse("Smith and Jones Limited").unwrap().core, parse("Smith & Jones Ltd").unwrap().core);
/// ```
#[must_use]
pub fn parse(value: &str) -> Option<Organisation> {
    let cleaned = text::clean(value)?;
    if is_placeholder(PlaceholderKind::Text, &cleaned) {
        return None;
    }
    let folded = text::fold(&cleaned);
    if folded.is_empty() {
        return None;
    }
    let mut words: Vec<&str> = folded.split(' ').collect();
    let legal_form = take_legal_form(&mut words);
    let core = core_of(&words);
    let core = if core.is_empty() { folded.clone() } else { core };
    Some(Organisation { name: display(&cleaned), core, legal_form: legal_form.map(str::to_owned) })
}

/// Removes every legal form at the end, and one at the start; the last form found first names it. At least one word
/// always stays.
fn take_legal_form(words: &mut Vec<&str>) -> Option<&'static str> {
    let mut found = None;
    loop {
        let before = words.len();
        for width in (1..=LONGEST_FORM.min(before.saturating_sub(1))).rev() {
            let tail = words.get(before - width..).unwrap_or_default();
            if let Some(form) = lookup(tail) {
                found = found.or(Some(form));
                words.truncate(before - width);
                break;
            }
        }
        if words.len() == before {
            break;
        }
    }
    if found.is_none() && words.len() > 1 {
        found = words.first().and_then(|first| LEADING.iter().find(|(word, _)| word == first)).map(|(_, form)| *form);
        if found.is_some() {
            words.remove(0);
        }
    }
    found
}

fn lookup(words: &[&str]) -> Option<&'static str> {
    match words {
        [one] => FORMS.get(*one).copied(),
        _ => FORMS.get(words.join(" ").as_str()).copied(),
    }
}

fn core_of(words: &[&str]) -> String {
    let mut core = String::new();
    for (index, word) in words.iter().enumerate() {
        if (index == 0 && *word == "the" && words.len() > 1) || matches!(*word, "and" | "und" | "et") {
            continue;
        }
        if !core.is_empty() {
            core.push(' ');
        }
        core.push_str(ABBREVIATIONS.iter().find(|(short, _)| short == word).map_or(*word, |(_, long)| long));
    }
    core
}

/// A name all in capitals gets small letters only where it is too long to be an abbreviation; short
/// words without a vowel keep their capitals (`BMW Motors`).
fn display(cleaned: &str) -> String {
    if !text::is_one_case(cleaned) || !(cleaned.chars().any(char::is_lowercase) || is_shouted(cleaned)) {
        return cleaned.to_owned();
    }
    let mut name = String::with_capacity(cleaned.len());
    for (index, word) in cleaned.split(' ').enumerate() {
        if index > 0 {
            name.push(' ');
        }
        let letters = word.trim_matches(|c: char| !c.is_alphanumeric());
        let folded = text::fold(letters);
        if let Some(form) = FORMS.get(folded.as_str()).filter(|form| index > 0 && form.len() == letters.len()) {
            let (before, after) = word.split_once(letters).unwrap_or_default();
            name.push_str(before);
            name.push_str(form);
            name.push_str(after);
        } else if index > 0 && matches!(folded.as_str(), "and" | "of" | "the" | "und" | "et" | "for") {
            name.push_str(&folded);
        } else if letters.len() <= 4
            && !folded.bytes().any(|b| b"aeiouy".contains(&b))
            && word.chars().any(char::is_uppercase)
        {
            name.push_str(word);
        } else {
            text::push_title_word(word, &mut name);
        }
    }
    name
}

/// A word of five letters, or three words: more than an abbreviation.
fn is_shouted(value: &str) -> bool {
    value.split(' ').count() > 2 || value.split(|c: char| !c.is_alphanumeric()).any(|word| word.chars().count() >= 5)
}

const LONGEST_FORM: usize = 6;

static FORMS: LazyLock<HashMap<&'static str, &'static str>> = LazyLock::new(|| {
    LEGAL_FORMS.iter().flat_map(|(form, spellings)| spellings.iter().map(|spelling| (*spelling, *form))).collect()
});

/// Forms that stand before the name.
const LEADING: &[(&str, &str)] =
    &[("ooo", "OOO"), ("oao", "OAO"), ("zao", "ZAO"), ("uab", "UAB"), ("sia", "SIA"), ("pt", "PT"), ("fa", "Fa.")];

/// The usual writing of each legal form, and the folded spellings that mean it.
const LEGAL_FORMS: &[(&str, &[&str])] = &[
    ("Ltd", &["ltd", "limited", "l t d", "co ltd", "co limited", "company limited"]),
    ("PLC", &["plc", "p l c", "public limited company"]),
    ("LLP", &["llp", "l l p", "limited liability partnership"]),
    ("LLC", &["llc", "l l c", "limited liability company"]),
    ("LP", &["lp", "l p", "limited partnership"]),
    ("Inc", &["inc", "incorporated", "i n c"]),
    ("Corp", &["corp", "corporation"]),
    ("Co", &["co", "company", "cie", "compagnie"]),
    ("PC", &["p c", "professional corporation"]),
    ("PLLC", &["pllc", "p l l c"]),
    ("Pty Ltd", &["pty", "pty ltd", "pty limited", "proprietary limited"]),
    ("Pvt Ltd", &["pvt", "pvt ltd", "private limited", "pvt limited", "p ltd"]),
    ("Pte Ltd", &["pte", "pte ltd", "pte limited"]),
    ("Sdn Bhd", &["sdn bhd", "bhd"]),
    ("GmbH", &["gmbh", "g m b h", "mbh", "ges m b h", "gesmbh", "gesellschaft mit beschrankter haftung"]),
    ("gGmbH", &["ggmbh"]),
    ("GmbH & Co. KG", &["gmbh co kg", "g m b h co kg", "gmbh und co kg", "gmbh cokg", "gmbh co"]),
    ("UG", &["ug", "ug haftungsbeschrankt"]),
    ("AG", &["ag", "a g", "aktiengesellschaft"]),
    ("AG & Co. KG", &["ag co kg"]),
    ("KG", &["kg", "kommanditgesellschaft", "co kg", "und co kg"]),
    ("KGaA", &["kgaa", "ag co kgaa", "se co kgaa"]),
    ("OHG", &["ohg", "o h g"]),
    ("GbR", &["gbr", "g b r"]),
    ("e.K.", &["ek", "e k", "e kfm", "e kfr"]),
    ("e.V.", &["ev", "e v"]),
    ("eG", &["eg", "e g"]),
    ("SE", &["se"]),
    ("SA", &["sa", "s a", "societe anonyme", "sociedad anonima"]),
    ("SARL", &["sarl", "s a r l", "s a rl"]),
    ("SAS", &["sas", "s a s"]),
    ("SASU", &["sasu"]),
    ("EURL", &["eurl", "e u r l"]),
    ("SNC", &["snc", "s n c"]),
    ("SCI", &["sci"]),
    ("SL", &["sl", "s l", "sociedad limitada"]),
    ("SLU", &["slu", "s l u"]),
    ("SA de CV", &["sa de cv", "s a de c v"]),
    ("S de RL de CV", &["s de rl de cv", "s de r l de c v"]),
    ("SpA", &["spa", "s p a"]),
    ("Srl", &["srl", "s r l", "srls"]),
    ("BV", &["bv", "b v", "besloten vennootschap"]),
    ("NV", &["nv", "n v"]),
    ("VOF", &["vof", "v o f"]),
    ("BVBA", &["bvba"]),
    ("Oy", &["oy"]),
    ("Oyj", &["oyj"]),
    ("Oy Ab", &["oy ab"]),
    ("AB", &["ab", "a b", "aktiebolag"]),
    ("A/S", &["a s"]),
    ("AS", &["as"]),
    ("ApS", &["aps"]),
    ("ASA", &["asa"]),
    ("Lda", &["lda", "limitada", "ltda"]),
    (
        "Sp. z o.o.",
        &["sp z o o", "sp zoo", "spzoo", "sp z oo", "spolka z o o", "spolka z ograniczona odpowiedzialnoscia"],
    ),
    ("Sp. z o.o. sp.k.", &["sp z o o sp k", "sp z o o spk"]),
    ("Sp.j.", &["sp j", "spolka jawna"]),
    ("S.A.", &["spolka akcyjna"]),
    ("s.r.o.", &["sro", "s r o", "spol s r o"]),
    ("a.s.", &["akciova spolecnost"]),
    ("Kft", &["kft"]),
    ("Zrt", &["zrt"]),
    ("d.o.o.", &["doo", "d o o"]),
    ("OÜ", &["ou"]),
    ("KK", &["kk", "k k", "kabushiki kaisha"]),
];

const ABBREVIATIONS: &[(&str, &str)] = &[
    ("assoc", "associates"),
    ("assn", "association"),
    ("bldg", "building"),
    ("bros", "brothers"),
    ("centre", "center"),
    ("ctr", "center"),
    ("dept", "department"),
    ("dist", "distribution"),
    ("engr", "engineering"),
    ("eng", "engineering"),
    ("gebr", "gebruder"),
    ("govt", "government"),
    ("grp", "group"),
    ("hldg", "holding"),
    ("hldgs", "holdings"),
    ("hosp", "hospital"),
    ("inst", "institute"),
    ("int", "international"),
    ("intl", "international"),
    ("labs", "laboratories"),
    ("mfg", "manufacturing"),
    ("mgmt", "management"),
    ("mgt", "management"),
    ("mkt", "market"),
    ("natl", "national"),
    ("org", "organization"),
    ("organisation", "organization"),
    ("svc", "services"),
    ("svcs", "services"),
    ("sys", "systems"),
    ("tech", "technologies"),
    ("technology", "technologies"),
    ("univ", "university"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn legal_forms() {
        fn check(raw: &str, core: &str, form: Option<&str>) {
            let org = parse(raw).expect(raw);
            assert_eq!((org.core.as_str(), org.legal_form.as_deref()), (core, form), "{raw}");
        }
        check("Acme", "acme", None);
        check("Acme, Inc.", "acme", Some("Inc"));
        check("Acme Pty. Ltd.", "acme", Some("Pty Ltd"));
        check("Zakłady Mięsne Sp. z o.o.", "zaklady miesne", Some("Sp. z o.o."));
        check("Ferrari S.p.A.", "ferrari", Some("SpA"));
        check("Philips N.V.", "philips", Some("NV"));
        check("Nokia Oyj", "nokia", Some("Oyj"));
        check("The Coffee Company", "coffee", Some("Co"));
        check("Dupont et Fils SARL", "dupont fils", Some("SARL"));
        check("ООО Ромашка", "romashka", Some("OOO"));
        check("Tata Steel Pvt. Ltd.", "tata steel", Some("Pvt Ltd"));
        check("Bosch GmbH & Co. KG", "bosch", Some("GmbH & Co. KG"));
        check("Limited", "limited", None);
        check("Foo Holdings Co., Ltd.", "foo holdings", Some("Ltd"));
    }

    #[test]
    fn display_names() {
        fn check(raw: &str, expected: &str) {
            assert_eq!(parse(raw).expect(raw).name, expected);
        }
        check("IBM", "IBM");
        check("SIEMENS AG", "Siemens AG");
        check("acme gmbh", "Acme GmbH");
        check("BANK OF THE NORTH", "Bank of the North");
        check("eBay Inc.", "eBay Inc.");
        check("BMW MOTORS LTD", "BMW Motors Ltd");
    }

    #[test]
    fn nothing_to_keep() {
        for raw in ["", "n/a", "---", "unknown"] {
            assert_eq!(parse(raw), None, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(raw in ".{0,40}", words in "((ltd|gmbh|co|the|and|&|x) ?){0,6}") {
            let _ = (parse(&raw), parse(&words));
        }
    }
}
