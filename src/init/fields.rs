//! From assessed columns to the fields of a person or an organisation.

use std::collections::BTreeSet;

use goldsmith_config::model::Entity;
use goldsmith_standardize::gender;

use super::assess::Assessed;
use super::column::{Column, Native, Shape, Table};
use super::draft::{FieldDraft, Item, Noted};
use goldsmith_config::usual::column_name::{self, Header, Part, Role};

/// The fields of a record type, and the columns they use.
#[derive(Debug, Default)]
pub(super) struct Mapped {
    pub(super) fields: Vec<FieldDraft>,
    pub(super) used: BTreeSet<usize>,
}

/// A table as the mapping sees it.
pub(super) struct View<'a> {
    pub(super) table: &'a Table,
    pub(super) assessed: &'a [Assessed],
    /// Columns that are spoken for: the key, what a `where` asks.
    pub(super) taken: &'a [usize],
}

impl<'a> View<'a> {
    /// Columns of a role, the surest names first.
    pub(super) fn of(&self, wanted: impl Fn(Role) -> bool) -> Vec<(usize, &'a Column, &'a Assessed)> {
        let all = self.table.columns.iter().zip(self.assessed).enumerate();
        let mut found: Vec<_> = all
            .filter(|(at, (_, found))| !self.taken.contains(at) && found.role().is_some_and(&wanted))
            .map(|(at, (column, found))| (at, column, found))
            .collect();
        found.sort_by_key(|(at, _, found)| (found.known.as_ref().is_some_and(|known| known.guessed), *at));
        found
    }
}

/// Maps the columns of `view` to the attributes of `entity`, in the order of the catalogue.
pub(super) fn map(view: &View<'_>, entity: Entity) -> Mapped {
    let mut mapped = Mapped::default();
    if entity == Entity::Person {
        names(view, &mut mapped);
    }
    organisation(view, entity, &mut mapped);
    if entity == Entity::Person {
        birth_date(view, &mut mapped);
        gender(view, &mut mapped);
    }
    single(view, Role::Language, "language", &mut mapped);
    single(view, Role::Lifecycle, "lifecycle", &mut mapped);
    single(view, Role::Website, "website", &mut mapped);
    lists(view, &mut mapped);
    identifiers(view, &mut mapped);
    consents(view, &mut mapped);
    mapped
}

/// The lists that records of every entity type may have.
pub(super) fn lists(view: &View<'_>, mapped: &mut Mapped) {
    typed_items(view, Role::Email, "emails", "value", mapped);
    typed_items(view, Role::Phone, "phones", "number", mapped);
    addresses(view, mapped);
}

fn noted(column: &Column, found: &Assessed) -> Noted {
    Noted::new(column.sql(), found.seen.as_str())
}

/// The first column of a role as one attribute.
fn single(view: &View<'_>, role: Role, attribute: &str, mapped: &mut Mapped) {
    let found = view.of(|other| other == role).into_iter().find(|(_, column, _)| column.is_single());
    if let Some((at, column, assessed)) = found {
        mapped.fields.push(FieldDraft::one(attribute, noted(column, assessed)));
        mapped.used.insert(at);
    }
}

