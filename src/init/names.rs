//! Names for sources and attributes, and paths as the pipeline file writes them.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use goldsmith_standardize::text;

/// The longest name a pipeline file takes.
const LONGEST: usize = 63;

/// Words that say nothing about which system a file is from.
const COMMON: [&str; 34] = [
    "customers",
    "customer",
    "records",
    "record",
    "data",
    "dataset",
    "export",
    "exports",
    "contacts",
    "contact",
    "accounts",
    "account",
    "members",
    "member",
    "people",
    "persons",
    "users",
    "clients",
    "companies",
    "table",
    "list",
    "output",
    "input",
    "file",
    "files",
    "rows",
    "dump",
    "extract",
    "full",
    "all",
    "main",
    "kunden",
    "clients_export",
    "customer_list",
];

/// Folders whose names say nothing either.
const COMMON_FOLDERS: [&str; 14] = [
    "tmp",
    "temp",
    "downloads",
    "desktop",
    "documents",
    "home",
    "root",
    "src",
    "csv",
    "json",
    "excel",
    "raw",
    "in",
    "work",
];

/// `text` as a name: lower_snake_case, starting with a letter, at most 63 long; `otherwise` where nothing is left.
pub(super) fn snake_case(text: &str, otherwise: &str) -> String {
    let mut spaced = String::new();
    let mut last = ' ';
    for letter in text.chars() {
        if last.is_lowercase() && letter.is_uppercase() {
            spaced.push(' ');
        }
        spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
        last = letter;
    }
    let mut name = text::fold(&spaced).replace(' ', "_");
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        name.insert_str(0, "n_");
    }
    if name.is_empty() {
        name.push_str(otherwise);
    }
    // Room is left for a number.
    name.truncate(LONGEST - 4);
    name.trim_end_matches('_').to_owned()
}

/// `name`, or with a number after it where it is taken.
pub(super) fn unique(name: &str, taken: &dyn Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    (2..).map(|number| format!("{name}_{number}")).find(|numbered| !taken(numbered)).unwrap_or_default()
}

/// A name for each file: its own, that of its folder where its own says nothing, or both where two would be the same.
pub(super) fn source_names(files: &[PathBuf]) -> Vec<String> {
    let wanted: Vec<(String, String)> = files.iter().map(|file| (source_name(file), long_name(file))).collect();
    let mut names: Vec<String> = Vec::new();
    for (short, long) in &wanted {
        let several = wanted.iter().filter(|(other, _)| other == short).count() > 1;
        let name = if several { long } else { short };
        names.push(unique(name, &|name| names.iter().any(|taken| taken == name)));
    }
    names
}

fn source_name(file: &Path) -> String {
    let stem = stem(file);
    match folder(file) {
        Some(folder) if COMMON.contains(&stem.as_str()) => folder,
        _ => stem,
    }
}

fn long_name(file: &Path) -> String {
    match folder(file) {
        Some(folder) => snake_case(&format!("{folder}_{}", stem(file)), "source"),
        None => stem(file),
    }
}

/// An address without user, password and query, which may hold what nobody should read; a path as it is.
pub(super) fn shown(path: &str) -> Cow<'_, str> {
    let before_query = |text: &str| text.split(['?', '#']).next().unwrap_or_default().to_owned();
    let Some((scheme, rest)) = path.split_once("://") else {
        // An address whose slashes were forgotten is no path.
        return match path.split_once(':') {
            Some((scheme, rest)) if rest.contains(['@', '?']) => Cow::Owned(format!("{scheme}:…")),
            _ => Cow::Borrowed(path),
        };
    };
    // A password may hold what is written otherwise in an address, so that its parts are told apart by their ends alone.
    let told = match rest.rsplit_once('@') {
        None => before_query(rest),
        Some((user, _)) if user.contains('?') => "…".to_owned(),
        Some((_, host)) => before_query(host),
    };
    let (host, path) = told.split_once('/').unwrap_or((&told, ""));
    Cow::Owned(format!("{scheme}://{host}/{path}"))
}

fn stem(file: &Path) -> String {
    let path = file.to_string_lossy();
    let shown = shown(&path);
    let name = shown.rsplit('/').next().unwrap_or_default();
    snake_case(name.split('.').find(|part| !part.is_empty()).unwrap_or_default(), "source")
}

fn folder(file: &Path) -> Option<String> {
    let name = snake_case(&file.parent()?.file_name()?.to_string_lossy(), "");
    (!name.is_empty() && !COMMON.contains(&name.as_str()) && !COMMON_FOLDERS.contains(&name.as_str())).then_some(name)
}

