//! What the name of a column says it holds, in English, German, French, Spanish and a little Italian and Dutch.
//!
//! A name is taken apart into words (`BillTo_ZipCode2` → bill, to, zip, code, 2), the words that say whose or which one
//! it is are set aside, and what remains is looked up.

use goldsmith_standardize::text;

use super::dictionary::look_up;

/// What a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A person's whole name; `weak` where the word is also said of things (`name`).
    FullName {
        weak: bool,
    },
    Title,
    Given,
    Middle,
    Family,
    PreviousFamily,
    Suffix,
    Organisation,
    BirthDate,
    BirthYear,
    BirthMonth,
    BirthDay,
    Gender,
    Language,
    Lifecycle,
    Website,
    Email,
    Phone,
    Fax,
    Address(Part),
    /// A number somebody issued, with its type.
    Identifier(&'static str),
    /// When the record changed; the smaller the rank, the better it says so.
    Updated(u8),
    Consent,
    /// A kind of customer: person or company.
    CustomerType,
    ValidFrom,
    ValidTo,
    /// Where a merged file took the row from.
    Origin,
}

/// A part of a postal address, by its name in a pipeline file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Line1,
    Line2,
    HouseNumber,
    Street,
    Unit,
    Locality,
    Region,
    Postcode,
    Country,
}

impl Part {
    /// The name in a pipeline file.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Line1 => "line1",
            Self::Line2 => "line2",
            Self::HouseNumber => "house_number",
            Self::Street => "street",
            Self::Unit => "unit",
            Self::Locality => "locality",
            Self::Region => "region",
            Self::Postcode => "postcode",
            Self::Country => "country",
        }
    }
}

/// What a column's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Header {
    Known(Known),
    /// It is about somebody else: a spouse, a dependent, the employer's street.
    SomebodyElse,
    Unknown,
}

/// A name that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub role: Role,
    /// What it is for: `billing`, `mobile`, `work`.
    pub purpose: Option<&'static str>,
    /// The 2 of `email_2`.
    pub number: Option<u32>,
    /// An unknown word before it was passed over.
    pub guessed: bool,
}

/// The words of a name, folded, with numbers apart.
#[must_use]
pub fn words(path: &[String]) -> Vec<String> {
    let mut spaced = String::new();
    for name in path {
        let mut last = ' ';
        for letter in name.chars() {
            let camel = last.is_lowercase() && letter.is_uppercase();
            let number = last.is_ascii_digit() != letter.is_ascii_digit() && last.is_alphanumeric();
            if camel || number {
                spaced.push(' ');
            }
            // The fold drops apostrophes and would glue what they part.
            spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
            last = letter;
        }
        spaced.push(' ');
    }
    let folded = text::fold(&spaced);
    let mut words: Vec<String> = Vec::new();
    let mut initials = false;
    for word in folded.split(' ').filter(|word| !word.is_empty()) {
        let initial = word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_lowercase());
        match words.last_mut() {
            // `D.N.I.` is one word.
            Some(last) if initial && initials => last.push_str(word),
            _ => words.push(if word == "nm" { "name" } else { word }.to_owned()),
        }
        initials = initial;
    }
    words
}

/// Reads the name of a column, given with the names of the objects around it.
#[must_use]
pub fn read(path: &[String]) -> Header {
    let words = words(path);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if is_consent(&words) {
        return known(Role::Consent, None, None, false);
    }
    if let Some(at) = words.iter().position(|word| SOMEBODY_ELSE.contains(word)) {
        let employer = matches!(words.get(at..), Some(["employer"] | ["employer", "name"]));
        return if employer { known(Role::Organisation, Some("employer"), None, false) } else { Header::SomebodyElse };
    }
    if let Some((role, purpose)) = resolve(&words) {
        return known(role, purpose, None, false);
    }
    let (number, bare) = match words.split_last() {
        Some((last, rest)) if !rest.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) => {
            (last.parse().ok(), rest)
        }
        _ => (None, words.as_slice()),
    };
    if let Some((role, purpose)) = resolve(bare) {
        return match (role, number) {
            (Role::Address(Part::Line1), Some(2)) => known(Role::Address(Part::Line2), purpose, None, false),
            (Role::Address(Part::Line1), Some(3..)) => Header::Unknown,
            (Role::Address(Part::Line1), _) => known(role, purpose, None, false),
            _ => known(role, purpose, number, false),
        };
    }
    // An unknown first word is often the system's own prefix; what is said of things as well is not guessed at.
    for start in 1..bare.len() {
        if let Some((role, purpose)) = bare.get(start..).and_then(resolve)
            && !matches!(
                role,
                Role::FullName { weak: true } | Role::Title | Role::Organisation | Role::Origin | Role::Lifecycle
            )
        {
            return known(role, purpose, number, true);
        }
    }
    Header::Unknown
}

