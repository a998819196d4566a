//! Where the paths in a log lead. A log is written by others: a path that leaves the table is refused.

use goldsmith_source::SourceError;
use percent_encoding::percent_decode_str;

/// Where a file of the table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    /// Below the table's folder.
    Below(String),
    /// On the same server, bucket or container, below its top.
    BelowTop(String),
}

/// The place `written` leads to. `root` is the table's folder as an absolute path of this machine, or its address;
/// `origin` the start of the addresses on the same server, where the table is not on this machine.
///
/// # Errors
/// [`goldsmith_source::ErrorKind::Corrupt`] for a path that is none, or leads elsewhere.
pub(crate) fn locate(written: &str, root: &str, origin: Option<&str>, place: &str) -> Result<Location, SourceError> {
    let fault = |what: &str, mend: &str| {
        Err(SourceError::corrupt(place, format!("its log names a data file {what}, which is not read; {mend}")))
    };
    const OUTSIDE: &str = "outside of the table";
    const MEND: &str = "read the table the files belong to, or copy this one with all its files (a deep clone)";
    let Ok(path) = percent_decode_str(written).decode_utf8() else {
        return fault("by a path that is no text", "have the table written anew");
    };
    let scheme = written.split_once(':').map(|(scheme, _)| scheme).filter(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    // A first part such as `a:b` is a scheme to a URI and a name to many a writer; with `/` after it, it is a scheme.
    let location = match (scheme.filter(|scheme| written[scheme.len()..].starts_with(":/")), origin) {
        (Some(scheme), Some(origin)) => {
            let path = match scheme {
                "s3a" | "s3n" => format!("s3{}", &path[scheme.len()..]),
                _ => path.into_owned(),
            };
            match path.strip_prefix(origin).and_then(|rest| rest.strip_prefix('/')) {
                Some(rest) => Location::BelowTop(rest.to_owned()),
                None => return fault(OUTSIDE, MEND),
            }
        }
        (Some("file"), None) => {
            let path = path["file:".len()..].trim_start_matches('/');
            match below(&format!("/{path}"), root) {
                Some(path) => Location::Below(path),
                None => return fault(OUTSIDE, MEND),
            }
        }
        (None, None) if path.starts_with('/') => match below(&path, root) {
            Some(path) => Location::Below(path),
            None => return fault(OUTSIDE, MEND),
        },
        (Some(_), None) => return fault(OUTSIDE, MEND),
        (None, Some(_)) if path.starts_with('/') => return fault(OUTSIDE, MEND),
        (None, _) => Location::Below(path.into_owned()),
    };
    let (Location::Below(path) | Location::BelowTop(path)) = &location;
    let odd = |part: &str| matches!(part, "" | "." | "..") || (cfg!(windows) && part.contains(['\\', ':']));
    if path.split('/').any(|part| part == "..") {
        return fault(OUTSIDE, MEND);
    }
    if path.split('/').any(odd) || path.chars().any(char::is_control) {
        return fault("by a path that is none", "have the table written anew");
    }
    Ok(location)
}

fn below(path: &str, root: &str) -> Option<String> {
    let rest = path.strip_prefix(root.trim_end_matches('/'))?.strip_prefix('/')?;
    Some(rest.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here(written: &str) -> Option<String> {
        locate(written, "/data/t", None, "t").ok().map(|location| match location {
            Location::Below(path) => path,
            Location::BelowTop(path) => panic!("{path} is not below the table"),
        })
    }

    #[test]
    fn paths_are_decoded_and_stay_below_the_table() {
        for (written, expected) in [
            ("part-0.parquet", "part-0.parquet"),
            ("day=2024-01-01%2000%253A00/a%20b.parquet", "day=2024-01-01 00%3A00/a b.parquet"),
            ("name=%C3%BC:x/a.parquet", "name=ü:x/a.parquet"),
            ("a:b.parquet", "a:b.parquet"),
            ("/data/t/a.parquet", "a.parquet"),
            ("file:///data/t/b/a.parquet", "b/a.parquet"),
            ("file:/data/t/a.parquet", "a.parquet"),
        ] {
            assert_eq!(here(written).as_deref(), Some(expected), "{written}");
        }
        for hostile in [
            "../a",
            "b/../../a",
            "%2e%2e/a",
            "b/%2E%2e/%2e./a",
            "/etc/passwd",
            "/data/t2/a",
            "/data/t/../a",
            "file:///etc/passwd",
            "file:///data/t/../x",
            "s3://bucket/a",
            "http://host/a",
            "",
            "a//b",
            "./a",
            "%ff",
            "a%00b",
            "a%0ab",
        ] {
            assert_eq!(here(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn addresses_stay_on_their_origin() {
        let there = |written: &str| locate(written, "s3://bucket/t", Some("s3://bucket"), "t").ok();
        assert_eq!(there("a/b%20c"), Some(Location::Below("a/b c".to_owned())));
        for same in ["s3://bucket/other/a", "s3a://bucket/other/a"] {
            assert_eq!(there(same), Some(Location::BelowTop("other/a".to_owned())));
        }
        for hostile in ["s3://bucket2/a", "s3://bucket/../a", "https://bucket/a", "file:///etc/passwd", "/a", "../a"] {
            assert_eq!(there(hostile), None, "{hostile}");
        }
    }
}