/// A name for the whole pipeline: that of its only source, or of the folder all files are in.
pub(super) fn pipeline_name(files: &[PathBuf], sources: &[String]) -> String {
    if let [only] = sources {
        return only.clone();
    }
    let mut common: Option<PathBuf> = None;
    for file in files {
        let parent = file.parent().unwrap_or(file);
        common = Some(match common {
            None => parent.to_owned(),
            Some(common) => {
                common.components().zip(parent.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
            }
        });
    }
    common.and_then(|common| folder(&common.join("file"))).unwrap_or_else(|| "customers".to_owned())
}

/// `file` as seen from `folder`; both absolute. The path itself where they have nothing but the root in common.
pub(super) fn relative(file: &Path, folder: &Path) -> PathBuf {
    let shared = file.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let only_root = folder.components().take(shared).all(|part| !matches!(part, Component::Normal(_)));
    if only_root && folder.components().count() > shared {
        return file.to_owned();
    }
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(file.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(files: &[&str]) -> Vec<String> {
        source_names(&files.iter().map(PathBuf::from).collect::<Vec<_>>())
    }

    #[test]
    fn names_of_sources() {
        for (files, expected) in [
            (
                vec!["/d/crm/customers.csv.gz", "/d/shop.db", "/d/billing/accounts.parquet"],
                vec!["crm", "shop", "billing"],
            ),
            (vec!["/d/febrl3/records.csv"], vec!["febrl3"]),
            (vec!["/tmp/records.csv"], vec!["records"]),
            (vec!["/a/x.csv", "/b/x.csv"], vec!["a_x", "b_x"]),
            (vec!["/tmp/x.csv", "/tmp/x.json"], vec!["x", "x_2"]),
            (vec!["/d/2024 Käufer-Liste.csv"], vec!["n_2024_kaufer_liste"]),
            (vec!["/d/MyCustomers.CSV"], vec!["my_customers"]),
        ] {
            assert_eq!(named(&files), expected, "{files:?}");
        }
    }

    #[test]
    fn names_fit_the_pipeline_file() {
        for text in ["", "…", "1", "A B", "ÄÖ", &"x".repeat(200), "__a__"] {
            let name = snake_case(text, "column");
            assert!(name.starts_with(|first: char| first.is_ascii_lowercase()) && name.len() <= 60, "{text}: {name}");
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{text}: {name}");
        }
    }

    #[test]
    fn names_of_pipelines() {
        let files = |paths: &[&str]| paths.iter().map(PathBuf::from).collect::<Vec<_>>();
        let two = ["a".to_owned(), "b".to_owned()];
        assert_eq!(pipeline_name(&files(&["/x/sample-data/crm/a.csv", "/x/sample-data/b.db"]), &two), "sample_data");
        assert_eq!(pipeline_name(&files(&["/tmp/a.csv", "/tmp/b.db"]), &two), "customers");
        assert_eq!(pipeline_name(&files(&["/tmp/a.csv"]), &two[..1]), "a");
    }

    #[test]
    fn paths_from_where_the_file_goes() {
        for (file, folder, expected) in [
            ("/a/b/c.csv", "/a/b", "c.csv"),
            ("/a/b/c.csv", "/a/d/e", "../../b/c.csv"),
            ("/a/b/c.csv", "/x", "/a/b/c.csv"),
            ("/a/b/c.csv", "/", "a/b/c.csv"),
        ] {
            assert_eq!(relative(Path::new(file), Path::new(folder)), PathBuf::from(expected), "{file} from {folder}");
        }
    }

    #[test]
    fn no_secret_of_an_address_is_shown_however_it_is_written() {
        for address in [
            "mysql://reader:SECRET@db:3306/shop?ssl=SECRET",
            "mysql://reader:SEC/RET@db:3306/shop",
            "nats://reader:SEC#RET@db:3306/shop",
            "https://db:3306/shop?token=SECRET",
        ] {
            let shown = shown(address);
            assert!(shown.ends_with("://db:3306/shop") && !shown.contains("SEC"), "{shown}");
        }
        for address in [
            "https://db/export.csv?email=bob@x.com&token=SECRET",
            "postgres://db/shop?user=reader@corp&password=SECRET",
            "mysql:/reader:SECRET@db/shop",
            "postgres:/db/shop?password=SECRET",
        ] {
            assert!(shown(address).contains('…') && !shown(address).contains("SECRET"), "{}", shown(address));
        }
        assert_eq!(shown("data/a@b.csv"), "data/a@b.csv");
    }
}
