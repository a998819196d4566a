//! Billing: one Parquet file of accounts, of people and of companies.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Date32Builder, Decimal128Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use crate::plan::Source;
use crate::seen::{Seen, see};
use crate::truth::ParquetFile;
use crate::world::FIRST_DAY;
use crate::{Cause, Ticker, Work, script};

use super::{full_name, street_line, title, unit_line};

const TEXTS: [&str; 14] = [
    "account_no",
    "account_type",
    "holder",
    "company_reg_no",
    "tax_id",
    "bill_to_line1",
    "bill_to_line2",
    "bill_to_city",
    "bill_to_region",
    "bill_to_postcode",
    "bill_to_country",
    "phone",
    "email",
    "currency",
];

pub(crate) fn write(work: &Work<'_>, path: &Path, ticker: &Ticker) -> Result<u64, Cause> {
    let slots = &work.plan.slots[Source::Billing as usize];
    let mut accounts = Accounts::default();
    let schema = schema();
    let mut file = ParquetFile::create(File::create(path)?, Arc::clone(&schema))?;
    for (row, slot) in slots.iter().enumerate() {
        accounts.push(&Source::Billing.key(row), see(work.world, work.plan, Source::Billing, slot));
        if (row + 1) % ParquetFile::BATCH == 0 || row + 1 == slots.len() {
            file.write(&accounts.finish(&schema)?)?;
        }
        ticker.row(Source::Billing, row, slots.len());
    }
    file.close()?;
    Ok(slots.len() as u64)
}

fn schema() -> Arc<Schema> {
    let mut fields: Vec<Field> = TEXTS.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    fields.push(Field::new("date_of_birth", DataType::Date32, true));
    fields.push(Field::new("balance", DataType::Decimal128(18, 2), false));
    fields.push(Field::new("opened_on", DataType::Date32, false));
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    fields.push(Field::new("last_invoice_at", utc, true));
    Arc::new(Schema::new(fields))
}

#[derive(Default)]
struct Accounts {
    /// In the order of [`TEXTS`].
    texts: [StringBuilder; 14],
    birth: Date32Builder,
    balance: Decimal128Builder,
    opened: Date32Builder,
    invoiced: TimestampMicrosecondBuilder,
}

impl Accounts {
    fn push(&mut self, key: &str, mut seen: Seen) {
        let mut rng = seen.rng.clone();
        let mut row = [const { String::new() }; 14];
        key.clone_into(&mut row[0]);
        match &mut seen.organisation {
            Some(organisation) => {
                "company".clone_into(&mut row[1]);
                std::mem::swap(&mut row[2], &mut organisation.name);
                std::mem::swap(&mut row[3], &mut organisation.registration);
                std::mem::swap(&mut row[4], &mut organisation.tax_id);
            }
            None => {
                "person".clone_into(&mut row[1]);
                row[2] = match rng.below(20) {
                    0..=2 => format!("{} {}", title(&mut seen), full_name(&seen)),
                    3 | 4 => format!("{}, {}", seen.family, seen.given),
                    _ => full_name(&seen),
                };
            }
        }
        if let Some(address) = &mut seen.address {
            row[5] = street_line(&address.house, &address.street, seen.country);
            row[6] = unit_line(address.unit, seen.country);
            std::mem::swap(&mut row[7], &mut address.city);
            address.region.clone_into(&mut row[8]);
            std::mem::swap(&mut row[9], &mut address.postcode);
        }
        seen.country.code().clone_into(&mut row[10]);
        row[11] = if seen.mobile.is_empty() { seen.landline } else { seen.mobile };
        row[12] = seen.emails.into_iter().next().unwrap_or_default();
        seen.country.currency().clone_into(&mut row[13]);
        // The printer of the invoices knows capitals only.
        if rng.chance(0.2) {
            for text in &mut row[5..9] {
                *text = script::ascii(text).to_uppercase();
            }
        }
        for (builder, text) in self.texts.iter_mut().zip(&row) {
            builder.append_option(Some(text).filter(|text| !text.is_empty()));
        }
        self.birth.append_option(seen.birth);
        let owes = rng.below(900) * rng.below(900);
        self.balance.append_value(if rng.chance(0.6) { 0 } else { owes as i128 - 9_000 });
        self.opened.append_value(rng.between(FIRST_DAY, seen.day));
        let second = i64::from(seen.day) * 86_400 + i64::from(seen.second);
        self.invoiced.append_option(rng.chance(0.93).then_some(second * 1_000_000));
    }

    fn finish(&mut self, schema: &Arc<Schema>) -> Result<RecordBatch, arrow::error::ArrowError> {
        let mut columns: Vec<ArrayRef> =
            self.texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        columns.push(Arc::new(self.birth.finish()));
        columns.push(Arc::new(self.balance.finish().with_precision_and_scale(18, 2)?));
        columns.push(Arc::new(self.opened.finish()));
        columns.push(Arc::new(self.invoiced.finish().with_timezone("UTC")));
        RecordBatch::try_new(Arc::clone(schema), columns)
    }
}
