//! The right answer: which record is whose, and what each customer's values truly are today.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Builder, RecordBatch, StringBuilder};
use arrow::datatypes::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::schema::types::ColumnPath;

use crate::digits::push_number;
use crate::plan::Source;
use crate::stock::places::{self, Address, PhoneStyle};
use crate::world::{Household, LAST_DAY, Person};
use crate::{Cause, Ticker, Work, systems};

/// A Parquet file as all of them are written here.
pub(crate) struct ParquetFile(ArrowWriter<File>);

/// Columns whose values hardly repeat: a dictionary would cost time and save nothing.
const NEARLY_UNIQUE: [&str; 13] = [
    "account_no",
    "address_line1",
    "household_id",
    "landline",
    "tax_id",
    "bill_to_line1",
    "customer_id",
    "email",
    "full_name",
    "holder",
    "phone",
    "record_id",
    "source_key",
];

impl ParquetFile {
    /// Rows to gather before [`Self::write`].
    pub(crate) const BATCH: usize = 16_384;

    pub(crate) fn create(file: File, schema: Arc<Schema>) -> Result<Self, ParquetError> {
        let mut properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_created_by("goldsmith synth".to_owned())
            .set_max_row_group_row_count(Some(262_144));
        for name in NEARLY_UNIQUE {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
        }
        ArrowWriter::try_new(file, schema, Some(properties.build())).map(Self)
    }

    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), ParquetError> {
        self.0.write(batch)
    }

    pub(crate) fn close(self) -> Result<(), ParquetError> {
        self.0.close().map(drop)
    }
}

/// A table of strings and dates under construction.
struct Table<const TEXTS: usize> {
    schema: Arc<Schema>,
    texts: [StringBuilder; TEXTS],
    dates: Option<Date32Builder>,
    rows: usize,
    file: ParquetFile,
}

impl<const TEXTS: usize> Table<TEXTS> {
    /// Columns of text, and one of dates after them where it has a name.
    fn create(file: File, texts: [&str; TEXTS], date: Option<&str>) -> Result<Self, ParquetError> {
        let mut fields: Vec<Field> = texts.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
        fields.extend(date.map(|name| Field::new(name, DataType::Date32, true)));
        let schema = Arc::new(Schema::new(fields));
        let file = ParquetFile::create(file, Arc::clone(&schema))?;
        let texts = std::array::from_fn(|_| StringBuilder::new());
        Ok(Self { schema, texts, dates: date.map(|_| Date32Builder::new()), rows: 0, file })
    }

    /// Adds a row; empty texts are missing values.
    fn push(&mut self, texts: [&str; TEXTS], date: Option<i32>) -> Result<(), ParquetError> {
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            builder.append_option(Some(text).filter(|text| !text.is_empty()));
        }
        if let Some(dates) = &mut self.dates {
            dates.append_option(date);
        }
        self.rows += 1;
        if self.rows == ParquetFile::BATCH { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let mut columns: Vec<ArrayRef> =
            self.texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        if let Some(dates) = &mut self.dates {
            columns.push(Arc::new(dates.finish()));
        }
        self.rows = 0;
        self.file.write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }

    fn close(mut self) -> Result<(), ParquetError> {
        self.flush()?;
        self.file.close()
    }
}

const TRUTH_COLUMNS: [&str; 4] = ["source", "source_key", "customer_id", "record_id"];

/// `truth.csv`: each record that can be read, in the order of the sources and their rows.
pub(crate) fn write_truth_csv(work: &Work<'_>, path: &Path, _: &Ticker) -> Result<u64, Cause> {
    let mut csv = BufWriter::new(File::create(path)?);
    writeln!(csv, "{}", TRUTH_COLUMNS.join(","))?;
    let rows = for_each_record(work, |line| csv.write_all((line.join(",") + "\n").as_bytes()))?;
    csv.flush()?;
    Ok(rows)
}

/// `truth.parquet`: the same rows.
pub(crate) fn write_truth_parquet(work: &Work<'_>, path: &Path, _: &Ticker) -> Result<u64, Cause> {
    let mut table = Table::create(File::create(path)?, TRUTH_COLUMNS, None)?;
    let rows = for_each_record(work, |line| table.push(line, None))?;
    table.close()?;
    Ok(rows)
}

/// Calls `line` with the [`TRUTH_COLUMNS`] of each record and counts them.
fn for_each_record<E>(work: &Work<'_>, mut line: impl FnMut([&str; 4]) -> Result<(), E>) -> Result<u64, E> {
    let mut rows = 0;
    for source in Source::ALL {
        for (row, slot) in work.plan.slots[source as usize].iter().enumerate() {
            let key = source.key(row);
            let record = [source.name(), ":", &key].concat();
            line([source.name(), &key, &customer_id(work.plan.customer(slot)), &record])?;
            rows += 1;
        }
    }
    Ok(rows)
}

