//! The elements of lists, one writer a kind: the raw parts of an element go straight into the columns of its list.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, StringBuilder, TimestampMicrosecondBuilder};
use goldsmith_standardize::address::{self, AddressInput};
use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder};
use goldsmith_standardize::{country, email, identifier, phone, text};

use crate::memo::Memo;
use crate::{Reading, moment};

/// The raw parts of an element, in the order of [`crate::layout::input_parts`].
pub(crate) type Inputs<'a> = [Option<&'a str>; 12];

/// Writes elements of one kind. Placeholders are kept as raw and not valid.
pub(crate) trait Elements<'a> {
    /// Writes an element; `false` where its parts say nothing, and then none is written.
    fn push(&mut self, inputs: &Inputs<'a>) -> bool;

    /// The columns of the elements written, in the order of the list's parts.
    fn finish(self) -> Vec<ArrayRef>;
}

/// The columns every kind has.
struct Common {
    raw: StringBuilder,
    valid: BooleanBuilder,
}

impl Common {
    fn new(rows: usize) -> Self {
        Self { raw: texts(rows), valid: BooleanBuilder::with_capacity(rows) }
    }

    fn push(&mut self, raw: &str, valid: bool) {
        self.raw.append_value(raw);
        self.valid.append_value(valid);
    }

    fn after(mut self, parts: impl IntoIterator<Item = StringBuilder>) -> Vec<ArrayRef> {
        let mut columns: Vec<ArrayRef> =
            parts.into_iter().map(|mut part| Arc::new(part.finish()) as ArrayRef).collect();
        columns.push(Arc::new(self.raw.finish()));
        columns.push(Arc::new(self.valid.finish()));
        columns
    }
}

fn texts(rows: usize) -> StringBuilder {
    StringBuilder::with_capacity(rows, rows * 8)
}

/// Texts that say what sort of thing an element is.
type Words<'a> = Memo<'a, Option<String>>;

fn word<'m, 'a>(memo: &'m mut Words<'a>, raw: Option<&'a str>) -> Option<&'m str> {
    memo.get(raw?, text::clean).as_deref()
}

pub(crate) struct Emails<'a> {
    value: StringBuilder,
    kind: StringBuilder,
    common: Common,
    kinds: Words<'a>,
    address: String,
}

impl Emails<'_> {
    pub(crate) fn new(rows: usize) -> Self {
        Self {
            value: texts(rows),
            kind: texts(rows),
            common: Common::new(rows),
            kinds: Memo::new(),
            address: String::new(),
        }
    }
}

impl<'a> Elements<'a> for Emails<'a> {
    fn push(&mut self, inputs: &Inputs<'a>) -> bool {
        let [Some(raw), kind, ..] = *inputs else { return false };
        let valid = email::address_of(raw, &mut self.address);
        self.value.append_option(valid.then_some(self.address.as_str()));
        self.kind.append_option(word(&mut self.kinds, kind));
        self.common.push(raw, valid);
        true
    }

    fn finish(self) -> Vec<ArrayRef> {
        self.common.after([self.value, self.kind])
    }
}

pub(crate) struct Phones<'a> {
    number: StringBuilder,
    kind: StringBuilder,
    region: StringBuilder,
    common: Common,
    kinds: Words<'a>,
    countries: Memo<'a, Option<&'static str>>,
    default_region: &'a str,
}

impl<'a> Phones<'a> {
    pub(crate) fn new(rows: usize, reading: &'a Reading) -> Self {
        Self {
            number: texts(rows),
            kind: texts(rows),
            region: texts(rows),
            common: Common::new(rows),
            kinds: Memo::new(),
            countries: Memo::new(),
            default_region: &reading.region,
        }
    }
}

impl<'a> Elements<'a> for Phones<'a> {
    fn push(&mut self, inputs: &Inputs<'a>) -> bool {
        let [Some(raw), kind, country, ..] = *inputs else { return false };
        let region = country.and_then(|raw| *self.countries.get(raw, country::parse)).unwrap_or(self.default_region);
        let parsed = phone::parse(raw, region);
        let valid = parsed.as_ref().is_some_and(|phone| phone.valid);
        self.number.append_option(parsed.as_ref().map(|phone| phone.e164.as_str()));
        self.kind.append_option(word(&mut self.kinds, kind));
        self.region.append_option(parsed.as_ref().and_then(|phone| phone.region.as_deref()));
        self.common.push(raw, valid);
        true
    }

    fn finish(self) -> Vec<ArrayRef> {
        self.common.after([self.number, self.kind, self.region])
    }
}

pub(crate) struct Identifiers<'a> {
    value: StringBuilder,
    kind: StringBuilder,
    common: Common,
    kinds: Words<'a>,
}

impl Identifiers<'_> {
    pub(crate) fn new(rows: usize) -> Self {
        Self { value: texts(rows), kind: texts(rows), common: Common::new(rows), kinds: Memo::new() }
    }
}

impl<'a> Elements<'a> for Identifiers<'a> {
    fn push(&mut self, inputs: &Inputs<'a>) -> bool {
        let [Some(raw), kind, ..] = *inputs else { return false };
        let value = if is_placeholder(PlaceholderKind::Identifier, raw) { None } else { identifier::clean(raw) };
        self.value.append_option(value.as_deref());
        self.kind.append_option(word(&mut self.kinds, kind));
        self.common.push(raw, value.is_some());
        true
    }

    fn finish(self) -> Vec<ArrayRef> {
        self.common.after([self.value, self.kind])
    }
}

pub(crate) struct Consents<'a> {
    purpose: StringBuilder,
    channel: StringBuilder,
    status: StringBuilder,
    at: Moments<'a>,
    common: Common,
    words: Words<'a>,
    statuses: Memo<'a, &'static str>,
}

