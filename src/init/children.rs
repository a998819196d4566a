//! Which table of a source holds the customers, and which tables hold more about them.

use goldsmith_config::attributes::CATALOGUE;
use goldsmith_config::model::Entity;
use hashbrown::HashSet;

use super::assess::Assessed;
use super::column::{Column, Native, Table};
use super::draft::{ChildDraft, FieldValue, Item, Noted};
use super::fields::{self, Mapped, View};
use super::values;
use goldsmith_config::usual::column_name::{self, Role};

/// The column of `child` that holds the key of `parent`.
pub(super) fn foreign_key<'a>(child: &'a Table, parent: &Table, key: &Column, entity: Entity) -> Option<&'a Column> {
    let parent_words = column_name::words(std::slice::from_ref(&parent.name)).concat();
    let singular = parent_words
        .strip_suffix("ies")
        .map_or_else(|| parent_words.trim_end_matches('s').to_owned(), |stem| format!("{stem}y"));
    let key_words = column_name::words(&key.path).concat();
    let named = |column: &&Column| {
        let words = column_name::words(&column.path).concat();
        let with_key = |owner: &str| {
            [key_words.as_str(), "id", "key", "no", "number"].iter().any(|end| words == format!("{owner}{end}"))
        };
        let generic = key_words != "id" && words == key_words;
        let of_entity = match entity {
            Entity::Person => &["customer", "person"][..],
            Entity::Organisation => &["customer", "company", "organisation", "organization"],
            Entity::Generic => &["customer"],
        };
        column.is_single()
            && (generic
                || with_key(&parent_words)
                || with_key(&singular)
                || of_entity.iter().any(|owner| with_key(owner)))
    };
    // The name alone may deceive: some of its values have to be keys.
    let keys: HashSet<&str> = key.values().collect();
    child.columns.iter().filter(named).find(|column| column.values().any(|value| keys.contains(value)))
}

/// Maps a child table to a list attribute of its parents.
pub(super) fn map(child: &Table, assessed: &[Assessed], on: &Column, entity: Entity) -> Option<ChildDraft> {
    let position = child.columns.iter().position(|column| column.path == on.path)?;
    let taken = [position];
    let view = View { table: child, assessed, taken: &taken };
    let (attribute, fields) = consents(&view)
        .filter(|_| entity != Entity::Generic)
        .map(|fields| ("consents", fields))
        .or_else(|| listed(&view, "addresses"))
        .or_else(|| listed(&view, "emails"))
        .or_else(|| listed(&view, "phones"))?;
    let known = CATALOGUE.iter().any(|known| known.name == attribute && known.entities.contains(&entity));
    known.then(|| ChildDraft {
        attribute,
        from: child.name.clone(),
        on: Noted::new(on.sql(), "holds the key of the record"),
        fields,
    })
}

