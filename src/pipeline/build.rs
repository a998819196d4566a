//! From what the pipeline file says to the plan: the one conversion, with every default written down here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use goldsmith_config::attributes::{self, AttributeKind};
use goldsmith_config::model::{self, Entity, FailurePolicy, FieldExpr, FieldItem, JoinOn, Relation, SecretRef};
use goldsmith_config::{Loaded, resolve};
use goldsmith_resolve::{MOST_COMPARISONS, MOST_RULES};
use goldsmith_source::{OpenContext, SourceError};

use super::incremental::plan_of;
use super::plan::{
    AttributePlan, ChildPlan, Compare, ContractPlan, Drift, EntityPlan, FieldPlan, From, IdsKey, Keep, MatchPlan,
    OnFailure, Plan, PublishPlan, QualityCheck, RecordPlan, SourcePlan, Sql, Survive,
};
use crate::matching::makes_keys;
use crate::normalize::layout;
use crate::publish::tables::{golden_profiles, source_records};
use crate::registry;

/// A mistake found while planning, with its path in the pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanMistake {
    pub path: String,
    pub message: String,
}

/// Share of its last published rows a table may have at least and at most, where the file does not say.
const DEFAULT_VOLUME: (f64, f64) = (0.5, 2.0);
/// Country for phones and addresses, where neither the file nor the record says.
const DEFAULT_REGION: &str = "GB";

impl Plan {
    /// Converts a loaded pipeline file. Touches nothing but the files it refers to (`.sql`, secrets).
    ///
    /// # Errors
    /// Every mistake, with its path.
    pub fn build(loaded: &Loaded) -> Result<Self, Vec<PlanMistake>> {
        let mut mistakes = Vec::new();
        let pipeline = &loaded.pipeline;
        let base = loaded.base_dir.as_path();
        let ids_key = match ids_key(pipeline, base) {
            Ok(key) => key,
            Err(message) => {
                mistakes.push(PlanMistake { path: "ids.key".to_owned(), message });
                IdsKey { bytes: [0; 32], secret: false }
            }
        };
        let mut sources = Vec::new();
        for (name, source) in pipeline.sources.iter() {
            match source_plan(pipeline, base, name, source, &ids_key, &mut mistakes) {
                Some(source) => sources.push(source),
                None => debug_assert!(!mistakes.is_empty()),
            }
        }
        sources.sort_by(|a, b| a.name.cmp(&b.name));
        let entities = entity_plans(pipeline, &sources);
        let blocking = blocking(pipeline, &entities, &mut mistakes);
        check_matching(pipeline, &mut mistakes);
        if pipeline.publish.to.contains("://") {
            mistakes.push(PlanMistake {
                path: "publish.to".to_owned(),
                message: "results are published into a folder of a file system, not to an address; name a folder, and copy `latest` from there".to_owned(),
            });
        }
        check_names(pipeline, &mut mistakes);
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        let hashed: Vec<String> = sources.iter().map(|source| format!("{:?}", source.records)).collect();
        let quality = pipeline
            .quality
            .iter()
            .map(|check| QualityCheck {
                check: check.check.clone(),
                source: check.source.clone(),
                entity: check.entity.map(|entity| entity.as_str().to_owned()),
                fail: check.severity == model::Severity::Fail,
                description: check.description.clone(),
            })
            .collect();
        Ok(Self {
            name: pipeline.name.clone(),
            description: pipeline.description.clone(),
            sources,
            entities,
            matching: MatchPlan {
                threshold: pipeline.matching.threshold.map_or(model::DEFAULT_THRESHOLD, model::Percent::fraction),
                review_from: pipeline.matching.review.map_or(model::DEFAULT_REVIEW, model::Percent::fraction),
                decisions: pipeline.matching.decisions.as_ref().map(|path| resolve(base, path)),
                model: pipeline.matching.model.as_ref().map(|path| resolve(base, path)),
                blocking,
            },
            quality,
            coverage_targets: pipeline
                .coverage
                .target
                .iter()
                .map(|(name, share)| (name.to_owned(), share.fraction()))
                .collect(),
            publish: PublishPlan {
                to: resolve(base, &pipeline.publish.to),
                keep: pipeline.publish.keep.map(|keep| keep as usize),
                compression: pipeline.publish.compression,
            },
            keep_raw_quarantine: pipeline.privacy.quarantine_raw == model::QuarantineRaw::Keep,
            ids_key,
            config_hash: config_hash(loaded, &hashed),
        })
    }
}

