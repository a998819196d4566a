//! From the sampled tables of one file to a source of the pipeline.

use std::collections::BTreeSet;

use goldsmith_config::model::{Entity, Relation};

use super::assess::{Assessed, assess};
use super::children;
use super::column::{Native, Table};
use super::draft::{ChildDraft, Noted, RecordDraft, SourceDraft};
use super::entity::{RecordType, record_types};
use super::fields::{self, View};
use super::generic;
use super::key::{self, Key};
use super::names::{snake_case, unique};
use super::sample::Sampled;
use super::values::ISO;
use goldsmith_config::usual::column_name::{self, Role};

/// A source, and the attributes its generic records declare.
pub(super) struct Drafted {
    pub(super) source: SourceDraft,
    pub(super) attributes: Vec<(String, Noted)>,
}

/// A table with what was found out about it.
struct Examined<'a> {
    table: &'a Table,
    assessed: Vec<Assessed>,
    key: Key,
    types: Vec<RecordType>,
}

impl Examined<'_> {
    fn entity(&self) -> Entity {
        self.types.first().map_or(Entity::Generic, |first| first.entity)
    }
}

/// Why a file is no source of customers; nothing where it is one.
pub(super) fn is_no_source(tables: &[Table]) -> Option<&'static str> {
    let [table] = tables else { return None };
    let word = |name: &[String]| column_name::words(name).join("_");
    let is_answer = table.columns.iter().any(|column| word(&column.path) == "cluster_id");
    if is_answer && table.columns.len() <= 3 {
        return Some(
            "it holds which records belong together (cluster_id), the answer rather than a source; `goldsmith evaluate --truth` reads it",
        );
    }
    let is_id = |name: &[String]| {
        let words = column_name::words(name);
        words.last().is_some_and(|last| ["id", "key", "source"].contains(&last.as_str()))
            && !matches!(column_name::read(name), column_name::Header::Known(known) if matches!(known.role, Role::Identifier(_) | Role::Email))
    };
    (!table.columns.is_empty() && table.columns.iter().all(|column| is_id(&column.path))).then_some("it holds ids only")
}

/// Drafts a source; nothing where none of its tables has anything to map. The rows of a view are those of tables, so
/// views are mapped only where no table is.
pub(super) fn draft(name: &str, sampled: &Sampled, region: &str) -> Option<Drafted> {
    let is_view = |table: &Table| sampled.views.contains(&table.name);
    let of_tables = sampled.tables.iter().filter(|table| !is_view(table)).collect();
    draft_of(name, sampled, of_tables, region)
        .or_else(|| draft_of(name, sampled, sampled.tables.iter().collect(), region))
}

fn draft_of(name: &str, sampled: &Sampled, tables: Vec<&Table>, region: &str) -> Option<Drafted> {
    let examined: Vec<Examined<'_>> =
        tables.into_iter().filter(|table| table.rows > 0).map(|table| examine(table, region)).collect();
    let mains = main_tables(&examined);
    let mut drafted = Drafted {
        source: SourceDraft {
            name: name.to_owned(),
            connector: sampled.connector,
            options: sampled.options.clone(),
            region: None,
            date_formats: Vec::new(),
            records: Vec::new(),
            left_out: Vec::new(),
        },
        attributes: Vec::new(),
    };
    let mut read: BTreeSet<&str> = BTreeSet::new();
    let several = sampled.tables.len() > 1;
    for &main in &mains {
        let Some(table) = examined.get(main) else { continue };
        for kind in &table.types {
            let Some(mut record) = draft_record(table, kind, region, &mut drafted) else { continue };
            record.from = several.then(|| relation(&table.table.name));
            read.insert(&table.table.name);
            attach_children(&mut record, table, &examined, &mains, &mut read, &mut drafted.source);
            drafted.source.records.push(record);
        }
    }
    name_records(&mut drafted.source.records);
    let unread = sampled.tables.iter().map(|table| table.name.as_str()).filter(|table| !read.contains(table));
    let (views, unread): (Vec<&str>, Vec<&str>) =
        unread.partition(|table| sampled.views.iter().any(|view| view == table));
    for (what, names, why) in [("table", unread, ""), ("view", views, ", which would give rows of the tables twice")] {
        if !names.is_empty() {
            let plural = if names.len() == 1 { "" } else { "s" };
            drafted.source.left_out.push(format!("Not read: {what}{plural} {}{why}.", names.join(", ")));
        }
    }
    if sampled.rejected > 0 {
        drafted.source.left_out.push(format!(
            "{} rows of the sample cannot be read; a run puts such rows into quarantine, with the reason.",
            sampled.rejected
        ));
    }
    (!drafted.source.records.is_empty()).then_some(drafted)
}

