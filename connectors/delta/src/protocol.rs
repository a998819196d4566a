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

/// Features of reader version 3 that are known. The last two only concern checkpoints and who cleans up.
const KNOWN: [&str; 5] = ["columnMapping", "deletionVectors", "timestampNtz", "v2Checkpoint", "vacuumProtocolCheck"];

/// Checks that all the table asks for is known; how its columns are found.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Config`] naming the feature that is not, and what to do about it.
pub(crate) fn check(protocol: &Protocol, metadata: &Metadata, place: &str) -> Result<Mapping, SourceError> {
    let refuse = |message: String| Err(SourceError::config(message).at(place));
    let features = protocol.reader_features.as_deref().unwrap_or_default();
    match protocol.min_reader_version {
        1 | 2 => {}
        3 => {
            if let Some(unknown) = features.iter().find(|feature| !KNOWN.contains(&feature.as_str())) {
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
    match metadata.configuration.get("delta.columnMapping.mode").and_then(Option::as_deref).filter(|_| mapped) {
        None | Some("none") => Ok(Mapping::None),
        Some("name") => Ok(Mapping::Name),
        Some("id") => Ok(Mapping::Id),
        Some(_) => {
            let message = "has a property delta.columnMapping.mode that is neither none, name nor id; correct it";
            refuse(message.to_owned())
        }
    }
}

/// What to say of a feature that is not known. Names come from the table, so odd ones are not repeated.
fn unsupported(feature: &str) -> String {
    let plain = feature.len() <= 64 && feature.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let feature = if plain { feature } else { "(with an odd name)" };
    let base = feature.trim_end_matches("-preview");
    let mend = match base {
        "typeWidening" => "rewrite its files with ALTER TABLE … DROP FEATURE typeWidening".to_owned(),
        "variantType" | "variantShredding" => {
            "copy it into a table without VARIANT columns, for example with CAST(column AS STRING)".to_owned()
        }
        "catalogManaged" | "catalogOwned" => {
            "its commits are kept by a catalog: copy it into a table of its own, or export it as Parquet".to_owned()
        }
        _ => format!("take it out with ALTER TABLE … DROP FEATURE {feature}, or copy the table into one without it"),
    };
    format!("uses the feature {feature}, which cannot be read; {mend}")
}
