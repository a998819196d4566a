//! Numbers as people read them, the same in the page and in messages.

/// What stands where there is nothing to say.
pub(super) const NOTHING: &str = "–";

/// `1,234,567`; of a fraction the whole part.
pub(super) fn number(value: Option<f64>) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else {
        return NOTHING.to_owned();
    };
    let digits = format!("{:.0}", value.abs());
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value <= -0.5 {
        grouped.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `97.3%`. Nothing is rounded to none or all: 0.04% of a million is many.
pub(super) fn percent(share: Option<f64>) -> String {
    rounded_percent(share, 1)
}

pub(super) fn whole_percent(share: Option<f64>) -> String {
    rounded_percent(share, 0)
}

fn rounded_percent(share: Option<f64>, places: usize) -> String {
    let Some(share) = share.filter(|share| share.is_finite()) else {
        return NOTHING.to_owned();
    };
    let (least, most) = if places == 0 { ("<1%", ">99%") } else { ("<0.1%", ">99.9%") };
    let rounded = format!("{:.places$}", share * 100.0);
    let is = |value: f64| rounded.parse::<f64>().is_ok_and(|rounded| rounded == value);
    if share > 0.0 && is(0.0) {
        least.to_owned()
    } else if share < 1.0 && is(100.0) {
        most.to_owned()
    } else if share == 0.0 || share == 1.0 {
        format!("{:.0}%", share * 100.0)
    } else {
        format!("{rounded}%")
    }
}

/// A number with this many digits after the point.
pub(super) fn decimal(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    match text.split_once('.') {
        Some((whole, rest)) => format!("{}.{rest}", number(whole.parse().ok())),
        None => number(Some(value)),
    }
}

/// An age in days, in years from three years on.
pub(super) fn days(age: Option<f64>) -> String {
    match age {
        None => NOTHING.to_owned(),
        Some(age) if age < 1095.0 => format!("{} days", number(Some(age.round()))),
        Some(age) => format!("{:.1} years", age / 365.25),
    }
}

/// A probability with as many digits as tell it from 0 and 1; very small ones as `1 in 120,000`.
pub(super) fn probability(value: f64) -> String {
    let from_end = value.min(1.0 - value);
    if from_end <= 0.0 {
        return format!("{value:.0}");
    }
    if value < 0.0005 {
        return one_in(value);
    }
    let places = (-from_end.log10()).ceil().clamp(2.0, 6.0) as usize;
    let text = format!("{value:.places$}");
    let trimmed = text.trim_end_matches('0');
    trimmed.strip_suffix('.').unwrap_or(trimmed).to_owned()
}

/// `1 in 120,000`.
pub(super) fn one_in(value: f64) -> String {
    if value > 0.0 { format!("1 in {}", number(Some(1.0 / value))) } else { "0".to_owned() }
}

/// `+5.2`, `−3.0`.
pub(super) fn signed(value: f64) -> String {
    let sign = if value < -0.05 {
        "−"
    } else if value >= 0.05 {
        "+"
    } else {
        ""
    };
    format!("{sign}{:.1}", value.abs())
}

/// How many of one there are to one of the other: `1.64`.
pub(super) fn ratio(of: f64, to: f64) -> String {
    if to > 0.0 { format!("{:.2}", of / to) } else { NOTHING.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        for (value, text) in
            [(0.0, "0"), (999.0, "999"), (1_000.0, "1,000"), (1_234_567.0, "1,234,567"), (-1_234.0, "−1,234")]
        {
            assert_eq!(number(Some(value)), text);
        }
        assert_eq!(number(None), "–");
        assert_eq!(decimal(1_234.56, 1), "1,234.6");
        assert_eq!(decimal(0.96, 1), "1.0");
        assert_eq!(decimal(7.4, 0), "7");
    }

    #[test]
    fn a_share_is_never_rounded_to_none_or_all() {
        for (share, text) in [(0.0, "0%"), (0.000_01, "<0.1%"), (0.973_1, "97.3%"), (0.999_99, ">99.9%"), (1.0, "100%")]
        {
            assert_eq!(percent(Some(share)), text);
        }
        assert_eq!(whole_percent(Some(0.996)), ">99%");
        assert_eq!(whole_percent(Some(0.004)), "<1%");
        assert_eq!(percent(None), "–");
        assert_eq!(percent(Some(f64::NAN)), "–");
    }

    #[test]
    fn probabilities_keep_the_digits_that_matter() {
        for (value, text) in [
            (0.0, "0"),
            (1.0, "1"),
            (0.5, "0.5"),
            (0.95, "0.95"),
            (0.999, "0.999"),
            (0.999_96, "0.99996"),
            (0.05, "0.05"),
            (0.000_01, "1 in 100,000"),
        ] {
            assert_eq!(probability(value), text);
        }
    }

    #[test]
    fn ages_and_weights() {
        assert_eq!(days(Some(12.4)), "12 days");
        assert_eq!(days(Some(1_500.0)), "4.1 years");
        assert_eq!(days(None), "–");
        assert_eq!(signed(5.25), "+5.2");
        assert_eq!(signed(-3.0), "−3.0");
        assert_eq!(signed(0.01), "0.0");
    }
}
