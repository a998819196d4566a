//! Which files of a log make up a version. No IO happens here.

use std::collections::{BTreeMap, BTreeSet};

use goldsmith_source::SourceError;

/// Parts a checkpoint may have: a name that promises more is none.
const MAX_PARTS: u32 = 1 << 16;

/// What has to be read for one version, the checkpoint first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) version: u64,
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) commits: Vec<String>,
}

/// The state of the table at a version, in one file or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) version: u64,
    pub(crate) files: Vec<String>,
}

/// What the name of a file in `_delta_log` says.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    Commit(u64),
    Checkpoint(u64),
    Part {
        version: u64,
        part: u32,
        parts: u32,
    },
    /// By the second specification, named with a random id.
    Unique(u64),
    Other,
}

pub(crate) fn commit(version: u64) -> String {
    format!("{version:020}.json")
}

impl Checkpoint {
    /// The checkpoint of `version` in one file, or in `parts`.
    ///
    /// # Errors
    /// `None` for a number of parts that cannot be.
    pub(crate) fn named(version: u64, parts: Option<u32>) -> Option<Self> {
        let files = match parts {
            None => vec![format!("{version:020}.checkpoint.parquet")],
            Some(parts) if (1..=MAX_PARTS).contains(&parts) => {
                (1..=parts).map(|part| format!("{version:020}.checkpoint.{part:010}.{parts:010}.parquet")).collect()
            }
            Some(_) => return None,
        };
        Some(Self { version, files })
    }
}

/// The files that make up version `wanted`, or the latest, of a log with files of these `names`. `place` names the
/// table in errors.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Config`] where there is no such version; [`goldsmith_source::ErrorKind::Corrupt`]
/// where a file in between is missing.
pub(crate) fn plan(names: &[String], wanted: Option<u64>, place: &str) -> Result<Plan, SourceError> {
    let mut commits = BTreeSet::new();
    let mut checkpoints: BTreeMap<u64, Checkpoint> = BTreeMap::new();
    let mut parts: BTreeMap<(u64, u32), BTreeSet<u32>> = BTreeMap::new();
    let mut unique: BTreeMap<u64, &String> = BTreeMap::new();
    for name in names {
        match named(name) {
            Named::Commit(version) => drop(commits.insert(version)),
            Named::Checkpoint(version) => {
                checkpoints.insert(version, Checkpoint { version, files: vec![name.clone()] });
            }
            Named::Part { version, part, parts: of } => drop(parts.entry((version, of)).or_default().insert(part)),
            Named::Unique(version) => drop(unique.insert(version, name)),
            Named::Other => {}
        }
    }
    // A checkpoint of which a part is missing was never finished.
    for ((version, of), found) in parts {
        if found.len() == usize::try_from(of).unwrap_or(usize::MAX)
            && let Some(checkpoint) = Checkpoint::named(version, Some(of))
        {
            checkpoints.entry(version).or_insert(checkpoint);
        }
    }
    for (version, name) in unique {
        checkpoints.entry(version).or_insert_with(|| Checkpoint { version, files: vec![name.clone()] });
    }

    let latest = commits.last().max(checkpoints.keys().next_back()).copied().ok_or_else(|| no_table(place))?;
    let earliest = if commits.contains(&0) { Some(0) } else { checkpoints.keys().next().copied() };
    if let Some(wanted) = wanted
        && (wanted > latest || earliest.is_some_and(|earliest| wanted < earliest))
    {
        return Err(no_version(place, wanted, earliest.unwrap_or(latest), latest));
    }
    let version = wanted.unwrap_or(latest);
    let checkpoint = checkpoints.range(..=version).next_back().map(|(_, checkpoint)| checkpoint.clone());
    let mut files = Vec::new();
    let mut next = checkpoint.as_ref().map_or(Some(0), |checkpoint| checkpoint.version.checked_add(1));
    while let Some(at) = next.filter(|at| *at <= version) {
        if !commits.contains(&at) {
            return Err(gap(place, at, version));
        }
        files.push(commit(at));
        next = at.checked_add(1);
    }
    Ok(Plan { version, checkpoint, commits: files })
}

/// There is no log, or an empty one.
pub(crate) fn no_table(place: &str) -> SourceError {
    SourceError::unavailable(
        place,
        "there is no Delta table: no log is found in the folder _delta_log; check the path, or whether its system \
         delivers later",
    )
}

/// The version asked for is not there.
pub(crate) fn no_version(place: &str, wanted: u64, earliest: u64, latest: u64) -> SourceError {
    let range = if earliest == latest { format!("is {latest}") } else { format!("are {earliest} to {latest}") };
    let noun = if earliest == latest { "the only one that can be read" } else { "those that can be read" };
    SourceError::config(format!("has no version {wanted}; {noun} {range}")).at(place)
}