/// Hashes what the file says with its variables filled in and its SQL files read, so that a changed variable or SQL
/// file is a changed pipeline. References to secrets count, not the secrets.
fn config_hash(loaded: &Loaded, records: &[String]) -> String {
    let mut hasher = blake3::Hasher::new();
    let texts = loaded
        .files
        .iter()
        .map(|file| file.text.to_string())
        .chain([format!("{:?}", loaded.pipeline)])
        .chain(records.iter().cloned());
    for text in texts {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// Where in the pipeline file an error of a source is mended: at the option it names, else at the source.
pub(super) fn source_path(source: &str, error: &SourceError) -> String {
    match error.option() {
        Some(option) => format!("sources.{source}.{option}"),
        None => format!("sources.{source}"),
    }
}

fn source_plan(
    pipeline: &model::Pipeline,
    base: &Path,
    name: &str,
    source: &model::Source,
    ids_key: &IdsKey,
    mistakes: &mut Vec<PlanMistake>,
) -> Option<SourcePlan> {
    let path = format!("sources.{name}");
    let connector = registry::find(&source.connector)?;
    let context = OpenContext { source_name: name.to_owned(), base_dir: base.to_owned() };
    let opened = match connector.open(&serde_json::Value::Object(source.options.clone()), &context) {
        Ok(opened) => opened,
        Err(error) => {
            mistakes.push(PlanMistake { path: source_path(name, &error), message: error.message });
            return None;
        }
    };
    let volume = source.contract.volume;
    let records: Vec<RecordPlan> = source
        .records
        .iter()
        .enumerate()
        .filter_map(|(number, record)| {
            record_plan(pipeline, base, source, &format!("{path}.records[{number}]"), record, mistakes)
        })
        .collect();
    for entity in [Entity::Person, Entity::Organisation, Entity::Generic] {
        let of_entity: Vec<&model::Record> = source.records.iter().filter(|record| record.entity == entity).collect();
        let names: BTreeSet<&Option<String>> = of_entity.iter().map(|record| &record.name).collect();
        if of_entity.len() > 1 && (names.len() < of_entity.len() || names.contains(&None)) {
            mistakes.push(PlanMistake {
                path: format!("{path}.records"),
                message: format!("the source has {} record types of entity `{}`; give each a `name` of its own, so that their keys cannot meet", of_entity.len(), entity.as_str()),
            });
        }
    }
    let incremental = plan_of(name, source, opened.obeys_windows(), &ids_key.bytes, mistakes);
    Some(SourcePlan {
        name: name.to_owned(),
        connector: connector.name(),
        source: Arc::from(opened),
        contract: ContractPlan {
            new_column: drift(source.contract.new_column),
            missing_column: drift(source.contract.missing_column),
            retyped_column: drift(source.contract.retyped_column),
            max_quarantined: source.contract.max_quarantined.map_or(1.0, model::Percent::fraction),
            min_volume: volume.and_then(|volume| volume.min).map_or(DEFAULT_VOLUME.0, model::Ratio::fraction),
            max_volume: volume.and_then(|volume| volume.max).map_or(DEFAULT_VOLUME.1, model::Ratio::fraction),
        },
        on_failure: match source.on_failure.policy {
            FailurePolicy::Fail => OnFailure::Fail,
            FailurePolicy::Skip => OnFailure::Skip,
            FailurePolicy::LastGood => {
                OnFailure::LastGood { max_age: source.on_failure.max_age.map(model::Age::seconds) }
            }
        },
        duplicates_none: source.duplicates == model::Duplicates::None,
        keep: match &source.keep {
            model::Keep::All(_) => Keep::All,
            model::Keep::Columns(columns) => Keep::Columns(columns.clone()),
        },
        incremental,
        records,
    })
}

/// Whether an attribute of one's own would meet a column that every table of that kind has.
pub(crate) fn is_taken(name: &str) -> bool {
    let known = attributes::CATALOGUE.iter().any(|attribute| attribute.name == name);
    let mut fields = golden_profiles::standard_fields().into_iter().chain(source_records::fixed_fields());
    !known && (name.ends_with("_raw") || fields.any(|field| field.name() == name))
}

fn check_names(pipeline: &model::Pipeline, mistakes: &mut Vec<PlanMistake>) {
    for name in pipeline.attributes.names() {
        if is_taken(name) {
            mistakes.push(PlanMistake {
                path: format!("attributes.{name}"),
                message: format!("`{name}` is the name of a column every version has; choose another"),
            });
        }
    }
    if pipeline.survivorship.get("full_name").is_some() {
        mistakes.push(PlanMistake {
            path: "survivorship.full_name".to_owned(),
            message:
                "the golden full name is put together from its parts; say how `given_name` and `family_name` survive"
                    .to_owned(),
        });
    }
}

/// The blocking rules of the pipeline by entity type. A rule for all records is for the types that have its keys.
fn blocking(
    pipeline: &model::Pipeline,
    entities: &[EntityPlan],
    mistakes: &mut Vec<PlanMistake>,
) -> BTreeMap<String, Vec<Vec<String>>> {
    let has = |entity: &EntityPlan, key: model::BlockingKey| {
        let mut attributes = entity.attributes.iter().filter(|attribute| attribute.name == key.attribute());
        attributes.any(|attribute| makes_keys(&entity.entity, attribute))
    };
    let mut by_entity: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for (number, rule) in pipeline.matching.blocking.iter().flatten().enumerate() {
        let meant: Vec<&EntityPlan> =
            entities.iter().filter(|entity| rule.entity.is_none_or(|of| of.as_str() == entity.entity)).collect();
        let fit: Vec<&&EntityPlan> =
            meant.iter().filter(|entity| rule.keys.iter().all(|key| has(entity, *key))).collect();
        for entity in &fit {
            let keys = rule.keys.iter().map(|key| key.as_str().to_owned()).collect();
            by_entity.entry(entity.entity.clone()).or_default().push(keys);
        }
        if !fit.is_empty() {
            continue;
        }
        let path = format!("match.blocking[{number}]");
        let there = |key: model::BlockingKey| meant.iter().any(|entity| has(entity, key));
        match rule.keys.iter().position(|key| !there(*key)) {
            Some(position) => {
                let valid: Vec<&str> = model::BlockingKey::ALL
                    .into_iter()
                    .filter(|key| there(*key))
                    .map(model::BlockingKey::as_str)
                    .collect();
                let key = rule.keys.get(position).copied();
                let message = format!(
                    "`{}` is made of `{}`, which no record maps or compares; there are {}",
                    key.map_or("", model::BlockingKey::as_str),
                    key.map_or("", model::BlockingKey::attribute),
                    if valid.is_empty() { "no keys for these records".to_owned() } else { valid.join(", ") }
                );
                mistakes.push(PlanMistake { path: format!("{path}.keys[{position}]"), message });
            }
            None => mistakes.push(PlanMistake {
                path: format!("{path}.keys"),
                message: "no entity type has all of these keys; write a rule for each".to_owned(),
            }),
        }
    }
    for (entity, rules) in by_entity.iter().filter(|(_, rules)| rules.len() > MOST_RULES) {
        mistakes.push(PlanMistake {
            path: "match.blocking".to_owned(),
            message: format!(
                "{} rules for entity `{entity}` where {MOST_RULES} are the most; leave some out",
                rules.len()
            ),
        });
    }
    for entity in entities {
        let compared = entity.attributes.iter().filter(|attribute| attribute.compared).count();
        if compared > MOST_COMPARISONS {
            mistakes.push(PlanMistake {
                path: "match".to_owned(),
                message: format!(
                    "{compared} attributes of {} records would be compared where {MOST_COMPARISONS} are the most; leave those out that tell nothing apart, with `comparisons: [{{attribute: NAME, compare: none}}]`",
                    entity.entity
                ),
            });
        }
    }
    by_entity
}

/// What can be said under `match:` but not done yet is refused rather than passed over.
fn check_matching(pipeline: &model::Pipeline, mistakes: &mut Vec<PlanMistake>) {
    for (number, rule) in pipeline.matching.comparisons.iter().enumerate() {
        let catalogued = [Entity::Person, Entity::Organisation]
            .into_iter()
            .any(|entity| attributes::catalogued(entity, &rule.attribute).is_some());
        if catalogued && rule.compare != model::Compare::None {
            mistakes.push(PlanMistake {
                path: format!("match.comparisons[{number}].compare"),
                message: format!("`{}` has a comparison of its own; `none` leaves it out, other comparisons are for attributes of one's own", rule.attribute),
            });
        }
    }
}

fn drift(policy: model::ColumnPolicy) -> Drift {
    match policy {
        model::ColumnPolicy::Evolve => Drift::Evolve,
        model::ColumnPolicy::Warn => Drift::Warn,
        model::ColumnPolicy::Quarantine => Drift::Quarantine,
        model::ColumnPolicy::Fail => Drift::Fail,
    }
}

fn record_plan(
    pipeline: &model::Pipeline,
    base: &Path,
    source: &model::Source,
    path: &str,
    record: &model::Record,
    mistakes: &mut Vec<PlanMistake>,
) -> Option<RecordPlan> {
    let sql = |text: &str, path: String| Sql { text: text.to_owned(), path };
    let from = match &record.from {
        None => From::Table(None),
        Some(relation) => from_relation(base, relation, format!("{path}.from"), mistakes)?,
    };
    let key: Vec<Sql> = record
        .key
        .as_slice()
        .iter()
        .enumerate()
        .map(|(number, key)| {
            sql(
                key,
                if record.key.as_slice().len() == 1 { format!("{path}.key") } else { format!("{path}.key[{number}]") },
            )
        })
        .collect();
    let mut fields = Vec::new();
    for (attribute, expr) in record.fields.iter() {
        let path = format!("{path}.fields.{attribute}");
        let kind = kind_of(pipeline, record.entity, attribute);
        let first = layout::input_parts(kind).first().copied().unwrap_or("value");
        let entries = match expr {
            FieldExpr::Sql(text) => vec![vec![(first.to_owned(), sql(text, path))]],
            FieldExpr::Parts(parts) => {
                vec![parts.iter().map(|(part, text)| (part.to_owned(), sql(text, format!("{path}.{part}")))).collect()]
            }
            FieldExpr::List(items) => items
                .iter()
                .enumerate()
                .map(|(number, item)| match item {
                    FieldItem::Sql(text) => vec![(first.to_owned(), sql(text, format!("{path}[{number}]")))],
                    FieldItem::Parts(parts) => parts
                        .iter()
                        .map(|(part, text)| (part.to_owned(), sql(text, format!("{path}[{number}].{part}"))))
                        .collect(),
                })
                .collect(),
        };
        fields.push(FieldPlan { attribute: attribute.to_owned(), entries });
    }
    let mut children = Vec::new();
    for (attribute, child) in record.children.iter() {
        let path = format!("{path}.children.{attribute}");
        let Some(from) = from_relation(base, &child.from, format!("{path}.from"), mistakes) else { continue };
        let on = match &child.on {
            JoinOn::Key(column) if key.len() == 1 => {
                key.iter().map(|key| (sql(column, format!("{path}.on")), key.clone())).collect()
            }
            JoinOn::Key(_) => {
                mistakes.push(PlanMistake { path: format!("{path}.on"), message: "the record's key has several columns; write `on` as a map from each column of the child to the record's".to_owned() });
                continue;
            }
            JoinOn::Columns(columns) => columns
                .iter()
                .map(|(child, parent)| {
                    (sql(child, format!("{path}.on.{child}")), sql(parent, format!("{path}.on.{child}")))
                })
                .collect(),
        };
        children.push(ChildPlan {
            attribute: attribute.to_owned(),
            from,
            on,
            filter: child.filter.as_ref().map(|filter| sql(filter, format!("{path}.where"))),
            parts: child
                .fields
                .iter()
                .map(|(part, text)| (part.to_owned(), sql(text, format!("{path}.fields.{part}"))))
                .collect(),
            path,
        });
    }
    let date_formats = source.defaults.date_format.as_ref().or(pipeline.defaults.date_format.as_ref());
    Some(RecordPlan {
        path: path.to_owned(),
        entity: record.entity.as_str().to_owned(),
        name: record
            .name
            .clone()
            .filter(|_| source.records.iter().filter(|other| other.entity == record.entity).count() > 1),
        from,
        filter: record.filter.as_ref().map(|filter| sql(filter, format!("{path}.where"))),
        key,
        updated_at: record.updated_at.as_ref().map(|text| sql(text, format!("{path}.updated_at"))),
        fields,
        children,
        region: source
            .defaults
            .region
            .or(pipeline.defaults.region)
            .map_or_else(|| DEFAULT_REGION.to_owned(), |region| region.as_str().to_owned()),
        date_formats: date_formats
            .map(|formats| formats.as_slice().iter().map(|format| format.as_str().to_owned()).collect())
            .unwrap_or_default(),
    })
}

fn from_relation(base: &Path, relation: &Relation, path: String, mistakes: &mut Vec<PlanMistake>) -> Option<From> {
    match relation {
        Relation::Table(table) => Some(From::Table(Some(table.clone()))),
        Relation::Sql(text) => Some(From::Query(Sql { text: text.clone(), path })),
        Relation::SqlFile(file) => {
            let file = resolve(base, file);
            match std::fs::read_to_string(&file) {
                Ok(text) => Some(From::Query(Sql { text, path })),
                Err(error) => {
                    mistakes.push(PlanMistake {
                        path,
                        message: format!("the SQL file {} cannot be read: {error}", file.display()),
                    });
                    None
                }
            }
        }
    }
}

fn kind_of(pipeline: &model::Pipeline, entity: Entity, attribute: &str) -> AttributeKind {
    attributes::kind_of(pipeline, entity, attribute).unwrap_or(AttributeKind::Text)
}

/// The attributes of every entity type in use: those of the catalogue first, in its order, then one's own by name.
fn entity_plans(pipeline: &model::Pipeline, sources: &[SourcePlan]) -> Vec<EntityPlan> {
    let mut plans = Vec::new();
    for entity in [Entity::Person, Entity::Organisation, Entity::Generic] {
        let records: Vec<&RecordPlan> = sources
            .iter()
            .flat_map(|source| &source.records)
            .filter(|record| record.entity == entity.as_str())
            .collect();
        if records.is_empty() {
            continue;
        }
        let mut used: BTreeSet<&str> = records
            .iter()
            .flat_map(|record| {
                record
                    .fields
                    .iter()
                    .map(|field| field.attribute.as_str())
                    .chain(record.children.iter().map(|child| child.attribute.as_str()))
            })
            .collect();
        // A name is always all of its parts, because a full name is parsed into them.
        if entity == Entity::Person && layout::NAME_PARTS.iter().any(|part| used.contains(part)) {
            used.extend(layout::NAME_PARTS);
        }
        let mut attributes: Vec<AttributePlan> = Vec::new();
        for known in
            attributes::CATALOGUE.iter().filter(|known| known.entities.contains(&entity) && used.contains(known.name))
        {
            attributes.push(attribute_plan(pipeline, entity, known.name, known.kind, known.description));
        }
        for name in used {
            if attributes.iter().any(|attribute| attribute.name == name) {
                continue;
            }
            let about =
                pipeline.attributes.get(name).and_then(|declared| declared.description.clone()).unwrap_or_default();
            attributes.push(attribute_plan(pipeline, entity, name, kind_of(pipeline, entity, name), &about));
        }
        plans.push(EntityPlan { entity: entity.as_str().to_owned(), attributes });
    }
    plans
}

fn attribute_plan(
    pipeline: &model::Pipeline,
    entity: Entity,
    name: &str,
    kind: AttributeKind,
    about: &str,
) -> AttributePlan {
    let declared = pipeline.attributes.get(name);
    let survivorship =
        pipeline.survivorship.get(name).or_else(|| declared.and_then(|declared| declared.survive.as_ref()));
    let compare = pipeline
        .matching
        .comparisons
        .iter()
        .find(|rule| rule.attribute == name && rule.entity.is_none_or(|of| of == entity))
        .map(|rule| rule.compare)
        .or_else(|| declared.and_then(|declared| declared.compare));
    AttributePlan {
        name: name.to_owned(),
        kind,
        description: about.to_owned(),
        survive: survivorship
            .map_or_else(|| default_strategy(name, kind), |survivorship| strategy(survivorship.strategy)),
        prefer: survivorship.map(|survivorship| survivorship.prefer.clone()).unwrap_or_default(),
        compared: compare != Some(model::Compare::None),
        compare: compare
            .map_or_else(|| if entity == Entity::Generic { default_compare(kind) } else { Compare::None }, comparison),
        sensitive: declared.is_some_and(|declared| declared.sensitive),
    }
}

/// Facts that do not change (a birth date, a name) are what most records say; what changes is what was said last.
fn default_strategy(name: &str, kind: AttributeKind) -> Survive {
    match kind {
        AttributeKind::Address | AttributeKind::Consent | AttributeKind::Phone => Survive::MostRecent,
        AttributeKind::Date if name == "birth_date" => Survive::MostFrequent,
        AttributeKind::PersonName
        | AttributeKind::NamePart(_)
        | AttributeKind::Organisation
        | AttributeKind::Gender
        | AttributeKind::Email
        | AttributeKind::Identifier => Survive::MostFrequent,
        _ => Survive::MostRecent,
    }
}

fn strategy(strategy: model::Strategy) -> Survive {
    match strategy {
        model::Strategy::MostRecent => Survive::MostRecent,
        model::Strategy::MostFrequent => Survive::MostFrequent,
        model::Strategy::MostTrusted => Survive::MostTrusted,
        model::Strategy::Longest => Survive::Longest,
        model::Strategy::Earliest => Survive::Earliest,
    }
}

fn default_compare(kind: AttributeKind) -> Compare {
    match kind {
        AttributeKind::Integer | AttributeKind::Decimal | AttributeKind::Number => Compare::Number,
        AttributeKind::Date => Compare::Date,
        AttributeKind::Boolean => Compare::Exact,
        AttributeKind::Timestamp => Compare::None,
        _ => Compare::Text,
    }
}

fn comparison(compare: model::Compare) -> Compare {
    match compare {
        model::Compare::Exact => Compare::Exact,
        model::Compare::Text => Compare::Text,
        model::Compare::Number => Compare::Number,
        model::Compare::Date => Compare::Date,
        model::Compare::None => Compare::None,
    }
}

fn ids_key(pipeline: &model::Pipeline, base: &Path) -> Result<IdsKey, String> {
    const CONTEXT: &str = "goldsmith 2026-11 golden ids";
    let secret = match &pipeline.ids.key {
        None => return Ok(IdsKey { bytes: blake3::derive_key(CONTEXT, pipeline.name.as_bytes()), secret: false }),
        Some(SecretRef::Env(name)) => std::env::var(name)
            .map_err(|_| format!("the environment variable {name} is not set; it holds the key of the golden ids"))?,
        Some(SecretRef::File(path)) => {
            let path = resolve(base, path);
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("the key file {} cannot be read: {error}", path.display()))?;
            text.trim_end_matches(['\r', '\n']).to_owned()
        }
    };
    if secret.len() < 16 {
        return Err("the key of the golden ids is shorter than 16 bytes; anybody could guess it".to_owned());
    }
    Ok(IdsKey { bytes: blake3::derive_key(CONTEXT, secret.as_bytes()), secret: true })
}
