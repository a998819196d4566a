//! What each column of a table holds: its name proposes, its values decide.

use super::column::{Column, Native, Shape, Table};
use super::region::percent;
use super::values::{self, DateFormats, ISO, date_formats};
use goldsmith_config::usual::column_name::{self, Header, Known, Part, Role};

/// A column with what it was found to hold.
#[derive(Debug, Clone)]
pub(super) struct Assessed {
    /// What it holds; nothing where neither name nor values say.
    pub(super) known: Option<Known>,
    /// What was seen, for the comment beside it.
    pub(super) seen: String,
    /// How its dates are written, where it holds dates.
    pub(super) dates: Option<DateFormats>,
}

impl Assessed {
    /// What the column holds.
    pub(super) fn role(&self) -> Option<Role> {
        self.known.as_ref().map(|known| known.role)
    }
}

/// Share of the values that has to agree with what the name says.
const CONFIRMED: f64 = 0.5;
/// Share of the values that speaks for itself, whatever the name says.
const SURE: f64 = 0.8;

/// Assesses the columns of a table, in their order.
pub(super) fn assess(table: &Table, region: &str) -> Vec<Assessed> {
    table.columns.iter().map(|column| assess_column(column, table, region)).collect()
}

fn assess_column(column: &Column, table: &Table, region: &str) -> Assessed {
    let unknown = |seen: &str| Assessed { known: None, seen: seen.to_owned(), dates: None };
    if column.filled() == 0 || column.distinct().is_empty() {
        return unknown("empty in the sample");
    }
    let by_name = column_name::read(&column.path);
    if by_name == Header::SomebodyElse {
        return unknown("about somebody else, by its name");
    }
    if let Shape::Objects(members) = &column.shape {
        let Some((role, share)) = role_of_objects(members, region) else { return unknown("a list of objects") };
        let known = Known { role, purpose: None, number: None, guessed: false };
        let seen = format!("a list; {} {}", percent(share), phrase(role, region));
        return Assessed { known: Some(known), seen, dates: None };
    }
    let mut note = String::new();
    if let Header::Known(known) = by_name {
        let (share, dates) = agreement(column, known.role, region);
        if share >= threshold(known.role) {
            let mut seen = match known.role {
                Role::FullName { .. } => name_order(column),
                _ => format!("{} {}", percent(share), phrase(known.role, region)),
            };
            match (&dates, column.native) {
                (Some(_), Native::Date | Native::Timestamp) => "typed so in the source".clone_into(&mut seen),
                (Some(dates), _) if dates.formats != [ISO] || known.role == Role::BirthDate => {
                    seen = date_phrase(dates, share)
                }
                _ => {}
            }
            return Assessed { known: Some(known), seen: with_gaps(&seen, column, table), dates };
        }
        note = format!("named so, but only {} {}", percent(share), phrase(known.role, region));
    }
    // Values that speak for themselves win over a name that does not fit them, or says nothing.
    let is_text = column.native == Native::Text;
    let of = |role| Some(Known { role, purpose: None, number: None, guessed: true });
    let emails = column.share(values::is_email).unwrap_or(0.0);
    if is_text && emails >= SURE {
        let seen = with_gaps(&format!("{} look like e-mail addresses", percent(emails)), column, table);
        return Assessed { known: of(Role::Email), seen, dates: None };
    }
    let phones = column.share(|value| values::is_surely_phone(value, region)).unwrap_or(0.0);
    let dates = date_formats(column, region);
    if is_text && phones >= SURE && dates.is_none() {
        let seen = with_gaps(&format!("{} {}", percent(phones), phrase(Role::Phone, region)), column, table);
        return Assessed { known: of(Role::Phone), seen, dates: None };
    }
    Assessed { dates: dates.filter(|dates| dates.share >= SURE), ..unknown(&note) }
}