/// The version asked for is before all that is left of the log.
pub(crate) fn too_old(place: &str, wanted: u64, earliest: u64) -> SourceError {
    SourceError::config(format!("has no version {wanted} any more; the oldest that can be read is {earliest}"))
        .at(place)
}

fn gap(place: &str, missing: u64, version: u64) -> SourceError {
    let message = format!(
        "version {version} cannot be put together: {} is missing in _delta_log; restore it, or read an earlier version \
         with the option version",
        commit(missing)
    );
    SourceError::corrupt(place, message)
}

fn named(name: &str) -> Named {
    let number = |text: &str, digits: usize| -> Option<u64> {
        (text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
    };
    let words: Vec<&str> = name.split('.').collect();
    let Some(version) = words.first().and_then(|first| number(first, 20)) else { return Named::Other };
    match words.get(1..).unwrap_or_default() {
        ["json"] => Named::Commit(version),
        ["checkpoint", "parquet"] => Named::Checkpoint(version),
        ["checkpoint", _, "parquet" | "json"] => Named::Unique(version),
        ["checkpoint", part, parts, "parquet"] => {
            let small = |text: &str| number(text, 10).and_then(|number| u32::try_from(number).ok());
            match (small(part), small(parts)) {
                (Some(part), Some(parts)) if part >= 1 && part <= parts && parts <= MAX_PARTS => {
                    Named::Part { version, part, parts }
                }
                _ => Named::Other,
            }
        }
        _ => Named::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| name.replace('~', "0000000000000000000")).collect()
    }

    fn planned(all: &[&str], wanted: Option<u64>) -> Result<(u64, Option<u64>, usize), String> {
        plan(&names(all), wanted, "t")
            .map(|plan| (plan.version, plan.checkpoint.map(|it| it.version), plan.commits.len()))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_version_is_the_newest_checkpoint_and_what_follows() {
        let log = ["~0.json", "~1.json", "~2.json", "~2.checkpoint.parquet", "~3.json", "~3.crc", "_last_checkpoint"];
        assert_eq!(planned(&log, None), Ok((3, Some(2), 1)));
        assert_eq!(planned(&log, Some(2)), Ok((2, Some(2), 0)));
        assert_eq!(planned(&log, Some(1)), Ok((1, None, 2)));
        assert_eq!(planned(&["~1.json", "~1.checkpoint.parquet"], None), Ok((1, Some(1), 0)));
    }

    #[test]
    fn a_checkpoint_counts_when_all_its_parts_are_there() {
        let (one, two) = ("~1.checkpoint.0000000001.0000000002.parquet", "~1.checkpoint.0000000002.0000000002.parquet");
        let compacted = "~0.00000000000000000001.compacted.json";
        assert_eq!(planned(&["~0.json", "~1.json", compacted, one], None), Ok((1, None, 2)));
        assert_eq!(planned(&["~1.json", one, two], None), Ok((1, Some(1), 0)));
        let plan = plan(&names(&["~1.json", two, one]), None, "t").unwrap();
        assert_eq!(plan.checkpoint.unwrap().files, names(&[one, two]));
        let huge = "~1.checkpoint.0000000001.4294967295.parquet";
        assert_eq!(planned(&["~0.json", "~1.json", huge], None), Ok((1, None, 2)));
    }

    #[test]
    fn what_cannot_be_put_together_is_refused_with_the_range() {
        let log = ["~2.json", "~2.checkpoint.parquet", "~3.json", "~4.json"];
        let range = "those that can be read are 2 to 4";
        assert_eq!(planned(&log, Some(5)), Err(format!("t: has no version 5; {range}")));
        assert_eq!(planned(&log, Some(1)), Err(format!("t: has no version 1; {range}")));
        assert_eq!(
            planned(&["~0.json"], Some(7)),
            Err("t: has no version 7; the only one that can be read is 0".to_owned())
        );
        let gap = planned(&["~0.json", "~2.json"], None).unwrap_err();
        assert!(gap.starts_with("t: version 2 cannot be put together: 00000000000000000001.json is missing"), "{gap}");
        let headless = planned(&["~1.json", "~2.json"], None).unwrap_err();
        assert!(headless.contains("00000000000000000000.json is missing"), "{headless}");
        let far = planned(&["18446744073709551615.json"], None).unwrap_err();
        assert!(far.contains("00000000000000000000.json is missing"), "{far}");
        for empty in [&[][..], &["notes.txt", "99999999999999999999.json", "1.json"]] {
            assert!(planned(empty, None).unwrap_err().starts_with("t: there is no Delta table"));
        }
    }
}
