//! Which cursors move the mark.
//!
//! The next read begins at the mark: one that is too large skips rows for good, one that is too small only has some of
//! them read again. So a value moves it only where it looks like those of the other rows. Not moved by:
//!
//! | cursor | value |
//! |---|---|
//! | dates, times, text that begins with a date | in the future |
//! | text | of another form than most rows have: `unknown` among times |
//! | whole numbers most of which are times since 1970 | in the future |
//! | other numbers | few and far above all others: `9999999999` among some thousand |
//!
//! A cursor without a zone, or of text, may be local time, which east of UTC is up to 14 hours ahead. Such a value does not move the
//! mark either, but nobody is told of it.
//!
//! The numbers of a log are the system's own and always move it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit};
use goldsmith_source::cursor::CursorValue;

/// Different values from the top among which a gap is looked for.
const TOP: usize = 16;
/// Different forms of text that are told apart; what comes with yet another one moves nothing.
const FORMS: usize = 1_000;
/// A gap at the top is wide where it is so many times what lies below it, and at least [`LEAST_GAP`].
const WIDE: i128 = 100;
const LEAST_GAP: i128 = 1_000_000;
/// 1980, in seconds since 1970: numbers from then to now may be times.
const FIRST_SECOND: i128 = 315_532_800;
/// Seconds, milliseconds, microseconds and nanoseconds.
const UNITS: [Unit; 4] =
    [Unit { a_second: 1 }, Unit { a_second: 1_000 }, Unit { a_second: 1_000_000 }, Unit { a_second: 1_000_000_000 }];

/// How far clocks are ahead of UTC at most, in microseconds.
const EAST: i64 = 14 * 3_600 * 1_000_000;

/// A unit in which whole numbers may count time.
#[derive(Debug, Clone, Copy)]
struct Unit {
    a_second: i128,
}

/// The cursors of a table: those of its state, and those read now.
#[derive(Debug)]
pub(crate) struct Cursors {
    now: Now,
    /// What clocks east of here may say now; for cursors without a time zone, which may be theirs.
    latest: Option<Now>,
    rows: u64,
    forms: BTreeMap<Form, Seen>,
    other_forms: Values,
    numbers: Option<Numbers>,
}

/// What text looks like, and whatever else needs no telling apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Form {
    Typed,
    /// `2026-01-31`, and what may follow.
    Day,
    /// `20260131`, and what may follow.
    CompactDay,
    /// The kinds of its characters, each once in a row: `a0` of `v17`.
    Shape(String),
}

#[derive(Debug, Default)]
struct Seen {
    usual: Values,
    ahead: Values,
    /// Rows ahead of here by no more than clocks in the east are.
    local: u64,
}

/// Values of one kind.
#[derive(Debug, Default)]
struct Values {
    rows: u64,
    largest: Option<CursorValue>,
    /// The lengths of texts, the shortest and the longest.
    lengths: Option<(usize, usize)>,
    /// Rows read now.
    read: u64,
    /// File and number of the first of them.
    first: Option<(Arc<str>, u64)>,
}

/// What is needed of numbers.
#[derive(Debug)]
struct Numbers {
    /// For each of [`UNITS`] what lies between 1980 and now, and what after; none where they are no whole numbers.
    units: Vec<Seen>,
    lowest: Option<i128>,
    top: BTreeMap<i128, Values>,
    least_gap: i128,
}

/// How far a table was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) mark: Option<CursorValue>,
    pub(crate) aside: Vec<Aside>,
    /// Most values are text whose order is not the one they are written in: `10` before `9`, `02/01/2027` before
    /// `03/01/2026`.
    pub(crate) is_unsorted: bool,
}

/// Rows read now that did not move the mark, although they lie beyond it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    pub(crate) why: Why,
    pub(crate) rows: u64,
    /// File and number of the first.
    pub(crate) first: (Arc<str>, u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Future,
    OtherForm,
    FarAbove,
}