/// Share of the values that fit the role, and how dates are written where it is one of dates.
fn agreement(column: &Column, role: Role, region: &str) -> (f64, Option<DateFormats>) {
    let share = |holds: &dyn Fn(&str) -> bool| column.share(holds).unwrap_or(0.0);
    let distinct = column.distinct().len();
    let score = match role {
        Role::Email => share(&values::is_email),
        Role::Phone | Role::Fax => share(&|value| values::is_phone(value, region)),
        Role::BirthDate | Role::ValidFrom | Role::ValidTo => {
            let dates = date_formats(column, region);
            return (dates.as_ref().map_or(0.0, |dates| dates.share), dates);
        }
        Role::Updated(_) => {
            let dates = date_formats(column, region);
            let formats = dates.as_ref().map(|dates| dates.formats.clone()).unwrap_or_default();
            let moments = match column.native {
                Native::Date | Native::Timestamp => 1.0,
                _ => share(&|value| values::is_moment(value, &formats)),
            };
            return (moments, dates);
        }
        Role::FullName { .. } | Role::Given | Role::Family | Role::PreviousFamily => share(&values::is_name),
        Role::Middle => share(&values::is_name),
        Role::Title => share(&values::is_title),
        Role::Suffix => share(&|value| goldsmith_standardize::name::suffix(value).is_some()),
        Role::Organisation | Role::Address(Part::Locality | Part::Region | Part::Street) => share(&values::has_letters),
        // A code for "unknown" beside two others is one of three, but that of few rows.
        Role::Gender => column.share_of_rows(is_gender).unwrap_or(0.0),
        Role::Language => share(&|value| goldsmith_standardize::country::language(value).is_some()),
        Role::Website => share(&|value| value.contains('.') && !value.contains(['@', ' '])),
        Role::Lifecycle => f64::from(u8::from(column.native == Native::Text && distinct <= MOST_STAGES)),
        Role::CustomerType => f64::from(u8::from(distinct <= MOST_STAGES)),
        Role::Address(Part::Line1 | Part::Line2) => share(&|value| value.chars().any(char::is_alphabetic)),
        Role::Address(Part::HouseNumber) => share(&|value| values::has_digits(value) && value.len() <= 12),
        Role::Address(Part::Unit) => share(&|value| value.len() <= 24),
        Role::Address(Part::Postcode) => share(&values::is_postcode),
        Role::Address(Part::Country) => share(&values::is_country),
        Role::BirthYear => share(&|value| value.parse().is_ok_and(|year: u32| (1850..=2100).contains(&year))),
        Role::BirthMonth => share(&|value| value.parse().is_ok_and(|month: u32| (1..=12).contains(&month))),
        Role::BirthDay => share(&|value| value.parse().is_ok_and(|day: u32| (1..=31).contains(&day))),
        Role::Identifier(_) => share(&values::has_digits),
        Role::Consent => {
            if column.native == Native::Boolean || distinct <= 4 {
                share(&values::is_answer)
            } else {
                0.0
            }
        }
        Role::Origin => 1.0,
    };
    (score, None)
}

fn is_gender(value: &str) -> bool {
    goldsmith_standardize::gender::parse(value).is_some()
}

/// Different values a status may have.
const MOST_STAGES: usize = 12;

fn threshold(role: Role) -> f64 {
    match role {
        // Short words and numbers fit these by accident.
        Role::Gender | Role::Language | Role::Consent | Role::Lifecycle | Role::CustomerType => SURE,
        Role::BirthYear | Role::BirthMonth | Role::BirthDay | Role::Updated(_) => SURE,
        _ => CONFIRMED,
    }
}

fn phrase(role: Role, region: &str) -> String {
    let text = match role {
        Role::Email => "look like e-mail addresses",
        Role::Phone | Role::Fax => return format!("look like phone numbers ({region})"),
        Role::BirthDate | Role::ValidFrom | Role::ValidTo => "are dates",
        Role::Updated(_) => "are points in time",
        Role::FullName { .. } | Role::Given | Role::Family | Role::PreviousFamily | Role::Middle => "look like names",
        Role::Title => "are titles",
        Role::Suffix => "are suffixes",
        Role::Organisation => "are words",
        Role::Gender => "say a gender",
        Role::Language => "say a language",
        Role::Website => "look like web addresses",
        Role::Lifecycle | Role::CustomerType => "are one of a few words",
        Role::Address(Part::Postcode) => "look like postcodes",
        Role::Address(Part::Country) => "are countries",
        Role::Address(Part::HouseNumber | Part::Unit) => "are numbers",
        Role::Address(_) => "are words",
        Role::BirthYear | Role::BirthMonth | Role::BirthDay => "are in range",
        Role::Identifier(_) => "hold digits",
        Role::Consent => "are a yes or no",
        Role::Origin => "are a source",
    };
    text.to_owned()
}