fn known(role: Role, purpose: Option<&'static str>, number: Option<u32>, guessed: bool) -> Header {
    Header::Known(Known { role, purpose, number, guessed })
}

/// Looks the words up, without those at the front that say whose or which one it is.
fn resolve(words: &[&str]) -> Option<(Role, Option<&'static str>)> {
    if words.is_empty() {
        return None;
    }
    if let Some((role, purpose)) = look_up(&words.join("_")) {
        return Some((role, purpose));
    }
    let (first, rest) = words.split_first()?;
    if OWNER.contains(first) {
        return resolve(rest);
    }
    if let Some((_, purpose)) = PURPOSES.iter().find(|(word, _)| word == first) {
        let rest = rest.strip_prefix(&["to"]).unwrap_or(rest);
        return resolve(rest).map(|(role, inner)| (role, inner.or(Some(purpose))));
    }
    let (role, purpose) = match *first {
        "address" | "addr" | "adresse" | "anschrift" | "direccion" | "location" => resolve(rest)?,
        "name" if matches!(rest, ["first" | "last" | "given" | "family" | "middle" | "prefix" | "suffix" | "full"]) => {
            resolve(rest)?
        }
        _ => return None,
    };
    let inside = matches!(role, Role::Address(_)) || *first == "name";
    inside.then_some((role, purpose))
}

/// Whether a column holds a yes or no about being contacted.
fn is_consent(words: &[&str]) -> bool {
    const SAYS_SO: [&str; 13] = [
        "consent",
        "consents",
        "optin",
        "optout",
        "opted",
        "newsletter",
        "subscribed",
        "permission",
        "einwilligung",
        "werbeerlaubnis",
        "unsubscribed",
        "consentement",
        "consentimiento",
    ];
    words.iter().any(|word| SAYS_SO.contains(word))
        || words.windows(2).any(|pair| matches!(pair, ["opt", "in" | "out"] | ["do", "not"]))
}

/// Words that say whose column it is, where it is the customer's own.
const OWNER: [&str; 28] = [
    "customer",
    "customers",
    "cust",
    "client",
    "contact",
    "person",
    "personal",
    "member",
    "patient",
    "pat",
    "user",
    "account",
    "acct",
    "subscriber",
    "applicant",
    "kunde",
    "kunden",
    "klient",
    "mitglied",
    "persona",
    "cliente",
    "socio",
    "main",
    "primary",
    "profile",
    "guest",
    "buyer",
    "holder",
];

/// Words that say it is about somebody else.
const SOMEBODY_ELSE: [&str; 36] = [
    "spouse",
    "partner",
    "dependent",
    "dependant",
    "father",
    "mother",
    "parent",
    "child",
    "husband",
    "wife",
    "emergency",
    "employer",
    "guardian",
    "kin",
    "referrer",
    "referred",
    "agent",
    "manager",
    "doctor",
    "physician",
    "sender",
    "author",
    "authors",
    "editor",
    "assigned",
    "salesperson",
    "staff",
    "director",
    "executive",
    "beneficiary",
    "landlord",
    "witness",
    "sibling",
    "advisor",
    "vater",
    "mutter",
];