impl Cursors {
    /// Those of a column of `data_type`; `now` is in microseconds since 1970, UTC. The numbers of a log (`is_log`) are the
    /// system's own and need no guess.
    pub(crate) fn new(data_type: &DataType, now: i64, is_log: bool) -> Self {
        let least_gap = match data_type {
            _ if is_log => None,
            DataType::Decimal128(_, scale) => {
                let step = 10_i128.checked_pow(u32::try_from(*scale).unwrap_or(0)).unwrap_or(1);
                Some(LEAST_GAP.saturating_mul(step))
            }
            known if known.is_integer() => Some(LEAST_GAP),
            _ => None,
        };
        let units = if data_type.is_integer() { UNITS.len() } else { 0 };
        Self {
            now: Now::new(now, data_type),
            latest: has_no_zone(data_type).then(|| Now::new(now.saturating_add(EAST), data_type)),
            rows: 0,
            forms: BTreeMap::new(),
            other_forms: Values::default(),
            numbers: least_gap.map(|least_gap| Numbers {
                units: (0..units).map(|_| Seen::default()).collect(),
                lowest: None,
                top: BTreeMap::new(),
                least_gap,
            }),
        }
    }

    /// Takes the value of the next row; `place` is that of a row read now.
    pub(crate) fn see(&mut self, value: CursorValue, place: Option<(&Arc<str>, u64)>) {
        self.rows += 1;
        if let (Some(numbers), CursorValue::Number(number)) = (&mut self.numbers, &value) {
            numbers.see(*number, self.now.micros, place);
            return;
        }
        let form = form(&value);
        if self.forms.len() >= FORMS && !self.forms.contains_key(&form) {
            self.other_forms.see(value, place);
            return;
        }
        let is_ahead = self.now.is_before(&value);
        let is_local = self.latest.as_ref().is_some_and(|latest| !latest.is_before(&value));
        let seen = self.forms.entry(form).or_default();
        match (is_ahead, is_local) {
            (false, _) => seen.usual.see(value, place),
            // Local time is no mistake to tell of: the rows are only read again until the hour is here too.
            (true, true) => seen.local += 1,
            (true, false) => seen.ahead.see(value, place),
        }
    }

    /// The largest value that looks like the others, or `before`, the mark until now, where that is larger and does so too.
    pub(crate) fn reached(self, before: Option<CursorValue>) -> Reached {
        let Self { now, rows, forms, other_forms, numbers, .. } = self;
        if let Some(numbers) = numbers {
            return numbers.reached(rows, now.micros, before);
        }
        // Of two forms as frequent the one that skips less.
        let usual = forms.iter().max_by(|(_, left), (_, right)| {
            (left.rows(), &right.usual.largest).cmp(&(right.rows(), &left.usual.largest))
        });
        let usual = usual.map(|(form, _)| form.clone());
        let before =
            before.filter(|before| usual.as_ref().is_none_or(|usual| *usual == form(before)) && !now.is_before(before));
        let mut mark = before;
        let (mut ahead, mut others) = (Values::default(), other_forms);
        let mut is_unsorted = false;
        for (form, seen) in forms {
            if usual.as_ref() == Some(&form) {
                is_unsorted = matches!(&form, Form::Shape(shape) if seen.usual.is_unsorted(shape));
                mark = mark.max(seen.usual.largest);
                ahead = seen.ahead;
            } else {
                others.add(seen.usual);
                others.add(seen.ahead);
            }
        }
        let aside = [(Why::Future, ahead), (Why::OtherForm, others)];
        Reached {
            aside: aside.into_iter().filter_map(|(why, values)| values.aside(why, mark.as_ref())).collect(),
            mark,
            is_unsorted,
        }
    }
}

impl Numbers {
    fn see(&mut self, number: i128, now: i128, place: Option<(&Arc<str>, u64)>) {
        for (seen, unit) in self.units.iter_mut().zip(UNITS) {
            if number > unit.of(now) {
                seen.ahead.see(CursorValue::Number(number), place);
            } else if number >= FIRST_SECOND * unit.a_second {
                seen.usual.see(CursorValue::Number(number), place);
            }
        }
        self.lowest = Some(self.lowest.map_or(number, |lowest| lowest.min(number)));
        if self.top.len() == TOP && self.top.first_key_value().is_some_and(|(least, _)| *least > number) {
            return;
        }
        self.top.entry(number).or_default().see(CursorValue::Number(number), place);
        if self.top.len() > TOP {
            self.top.pop_first();
        }
    }

