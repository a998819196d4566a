//! The SQL functions of goldsmith: usable in pipeline files and in `goldsmith query`, next to all of DataFusion's.
//!
//! [`catalogue`] is the one list: sessions register it, the reference is printed from it, and a test runs the
//! example of every entry.

mod kernel;

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, StringArray, StringBuilder, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use datafusion::common::cast::as_string_array;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;
use goldsmith_standardize::placeholder::{PlaceholderKind, is_placeholder};
use goldsmith_standardize::{
    address, country, date, email, gender, identifier, name, organisation, phone, phonetic, placeholder, text,
};

pub use kernel::kernel;
use kernel::text_kernel;

/// One SQL function with its documentation.
pub struct Function {
    pub name: &'static str,
    /// Argument names; those in brackets may be left out.
    pub arguments: &'static str,
    pub about: &'static str,
    /// A SQL expression.
    pub example: &'static str,
    /// What the example gives, as text.
    pub result: &'static str,
    pub udf: ScalarUDF,
}

/// Every function, by name.
#[must_use]
pub fn catalogue() -> Vec<Function> {
    let mut functions = vec![
        text_function(
            "clean_text",
            "Unicode NFKC, control and zero-width characters out, white space collapsed; null where nothing is left.",
            "clean_text('  Ann\u{a0}\u{a0}Lee ')",
            "Ann Lee",
            |value, _| text::clean(value),
        ),
        text_function(
            "fold_text",
            "The form values are compared in: case folded, transliterated to ASCII, punctuation dropped.",
            "fold_text('Zoë O''Brien-Łuk')",
            "zoe obrien luk",
            |value, _| Some(text::fold(value)).filter(|folded| !folded.is_empty()),
        ),
        text_function(
            "title_case",
            "Capital first letters.",
            "title_case('main street')",
            "Main Street",
            |value, _| Some(text::title_case(value)),
        ),
        text_function(
            "name_part",
            "One part of a person's name with its case repaired.",
            "name_part('MCDONALD')",
            "McDonald",
            |value, _| name::person_part(value),
        ),
        text_function(
            "nickname_root",
            "The formal name behind a nickname, folded; the folded name itself where there is none.",
            "nickname_root('Bill')",
            "william",
            |value, _| {
                let folded = text::fold(value);
                Some(name::nickname_root(&folded).to_owned()).filter(|root| !root.is_empty())
            },
        ),
        text_function(
            "double_metaphone",
            "Double Metaphone code of the folded text (Philips 2000).",
            "double_metaphone('Schmidt')",
            "XMT",
            |value, _| Some(phonetic::double_metaphone(value)).filter(|code| !code.is_empty()),
        ),
        text_function(
            "cologne_phonetic",
            "Cologne phonetics of the folded text (Postel 1969), for German names.",
            "cologne_phonetic('Meier')",
            "67",
            |value, _| Some(phonetic::cologne(value)).filter(|code| !code.is_empty()),
        ),
        text_function(
            "email",
            "The canonical e-mail address, or null where it is none or a placeholder; with 'strip_aliases' also without plus tags and Gmail dots.",
            "email(' Ann.LEE@Example.COM ')",
            "ann.lee@example.com",
            |value, option| email::parse(value, alias_rules(option)).map(|parsed| parsed.address),
        ),
        text_function(
            "email_domain",
            "The registrable domain of an e-mail address.",
            "email_domain('ann@mail.example.co.uk')",
            "example.co.uk",
            |value, _| email::parse(value, email::AliasRules::Keep).map(|parsed| parsed.registrable_domain),
        ),
        text_function(
            "phone",
            "The number in E.164, read for a region (ISO 3166 alpha-2) where it has no country code.",
            "phone('020 7946 0018', 'GB')",
            "+442079460018",
            |value, region| phone::parse(value, region.unwrap_or("GB")).map(|parsed| parsed.e164),
        ),
        text_function(
            "country_code",
            "ISO 3166 alpha-2 code of a country name or code.",
            "country_code('Deutschland')",
            "DE",
            |value, _| country::parse(value).map(str::to_owned),
        ),
        text_function(
            "organisation_core",
            "An organisation's name folded, without its legal form.",
            "organisation_core('Müller & Söhne GmbH')",
            "muller sohne",
            |value, _| organisation::parse(value).map(|parsed| parsed.core),
        ),
        text_function("gender", "female, male or other.", "gender('Mrs')", "female", |value, _| {
            gender::parse(value).map(|parsed| parsed.as_str().to_owned())
        }),
        text_function(
            "identifier",
            "Letters and digits in upper case.",
            "identifier('gb 123-456')",
            "GB123456",
            |value, _| identifier::clean(value),
        ),
        text_function(
            "mask",
            "A value made unreadable for people, its shape kept.",
            "mask('ann@example.com')",
            "a***@e***.com",
            |value, _| Some(goldsmith_standardize::mask::mask_value(value)),
        ),
        text_function(
            "not_placeholder",
            "The text, or null where it stands for nothing (n/a, unknown, test).",
            "coalesce(not_placeholder('n/a'), 'none')",
            "none",
            |value, _| (!is_placeholder(PlaceholderKind::Text, value)).then(|| value.to_owned()),
        ),
    ];
    functions.push(Function {
        name: "is_placeholder",
        arguments: "text [, kind]",
        about: "Whether a value stands for nothing; kind is text, name, email, phone, date or address.",
        example: "is_placeholder('test@test.com', 'email')",
        result: "true",
        udf: text_kernel("is_placeholder", DataType::Boolean, |values, options| {
            let answers: BooleanArray = (0..values.len())
                .map(|row| optional(values, row).map(|value| is_placeholder(placeholder_kind(options.get(row)), value)))
                .collect();
            Ok(Arc::new(answers))
        }),
    });
    functions.push(Function {
        name: "parse_date",
        arguments: "text [, format]",
        about: "A date in the given strftime format; ISO 8601 without one. Null where it does not fit.",
        example: "parse_date('24/12/1984', '%d/%m/%Y')",
        result: "1984-12-24",
        udf: text_kernel("parse_date", DataType::Date32, |values, options| {
            let dates: Date32Array = (0..values.len())
                .map(|row| {
                    optional(values, row)
                        .and_then(|value| date::parse(value, options.get(row).as_slice()))
                        .map(date::days_since_epoch)
                })
                .collect();
            Ok(Arc::new(dates))
        }),
    });
    functions.push(Function {
        name: "parse_timestamp",
        arguments: "text [, format]",
        about: "A moment in UTC in the given strftime format; ISO 8601 without one. Null where it does not fit.",
        example: "parse_timestamp('2024-03-01 10:30:00')",
        result: "2024-03-01T10:30:00Z",
        udf: text_kernel(
            "parse_timestamp",
            DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            |values, options| {
                let moments: TimestampMicrosecondArray = (0..values.len())
                    .map(|row| {
                        optional(values, row)
                            .and_then(|value| date::parse_timestamp(value, options.get(row).as_slice()))
                    })
                    .collect();
                Ok(Arc::new(moments.with_timezone("UTC")))
            },
        ),
    });
    functions.push(struct_function(
        "person_name",
        "A person's full name in parts: title, given, middle, family, suffix.",
        "person_name('Dr. van der Berg, Anna')['family']",
        "van der Berg",
        &["title", "given", "middle", "family", "suffix"],
        |value, _| {
            let parsed = name::parse_person(value)?;
            Some(vec![parsed.title, parsed.given, parsed.middle, parsed.family, parsed.suffix])
        },
    ));
    functions.push(struct_function(
        "organisation",
        "An organisation's name in parts: name, core, legal_form.",
        "organisation('Acme Widgets Ltd.')['core']",
        "acme widgets",
        &["name", "core", "legal_form"],
        |value, _| {
            let parsed = organisation::parse(value)?;
            Some(vec![Some(parsed.name), Some(parsed.core), parsed.legal_form])
        },
    ));
    functions.push(struct_function("address", "A one-line address in parts, read for a country: line1, house_number, street, unit, locality, region, postal_code, country.", "address('12 Main St, Springfield, IL 62704', 'US')['postal_code']", "62704", &["line1", "house_number", "street", "unit", "locality", "region", "postal_code", "country"], |value, option| {
        let parsed = address::parse(&address::AddressInput { line1: Some(value), ..Default::default() }, option.unwrap_or("GB"))?;
        Some(vec![parsed.line1, parsed.house_number, parsed.street, parsed.unit, parsed.locality, parsed.region, parsed.postal_code, parsed.country])
    }));
    functions.sort_by_key(|function| function.name);
    functions
}

