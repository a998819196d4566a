//! Builds the SELECT of one record type: the expressions of the pipeline file over the source's tables, then the
//! functions that bring each attribute into its normal form.
//!
//! Every expression is parsed by itself, so a mistake is reported with the line and column it stands at. Each cast is
//! made a `TRY_CAST`, so that a value that does not fit is a null; what can fail in another way is tried row by row
//! (`attempt`), so that the row at fault goes to quarantine rather than the run to its end.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, DFSchema, TableReference};
use datafusion::error::{DataFusionError, Result};
use datafusion::functions::core::expr_fn::{coalesce, get_field, named_struct, nullif};
use datafusion::functions::string::expr_fn::{btrim, replace};
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    Expr, ExprSchemable, JoinType, Operator, TryCast, Volatility, binary_expr, ident, lit, try_cast,
};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::prelude::{DataFrame, SessionContext};
use goldsmith_columns::Reading;
use goldsmith_config::attributes::AttributeKind;

use super::attempt::{FAULT, VALUE, attempt};
use super::columns::{json_function, moment_function, record_hash_function};
use super::standard::{Making, StandardColumn, StandardForm};
use super::{SELECTED, layout, session};
use crate::extract::SourceTables;
use crate::extract::landing::{FILE, OWN, ROW};
use crate::pipeline::plan::{ChildPlan, EntityPlan, From, Keep, RecordPlan, Sql};
use crate::pipeline::sources::table_of;
use crate::shown::column_names;

/// What is trimmed off keys: what Unicode calls white space, and marks that nobody sees.
const WHITE_SPACE: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}\u{200b}\u{feff}";

/// A mistake in the SQL of a pipeline file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlMistake {
    /// Path in the pipeline file; empty where none is at fault.
    pub path: String,
    pub message: String,
}

/// The columns a record type needs of each table; `None` for all of them.
pub type Needs = BTreeMap<String, Option<BTreeSet<String>>>;

/// Column with the expression that fails on a row and how; null where none does.
pub const FAULT_COLUMN: &str = "\u{1f}fault";

/// What becomes of child rows that are not attached, two queries a child table.
pub struct ChildRest {
    /// Rows whose parent is not there.
    pub orphans: DataFrame,
    /// Place and fault of rows an expression fails on; `None` where none can.
    pub faulty: Option<DataFrame>,
    /// The table; `None` for a query.
    pub table: Option<String>,
}

/// The query of one record type and what it reads.
pub struct RecordSelect {
    /// The raw columns, in no order.
    pub frame: DataFrame,
    /// What is made of them.
    pub(super) form: StandardForm,
    pub children: Vec<ChildRest>,
    pub needs: Needs,
    /// The record type's path in the pipeline file.
    pub path: String,
}

/// Plans one record type over the tables registered in `context`.
///
/// # Errors
/// Every mistake in the record type's SQL, with its place.
pub async fn plan_record(
    context: &SessionContext,
    tables: &SourceTables,
    record: &RecordPlan,
    keep: &Keep,
    entity: &EntityPlan,
) -> std::result::Result<RecordSelect, Vec<SqlMistake>> {
    let mut binder = Binder { context, mistakes: Vec::new(), needs: Needs::new(), faults: Vec::new() };
    let built = binder.build(tables, record, keep, entity).await;
    match built {
        Some(Ok((frame, form, children))) if binder.mistakes.is_empty() => {
            Ok(RecordSelect { frame, form, children, needs: binder.needs, path: record.path.clone() })
        }
        Some(Err(error)) if binder.mistakes.is_empty() => {
            Err(vec![SqlMistake { path: String::new(), message: plain(&error) }])
        }
        _ => Err(binder.mistakes),
    }
}

struct Binder<'a> {
    context: &'a SessionContext,
    mistakes: Vec<SqlMistake>,
    needs: Needs,
    /// For each expression that can fail what is not null where it does.
    faults: Vec<Expr>,
}

type Built = Option<Result<(DataFrame, StandardForm, Vec<ChildRest>)>>;