    fn reached(self, rows: u64, now: i128, before: Option<CursorValue>) -> Reached {
        let up_to = |limit: i128| before.clone().filter(|before| *before <= CursorValue::Number(limit));
        for (seen, unit) in self.units.into_iter().zip(UNITS) {
            if seen.usual.rows > 0 && seen.usual.rows >= rows.div_ceil(2) {
                let mark = up_to(unit.of(now)).max(seen.usual.largest);
                return Reached {
                    aside: seen.ahead.aside(Why::Future, mark.as_ref()).into_iter().collect(),
                    mark,
                    is_unsorted: false,
                };
            }
        }
        let (mut limit, mut above) = (None, 0);
        let mut higher: Option<i128> = None;
        for (number, values) in self.top.iter().rev() {
            let span = self.lowest.map_or(0, |lowest| number.saturating_sub(lowest));
            let gap = higher.map_or(0, |higher| higher.saturating_sub(*number));
            if gap > span.saturating_mul(WIDE).max(self.least_gap) && above < rows / 2 + rows % 2 {
                limit = Some(*number);
            }
            above += values.rows;
            higher = Some(*number);
        }
        let limit = limit.or(higher.and(self.top.last_key_value().map(|(top, _)| *top)));
        let Some(limit) = limit else { return Reached { mark: before, aside: Vec::new(), is_unsorted: false } };
        let is_top = self.top.last_key_value().is_some_and(|(top, _)| *top == limit);
        let before = if is_top { before } else { up_to(limit) };
        let mark = before.max(Some(CursorValue::Number(limit)));
        let mut far = Values::default();
        for (_, values) in self.top.into_iter().filter(|(number, _)| *number > limit) {
            far.add(values);
        }
        Reached { aside: far.aside(Why::FarAbove, mark.as_ref()).into_iter().collect(), mark, is_unsorted: false }
    }
}

impl Unit {
    fn of(self, micros: i128) -> i128 {
        (micros.saturating_mul(self.a_second)).div_euclid(1_000_000)
    }
}

impl Seen {
    fn rows(&self) -> u64 {
        self.usual.rows + self.ahead.rows + self.local
    }
}

impl Values {
    fn see(&mut self, value: CursorValue, place: Option<(&Arc<str>, u64)>) {
        self.rows += 1;
        if let Some((file, row)) = place {
            self.read += 1;
            self.first.get_or_insert_with(|| (Arc::clone(file), row));
        }
        if let CursorValue::Text(text) = &value {
            let (shortest, longest) = self.lengths.unwrap_or((text.len(), text.len()));
            self.lengths = Some((shortest.min(text.len()), longest.max(text.len())));
        }
        if self.largest.as_ref() < Some(&value) {
            self.largest = Some(value);
        }
    }

    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.read += other.read;
        self.first = match (self.first.take(), other.first) {
            (Some(one), Some(other)) => Some(if other.1 < one.1 { other } else { one }),
            (one, other) => one.or(other),
        };
        self.largest = self.largest.take().max(other.largest);
    }

    /// Whether texts of a shape do not sort by what they say.
    fn is_unsorted(&self, shape: &str) -> bool {
        let has_lengths = self.lengths.is_some_and(|(shortest, longest)| shortest != longest);
        let Some(CursorValue::Text(text)) = &self.largest else { return false };
        let first = text.bytes().take_while(u8::is_ascii_digit).count();
        let is_day_first = matches!(shape, "0/0/0" | "0.0.0" | "0-0-0") && first < 4;
        (has_lengths && shape.contains('0')) || is_day_first
    }

    /// What is said of them where they would have moved the mark.
    fn aside(self, why: Why, mark: Option<&CursorValue>) -> Option<Aside> {
        let first = self.first.filter(|_| self.largest.as_ref() > mark)?;
        Some(Aside { why, rows: self.read, first })
    }
}

fn has_no_zone(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::Timestamp(_, Some(_)))
}

fn form(value: &CursorValue) -> Form {
    let CursorValue::Text(text) = value else { return Form::Typed };
    match day(text) {
        Some((_, true)) => Form::CompactDay,
        Some((_, false)) => Form::Day,
        None => {
            let mut shape = String::new();
            for character in text.chars().take(64) {
                let kind = match character {
                    '0'..='9' => '0',
                    other if other.is_alphabetic() => 'a',
                    other => other,
                };
                if !shape.ends_with(kind) {
                    shape.push(kind);
                }
            }
            Form::Shape(shape)
        }
    }
}