/// The parts a structured function gives, in the order of their names.
type Parts = fn(&str, Option<&str>) -> Option<Vec<Option<String>>>;

fn optional(values: &StringArray, row: usize) -> Option<&str> {
    values.is_valid(row).then(|| values.value(row))
}

fn alias_rules(option: Option<&str>) -> email::AliasRules {
    if option == Some("strip_aliases") { email::AliasRules::StripAliases } else { email::AliasRules::Keep }
}

fn placeholder_kind(option: Option<&str>) -> PlaceholderKind {
    match option {
        Some("name") => placeholder::PlaceholderKind::Name,
        Some("email") => placeholder::PlaceholderKind::Email,
        Some("phone") => placeholder::PlaceholderKind::Phone,
        Some("date") => placeholder::PlaceholderKind::Date,
        Some("address") => placeholder::PlaceholderKind::Address,
        _ => placeholder::PlaceholderKind::Text,
    }
}

fn text_function(
    name: &'static str,
    about: &'static str,
    example: &'static str,
    result: &'static str,
    apply: fn(&str, Option<&str>) -> Option<String>,
) -> Function {
    let udf = text_kernel(name, DataType::Utf8, move |values, options| {
        let mut out = StringBuilder::with_capacity(values.len(), values.len() * 16);
        for row in 0..values.len() {
            out.append_option(optional(values, row).and_then(|value| apply(value, options.get(row))));
        }
        Ok(Arc::new(out.finish()))
    });
    let arguments = match name {
        "email" => "text [, 'strip_aliases']",
        "phone" => "text [, region]",
        _ => "text",
    };
    Function { name, arguments, about, example, result, udf }
}