/// `entities.parquet`: the clean values of each customer at the end of 2025.
pub(crate) fn write_entities(work: &Work<'_>, path: &Path, _: &Ticker) -> Result<u64, Cause> {
    let mut table = Table::create(File::create(path)?, ENTITY_COLUMNS, Some("birth_date"))?;
    // The texts are emptied and filled again for each customer.
    let mut values = Entity::default();
    for number in 0..work.plan.households {
        let household = work.world.household(number);
        for (member, customer) in work.plan.customers_of(number).enumerate() {
            describe(work, &household, member, customer, &mut values);
            let birth = household.people.get(member).map(|person| person.birth);
            table.push(values.each_ref().map(String::as_str), birth)?;
        }
    }
    table.close()?;
    Ok(work.plan.customers())
}

/// In the order of [`ENTITY_COLUMNS`].
type Entity = [String; 22];

const ENTITY_COLUMNS: [&str; 22] = [
    "customer_id",
    "entity_type",
    "household_id",
    "full_name",
    "given_name",
    "middle_name",
    "family_name",
    "name_suffix",
    "previous_family_name",
    "gender",
    "email",
    "phone",
    "landline",
    "address_line1",
    "address_line2",
    "locality",
    "region",
    "postal_code",
    "country",
    "organisation_name",
    "registration_number",
    "tax_id",
];

fn customer_id(customer: u32) -> String {
    let mut id = String::with_capacity(8);
    id.push('c');
    push_number(customer.into(), 7, &mut id);
    id
}

fn describe(work: &Work<'_>, household: &Household, member: usize, customer: u32, values: &mut Entity) {
    values.iter_mut().for_each(String::clear);
    values[0].push_str(&customer_id(customer));
    values[2].push('h');
    push_number(household.number.into(), 7, &mut values[2]);
    let e164 = |number: u64, out: &mut String| places::write_phone(household.country, number, PhoneStyle::E164, out);
    let mut address = household.home;
    if let Some(person) = household.people.get(member) {
        describe_person(work, person, values);
        values[10] = work.plan.email(work.world, person, customer, 0).unwrap_or_default();
        e164(person.mobile, &mut values[11]);
        if let (None, Some(landline)) = (person.moved_out, household.landline) {
            e164(landline, &mut values[12]);
        }
        address = household.address_of(person, LAST_DAY);
    } else if let Some(organisation) = household.organisations.get(member) {
        values[1].push_str("organisation");
        values[10].push_str("info@");
        values[10].push_str(&organisation.domain);
        if let Some(switchboard) = household.landline {
            e164(switchboard, &mut values[11]);
        }
        values[19] = [&organisation.name.base, " ", organisation.name.form.short].concat();
        values[20].push_str(&organisation.registration);
        values[21].push_str(&organisation.tax_id);
    }
    describe_address(work, &address, values);
}

fn describe_person(work: &Work<'_>, person: &Person, values: &mut Entity) {
    let world = work.world;
    values[1].push_str("person");
    values[4].push_str(&world.given(person));
    values[5].push_str(&world.middle(person).unwrap_or_default());
    if person.birth_family != person.family {
        values[8].push_str(&world.family(person.birth_family, person.female));
    }
    if person.double_barrelled {
        values[6] = format!("{}-", values[8]);
    }
    values[6].push_str(&world.family(person.family, person.female));
    values[7].push_str(person.suffix);
    values[9].push_str(if person.female { "F" } else { "M" });
    let mut full = std::mem::take(&mut values[3]);
    for part in values[4..8].iter().filter(|part| !part.is_empty()) {
        if !full.is_empty() {
            full.push(' ');
        }
        full.push_str(part);
    }
    values[3] = full;
}

fn describe_address(work: &Work<'_>, address: &Address, values: &mut Entity) {
    let stock = work.world.stock.places(address.country);
    let city = &stock.cities[usize::from(address.city)];
    let street = &stock.streets[usize::from(address.street)].0;
    let mut house = String::with_capacity(5);
    push_number(address.house.into(), 1, &mut house);
    values[13] = systems::street_line(&house, street, address.country);
    values[14] = systems::unit_line(address.unit, address.country);
    values[15].push_str(&city.name);
    values[16].push_str(city.region);
    places::postcode(stock, address, &mut values[17]);
    values[18].push_str(address.country.code());
}