/// The digits of the date that text begins with, and whether they stand without dashes.
fn day(text: &str) -> Option<([u8; 8], bool)> {
    let mut digits = [0; 8];
    let compact = text.as_bytes().get(4) != Some(&b'-');
    let places = if compact { [0, 1, 2, 3, 4, 5, 6, 7] } else { [0, 1, 2, 3, 5, 6, 8, 9] };
    for (digit, place) in digits.iter_mut().zip(places) {
        *digit = *text.as_bytes().get(place).filter(|byte| byte.is_ascii_digit())?;
    }
    let [_, _, _, _, m, n, d, e] = digits;
    let plausible = (*b"01"..=*b"12").contains(&[m, n]) && (*b"01"..=*b"31").contains(&[d, e]);
    // Eight digits and some more are a number unless they are a time too.
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let whole = if compact { matches!(length, 8 | 12 | 14 | 17) } else { text.as_bytes().get(7) == Some(&b'-') };
    (plausible && whole).then_some((digits, compact))
}

/// Tells values that lie in the future.
#[derive(Debug, Clone)]
struct Now {
    micros: i128,
    typed: Option<i128>,
    today: Option<[u8; 8]>,
}

impl Now {
    fn new(now: i64, data_type: &DataType) -> Self {
        let micros = i128::from(now);
        let typed = match data_type {
            DataType::Timestamp(TimeUnit::Second, _) => Some(micros.div_euclid(1_000_000)),
            DataType::Timestamp(TimeUnit::Millisecond, _) | DataType::Date64 => Some(micros.div_euclid(1_000)),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Some(micros),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Some(micros.saturating_mul(1_000)),
            DataType::Date32 => Some(micros.div_euclid(86_400_000_000)),
            _ => None,
        };
        let today = CursorValue::Number(micros.div_euclid(86_400_000_000)).mark(&DataType::Date32).ok();
        Self { micros, typed, today: today.and_then(|today| day(&today.text)).map(|(digits, _)| digits) }
    }