fn names(view: &View<'_>, mapped: &mut Mapped) {
    let single_of = |role: Role| {
        view.of(|other| other == role).into_iter().filter(|(_, column, _)| column.is_single()).collect::<Vec<_>>()
    };
    let whole: Vec<_> = view
        .of(|role| matches!(role, Role::FullName { .. }))
        .into_iter()
        .filter(|(_, column, _)| column.is_single())
        .collect();
    let given = single_of(Role::Given);
    let family = single_of(Role::Family);
    if given.is_empty()
        && family.is_empty()
        && let Some((at, column, assessed)) = whole.first()
    {
        mapped.fields.push(FieldDraft::one("full_name", noted(column, assessed)));
        mapped.used.insert(*at);
    }
    title(view, mapped);
    if let Some((at, column, assessed)) = given.first() {
        mapped.fields.push(FieldDraft::one("given_name", noted(column, assessed)));
        mapped.used.insert(*at);
    }
    // A second given name is a middle name, unless there is a column for those.
    let second =
        given.get(1).filter(|(_, _, assessed)| assessed.known.as_ref().is_some_and(|known| known.number.is_some()));
    match (single_of(Role::Middle).first(), second) {
        (Some((at, column, assessed)), _) | (None, Some((at, column, assessed))) => {
            mapped.fields.push(FieldDraft::one("middle_name", noted(column, assessed)));
            mapped.used.insert(*at);
        }
        (None, None) => {}
    }
    // "Vorname, Name": the name beside a given name is the family name.
    let family =
        if family.is_empty() && !given.is_empty() { whole.get(..1).unwrap_or_default().to_vec() } else { family };
    match family.as_slice() {
        [] => {}
        [(at, column, assessed)] => {
            mapped.fields.push(FieldDraft::one("family_name", noted(column, assessed)));
            mapped.used.insert(*at);
        }
        [(at, first, assessed), more @ ..] => {
            let numbered = |found: &Assessed| found.known.as_ref().is_some_and(|known| known.number.is_some());
            let parts: Vec<_> = more.iter().filter(|(_, _, found)| numbered(found)).collect();
            let sql: Vec<String> =
                std::iter::once(first.sql()).chain(parts.iter().map(|(_, column, _)| column.sql())).collect();
            let text = if parts.is_empty() { first.sql() } else { format!("concat_ws(' ', {})", sql.join(", ")) };
            mapped.fields.push(FieldDraft::one("family_name", Noted::new(text, assessed.seen.as_str())));
            mapped.used.extend(std::iter::once(*at).chain(parts.iter().map(|(at, _, _)| *at)));
        }
    }
    single(view, Role::Suffix, "name_suffix", mapped);
    single(view, Role::PreviousFamily, "previous_family_name", mapped);
}

fn organisation(view: &View<'_>, entity: Entity, mapped: &mut Mapped) {
    let before = mapped.fields.len();
    single(view, Role::Organisation, "organisation_name", mapped);
    if entity == Entity::Organisation && mapped.fields.len() == before {
        let names = view.of(|role| matches!(role, Role::FullName { .. }));
        if let Some((at, column, assessed)) = names.into_iter().find(|(_, column, _)| column.is_single()) {
            mapped.fields.push(FieldDraft::one("organisation_name", noted(column, assessed)));
            mapped.used.insert(at);
        }
    }
}

fn birth_date(view: &View<'_>, mapped: &mut Mapped) {
    let before = mapped.fields.len();
    single(view, Role::BirthDate, "birth_date", mapped);
    if mapped.fields.len() > before {
        return;
    }
    let first = |role: Role| view.of(|other| other == role).into_iter().find(|(_, column, _)| column.is_single());
    let (Some(year), Some(month), Some(day)) = (first(Role::BirthYear), first(Role::BirthMonth), first(Role::BirthDay))
    else {
        return;
    };
    let text = |column: &Column| match column.native {
        Native::Text => column.sql(),
        _ => format!("CAST({} AS VARCHAR)", column.sql()),
    };
    let two = |column: &Column| format!("lpad({}, 2, '0')", text(column));
    let sql = format!("{} || '-' || {} || '-' || {}", text(year.1), two(month.1), two(day.1));
    mapped.fields.push(FieldDraft::one("birth_date", Noted::new(sql, "year, month and day have columns of their own")));
    mapped.used.extend([year.0, month.0, day.0]);
}

/// The gender, from a column of its own or else from forms of address such as Herr and Mrs.
fn gender(view: &View<'_>, mapped: &mut Mapped) {
    let before = mapped.fields.len();
    let hombre_mujer = view.of(|role| role == Role::Gender).into_iter().find(|(_, column, _)| says_hombre(column));
    if let Some((at, column, _)) = hombre_mujer {
        let sql = format!("CASE upper({0}) WHEN 'H' THEN 'male' WHEN 'M' THEN 'female' ELSE {0} END", column.sql());
        mapped.fields.push(FieldDraft::one("gender", Noted::new(sql, "H beside M: hombre, mujer")));
        mapped.used.insert(at);
        return;
    }
    single(view, Role::Gender, "gender", mapped);
    if mapped.fields.len() > before {
        return;
    }
    let titles = view.of(|role| role == Role::Title);
    let telling = titles.into_iter().find(|(_, column, _)| column.is_single() && tells_gender(column));
    if let Some((at, column, _)) = telling {
        mapped.fields.push(FieldDraft::one("gender", Noted::new(column.sql(), "forms of address tell it")));
        mapped.used.insert(at);
    }
}