fn examine<'a>(table: &'a Table, region: &str) -> Examined<'a> {
    let assessed = assess(table, region);
    let key = key::choose(table, &assessed);
    let types = record_types(table, &assessed);
    Examined { table, assessed, key, types }
}

/// Tables whose rows are records: every one of persons or organisations; without any, the one that most others point at.
fn main_tables(examined: &[Examined<'_>]) -> Vec<usize> {
    let points_at = |child: &Examined<'_>, parent: &Examined<'_>| {
        !std::ptr::eq(child, parent) && foreign_key(child, parent).is_some()
    };
    let with_key = || examined.iter().enumerate().filter(|(_, table)| !table.key.sql.is_empty());
    let customers: Vec<usize> = with_key()
        .filter(|(_, table)| table.entity() != Entity::Generic)
        // Rows that point at customers of the same kind are about those: orders with a name on them.
        .filter(|(_, table)| !examined.iter().any(|other| other.entity() == table.entity() && points_at(table, other)))
        .map(|(at, _)| at)
        .collect();
    if !customers.is_empty() {
        return customers;
    }
    let pointed_at = |table: &Examined<'_>| examined.iter().filter(|other| points_at(other, table)).count();
    // The first of equals: `max_by_key` takes the last.
    let best = with_key().rev().max_by_key(|(_, table)| (pointed_at(table), table.table.columns.len()));
    best.map(|(at, _)| at).into_iter().collect()
}

fn foreign_key<'a>(child: &Examined<'a>, parent: &Examined<'_>) -> Option<&'a super::column::Column> {
    let [key] = parent.key.columns.as_slice() else { return None };
    children::foreign_key(child.table, parent.table, parent.table.columns.get(*key)?, parent.entity())
}

/// A table's name as `from:` understands it; what reads like SQL or a file is put into a query.
fn relation(table: &str) -> String {
    match Relation::parse(table) {
        Ok(Relation::Table(same)) if same == table => same,
        _ => format!("SELECT * FROM \"{}\"", table.replace('"', "\"\"")),
    }
}

fn draft_record(
    examined: &Examined<'_>,
    kind: &RecordType,
    region: &str,
    drafted: &mut Drafted,
) -> Option<RecordDraft> {
    // What a column holds is asked of the rows of this kind alone: a holder is a person in some and a company in others.
    let part = kind.filter.as_ref().map(|_| examined.table.only(&kind.rows));
    let table = part.as_ref().unwrap_or(examined.table);
    let assessed = part.as_ref().map(|part| assess(part, region));
    let assessed = assessed.as_deref().unwrap_or(&examined.assessed);
    let mut taken = kind.asked.clone();
    if let [key] = examined.key.columns.as_slice()
        && examined.key.named
        && matches!(
            assessed.get(*key).and_then(Assessed::role),
            None | Some(Role::Identifier("loyalty") | Role::CustomerType)
        )
    {
        taken.push(*key);
    }
    let updated_at = key::updated_at(table, assessed);
    taken.extend(updated_at);
    let view = View { table, assessed, taken: &taken };
    let mapped = match kind.entity {
        Entity::Generic => {
            let (mapped, attributes) = generic::map(&view);
            drafted.attributes.extend(attributes);
            mapped
        }
        entity => fields::map(&view, entity),
    };
    if mapped.fields.is_empty() {
        return None;
    }
    let dated: Vec<usize> = mapped.used.iter().copied().chain(updated_at).collect();
    date_formats(table, assessed, &dated, &mut drafted.source.date_formats);
    let updated_at = updated_at.and_then(|at| {
        let (column, found) = (table.columns.get(at)?, assessed.get(at)?);
        Some(Noted::new(column.sql(), found.seen.as_str()))
    });
    Some(RecordDraft {
        entity: kind.entity,
        name: None,
        from: None,
        filter: kind.filter.clone(),
        key: examined.key.sql.clone(),
        updated_at,
        unmapped: fields::unmapped(&view, &mapped.used),
        fields: mapped.fields,
        children: Vec::new(),
    })
}

/// Adds the formats of the columns at `used`, each with the columns that are written so.
fn date_formats(table: &Table, assessed: &[Assessed], used: &[usize], formats: &mut Vec<Noted>) {
    for at in used {
        let (Some(column), Some(Assessed { dates: Some(dates), .. })) = (table.columns.get(*at), assessed.get(*at))
        else {
            continue;
        };
        if column.native != Native::Text {
            continue;
        }
        for format in &dates.formats {
            match formats.iter_mut().find(|known| known.text == *format) {
                Some(known) if known.note.split(", ").any(|name| name == column.label()) => {}
                Some(known) => known.note = format!("{}, {}", known.note, column.label()),
                None => formats.push(Noted::new(*format, column.label())),
            }
        }
    }
}

/// ISO 8601 alone need not be declared.
pub(super) fn tidy_date_formats(formats: &mut Vec<Noted>) {
    if formats.iter().all(|format| format.text == ISO) {
        formats.clear();
    }
}

/// Attaches the tables that point at this one and hold something a record has a list of.
fn attach_children<'a>(
    record: &mut RecordDraft,
    main: &Examined<'_>,
    examined: &[Examined<'a>],
    mains: &[usize],
    read: &mut BTreeSet<&'a str>,
    source: &mut SourceDraft,
) {
    for (_, child) in examined.iter().enumerate().filter(|(at, _)| !mains.contains(at)) {
        let Some(on) = foreign_key(child, main) else { continue };
        let Some(draft) = children::map(child.table, &child.assessed, on, record.entity) else { continue };
        let attribute = draft.attribute;
        let twice = record.fields.iter().any(|field| field.attribute == attribute)
            || record.children.iter().any(|other| other.attribute == attribute);
        if twice {
            let comment =
                format!("Table {} holds {attribute} too; a record takes them from one place.", child.table.name);
            if !source.left_out.contains(&comment) {
                source.left_out.push(comment);
            }
            continue;
        }
        read.insert(&child.table.name);
        let columns: Vec<usize> = (0..child.table.columns.len())
            .filter(|at| {
                child
                    .table
                    .columns
                    .get(*at)
                    .is_some_and(|column| draft.fields.iter().any(|(_, value)| value.text == column.sql()))
            })
            .collect();
        date_formats(child.table, &child.assessed, &columns, &mut source.date_formats);
        record.children.push(ChildDraft { from: relation(&child.table.name), ..draft });
    }
}

/// Records of one entity type in one source need names, so that their keys cannot meet.
fn name_records(records: &mut [RecordDraft]) {
    let entities: Vec<Entity> = records.iter().map(|record| record.entity).collect();
    let mut names: Vec<String> = Vec::new();
    for record in records.iter_mut() {
        if entities.iter().filter(|entity| **entity == record.entity).count() > 1 {
            let wanted = snake_case(record.from.as_deref().unwrap_or_default(), record.entity.as_str());
            let name = unique(&wanted, &|name| names.iter().any(|taken| taken == name));
            names.push(name.clone());
            record.name = Some(name);
        }
    }
}