impl Binder<'_> {
    /// `None` where a mistake was noted.
    async fn build(&mut self, tables: &SourceTables, record: &RecordPlan, keep: &Keep, entity: &EntityPlan) -> Built {
        let (mut frame, main) = self.main_frame(tables, record).await?;
        let mut children = Vec::new();
        let schema = frame.schema().clone();

        let mut raw = vec![
            self.key(record, &schema, main.as_deref()).alias(layout::SOURCE_KEY),
            match &record.filter {
                Some(filter) => self.condition(filter, &schema, main.as_deref()),
                None => lit(true),
            }
            .alias(SELECTED),
            physical(&schema, main.is_some(), FILE, DataType::Int32).alias(FILE),
            physical(&schema, main.is_some(), ROW, DataType::Int64).alias(ROW),
            kept(&schema, main.is_some(), keep).alias(layout::KEPT),
        ];
        let updated_formats = match &record.updated_at {
            Some(sql) => {
                let (expr, is_moment) = self.plain_text(sql, &schema, main.as_deref());
                raw.push(expr.alias(layout::UPDATED_AT));
                if is_moment { Vec::new() } else { record.date_formats.clone() }
            }
            None => {
                raw.push(lit(datafusion::scalar::ScalarValue::Utf8(None)).alias(layout::UPDATED_AT));
                Vec::new()
            }
        };

        // Raw columns and what is made of them.
        let mut form = StandardForm::default();
        let mut raw_names = Vec::new();
        let mut name_parts: [Option<String>; 6] = Default::default();
        let has_name = entity.attributes.iter().any(|attribute| attribute.name == "full_name");
        for (number, attribute) in entity.attributes.iter().enumerate() {
            let field = record.fields.iter().find(|field| field.attribute == attribute.name);
            let child = record.children.iter().find(|child| child.attribute == attribute.name);
            if layout::is_list(attribute.kind) {
                let mut arguments = Vec::new();
                let mut entries = Vec::new();
                for (entry_number, entry) in field.iter().flat_map(|field| &field.entries).enumerate() {
                    let mut names = Vec::new();
                    // A number without country code is of the country its owner lives in, where the record says it.
                    let country = address_country(record)
                        .filter(|_| attribute.kind == AttributeKind::Phone)
                        .map(|sql| ("country".to_owned(), sql.clone()));
                    for (part, sql) in entry.iter().chain(&country) {
                        let column = format!("{OWN}raw_{number}_{entry_number}_{part}");
                        let (expr, _) = self.text(sql, &schema, main.as_deref());
                        raw.push(expr.alias(&column));
                        arguments.push(column.clone());
                        raw_names.push(column);
                        names.push(part.clone());
                    }
                    entries.push(names);
                }
                let mut sorted = false;
                if let Some(child) = child {
                    let column = format!("{OWN}child_{number}");
                    let (joined, rest) =
                        match self.attach(frame, &schema, tables, child, main.as_deref(), &column).await? {
                            Ok(attached) => attached,
                            Err(error) => return Some(Err(error)),
                        };
                    frame = joined;
                    children.push(rest);
                    raw.push(ident(&column));
                    arguments.push(column.clone());
                    raw_names.push(column);
                    entries
                        .push(vec![layout::input_parts(attribute.kind).first().copied().unwrap_or("value").to_owned()]);
                    sorted = true;
                }
                let reading = Reading { region: record.region.clone(), date_formats: record.date_formats.clone() };
                form.columns.push(StandardColumn {
                    name: attribute.name.clone(),
                    making: Making::List { kind: attribute.kind, raw: arguments, entries, reading, sorted },
                });
                continue;
            }
            let column = layout::raw_column(&attribute.name);
            let sql = field.and_then(|field| field.entries.first()).and_then(|entry| entry.first()).map(|(_, sql)| sql);
            let mut formats = record.date_formats.clone();
            match sql {
                Some(sql) => {
                    let (expr, is_moment) = self.plain_text(sql, &schema, main.as_deref());
                    raw.push(expr.alias(&column));
                    raw_names.push(column.clone());
                    if is_moment {
                        formats.clear();
                    }
                }
                None => raw.push(lit(datafusion::scalar::ScalarValue::Utf8(None)).alias(&column)),
            }
            let name_part = layout::NAME_PARTS.iter().position(|part| has_name && *part == attribute.name);
            if let Some(slot) = name_part.and_then(|part| name_parts.get_mut(part)) {
                *slot = Some(column.clone());
            } else {
                let reading = Reading { region: record.region.clone(), date_formats: formats };
                form.columns.push(StandardColumn {
                    name: attribute.name.clone(),
                    making: Making::Scalar { kind: attribute.kind, raw: column.clone(), reading },
                });
            }
            form.columns.push(StandardColumn { name: column, making: Making::Same });
        }
        if !self.mistakes.is_empty() {
            return None;
        }
        raw.push(first_fault(std::mem::take(&mut self.faults)).alias(FAULT_COLUMN));
        form.name = has_name.then_some(name_parts);
        let updated_reading = Reading { region: record.region.clone(), date_formats: updated_formats };
        let mut select = vec![
            moment_function(updated_reading).call(vec![ident(layout::UPDATED_AT)]).alias(layout::UPDATED_AT),
            record_hash_function(raw_names.iter().map(|name| is_child(name)).collect())
                .call(raw_names.iter().map(ident).collect())
                .alias(layout::RECORD_HASH),
        ];
        let as_it_is = raw.iter().map(|expr| expr.schema_name().to_string()).filter(|name| name != layout::UPDATED_AT);
        select.extend(as_it_is.map(ident));
        Some(frame.select(raw).and_then(|frame| frame.select(select)).map(|frame| (frame, form, children)))
    }

    async fn main_frame(&mut self, tables: &SourceTables, record: &RecordPlan) -> Option<(DataFrame, Option<String>)> {
        match &record.from {
            From::Table(_) => {
                let table = table_of(record, tables.first.as_deref()).unwrap_or_default();
                self.needs.entry(table.clone()).or_insert_with(|| Some(BTreeSet::new()));
                match self.context.table(TableReference::bare(table.as_str())).await {
                    Ok(frame) => Some((frame, Some(table))),
                    Err(_) => self.refuse(&format!("{}.from", record.path), unknown_table(&table, tables)),
                }
            }
            From::Query(sql) => self.query(sql).await.map(|frame| (frame, None)),
        }
    }

    /// A query over the source's tables; all their columns are needed, because the planner decides which it reads.
    async fn query(&mut self, sql: &Sql) -> Option<DataFrame> {
        match session::select(self.context, &sql.text).await {
            Ok(frame) => {
                let mut why = None;
                // The walk itself cannot fail.
                let _ = frame.logical_plan().apply_with_subqueries(|node| {
                    node.apply_expressions(|expr| {
                        why = why.take().or_else(|| refusal(expr, false));
                        Ok(TreeNodeRecursion::Continue)
                    })
                });
                if let Some(why) = why {
                    return self.refuse(&sql.path, format!("the query {why}"));
                }
                if let Err(error) = frame.clone().create_physical_plan().await {
                    return self.refuse(&sql.path, plain(&error));
                }
                for table in tables_of(self.context, &sql.text) {
                    self.needs.insert(table, None);
                }
                Some(frame)
            }
            Err(error) => self.refuse(&sql.path, plain(&error)),
        }
    }

    fn refuse<T>(&mut self, path: &str, message: String) -> Option<T> {
        self.mistakes.push(SqlMistake { path: path.to_owned(), message });
        None
    }

    /// The expression of `sql`, or a null where it is a mistake. `main` is the table its columns belong to.
    fn bind(&mut self, sql: &Sql, schema: &DFSchema, main: Option<&str>) -> Expr {
        let text = sql.text.trim();
        // A column called like the whole text needs no quotes, whatever characters it has.
        let column = schema.qualified_field_with_unqualified_name(text.trim_matches('"')).ok();
        let parsed = match column {
            Some((qualifier, field)) if !text.is_empty() => {
                Ok(Expr::Column(Column::new(qualifier.cloned(), field.name())))
            }
            _ => self.context.parse_sql_expr(text, schema),
        };
        let known = parsed.map_err(|error| explain(&error, text, schema)).and_then(|expr| match refusal(&expr, true) {
            Some(why) => Err(format!("`{text}` {why}")),
            None => expr
                .get_type(schema)
                .map_err(|error| explain(&error, text, schema))
                .and_then(|_| self.tried(expr, sql, schema)),
        });
        match known {
            Ok((expr, columns)) => {
                if let Some(Some(needed)) =
                    main.map(|main| self.needs.entry(main.to_owned()).or_insert_with(|| Some(BTreeSet::new())))
                {
                    needed.extend(columns.into_iter().filter(|name| name != FILE && name != ROW));
                }
                expr
            }
            Err(message) => {
                self.mistakes.push(SqlMistake { path: sql.path.clone(), message });
                lit(datafusion::scalar::ScalarValue::Null)
            }
        }
    }

    /// The expression in a form that never fails, and the columns it reads. One that can fail becomes an attempt,
    /// whose fault is added to `faults`. One that fails without any value at hand is a mistake.
    fn tried(&mut self, expr: Expr, sql: &Sql, schema: &DFSchema) -> std::result::Result<(Expr, Vec<String>), String> {
        let text = sql.text.trim();
        let wrong = |error: DataFusionError| explain(&error, text, schema);
        let mut columns: Vec<Column> = expr.column_refs().into_iter().cloned().collect();
        columns.sort();
        let names = columns.iter().map(|column| column.name.clone()).collect();
        let expr = try_casts(expr).map_err(wrong)?;
        if never_fails(&expr) {
            return Ok((expr, names));
        }
        let mut fields = Vec::with_capacity(columns.len());
        for column in &columns {
            let (qualifier, field) = schema.qualified_field_from_column(column).map_err(wrong)?;
            fields.push((qualifier.cloned(), std::sync::Arc::new(field.as_ref().clone().with_nullable(true))));
        }
        let narrow = DFSchema::new_with_metadata(fields, std::collections::HashMap::new()).map_err(wrong)?;
        let simplify = SimplifyContext::builder()
            .with_schema(std::sync::Arc::new(narrow.clone()))
            .with_config_options(std::sync::Arc::clone(self.context.state().config_options()))
            .build();
        let simplifier = ExprSimplifier::new(simplify);
        let physical = simplifier
            .coerce(expr, &narrow)
            .and_then(try_casts)
            .and_then(|expr| simplifier.simplify(expr))
            .and_then(|expr| self.context.create_physical_expr(expr, &narrow))
            .map_err(wrong)?;
        let arrow_schema = std::sync::Arc::clone(narrow.inner());
        let nulls = arrow_schema.fields().iter().map(|field| new_null_array(field.data_type(), 1)).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(1));
        let value = RecordBatch::try_new_with_options(std::sync::Arc::clone(&arrow_schema), nulls, &options)
            .map_err(DataFusionError::from)
            .and_then(|row| physical.evaluate(&row))
            .map_err(|error| format!("`{text}` fails whatever a row holds: {}", plain(&error)))?;
        if columns.is_empty() {
            let value =
                value.into_array(1).and_then(|values| datafusion::scalar::ScalarValue::try_from_array(&values, 0));
            return Ok((lit(value.map_err(wrong)?), names));
        }
        let data_type = physical.data_type(&arrow_schema).map_err(wrong)?;
        let tried =
            attempt(physical, arrow_schema, data_type, &sql.path).call(columns.into_iter().map(Expr::Column).collect());
        self.faults.push(get_field(tried.clone(), FAULT));
        Ok((get_field(tried, VALUE), names))
    }

    /// The expression as text where it is a plain value, and whether it was a date or a moment.
    fn text(&mut self, sql: &Sql, schema: &DFSchema, main: Option<&str>) -> (Expr, bool) {
        let expr = self.bind(sql, schema, main);
        match expr.get_type(schema) {
            Ok(data_type) if data_type.is_nested() => (expr, false),
            Ok(data_type) => {
                let is_moment = matches!(data_type, DataType::Date32 | DataType::Date64 | DataType::Timestamp(..));
                (try_cast(expr, DataType::Utf8), is_moment)
            }
            Err(_) => (expr, false),
        }
    }

    /// As [`Self::text`], where a list or an object cannot be meant.
    fn plain_text(&mut self, sql: &Sql, schema: &DFSchema, main: Option<&str>) -> (Expr, bool) {
        let (expr, is_moment) = self.text(sql, schema, main);
        if expr.get_type(schema).is_ok_and(|data_type| data_type.is_nested()) {
            self.mistakes.push(SqlMistake {
                path: sql.path.clone(),
                message: format!(
                    "`{}` is a list or an object and a single value is wanted; name one of its fields",
                    sql.text.trim()
                ),
            });
            return (lit(datafusion::scalar::ScalarValue::Utf8(None)), false);
        }
        (expr, is_moment)
    }

    /// An expression that has to be true or false. It counts as true on a row it fails on, which is then no record
    /// but is not passed over either.
    fn condition(&mut self, sql: &Sql, schema: &DFSchema, main: Option<&str>) -> Expr {
        let faults = self.faults.len();
        let expr = self.bind(sql, schema, main);
        match expr.get_type(schema) {
            Ok(DataType::Boolean | DataType::Null) | Err(_) => match self.faults.get(faults) {
                Some(fault) => coalesce(vec![expr, fault.clone().is_not_null()]),
                None => coalesce(vec![expr, lit(false)]),
            },
            Ok(_) => {
                self.mistakes.push(SqlMistake {
                    path: sql.path.clone(),
                    message: format!("`{}` is no condition: it is neither true nor false", sql.text.trim()),
                });
                lit(false)
            }
        }
    }

    /// The record's key as text: null where a part is null. Parts of a composite key are joined with `|`.
    fn key(&mut self, record: &RecordPlan, schema: &DFSchema, main: Option<&str>) -> Expr {
        let mut parts = Vec::new();
        for sql in &record.key {
            let (expr, _) = self.plain_text(sql, schema, main);
            // A key of white space is none.
            let expr = nullif(btrim(vec![expr, lit(WHITE_SPACE)]), lit(""));
            parts.push(if record.key.len() > 1 {
                replace(replace(expr, lit("\\"), lit("\\\\")), lit("|"), lit("\\|"))
            } else {
                expr
            });
        }
        let mut parts = parts.into_iter();
        let mut key = parts.next().unwrap_or_else(|| lit(datafusion::scalar::ScalarValue::Utf8(None)));
        for part in parts {
            key = binary_expr(binary_expr(key, Operator::StringConcat, lit("|")), Operator::StringConcat, part);
        }
        match &record.name {
            Some(name) => binary_expr(lit(format!("{name}/")), Operator::StringConcat, key),
            None => key,
        }
    }

    /// Attaches the rows of a child table as a list of structs in `column`.
    async fn attach(
        &mut self,
        frame: DataFrame,
        schema: &DFSchema,
        tables: &SourceTables,
        child: &ChildPlan,
        main: Option<&str>,
        column: &str,
    ) -> Option<Result<(DataFrame, ChildRest)>> {
        let (rows, table) = match &child.from {
            From::Table(table) => {
                let table = table.clone().unwrap_or_default();
                self.needs.entry(table.clone()).or_insert_with(|| Some(BTreeSet::new()));
                match self.context.table(TableReference::bare(table.as_str())).await {
                    Ok(rows) => (rows, Some(table)),
                    Err(_) => return self.refuse(&format!("{}.from", child.path), unknown_table(&table, tables)),
                }
            }
            From::Query(sql) => (self.query(sql).await?, None),
        };
        let child_schema = rows.schema().clone();
        let mut parent_keys = Vec::new();
        let mut child_keys = Vec::new();
        let mut child_faults = Vec::new();
        for (number, (child_column, parent)) in child.on.iter().enumerate() {
            let (parent, _) = self.text(parent, schema, main);
            parent_keys.push((format!("{column}_parent_{number}"), parent));
            // Faults of child rows are apart from those of the record.
            let of_record = std::mem::take(&mut self.faults);
            let (key, _) = self.text(child_column, &child_schema, table.as_deref());
            child_keys.push((format!("{column}_key_{number}"), key));
            child_faults.append(&mut std::mem::replace(&mut self.faults, of_record));
        }
        let of_record = std::mem::take(&mut self.faults);
        let filter = child.filter.as_ref().map(|filter| self.condition(filter, &child_schema, table.as_deref()));
        let mut parts = Vec::new();
        for (part, sql) in &child.parts {
            let (expr, _) = self.text(sql, &child_schema, table.as_deref());
            parts.push(lit(part.as_str()));
            parts.push(expr);
        }
        child_faults.append(&mut std::mem::replace(&mut self.faults, of_record));
        if !self.mistakes.is_empty() {
            return None;
        }
        let parent_names: Vec<&str> = parent_keys.iter().map(|(name, _)| name.as_str()).collect();
        let child_names: Vec<&str> = child_keys.iter().map(|(name, _)| name.as_str()).collect();
        let attached = (|| {
            let mut rows = match filter {
                Some(filter) => rows.filter(filter)?,
                None => rows,
            };
            let mut faulty = None;
            if !child_faults.is_empty() {
                let fault = first_fault(child_faults);
                faulty = Some(rows.clone().filter(fault.clone().is_not_null())?.select(vec![
                    physical(&child_schema, table.is_some(), FILE, DataType::Int32).alias(FILE),
                    physical(&child_schema, table.is_some(), ROW, DataType::Int64).alias(ROW),
                    fault.clone().alias(FAULT_COLUMN),
                ])?);
                rows = rows.filter(fault.is_null())?;
            }
            let mut selected: Vec<Expr> = child_keys.iter().map(|(name, key)| key.clone().alias(name)).collect();
            selected.push(named_struct(parts).alias(column));
            let rows = rows.select(selected)?;
            let mut columns: Vec<Expr> = schema.columns().into_iter().map(Expr::Column).collect();
            // Children attached earlier are columns too.
            columns.extend(
                frame.schema().fields().iter().filter(|field| is_child(field.name())).map(|field| ident(field.name())),
            );
            let keyed: Vec<Expr> =
                columns.iter().cloned().chain(parent_keys.iter().map(|(name, key)| key.clone().alias(name))).collect();
            let parents = frame.select(keyed)?;
            let known = parents.clone().select(parent_names.iter().map(|name| ident(*name)).collect::<Vec<_>>())?;
            let orphans = rows.clone().join(known, JoinType::LeftAnti, &child_names, &parent_names, None)?;
            let lists = rows.aggregate(
                child_names.iter().map(|name| ident(*name)).collect(),
                vec![array_agg(ident(column)).alias(column)],
            )?;
            let joined = parents.join(lists, JoinType::Left, &parent_names, &child_names, None)?;
            let joined = joined.select([columns, vec![ident(column)]].concat())?;
            Ok((joined, ChildRest { orphans, faulty, table }))
        })();
        Some(attached)
    }
}