fn struct_function(
    name: &'static str,
    about: &'static str,
    example: &'static str,
    result: &'static str,
    parts: &'static [&'static str],
    apply: Parts,
) -> Function {
    let fields: Fields = parts.iter().map(|part| Field::new(*part, DataType::Utf8, true)).collect();
    let udf = text_kernel(name, DataType::Struct(fields.clone()), move |values, options| -> Result<ArrayRef> {
        let mut builders: Vec<StringBuilder> = parts.iter().map(|_| StringBuilder::new()).collect();
        let mut valid = Vec::with_capacity(values.len());
        for row in 0..values.len() {
            let parsed = optional(values, row).and_then(|value| apply(value, options.get(row)));
            valid.push(parsed.is_some());
            let mut parsed = parsed.unwrap_or_default().into_iter();
            for builder in &mut builders {
                builder.append_option(parsed.next().flatten());
            }
        }
        let columns: Vec<ArrayRef> =
            builders.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef).collect();
        Ok(Arc::new(StructArray::try_new(fields.clone(), columns, Some(NullBuffer::from(valid)))?))
    });
    let arguments = if name == "address" { "text [, country]" } else { "text" };
    Function { name, arguments, about, example, result, udf }
}

/// The optional second argument of a text function, row by row.
pub struct OptionColumn(Option<StringArray>);

impl OptionColumn {
    fn of(array: Option<&ArrayRef>) -> Result<Self> {
        array.map(|array| as_string_array(array).cloned()).transpose().map(Self)
    }

    fn get(&self, row: usize) -> Option<&str> {
        self.0.as_ref().and_then(|values| optional(values, row))
    }
}
