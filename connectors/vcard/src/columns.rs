//! Contacts to Arrow columns.

use std::sync::Arc;

use arrow::array::builder::NullBufferBuilder;
use arrow::array::{ArrayRef, BooleanBuilder, ListArray, ListBuilder, StringBuilder, StructArray};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field, Fields, Schema};
use arrow::error::ArrowError;

use crate::contact::{ADDRESS, Contact, Entry, TEXTS};

/// The columns of every vCard source.
pub(crate) fn schema() -> Schema {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let list = |name: &str, item: DataType| Field::new_list(name, Field::new_list_field(item, true), true);
    let mut fields: Vec<Field> = TEXTS.iter().map(|name| text(name)).collect();
    fields.push(list("categories", DataType::Utf8));
    fields.push(list("phones", DataType::Struct(entry_fields(&["number"]))));
    fields.push(list("emails", DataType::Struct(entry_fields(&["address"]))));
    fields.push(list("urls", DataType::Struct(entry_fields(&["url"]))));
    fields.push(list("addresses", DataType::Struct(entry_fields(&ADDRESS))));
    Schema::new(fields)
}

fn entry_fields(names: &[&str]) -> Fields {
    let texts = names.iter().chain(&["type"]).map(|name| Field::new(*name, DataType::Utf8, true));
    texts.chain([Field::new("preferred", DataType::Boolean, true)]).collect()
}

/// The columns of a batch in the making, in the order of [`schema`].
pub(crate) struct Columns {
    texts: Vec<StringBuilder>,
    categories: ListBuilder<StringBuilder>,
    phones: Entries,
    emails: Entries,
    urls: Entries,
    addresses: Entries,
}

impl Columns {
    pub(crate) fn new() -> Self {
        Self {
            texts: TEXTS.iter().map(|_| StringBuilder::new()).collect(),
            categories: ListBuilder::new(StringBuilder::new()),
            phones: Entries::new(&["number"]),
            emails: Entries::new(&["address"]),
            urls: Entries::new(&["url"]),
            addresses: Entries::new(&ADDRESS),
        }
    }

    pub(crate) fn append(&mut self, contact: &Contact) {
        for (values, text) in self.texts.iter_mut().zip(&contact.texts) {
            values.append_option(some(text));
        }
        match contact.categories.as_slice() {
            [] => self.categories.append_null(),
            categories => self.categories.append_value(categories.iter().map(Some)),
        }
        self.phones.append(&contact.phones);
        self.emails.append(&contact.emails);
        self.urls.append(&contact.urls);
        self.addresses.append(&contact.addresses);
    }

    pub(crate) fn finish(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        let mut arrays: Vec<ArrayRef> = Vec::new();
        for values in &mut self.texts {
            arrays.push(Arc::new(values.finish()));
        }
        arrays.push(Arc::new(self.categories.finish()));
        for entries in [&mut self.phones, &mut self.emails, &mut self.urls, &mut self.addresses] {
            arrays.push(entries.finish()?);
        }
        Ok(arrays)
    }
}

/// A list of structs: values, their type, whether they are preferred. No value at all is null.
struct Entries {
    fields: Fields,
    values: Vec<StringBuilder>,
    kinds: StringBuilder,
    preferred: BooleanBuilder,
    lengths: Vec<usize>,
    valid: NullBufferBuilder,
}

impl Entries {
    fn new(names: &[&str]) -> Self {
        Self {
            fields: entry_fields(names),
            values: names.iter().map(|_| StringBuilder::new()).collect(),
            kinds: StringBuilder::new(),
            preferred: BooleanBuilder::new(),
            lengths: Vec::new(),
            valid: NullBufferBuilder::new(0),
        }
    }

    fn append<const N: usize>(&mut self, entries: &[Entry<N>]) {
        for entry in entries {
            for (values, text) in self.values.iter_mut().zip(&entry.values) {
                values.append_option(some(text));
            }
            self.kinds.append_option(some(&entry.kind));
            self.preferred.append_value(entry.preferred);
        }
        self.lengths.push(entries.len());
        self.valid.append(!entries.is_empty());
    }

    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        let mut columns: Vec<ArrayRef> = Vec::new();
        for values in &mut self.values {
            columns.push(Arc::new(values.finish()));
        }
        columns.push(Arc::new(self.kinds.finish()));
        columns.push(Arc::new(self.preferred.finish()));
        let items = StructArray::try_new(self.fields.clone(), columns, None)?;
        let field = Arc::new(Field::new_list_field(DataType::Struct(self.fields.clone()), true));
        let offsets = OffsetBuffer::from_lengths(std::mem::take(&mut self.lengths));
        Ok(Arc::new(ListArray::try_new(field, offsets, Arc::new(items), self.valid.finish())?))
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