/// Words that say what an address, e-mail or phone is for.
const PURPOSES: [(&str, &str); 27] = [
    ("billing", "billing"),
    ("bill", "billing"),
    ("invoice", "billing"),
    ("rechnung", "billing"),
    ("rechnungs", "billing"),
    ("facturation", "billing"),
    ("shipping", "delivery"),
    ("ship", "delivery"),
    ("delivery", "delivery"),
    ("lieferung", "delivery"),
    ("liefer", "delivery"),
    ("livraison", "delivery"),
    ("mailing", "mailing"),
    ("postal", "mailing"),
    ("correspondence", "mailing"),
    ("home", "home"),
    ("private", "home"),
    ("privat", "home"),
    ("residential", "home"),
    ("residence", "home"),
    ("permanent", "home"),
    ("current", "home"),
    ("work", "work"),
    ("office", "work"),
    ("business", "work"),
    ("registered", "registered"),
    ("legal", "registered"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Header {
        read(&name.split('>').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_of_every_notation() {
        for (name, expected) in [
            ("BillTo_ZipCode2", vec!["bill", "to", "zip", "code", "2"]),
            ("Email Address", vec!["email", "address"]),
            ("line1", vec!["line", "1"]),
            ("Geb.-Datum", vec!["geb", "datum"]),
            ("PRÉNOM", vec!["prenom"]),
            ("CustomerID", vec!["customer", "id"]),
            ("Straße", vec!["strasse"]),
            ("n°", vec!["n"]),
            ("D.N.I.", vec!["dni"]),
            ("PAT_LAST_NM", vec!["pat", "last", "name"]),
        ] {
            assert_eq!(words(&[name.to_owned()]), expected, "{name}");
        }
    }

    #[test]
    fn names_in_several_languages() {
        for (name, role) in [
            ("first_name", Role::Given),
            ("Vorname", Role::Given),
            ("Prénom", Role::Given),
            ("name>first", Role::Given),
            ("fname_c1", Role::Given),
            ("cust_surname", Role::Family),
            ("Nachname", Role::Family),
            ("apellidos", Role::Family),
            ("lastName", Role::Family),
            ("holder", Role::FullName { weak: false }),
            ("contact>name", Role::FullName { weak: false }),
            ("member>name", Role::FullName { weak: true }),
            ("Geburtsdatum", Role::BirthDate),
            ("DOB", Role::BirthDate),
            ("Fec. Nac.", Role::BirthDate),
            ("Apellidos y Nombre", Role::FullName { weak: false }),
            ("Tlf. contacto", Role::Phone),
            ("Cod. Postal", Role::Address(Part::Postcode)),
            ("D.N.I.", Role::Identifier("national_id")),
            ("PAT_LAST_NM", Role::Family),
            ("by", Role::BirthYear),
            ("E-Mail", Role::Email),
            ("contact>emails", Role::Email),
            ("guest_email", Role::Email),
            ("Telefon", Role::Phone),
            ("address_1", Role::Address(Part::Line1)),
            ("address_2", Role::Address(Part::Line2)),
            ("addressLine1", Role::Address(Part::Line1)),
            ("bill_to_line2", Role::Address(Part::Line2)),
            ("house_no", Role::Address(Part::HouseNumber)),
            ("mailing_address_street_number", Role::Address(Part::HouseNumber)),
            ("mailing_address_street_name", Role::Address(Part::Street)),
            ("address>zip", Role::Address(Part::Postcode)),
            ("PLZ", Role::Address(Part::Postcode)),
            ("suburb", Role::Address(Part::Locality)),
            ("soc_sec_id", Role::Identifier("social_security")),
            ("company_reg_no", Role::Identifier("company_registration")),
            ("Firma", Role::Organisation),
            ("employer_name", Role::Organisation),
            ("last_ticket_at", Role::Updated(2)),
            ("Last Modified", Role::Updated(0)),
            ("consent>marketing_email", Role::Consent),
            ("marketing opt-in", Role::Consent),
            ("account_type", Role::CustomerType),
            ("Source", Role::Origin),
        ] {
            assert!(matches!(of(name), Header::Known(known) if known.role == role), "{name}: {:?}", of(name));
        }
    }

    #[test]
    fn purposes_and_numbers() {
        for (name, purpose, number) in [
            ("email_2", None, Some(2)),
            ("work_email", Some("work"), None),
            ("mobile", Some("mobile"), None),
            ("landline", Some("home"), None),
            ("bill_to_city", Some("billing"), None),
            ("shipping_zip", Some("delivery"), None),
            ("postal_code", None, None),
        ] {
            let Header::Known(known) = of(name) else { panic!("{name} is not known") };
            assert_eq!((known.purpose, known.number), (purpose, number), "{name}");
        }
    }

    #[test]
    fn others_and_things_are_not_the_customer() {
        for name in ["spouse_first_name", "dependent_1_ssn", "employer_zipcode", "Executive Director", "parent_email"] {
            assert_eq!(of(name), Header::SomebodyElse, "{name}");
        }
        for name in ["Site name", "Program Name", "album_title", "points", "tier", "balance", "", "Length of Day"] {
            assert_eq!(of(name), Header::Unknown, "{name}");
        }
    }
}