impl<'a> Consents<'a> {
    pub(crate) fn new(rows: usize, reading: &'a Reading) -> Self {
        Self {
            purpose: texts(rows),
            channel: texts(rows),
            status: texts(rows),
            at: Moments::new(reading),
            common: Common::new(rows),
            words: Memo::new(),
            statuses: Memo::new(),
        }
    }
}

impl<'a> Elements<'a> for Consents<'a> {
    fn push(&mut self, inputs: &Inputs<'a>) -> bool {
        let [Some(raw), purpose, channel, at, ..] = *inputs else { return false };
        let status = *self.statuses.get(raw, consent_status);
        self.purpose.append_option(word(&mut self.words, purpose));
        self.channel.append_option(word(&mut self.words, channel));
        self.status.append_value(status);
        self.at.push(at);
        self.common.push(raw, status != "unknown");
        true
    }

    fn finish(self) -> Vec<ArrayRef> {
        let mut columns = self.common.after([self.purpose, self.channel, self.status]);
        columns.insert(3, self.at.finish());
        columns
    }
}

/// granted, refused, withdrawn or unknown.
fn consent_status(raw: &str) -> &'static str {
    match text::fold(raw).as_str() {
        "granted" | "true" | "yes" | "y" | "1" | "opted in" | "opt in" | "optin" | "in" => "granted",
        "refused" | "false" | "no" | "n" | "0" | "denied" | "opted out" | "opt out" | "optout" | "out" => "refused",
        "withdrawn" | "revoked" => "withdrawn",
        _ => "unknown",
    }
}

pub(crate) struct Addresses<'a> {
    /// From line1 to country.
    parts: [StringBuilder; 9],
    kind: StringBuilder,
    from: Moments<'a>,
    to: Moments<'a>,
    common: Common,
    kinds: Words<'a>,
    countries: Memo<'a, Option<&'static str>>,
    default_country: &'a str,
    raw: String,
}

impl<'a> Addresses<'a> {
    pub(crate) fn new(rows: usize, reading: &'a Reading) -> Self {
        Self {
            parts: [(); 9].map(|()| texts(rows)),
            kind: texts(rows),
            from: Moments::new(reading),
            to: Moments::new(reading),
            common: Common::new(rows),
            kinds: Memo::new(),
            countries: Memo::new(),
            default_country: &reading.region,
            raw: String::new(),
        }
    }
}

impl<'a> Elements<'a> for Addresses<'a> {
    fn push(&mut self, inputs: &Inputs<'a>) -> bool {
        let [line1, line2, house_number, street, unit, locality, region, postcode, country, kind, from, to] = *inputs;
        let given = [line1, line2, house_number, street, unit, locality, region, postcode, country];
        self.raw.clear();
        let mut any = false;
        for part in given.into_iter().flatten() {
            if any {
                self.raw.push_str(", ");
            }
            any = true;
            self.raw.push_str(part);
        }
        if !any {
            return false;
        }
        let said = |raw: Option<&'a str>| raw.filter(|raw| !is_placeholder(PlaceholderKind::Address, raw));
        let country = said(country);
        let known_country = country.and_then(|raw| *self.countries.get(raw, country::parse));
        let parsed = address::parse(
            &AddressInput {
                line1: said(line1),
                line2: said(line2),
                house_number: said(house_number),
                street: said(street),
                unit: said(unit),
                locality: said(locality),
                region: said(region),
                postcode: said(postcode),
                country,
            },
            known_country.unwrap_or(self.default_country),
        );
        // A country alone is no address.
        let parsed = parsed
            .filter(|address| {
                address.line1.is_some()
                    || address.street.is_some()
                    || address.locality.is_some()
                    || address.postal_code.is_some()
            })
            .unwrap_or_default();
        let valid = parsed.line1.is_some() && (parsed.postal_code.is_some() || parsed.locality.is_some());
        let parts = [
            &parsed.line1,
            &parsed.line2,
            &parsed.house_number,
            &parsed.street,
            &parsed.unit,
            &parsed.locality,
            &parsed.region,
            &parsed.postal_code,
            &parsed.country,
        ];
        for (column, part) in self.parts.iter_mut().zip(parts) {
            column.append_option(part.as_deref());
        }
        self.kind.append_option(word(&mut self.kinds, kind));
        self.from.push(from);
        self.to.push(to);
        self.common.push(&self.raw, valid);
        true
    }

    fn finish(self) -> Vec<ArrayRef> {
        let mut columns = self.common.after(self.parts.into_iter().chain([self.kind]));
        columns.insert(10, self.from.finish());
        columns.insert(11, self.to.finish());
        columns
    }
}

/// A column of moments.
struct Moments<'a> {
    moments: TimestampMicrosecondBuilder,
    formats: Vec<&'a str>,
}

/// The moments of years with four digits: what is outside is no date of a customer, and not every reader can show it.
const FOUR_DIGIT_YEARS: std::ops::RangeInclusive<i64> = -62_167_219_200_000_000..=253_402_300_799_999_999;

impl<'a> Moments<'a> {
    fn new(reading: &'a Reading) -> Self {
        Self { moments: TimestampMicrosecondBuilder::new(), formats: reading.formats() }
    }

    fn push(&mut self, raw: Option<&str>) {
        let read = |raw| moment(raw, &self.formats).filter(|micros| FOUR_DIGIT_YEARS.contains(micros));
        let micros = raw.and_then(read);
        self.moments.append_option(micros);
    }

    fn finish(self) -> ArrayRef {
        let mut moments = self.moments.with_timezone("UTC");
        Arc::new(moments.finish())
    }
}