/// M is a woman beside H, and a man beside F or W.
fn says_hombre(column: &Column) -> bool {
    let is_there = |code: &str| column.distinct().iter().any(|value| value.eq_ignore_ascii_case(code));
    column.is_single() && is_there("H") && is_there("M") && !is_there("F") && !is_there("W")
}

/// Forms of address (Herr, Mrs), and not a few "Dr" and "Prof" at most beside them.
fn tells_gender(column: &Column) -> bool {
    column.share_of_rows(|value| gender::parse(value).is_some()).is_some_and(|share| share > 0.5)
}

/// Of a column of titles and one of forms of address the former.
fn title(view: &View<'_>, mapped: &mut Mapped) {
    let titles: Vec<_> = view.of(|role| role == Role::Title);
    let mut titles: Vec<_> = titles.into_iter().filter(|(_, column, _)| column.is_single()).collect();
    titles.sort_by_key(|(_, column, _)| tells_gender(column));
    if let Some((at, column, assessed)) = titles.first() {
        mapped.fields.push(FieldDraft::one("title", noted(column, assessed)));
        mapped.used.insert(*at);
    }
}

/// E-mails or phones: plain values, or values with what they are for.
fn typed_items(view: &View<'_>, role: Role, attribute: &'static str, part: &'static str, mapped: &mut Mapped) {
    let mut items = Vec::new();
    for (at, column, assessed) in view.of(|other| other == role) {
        let purpose = assessed.known.as_ref().and_then(|known| known.purpose);
        let value = noted(column, assessed);
        items.push(match purpose {
            Some(purpose) if column.is_single() => Item::Parts(vec![(part, value), ("type", text(purpose))]),
            _ => Item::Main(value),
        });
        mapped.used.insert(at);
    }
    if !items.is_empty() {
        mapped.fields.push(FieldDraft::list(attribute, items));
    }
}

/// A constant as SQL.
pub(super) fn text(constant: &str) -> Noted {
    Noted::plain(format!("'{}'", constant.replace('\'', "''")))
}

/// The columns of one address.
struct AddressColumns {
    purpose: Option<&'static str>,
    number: Option<u32>,
    parts: Vec<(Part, usize)>,
}

impl AddressColumns {
    fn has(&self, part: Part) -> bool {
        self.parts.iter().any(|(other, _)| *other == part)
    }

    /// A country or a state alone is no address.
    fn is_address(&self) -> bool {
        let says_where = |part: Part| !matches!(part, Part::Country | Part::Region | Part::Unit | Part::HouseNumber);
        self.parts.iter().any(|(part, _)| says_where(*part))
    }

    fn add(&mut self, part: Part, at: usize) {
        if !self.has(part) {
            self.parts.push((part, at));
        }
    }
}

