//! The name somebody probably meant.

/// The candidate nearest to `name`, if one is near enough to be what was meant. The first of equals wins.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Long input is no misspelt name, and the distance costs the product of the lengths.
    if name.len() > 100 {
        return None;
    }
    let lower = name.to_lowercase().replace('-', "_");
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| *candidate != name)
        .map(|candidate| (strsim::osa_distance(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``; did you mean `x`?`` where something is near, otherwise the whole list where it is short.
pub(crate) fn did_you_mean(name: &str, candidates: &[&str], what: &str) -> String {
    match nearest(name, candidates.iter().copied()) {
        Some(candidate) => format!("; did you mean `{candidate}`?"),
        None if candidates.is_empty() => String::new(),
        None => format!("; {what} {}", listed(candidates)),
    }
}

/// `a`, `b` and `c`.
pub(crate) fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names() {
        assert_eq!(nearest("feilds", ["fields", "from"]), Some("fields"));
        assert_eq!(nearest("Updated-At", ["updated_at"]), Some("updated_at"));
        assert_eq!(nearest("zzz", ["fields"]), None);
        assert_eq!(nearest(&"x".repeat(1_000_000), ["fields"]), None);
    }

    #[test]
    fn lists() {
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` and `c`");
        assert_eq!(did_you_mean("qq", &["alpha", "beta"], "they are"), "; they are `alpha` and `beta`");
    }
}