/// What a record says of its address's country.
fn address_country(record: &RecordPlan) -> Option<&Sql> {
    let addresses = record.fields.iter().find(|field| field.attribute == "addresses")?;
    addresses.entries.iter().flatten().find(|(part, _)| part == "country").map(|(_, sql)| sql)
}

/// Landing column `name`, or a null where the frame is a query: a row of a query is no row of a file.
fn physical(schema: &DFSchema, is_table: bool, name: &str, data_type: DataType) -> Expr {
    match schema.qualified_field_with_unqualified_name(name) {
        Ok((qualifier, field)) if is_table => Expr::Column(Column::new(qualifier.cloned(), field.name())),
        _ => try_cast(lit(datafusion::scalar::ScalarValue::Null), data_type),
    }
}

/// The columns a source keeps as JSON; those of a query are what it selects, so nothing is kept of one.
fn kept(schema: &DFSchema, is_table: bool, keep: &Keep) -> Expr {
    let columns: Vec<(Expr, String)> = schema
        .iter()
        .filter(|(_, field)| match keep {
            Keep::All => !field.name().starts_with(OWN),
            Keep::Columns(names) => names.contains(field.name()),
        })
        .map(|(qualifier, field)| (Expr::Column(Column::new(qualifier.cloned(), field.name())), field.name().clone()))
        .collect();
    if columns.is_empty() || !is_table {
        return lit(datafusion::scalar::ScalarValue::Utf8(None));
    }
    let (columns, names): (Vec<Expr>, Vec<String>) = columns.into_iter().unzip();
    json_function(names).call(columns)
}

