//! DataFusion sessions as this program uses them.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::options::ArrowReadOptions;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};

use super::functions;
use crate::extract::LandedTable;
use crate::extract::landing::{FILE, ROW};

/// A session with goldsmith's functions, working on `threads` threads.
#[must_use]
pub fn session(threads: usize) -> SessionContext {
    let mut config = SessionConfig::new().with_target_partitions(threads.max(1)).with_information_schema(true);
    let options = config.options_mut();
    // Column names are meant as they are written: exports are full of `CustomerID`.
    options.sql_parser.enable_ident_normalization = false;
    // Hash joins cannot spill, sort-merge joins can.
    options.optimizer.prefer_hash_join = false;
    let context = SessionContext::new_with_config(config);
    for function in functions::catalogue() {
        context.register_udf(function.udf);
    }
    context
}

/// Plans a SELECT. Whatever would write, define or set something is refused.
///
/// # Errors
/// SQL that is wrong, or no SELECT.
pub async fn select(context: &SessionContext, sql: &str) -> Result<DataFrame> {
    let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    context.sql_with_options(sql, options).await
}

/// Registers tables that have their columns but no rows: enough to check SQL against.
///
/// # Errors
/// Where a table cannot be registered.
pub fn register_empty(context: &SessionContext, schemas: &BTreeMap<String, SchemaRef>) -> Result<()> {
    for (table, schema) in schemas {
        let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(FILE, DataType::Int32, false)));
        fields.push(Arc::new(Field::new(ROW, DataType::Int64, false)));
        let table_schema = Arc::new(Schema::new(fields));
        context.register_table(
            TableReference::bare(table.as_str()),
            Arc::new(MemTable::try_new(table_schema, vec![vec![]])?),
        )?;
    }
    Ok(())
}

/// Registers landed tables under their own names.
///
/// # Errors
/// Where a landing file cannot be read.
pub async fn register_landed(context: &SessionContext, tables: &BTreeMap<String, LandedTable>) -> Result<()> {
    for (name, table) in tables {
        let options = ArrowReadOptions { schema: Some(&table.schema), ..ArrowReadOptions::default() };
        context.register_arrow(TableReference::bare(name.as_str()), table.path.to_string_lossy(), options).await?;
    }
    Ok(())
}
