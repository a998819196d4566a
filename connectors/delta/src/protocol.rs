//! What a table asks of its readers, and what of it is known here.

use goldsmith_source::SourceError;

use crate::action::{Metadata, Protocol};

/// How columns of the table are found in its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mapping {
    /// By their names.
    None,
    /// By their physical names.
    Name,
    /// By the ids of the fields.
    Id,
}

/// What reading the files of a table takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) mapping: Mapping,
    /// Files may have a narrower type than the table: it was widened after they were written.
    pub(crate) widens: bool,
}

/// Features of reader version 3 that are known. That a table may have columns of the type VARIANT says little: writers
/// note it for tables without, so the columns themselves are refused.
const KNOWN: [&str; 8] = [
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "typeWidening",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "variantShredding",
    "variantType",
];

/// Checks that all the table asks for is known, and tells how its files are read.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Config`] naming the feature that is not, and what to do about it.
pub(crate) fn check(protocol: &Protocol, metadata: &Metadata, place: &str) -> Result<Reading, SourceError> {
    let refuse = |message: String| Err(SourceError::config(message).at(place));
    let features = protocol.reader_features.as_deref().unwrap_or_default();
    match protocol.min_reader_version {
        1 | 2 => {}
        3 => {
            if let Some(unknown) = features.iter().find(|feature| !KNOWN.contains(&released(feature))) {
                return refuse(unsupported(unknown));
            }
        }
        other => {
            return refuse(format!(
                "asks for reader version {other}, and versions 1 to 3 are known; copy the table into one of version 3"
            ));
        }
    }
    if let Some(format) = metadata.format.as_ref().filter(|format| format.provider != "parquet") {
        return refuse(format!("keeps its rows in files of the format {}; rewrite it as Parquet", format.provider));
    }
    let mapped = protocol.min_reader_version == 2 || features.iter().any(|feature| feature == "columnMapping");
    let mapping = match metadata.configuration.get("delta.columnMapping.mode").and_then(Option::as_deref) {
        Some(_) if !mapped => Mapping::None,
        None | Some("none") => Mapping::None,
        Some("name") => Mapping::Name,
        Some("id") => Mapping::Id,
        Some(_) => {
            let message = "has a property delta.columnMapping.mode that is neither none, name nor id; correct it";
            return refuse(message.to_owned());
        }
    };
    Ok(Reading { mapping, widens: features.iter().any(|feature| released(feature) == "typeWidening") })
}

/// The name of a feature without what marks the time it was tried out.
fn released(feature: &str) -> &str {
    feature.strip_suffix("-preview").unwrap_or(feature)
}

/// What to say of a feature that is not known. Names come from the table, so odd ones are not repeated.
fn unsupported(feature: &str) -> String {
    let plain = feature.len() <= 64 && feature.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let feature = if plain { feature } else { "(with an odd name)" };
    let mend = match released(feature) {
        "catalogManaged" | "catalogOwned" => {
            "its commits are kept by a catalog: copy it into a table of its own, or export it as Parquet".to_owned()
        }
        _ => format!("take it out with ALTER TABLE … DROP FEATURE {feature}, or copy the table into one without it"),
    };
    format!("uses the feature {feature}, which cannot be read; {mend}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::action::Format;

    fn checked(version: u32, features: &[&str], mode: Option<&str>, provider: &str) -> Result<Reading, String> {
        let protocol = Protocol {
            min_reader_version: version,
            reader_features: Some(features.iter().map(|&feature| feature.to_owned()).collect()),
        };
        let mode = mode.map(|mode| ("delta.columnMapping.mode".to_owned(), Some(mode.to_owned())));
        let metadata = Metadata {
            format: Some(Format { provider: provider.to_owned() }),
            schema_string: String::new(),
            partition_columns: Vec::new(),
            configuration: BTreeMap::from_iter(mode),
        };
        check(&protocol, &metadata, "t").map_err(|error| error.to_string())
    }

    #[test]
    fn the_mapping_counts_where_the_protocol_has_it() {
        let mapping = |version, features: &[&str], mode| checked(version, features, mode, "parquet").unwrap().mapping;
        assert_eq!(mapping(1, &[], Some("name")), Mapping::None);
        assert_eq!(mapping(2, &[], Some("name")), Mapping::Name);
        assert_eq!(mapping(2, &[], None), Mapping::None);
        assert_eq!(mapping(3, &[], Some("id")), Mapping::None);
        assert_eq!(mapping(3, &["columnMapping"], Some("id")), Mapping::Id);
        assert!(checked(3, &["typeWidening-preview"], None, "parquet").unwrap().widens);
    }

    #[test]
    fn what_is_not_known_is_refused_with_the_way_out() {
        for (version, features, mode, provider, expected) in [
            (
                3,
                &["catalogManaged"][..],
                None,
                "parquet",
                "t: uses the feature catalogManaged, which cannot be read; its",
            ),
            (3, &["catalogOwned-preview"], None, "parquet", "t: uses the feature catalogOwned-preview, which cannot"),
            (3, &["newThing"], None, "parquet", "t: uses the feature newThing, which cannot be read; take it out with"),
            (3, &["o'dd"], None, "parquet", "t: uses the feature (with an odd name), which cannot be read"),
            (4, &[], None, "parquet", "t: asks for reader version 4, and versions 1 to 3 are known"),
            (2, &[], Some("both"), "parquet", "t: has a property delta.columnMapping.mode that is neither"),
            (1, &[], None, "orc", "t: keeps its rows in files of the format orc; rewrite it as Parquet"),
        ] {
            let error = checked(version, features, mode, provider).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
