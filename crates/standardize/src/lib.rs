//! Pure functions that bring one value of a customer record into its standard form.
//!
//! Every function takes text as found in a source system and gives its normal form, or `None` where there is nothing
//! to keep. Nothing here reads files, looks at the clock or knows about tables: the same input gives the same bytes
//! on every machine, and no input panics.
//!
//! ```
//! use goldsmith_standardize::{email, name, phone};
//!
//! let person = name::parse_person("O'BRIEN, MARY ANN").unwrap();
//! assert_eq!((person.given.as_deref(), person.family.as_deref()), (Some("Mary"), Some("O'Brien")));
//! assert_eq!(phone::parse("(202) 555-0173 x9", "US").unwrap().e164, "+12025550173");
//! assert_eq!(email::parse(" Mary@Example.COM ", email::AliasRules::Keep).unwrap().address, "mary@example.com");
//! ```
//!
//! | module | what it brings into standard form |
//! |---|---|
//! | [`text`] | any text: display form (`clean`) and match form (`fold`) |
//! | [`placeholder`] | values that stand for "nothing": n/a, xxx, 000-000-0000 |
//! | [`name`] | names of persons, nicknames |
//! | [`phonetic`] | sound codes of folded names |
//! | [`phone`] | phone numbers to E.164 |
//! | [`email`] | e-mail addresses |
//! | [`address`] | postal addresses |
//! | [`date`] | dates and timestamps |
//! | [`country`] | countries and languages to their codes |
//! | [`organisation`] | names of organisations and their legal forms |
//! | [`gender`] | gender in many languages |
//! | [`identifier`], [`mask`] | keys and numbers; values made safe for a report |
//!
//! Deliberately absent: repair of mojibake, guessing of a missing part, and any choice between two sources. Those
//! need more than one value to decide.

pub mod address;
pub mod country;
pub mod date;
pub mod email;
pub mod gender;
pub mod identifier;
pub mod mask;
pub mod name;
pub mod organisation;
pub mod phone;
pub mod phonetic;
pub mod placeholder;
pub mod text;

mod key;