/// One address for each purpose and number: the columns of `bill_to_…`, those of `address_2_…`.
fn addresses(view: &View<'_>, mapped: &mut Mapped) {
    let mut items = Vec::new();
    let mut groups: Vec<AddressColumns> = Vec::new();
    for (at, column, assessed) in view.of(|role| matches!(role, Role::Address(_))) {
        let (Some(Role::Address(part)), Some(known)) = (assessed.role(), &assessed.known) else { continue };
        match column.shape {
            Shape::Objects(_) => {
                items.push(Item::Main(noted(column, assessed)));
                mapped.used.insert(at);
            }
            Shape::List => {}
            Shape::One => {
                let of = |group: &&mut AddressColumns| group.purpose == known.purpose && group.number == known.number;
                match groups.iter_mut().find(of) {
                    Some(group) => group.add(part, at),
                    None => {
                        let (purpose, number) = (known.purpose, known.number);
                        groups.push(AddressColumns { purpose, number, parts: vec![(part, at)] });
                    }
                }
            }
        }
    }
    let (mut groups, alone): (Vec<_>, Vec<_>) = groups.into_iter().partition(AddressColumns::is_address);
    // What is no address by itself may be what the only address lacks.
    if let [only] = groups.as_mut_slice() {
        alone.into_iter().flat_map(|group| group.parts).for_each(|(part, at)| only.add(part, at));
    }
    for mut group in groups {
        group.parts.sort_unstable();
        // Beside a house number, the first line is the street alone.
        let first_line_is_street = group.has(Part::HouseNumber) && !group.has(Part::Street);
        let mut item = Vec::new();
        for (part, at) in &group.parts {
            let (Some(column), Some(assessed)) = (view.table.columns.get(*at), view.assessed.get(*at)) else {
                continue;
            };
            let name = if *part == Part::Line1 && first_line_is_street { Part::Street.name() } else { part.name() };
            item.push((name, noted(column, assessed)));
            mapped.used.insert(*at);
        }
        item.extend(group.purpose.map(|purpose| ("kind", text(purpose))));
        items.push(Item::Parts(item));
    }
    if !items.is_empty() {
        mapped.fields.push(FieldDraft::list("addresses", items));
    }
}

fn identifiers(view: &View<'_>, mapped: &mut Mapped) {
    let mut items = Vec::new();
    for (at, column, assessed) in view.of(|role| matches!(role, Role::Identifier(_))) {
        let Some(Role::Identifier(kind)) = assessed.role().filter(|_| column.is_single()) else { continue };
        items.push(Item::Parts(vec![("value", noted(column, assessed)), ("type", text(kind))]));
        mapped.used.insert(at);
    }
    if !items.is_empty() {
        mapped.fields.push(FieldDraft::list("identifiers", items));
    }
}

fn consents(view: &View<'_>, mapped: &mut Mapped) {
    let mut items = Vec::new();
    for (at, column, assessed) in view.of(|role| role == Role::Consent) {
        if !column.is_single() {
            continue;
        }
        let words = column_name::words(&column.path);
        let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
        // A column that says who is not to be contacted grants what it refuses.
        if has(&["out", "optout", "unsubscribed", "not"]) {
            continue;
        }
        let purpose = if has(&["profiling", "analytics", "tracking", "personalisation"]) {
            "profiling"
        } else if has(&["newsletter"]) {
            "newsletter"
        } else {
            "marketing"
        };
        let channels: [(&str, &[&str]); 5] = [
            ("email", &["email", "mail", "newsletter"]),
            ("sms", &["sms", "text"]),
            ("phone", &["phone", "call", "telephone", "telefon"]),
            ("post", &["post", "letter", "postal"]),
            ("web", &["web", "cookies", "push"]),
        ];
        let channel = channels.iter().find(|(_, words)| has(words)).map(|(channel, _)| *channel);
        let mut item = vec![("purpose", text(purpose))];
        item.extend(channel.map(|channel| ("channel", text(channel))));
        item.push(("status", noted(column, assessed)));
        items.push(Item::Parts(item));
        mapped.used.insert(at);
    }
    if !items.is_empty() {
        mapped.fields.push(FieldDraft::list("consents", items));
    }
}

/// Comments about the columns that are neither mapped nor taken.
pub(super) fn unmapped(view: &View<'_>, used: &BTreeSet<usize>) -> Vec<String> {
    let mut comments = Vec::new();
    let mut others = Vec::new();
    for (at, (column, assessed)) in view.table.columns.iter().zip(view.assessed).enumerate() {
        if used.contains(&at) || view.taken.contains(&at) {
            continue;
        }
        if column_name::read(&column.path) == Header::SomebodyElse && column.filled() > 0 {
            others.push(column.label());
            continue;
        }
        let role = assessed.role();
        let said = role.is_some() && used.iter().any(|at| view.assessed.get(*at).and_then(Assessed::role) == role);
        let why = match assessed.seen.as_str() {
            _ if said => "another column says the same".to_owned(),
            "" => kind_of(column, assessed),
            seen => seen.to_owned(),
        };
        comments.push(format!("{} ({why})", column.label()));
    }
    if let Some(last) = others.last_mut() {
        last.push_str(" (about somebody else, by their names)");
    }
    comments.append(&mut others);
    comments
}