    /// Whether the value lies after now; of text, whether its day does.
    fn is_before(&self, value: &CursorValue) -> bool {
        match value {
            CursorValue::Number(value) => self.typed.is_some_and(|now| *value > now),
            CursorValue::Text(text) => {
                day(text).is_some_and(|(digits, _)| self.today.is_some_and(|today| digits > today))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use goldsmith_source::Mark;

    use super::*;

    /// 2026-01-01, in microseconds.
    const NOW: i64 = 1_767_225_600_000_000;

    fn value(text: &str, data_type: &DataType) -> CursorValue {
        Mark { text: text.to_owned(), data_type: data_type.clone() }.value().unwrap()
    }

    /// The mark after a read of `values`, and why how many rows did not move it.
    fn reached(data_type: &DataType, before: Option<&str>, values: &[&str]) -> (Option<String>, Vec<(Why, u64, u64)>) {
        let mut cursors = Cursors::new(data_type, NOW, false);
        let file = Arc::from("crm");
        for (row, text) in values.iter().enumerate() {
            cursors.see(value(text, data_type), Some((&file, row as u64 + 1)));
        }
        let reached = cursors.reached(before.map(|text| value(text, data_type)));
        let aside = reached.aside.iter().map(|aside| (aside.why, aside.rows, aside.first.1)).collect();
        (reached.mark.map(|mark| mark.mark(data_type).unwrap().text), aside)
    }

    fn mark(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_future_moves_no_mark_whatever_the_type() {
        for unit in [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond] {
            let found = reached(
                &DataType::Timestamp(unit, Some("UTC".into())),
                None,
                &["2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"],
            );
            assert_eq!(found, (mark("2026-01-01T00:00:00Z"), vec![(Why::Future, 1, 3)]));
            let local = ["2025-12-31", "2026-01-01T00:00:00", "2026-01-01T14:00:00"];
            let found = reached(&DataType::Timestamp(unit, None), None, &local);
            assert_eq!(found, (mark("2026-01-01T00:00:00"), Vec::new()), "it may be that late in the east");
            let future = ["2025-12-31", "2026-01-01T00:00:00", "2026-01-01T14:00:01"];
            let found = reached(&DataType::Timestamp(unit, None), None, &future);
            assert_eq!(found, (mark("2026-01-01T00:00:00"), vec![(Why::Future, 1, 3)]));
        }
        let found = reached(&DataType::Date32, None, &["9999-12-31", "2026-01-01"]);
        assert_eq!(found, (mark("2026-01-01"), vec![(Why::Future, 1, 1)]));
        let found = reached(&DataType::Utf8, None, &["2026-01-01 23:59", "2099-12-31"]);
        assert_eq!(found, (mark("2026-01-01 23:59"), vec![(Why::Future, 1, 2)]));
        let found = reached(&DataType::Utf8, None, &["99991231", "20260101", "20251231235959"]);
        assert_eq!(found, (mark("20260101"), vec![(Why::Future, 1, 1)]));
        for [usual, ahead] in [["1767225599", "9999999999"], ["1767225599000", "1767225600001"]] {
            let found = reached(&DataType::Int64, Some("1600000000"), &[usual, usual, ahead, "0"]);
            assert_eq!(found, (mark(usual), vec![(Why::Future, 1, 3)]));
        }
        let found = reached(&DataType::Date32, Some("9999-12-31"), &["2026-01-01"]);
        assert_eq!(found.0, mark("2026-01-01"), "nor does a mark that was moved before this was looked at stay");
    }

    #[test]
    fn text_of_another_form_moves_no_mark() {
        let times = ["2025-12-30T10:00:00Z", "unknown", "2025-12-31T10:00:00.5Z", "9"];
        assert_eq!(reached(&DataType::Utf8, None, &times), (mark(times[2]), vec![(Why::OtherForm, 2, 2)]));
        assert_eq!(reached(&DataType::Utf8, Some("unknown"), &times).0, mark(times[2]), "a mark heals");
        assert_eq!(reached(&DataType::Utf8, Some("2025-12-31T23"), &times).0, mark("2025-12-31T23"), "or stays");
        assert_eq!(reached(&DataType::Utf8, None, &["v17", "v9", "w", ""]), (mark("v9"), vec![(Why::OtherForm, 2, 3)]));
        assert_eq!(reached(&DataType::Utf8, None, &["zzz", "2025-01-01"]).0, mark("2025-01-01"), "what skips less");
        assert_eq!(reached(&DataType::Utf8, Some("zzz"), &[]).0, mark("zzz"));
    }

    #[test]
    fn numbers_far_above_all_others_move_no_mark() {
        let found = reached(&DataType::Int64, None, &["1", "9999999999", "2", "3", "9999999998"]);
        assert_eq!(found, (mark("3"), vec![(Why::FarAbove, 2, 2)]));
        assert_eq!(reached(&DataType::Int64, Some("9999999999"), &["1", "9999999999", "2"]).0, mark("2"));
        assert_eq!(
            reached(&DataType::Int64, Some("4"), &["1", "9999999999", "2"]).0,
            mark("2"),
            "it is read from there"
        );
        let decimal = DataType::Decimal128(20, 2);
        assert_eq!(reached(&decimal, None, &["1.00", "2.00", "9999999999.00"]).0, mark("2.00"));
        // A counter may jump, and goes on from there.
        for values in [&["10", "5000"][..], &["1", "2", "900000"], &["1", "5000000", "5000001"], &["99999999999"]] {
            assert_eq!(reached(&DataType::Int64, None, values), (mark(values[values.len() - 1]), vec![]));
        }
        assert_eq!(reached(&DataType::Int64, Some("30"), &["20"]), (mark("30"), vec![]));
        let many: Vec<String> = (1..100).map(|number| number.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(reached(&DataType::Int64, None, &many), (mark("99"), vec![]));
    }

    #[test]
    fn text_that_does_not_sort_as_it_is_meant_is_found() {
        let is_unsorted = |values: &[&str]| {
            let mut cursors = Cursors::new(&DataType::Utf8, NOW, false);
            for text in values {
                cursors.see(value(text, &DataType::Utf8), None);
            }
            cursors.reached(None).is_unsorted
        };
        for values in [&["9", "10"][..], &["v9", "v10"], &["31/12/2025", "02/01/2026"], &["1.2.2025", "1.3.2025"]] {
            assert!(is_unsorted(values), "{values:?}");
        }
        for values in [
            &["2025-12-31T10:00:00Z", "2025-12-31T10:00:00.5Z"][..],
            &["2025/12/31", "2026/01/01"],
            &["00009", "00010"],
            &["20251231", "20251231235959"],
            &["abc", "abcd"],
            &["00009", "00010", "unknown"],
        ] {
            assert!(!is_unsorted(values), "{values:?}");
        }
    }

    #[test]
    fn numbers_of_a_log_move_the_mark_whatever_they_are() {
        let mut cursors = Cursors::new(&DataType::UInt64, NOW, true);
        for number in [400_000_000, 500_000_000, 1_900_000_000, 9_999_999_999_999] {
            cursors.see(CursorValue::Number(number), None);
        }
        let reached = cursors.reached(None);
        assert_eq!((reached.mark, reached.aside), (Some(CursorValue::Number(9_999_999_999_999)), vec![]));
    }
}