/// Whether a column holds attached child rows.
fn is_child(name: &str) -> bool {
    name.strip_prefix(OWN).is_some_and(|name| name.starts_with("child_"))
}

/// The first of `faults` that is not null.
fn first_fault(faults: Vec<Expr>) -> Expr {
    if faults.is_empty() { lit(datafusion::scalar::ScalarValue::Utf8(None)) } else { coalesce(faults) }
}

/// Whether no row can make the expression fail.
fn never_fails(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::Literal(..) => true,
        Expr::TryCast(cast) => never_fails(&cast.expr),
        Expr::Alias(alias) => never_fails(&alias.expr),
        Expr::IsNull(inner) | Expr::IsNotNull(inner) => never_fails(inner),
        Expr::ScalarFunction(function) if function.func.name() == "get_field" => function.args.iter().all(never_fails),
        _ => false,
    }
}

/// Why an expression has no place in a pipeline, or, with `of_one_row`, cannot stand for a value of one row; as the
/// rest of a sentence.
fn refusal(expr: &Expr, of_one_row: bool) -> Option<String> {
    let mut why = None;
    // The walk itself cannot fail.
    let _ = expr.apply(|node| {
        why = match node {
            Expr::AggregateFunction(_) | Expr::WindowFunction(_) if of_one_row => {
                Some("is about many rows, and a value of one row is wanted; use it in a query under `from:`".to_owned())
            }
            Expr::ScalarFunction(function) if function.func.signature().volatility != Volatility::Immutable => {
                Some(format!(
                    "calls `{}`, which gives another value at each call, so equal input would not give equal tables",
                    function.func.name()
                ))
            }
            Expr::ScalarFunction(function) if function.func.name().starts_with("regexp_") => {
                function.args.get(1).and_then(wrong_pattern)
            }
            Expr::BinaryExpr(binary)
                if matches!(
                    binary.op,
                    Operator::RegexMatch | Operator::RegexIMatch | Operator::RegexNotMatch | Operator::RegexNotIMatch
                ) =>
            {
                wrong_pattern(&binary.right)
            }
            _ => None,
        };
        Ok(if why.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    });
    why
}

/// What is wrong with a regular expression that is written out.
fn wrong_pattern(pattern: &Expr) -> Option<String> {
    let Expr::Literal(value, _) = pattern else { return None };
    let error = regex::Regex::new(value.try_as_str()??).err()?;
    let message = error.to_string();
    let last = message.lines().last().unwrap_or_default();
    Some(format!("has a wrong regular expression: {}", last.trim_start_matches("error: ")))
}

/// Makes every cast a `TRY_CAST`.
fn try_casts(expr: Expr) -> Result<Expr> {
    expr.transform_up(|node| {
        Ok(match node {
            Expr::Cast(cast) => Transformed::yes(Expr::TryCast(TryCast { expr: cast.expr, field: cast.field })),
            other => Transformed::no(other),
        })
    })
    .map(|transformed| transformed.data)
}

/// The tables a query names.
#[must_use]
pub fn tables_of(context: &SessionContext, sql: &str) -> Vec<String> {
    let state = context.state();
    let dialect = state.config().options().sql_parser.dialect;
    let Ok(statement) = state.sql_to_statement(sql, &dialect) else { return Vec::new() };
    state
        .resolve_table_references(&statement)
        .map(|tables| tables.iter().map(|table| table.table().to_owned()).collect())
        .unwrap_or_default()
}

fn unknown_table(table: &str, tables: &SourceTables) -> String {
    let known: Vec<&str> = tables.schemas.keys().map(String::as_str).collect();
    match nearest(table, &known) {
        Some(nearest) => format!("the source has no table `{table}`; did you mean `{nearest}`?"),
        None => format!("the source has no table `{table}`; it has {}", known.join(", ")),
    }
}

fn explain(error: &DataFusionError, text: &str, schema: &DFSchema) -> String {
    let message = plain(error);
    if message.contains("No field named") {
        let known: Vec<&str> =
            schema.fields().iter().map(|field| field.name().as_str()).filter(|name| !name.starts_with(OWN)).collect();
        let unknown = message
            .split("No field named ")
            .nth(1)
            .and_then(|rest| match rest.strip_prefix('"') {
                Some(quoted) => quoted.split('"').next(),
                None => rest.split(['.', ' ', '\n']).next(),
            })
            .unwrap_or(text)
            .trim_matches(['"', '`', '.']);
        return match nearest(unknown, &known) {
            Some(nearest) => format!("the source has no column `{unknown}`; did you mean `{nearest}`?"),
            None => format!("the source has no column `{unknown}`; it has {}", column_names(&known)),
        };
    }
    format!("in `{text}`: {message}")
}

/// The candidate most like `name`, if one is alike at all.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    goldsmith_config::nearest::nearest(name, candidates.iter().copied())
}

/// The first line of an engine error, without its kind and without a backtrace.
#[must_use]
pub fn plain(error: &DataFusionError) -> String {
    // The context is which part of the engine met it.
    if let DataFusionError::Context(_, cause) = error {
        return plain(cause);
    }
    let text = error.strip_backtrace();
    let line = text.lines().next().unwrap_or_default();
    let line = [
        "Error during planning: ",
        "Schema error: ",
        "SQL error: ",
        "Execution error: ",
        "This feature is not implemented: ",
    ]
    .iter()
    .fold(line, |line, prefix| line.strip_prefix(prefix).unwrap_or(line));
    line.to_owned()
}