fn kind_of(column: &Column, assessed: &Assessed) -> String {
    let distinct = column.distinct().len();
    match column.native {
        Native::Text if assessed.dates.is_some() => "dates".to_owned(),
        Native::Date | Native::Timestamp => "dates".to_owned(),
        Native::Boolean => "yes or no".to_owned(),
        Native::Integer | Native::Number => "numbers".to_owned(),
        _ if distinct == 1 => "always the same".to_owned(),
        _ if distinct <= 20 => format!("{distinct} different values"),
        _ => "text".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::assess::assess;
    use super::super::draft::FieldValue;
    use super::*;

    /// The fields as `attribute=sql` or `attribute=part:sql,…`.
    fn mapped(entity: Entity, columns: &[(&str, &str)]) -> Vec<String> {
        let columns = columns.iter().map(|(name, value)| Column::text(name, &[value])).collect();
        let table = Table { name: "t".to_owned(), rows: 1, columns };
        let assessed = assess(&table, "GB");
        let mapped = map(&View { table: &table, assessed: &assessed, taken: &[] }, entity);
        let item = |item: &Item| match item {
            Item::Main(value) => value.text.clone(),
            Item::Parts(parts) => {
                parts.iter().map(|(part, value)| format!("{part}:{}", value.text)).collect::<Vec<_>>().join(",")
            }
        };
        let value = |field: &FieldDraft| match &field.value {
            FieldValue::One(value) => value.text.clone(),
            FieldValue::Items(items) => items.iter().map(item).collect::<Vec<_>>().join(" | "),
        };
        mapped.fields.iter().map(|field| format!("{}={}", field.attribute, value(field))).collect()
    }

    #[test]
    fn persons() {
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);
        let cases: [Case<'_>; 7] = [
            (&[("Vorname", "Ada"), ("Name", "King")], &["given_name=Vorname", "family_name=Name"]),
            (&[("name", "Ada King")], &["full_name=name"]),
            (
                &[("nombre", "Ana"), ("apellido_1", "Ruiz"), ("apellido_2", "Gil")],
                &["given_name=nombre", "family_name=concat_ws(' ', apellido_1, apellido_2)"],
            ),
            (
                &[("fname_c1", "ADA"), ("by", "1950"), ("bm", "1"), ("bd", "2")],
                &["given_name=fname_c1", "birth_date=\"by\" || '-' || lpad(bm, 2, '0') || '-' || lpad(bd, 2, '0')"],
            ),
            (
                &[("email", "a@example.com"), ("work_email", "b@example.com")],
                &["emails=email | value:work_email,type:'work'"],
            ),
            (
                &[("street_number", "12"), ("address_1", "de burgh street"), ("suburb", "como"), ("state", "vic")],
                &["addresses=street:address_1,house_number:street_number,locality:suburb,region:state"],
            ),
            (
                &[("bill_to_line1", "1 High St"), ("bill_to_city", "York"), ("country", "UK"), ("ssn", "123-45-6789")],
                &[
                    "addresses=line1:bill_to_line1,locality:bill_to_city,country:country,kind:'billing'",
                    "identifiers=value:ssn,type:'social_security'",
                ],
            ),
        ];
        for (columns, expected) in cases {
            assert_eq!(mapped(Entity::Person, columns), expected, "{columns:?}");
        }
    }

    #[test]
    fn organisations() {
        assert_eq!(
            mapped(Entity::Organisation, &[("holder", "Acme Ltd"), ("vat_id", "GB123"), ("dob", "1950-01-02")]),
            ["organisation_name=holder", "identifiers=value:vat_id,type:'tax_id'"]
        );
    }

    #[test]
    fn consents_have_purpose_and_channel() {
        assert_eq!(
            mapped(Entity::Person, &[("marketing_sms_consent", "yes"), ("newsletter", "no"), ("opt_out", "yes")]),
            [
                "consents=purpose:'marketing',channel:'sms',status:marketing_sms_consent | purpose:'newsletter',channel:'email',status:newsletter"
            ]
        );
    }
}