fn date_phrase(dates: &DateFormats, share: f64) -> String {
    let formats = dates.formats.join(" or ");
    let doubt = if dates.ambiguous { "; day or month first is a guess" } else { "" };
    format!("{} are dates like {formats}{doubt}", percent(share))
}

/// How whole names are written.
fn name_order(column: &Column) -> String {
    let commas = column.share(|value| value.contains(',')).unwrap_or(0.0);
    if commas >= CONFIRMED {
        format!("{} are written \"Family, Given\"", percent(commas))
    } else {
        format!("{} look like names", percent(column.share(values::is_name).unwrap_or(0.0)))
    }
}

/// Adds how much is empty, where it is much.
#[expect(clippy::cast_precision_loss, reason = "a sample is small")]
fn with_gaps(seen: &str, column: &Column, table: &Table) -> String {
    let empty = 1.0 - column.filled() as f64 / table.rows.max(1) as f64;
    if empty >= 0.5 { format!("{seen}; {} of the rows have none", percent(empty)) } else { seen.to_owned() }
}

/// What a list of objects holds, by those members that the normaliser knows the names of.
fn role_of_objects(members: &[Column], region: &str) -> Option<(Role, f64)> {
    let share_of = |names: &[&str], holds: &dyn Fn(&str) -> bool| {
        let member =
            members.iter().find(|member| member.path.first().is_some_and(|name| names.contains(&name.as_str())));
        member.and_then(|member| member.share(holds)).filter(|share| *share >= CONFIRMED)
    };
    let emails = share_of(&["value", "email", "address"], &values::is_email);
    let phones = share_of(&["number", "phone", "value"], &|value| values::is_phone(value, region));
    let postcodes = share_of(&["postcode", "postal_code", "zip"], &values::is_postcode);
    let street = || share_of(&["line1", "street"], &values::has_letters);
    emails
        .map(|share| (Role::Email, share))
        .or(phones.map(|share| (Role::Phone, share)))
        .or_else(|| postcodes.or_else(street).map(|share| (Role::Address(Part::Line1), share)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str, values: &[&str], region: &str) -> Option<Role> {
        let column = Column::text(name, values);
        let table = Table { name: "t".to_owned(), rows: values.len(), columns: vec![column] };
        assess(&table, region).first().and_then(Assessed::role)
    }

    #[test]
    fn values_confirm_the_name() {
        for (name, values, expected) in [
            ("email", vec!["a@example.com", "b@example.com"], Some(Role::Email)),
            ("email", vec!["yes", "no"], None),
            ("genre", vec!["rock", "jazz"], None),
            ("gender", vec!["F", "M"], Some(Role::Gender)),
            ("title", vec!["Mr", "Mrs"], Some(Role::Title)),
            ("title", vec!["Selective sampling", "Machine learning"], None),
            ("dob", vec!["19280418", "19881005"], Some(Role::BirthDate)),
            ("dob", vec!["young", "old"], None),
            ("status", vec!["active", "lapsed"], Some(Role::Lifecycle)),
            ("address", vec!["", ""], None),
            ("spouse_email", vec!["a@example.com"], None),
            ("newsletter", vec!["Y", "N"], Some(Role::Consent)),
            ("newsletter", vec!["The Weekly", "The Monthly", "Other", "None of it", "More"], None),
        ] {
            assert_eq!(role(name, &values, "GB"), expected, "{name} {values:?}");
        }
    }

    #[test]
    fn values_win_over_names() {
        assert_eq!(role("column_3", &["a@example.com", "b@example.org"], "GB"), Some(Role::Email));
        assert_eq!(role("Kontakt", &["+49 30 901820", "+49 151 76419366"], "DE"), Some(Role::Phone));
        assert_eq!(role("amount", &["2079460018", "2079460019"], "GB"), None, "a number is not yet a phone number");
    }

    #[test]
    fn comments_hold_shares_and_no_values() {
        let column = Column::text("email", &["ada@example.com", "", ""]);
        let table = Table { name: "t".to_owned(), rows: 3, columns: vec![column] };
        let assessed = assess(&table, "GB");
        assert_eq!(assessed[0].seen, "100% look like e-mail addresses; 67% of the rows have none");
    }
}