type Parts = Vec<(&'static str, Noted)>;

fn consents(view: &View<'_>) -> Option<Parts> {
    let columns = || view.table.columns.iter().filter(|column| column.is_single());
    let named =
        |names: &[&str]| columns().find(|column| names.contains(&column_name::words(&column.path).join("_").as_str()));
    let purpose = named(&["purpose", "topic", "consent_type", "consent_purpose", "type", "reason"])?;
    let channel = named(&["channel", "medium", "via", "contact_channel"]);
    let statuses = [
        "status",
        "state",
        "granted",
        "consent",
        "opted_in",
        "opt_in",
        "value",
        "given",
        "consent_given",
        "subscribed",
        "answer",
    ];
    let status = columns().find(|column| {
        statuses.contains(&column_name::words(&column.path).join("_").as_str())
            && column.share(values::is_answer).unwrap_or(0.0) >= 0.8
    })?;
    let at = named(&[
        "at",
        "changed_at",
        "updated_at",
        "given_at",
        "granted_at",
        "created_at",
        "date",
        "timestamp",
        "consented_at",
    ]);
    let mut parts = vec![("purpose", Noted::plain(purpose.sql()))];
    parts.extend(channel.map(|column| ("channel", Noted::plain(column.sql()))));
    parts.push(("status", Noted::new(status.sql(), "a yes or no")));
    parts.extend(at.map(|column| ("at", Noted::plain(column.sql()))));
    Some(parts)
}

/// The parts of one list attribute, where the columns of the table hold them once.
fn listed(view: &View<'_>, attribute: &'static str) -> Option<(&'static str, Parts)> {
    let mut mapped = Mapped::default();
    fields::lists(view, &mut mapped);
    let field = mapped.fields.into_iter().find(|field| field.attribute == attribute)?;
    let main = if attribute == "phones" { "number" } else { "value" };
    let mut parts: Parts = match field.value {
        FieldValue::One(value) => vec![(main, value)],
        FieldValue::Items(items) => match items.into_iter().next()? {
            Item::Main(value) => vec![(main, value)],
            Item::Parts(parts) => parts,
        },
    };
    // What it is for stands in a column here, not in the name of one.
    let part = if attribute == "addresses" { "kind" } else { "type" };
    let kind = view.table.columns.iter().find(|column| {
        let word = column_name::words(&column.path).join("_");
        column.native == Native::Text
            && column.is_single()
            && ["kind", "type", "address_type", "address_kind", "phone_type", "email_type", "label", "usage", "purpose"]
                .contains(&word.as_str())
    });
    if let Some(kind) = kind {
        parts.retain(|(name, _)| *name != part);
        parts.push((part, Noted::plain(kind.sql())));
    }
    if attribute == "addresses" {
        for (part, role) in [("valid_from", Role::ValidFrom), ("valid_to", Role::ValidTo)] {
            if let Some((_, column, found)) =
                view.of(|other| other == role).into_iter().find(|(_, column, _)| column.is_single())
            {
                parts.push((part, Noted::new(column.sql(), found.seen.as_str())));
            }
        }
    }
    Some((attribute, parts))
}

#[cfg(test)]
mod tests {
    use super::super::assess::assess;
    use super::super::column::Columns;
    use super::*;

    fn child(name: &str, columns: Columns<'_>) -> Option<String> {
        let parent = Table::text("customers", &[("id", &["1", "2"])]);
        let child = Table::text(name, columns);
        let on = foreign_key(&child, &parent, &parent.columns[0], Entity::Person)?;
        let draft = map(&child, &assess(&child, "GB"), on, Entity::Person)?;
        let parts: Vec<String> = draft.fields.iter().map(|(part, value)| format!("{part}:{}", value.text)).collect();
        Some(format!("{} on {}: {}", draft.attribute, draft.on.text, parts.join(",")))
    }

    #[test]
    fn tables_of_more_about_the_customer() {
        let cases: [(&str, Columns<'_>, Option<&str>); 6] = [
            (
                "addresses",
                &[
                    ("id", &["9"]),
                    ("customer_id", &["1"]),
                    ("kind", &["billing"]),
                    ("street", &["Park Lane"]),
                    ("house_no", &["15"]),
                    ("zip", &["B12 6GZ"]),
                    ("valid_from", &["2018-06-18"]),
                ],
                Some(
                    "addresses on customer_id: house_number:house_no,street:street,postcode:zip,kind:kind,valid_from:valid_from",
                ),
            ),
            (
                "marketing_consent",
                &[
                    ("customer_id", &["1"]),
                    ("purpose", &["marketing"]),
                    ("channel", &["email"]),
                    ("opted_in", &["1"]),
                    ("changed_at", &["2015-08-12 13:16:06"]),
                ],
                Some("consents on customer_id: purpose:purpose,channel:channel,status:opted_in,at:changed_at"),
            ),
            (
                "mails",
                &[("customerId", &["2"]), ("email", &["a@example.com"]), ("type", &["work"])],
                Some("emails on customerId: value:email,type:type"),
            ),
            (
                "phones",
                &[("customer_id", &["2"]), ("phone", &["020 7946 0958"])],
                Some("phones on customer_id: number:phone"),
            ),
            ("orders", &[("customer_id", &["1"]), ("total_cents", &["7807"])], None),
            ("mails", &[("customer_id", &["77"]), ("email", &["a@example.com"])], None),
        ];
        for (name, columns, expected) in cases {
            assert_eq!(child(name, columns).as_deref(), expected, "{name}");
        }
    }
}
