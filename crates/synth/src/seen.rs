//! A customer as one system saw it on one day: names as they were typed, the address of the time, somebody else's
//! mailbox, gaps and junk. The systems' own formats come after this.

use crate::calendar;
use crate::digits::push_number;
use crate::noise::{digit_slip, typo};
use crate::plan::{Plan, Slot, Source};
use crate::rng::{Rng, Stream};
use crate::script;
use crate::stock::companies::ABBREVIATIONS;
use crate::stock::places::{self, Address, Country, PhoneStyle};
use crate::world::{Day, FIRST_DAY, Household, LAST_DAY, Organisation, Person, World};

/// What a system knows after a sighting. Empty strings are missing values.
pub(crate) struct Seen {
    pub(crate) given: String,
    pub(crate) middle: String,
    pub(crate) family: String,
    pub(crate) suffix: &'static str,
    pub(crate) female: bool,
    pub(crate) doctor: bool,
    pub(crate) birth: Option<Day>,
    /// The main one first.
    pub(crate) emails: Vec<String>,
    pub(crate) mobile: String,
    pub(crate) landline: String,
    pub(crate) address: Option<SeenAddress>,
    pub(crate) organisation: Option<SeenOrganisation>,
    pub(crate) country: Country,
    pub(crate) day: Day,
    /// Second of the day.
    pub(crate) second: u32,
    /// For what only the system itself decides (points, tags, orders).
    pub(crate) rng: Rng,
}

pub(crate) struct SeenAddress {
    pub(crate) house: String,
    pub(crate) street: String,
    pub(crate) unit: u16,
    pub(crate) city: String,
    pub(crate) region: &'static str,
    pub(crate) postcode: String,
}

pub(crate) struct SeenOrganisation {
    pub(crate) name: String,
    pub(crate) registration: String,
    pub(crate) tax_id: String,
}

/// How carefully a system is kept and what it asks for, as probabilities.
struct Habits {
    nickname: f64,
    initial: f64,
    middle: f64,
    typo: f64,
    birth: f64,
    email: f64,
    second_email: f64,
    mobile: f64,
    landline: f64,
    address: f64,
    upper: f64,
    lower: f64,
    plain: f64,
}

#[rustfmt::skip]
const HABITS: [Habits; 5] = [
    Habits { nickname: 0.08, initial: 0.04, middle: 0.35, typo: 0.035, birth: 0.70, email: 0.58, second_email: 0.10, mobile: 0.52, landline: 0.62, address: 0.93, upper: 0.03, lower: 0.01, plain: 0.08 },
    Habits { nickname: 0.17, initial: 0.01, middle: 0.03, typo: 0.030, birth: 0.36, email: 0.95, second_email: 0.0, mobile: 0.48, landline: 0.35, address: 0.92, upper: 0.02, lower: 0.09, plain: 0.30 },
    Habits { nickname: 0.03, initial: 0.08, middle: 0.30, typo: 0.030, birth: 0.45, email: 0.46, second_email: 0.0, mobile: 0.40, landline: 0.48, address: 0.98, upper: 0.30, lower: 0.0, plain: 0.25 },
    Habits { nickname: 0.26, initial: 0.04, middle: 0.03, typo: 0.045, birth: 0.0, email: 0.78, second_email: 0.20, mobile: 0.46, landline: 0.35, address: 0.0, upper: 0.01, lower: 0.10, plain: 0.30 },
    Habits { nickname: 0.12, initial: 0.02, middle: 0.0, typo: 0.040, birth: 0.84, email: 0.58, second_email: 0.0, mobile: 0.46, landline: 0.32, address: 0.95, upper: 0.03, lower: 0.02, plain: 0.15 },
];

const JUNK_EMAILS: &[&str] =
    &["test@test.com", "noemail@noemail.com", "none@none.com", "unknown@unknown.com", "n/a", "no@email.com"];
const JUNK_PHONES: &[&str] = &["0000000", "000-000-0000", "07000000000", "1234567890", "unknown", "999999999"];
const JUNK_WORDS: &[&str] = &["unknown", "n/a", "x", "not provided", "-"];

/// What `source` saw of the customer of a slot.
pub(crate) fn see(world: &World, plan: &Plan, source: Source, slot: &Slot) -> Seen {
    let household = world.household(slot.household);
    let customer = plan.customer(slot);
    let mut rng = Rng::of(world.seed, Stream::Record, u64::from(customer) * 256 + u64::from(slot.sighting));
    let recent = rng.unit().max(rng.unit() * rng.unit());
    let day = FIRST_DAY + (f64::from(LAST_DAY - FIRST_DAY) * recent) as i32;
    let eye = Eye { world, plan, household: &household, habits: &HABITS[source as usize], source, day };
    let member = usize::from(slot.member);
    match (household.people.get(member), household.organisations.get(member)) {
        (Some(person), _) => eye.see_person(person, customer, member, rng),
        (None, Some(organisation)) => eye.see_organisation(organisation, rng),
        (None, None) => eye.blank(rng),
    }
}

struct Eye<'a> {
    world: &'a World,
    plan: &'a Plan,
    household: &'a Household,
    habits: &'a Habits,
    source: Source,
    day: Day,
}

impl Eye<'_> {
    fn blank(&self, mut rng: Rng) -> Seen {
        Seen {
            given: String::new(),
            middle: String::new(),
            family: String::new(),
            suffix: "",
            female: false,
            doctor: false,
            birth: None,
            emails: Vec::new(),
            mobile: String::new(),
            landline: String::new(),
            address: None,
            organisation: None,
            country: self.household.country,
            day: self.day,
            second: 21_600 + rng.below(57_600) as u32,
            rng,
        }
    }

    fn see_person(&self, person: &Person, customer: u32, member: usize, rng: Rng) -> Seen {
        let mut seen = self.blank(rng);
        let rng = &mut seen.rng.clone();
        // Some records are typed in a hurry.
        let haste = if rng.chance(0.03) { 5.0 } else { 1.0 };
        (seen.female, seen.doctor) = (person.female, person.doctor);
        self.names(person, haste, &mut seen, rng);

        let mut evidence = 0;
        if rng.chance(self.habits.birth) {
            seen.birth = Some(person.birth);
            if rng.chance(0.012) {
                seen.birth = Some(rng.pick(&[-25_567, 0]));
            } else if rng.chance(0.025 * haste) {
                seen.birth = Some(mistaken_birth(person.birth, rng));
            } else {
                evidence += 1;
            }
        }
        let own_email = rng.chance(self.habits.email) && self.email(person, customer, member, haste, &mut seen, rng);
        evidence += u8::from(own_email);
        let reach = rng.chance(self.habits.mobile);
        let own_mobile = reach && self.mobile(person, member, haste, &mut seen, rng);
        evidence += u8::from(own_mobile);
        if rng.chance(self.habits.landline) && !matches!(person.moved_out, Some((left, _)) if self.day >= left) {
            self.landline(&mut seen, rng);
        }

        if rng.chance(self.habits.address) {
            let address = self.household.address_of(person, self.day);
            seen.address = Some(self.address(&address, haste, rng));
        }

        // A system that could not tell its customers apart would have been asked for more: nobody is recorded by what
        // the whole household shares alone, or by next to nothing.
        let vague = seen.given.chars().count() == 1 || (seen.address.is_none() && self.habits.address > 0.0);
        let needed = if person.namesake || vague || rng.chance(0.36) { 2 } else { 1 };
        if evidence < needed && !own_email && seen.emails.is_empty() && rng.chance(0.6) {
            let own = self.own_email(person, customer, rng);
            evidence += u8::from(own.is_some());
            seen.emails.extend(own);
        }
        if evidence < needed && !own_mobile {
            seen.mobile = self.phone(self.mobile_number(person), rng);
            evidence += 1;
        }
        if evidence < needed && self.habits.birth > 0.0 {
            seen.birth = Some(person.birth);
        }
        seen.rng = rng.clone();
        seen
    }

    fn names(&self, person: &Person, haste: f64, seen: &mut Seen, rng: &mut Rng) {
        let world = self.world;
        seen.given = world.given(person);
        let renamed = self.day >= person.renamed_on;
        seen.family = world.family(if renamed { person.family } else { person.birth_family }, person.female);
        if renamed && person.double_barrelled && rng.chance(0.6) {
            seen.family = format!("{}-{}", world.family(person.birth_family, person.female), seen.family);
        }
        let nicknames = world.given_names(person).nicknames(person.given);
        if !nicknames.is_empty() && rng.chance(self.habits.nickname) {
            seen.given = rng.pick(nicknames).to_owned();
        }
        if rng.chance(self.habits.middle) {
            seen.middle = world.middle(person).unwrap_or_default();
            if rng.chance(0.5) {
                abbreviate(&mut seen.middle);
            }
        }
        if !person.suffix.is_empty() && rng.chance(0.5) {
            seen.suffix = person.suffix;
        }
        let foreign = script::is_other_script(&seen.family) || script::is_other_script(&seen.given);
        if foreign && (self.source == Source::Crm || rng.chance(0.55)) {
            for name in [&mut seen.given, &mut seen.middle, &mut seen.family] {
                *name = script::romanise(name);
            }
        }
        if rng.chance(self.habits.plain) && !foreign {
            for name in [&mut seen.given, &mut seen.middle, &mut seen.family] {
                if !name.is_ascii() {
                    *name = script::ascii(name);
                }
            }
        }
        let typo_rate = self.habits.typo * haste;
        if rng.chance(typo_rate) {
            typo(&mut seen.given, rng);
        }
        if rng.chance(typo_rate) {
            typo(&mut seen.family, rng);
        }
        if rng.chance(self.habits.initial) {
            abbreviate(&mut seen.given);
        }
        if rng.chance(0.011) {
            std::mem::swap(&mut seen.given, &mut seen.family);
        } else if rng.chance(0.003) {
            seen.given = rng.pick(JUNK_WORDS).to_owned();
        }
        let case = rng.unit();
        let recase: Option<fn(&str) -> String> = if case < self.habits.upper {
            Some(str::to_uppercase)
        } else if case < self.habits.upper + self.habits.lower {
            Some(str::to_lowercase)
        } else {
            None
        };
        if let Some(recase) = recase {
            for name in [&mut seen.given, &mut seen.middle, &mut seen.family] {
                *name = recase(name);
            }
        }
    }

    /// Adds an e-mail address and says whether it is the person's own and right.
    fn email(&self, person: &Person, customer: u32, member: usize, haste: f64, seen: &mut Seen, rng: &mut Rng) -> bool {
        let household = self.household;
        let shared = household.people.len() > 1;
        let fate = rng.unit();
        let mut own = false;
        if fate < 0.006 {
            seen.emails.push(rng.pick(JUNK_EMAILS).to_owned());
        } else if fate < 0.020 {
            seen.emails.push(self.agent_mailbox(rng));
        } else if shared && fate < 0.065 {
            let number = rng.below(household.people.len());
            let customers = self.plan.customers_of(household.number);
            if number != member
                && let Some(number) = customers.clone().nth(number)
                && let Some(other) = household.people.get((number - customers.start) as usize)
            {
                seen.emails.extend(self.plan.email(self.world, other, number, 0));
            }
        } else if shared && household.family_mailbox && fate < 0.45 {
            seen.emails.extend(household.mailbox(self.world));
        }
        if seen.emails.is_empty() {
            let mut email = self.own_email(person, customer, rng);
            own = email.is_some();
            if let Some(email) = &mut email
                && rng.chance(0.018 * haste)
            {
                typo(email, rng);
                own = false;
            }
            seen.emails.extend(email);
        }
        if rng.chance(self.habits.second_email)
            && let Some(email) = self.own_email(person, customer, rng)
            && !seen.emails.contains(&email)
        {
            seen.emails.push(email);
            own = true;
        }
        if rng.chance(0.04) {
            for email in &mut seen.emails {
                *email = email.to_uppercase();
            }
        }
        own
    }

    fn own_email(&self, person: &Person, customer: u32, rng: &mut Rng) -> Option<String> {
        let nth = if rng.chance(0.62) { 0 } else { rng.below(person.mailboxes.iter().flatten().count()) };
        self.plan.email(self.world, person, customer, nth)
    }

    /// The mailbox of somebody who acts for several customers: an office, a carer, a shop assistant.
    fn agent_mailbox(&self, rng: &mut Rng) -> String {
        let agent = rng.below(self.plan.households as usize / 40 + 1) as u64;
        let mut name = Rng::of(self.world.seed, Stream::Agent, agent);
        let desk = name.pick(&["info", "office", "admin", "reception", "sales", "contact"]);
        let families = self.world.stock.names(crate::stock::names::Origin::English);
        let family = &families.families[families.draw_family(&mut name)].letters;
        let trade = name.pick(&["lettings", "care", "legal", "travel", "accounts", "homes"]);
        format!("{desk}@{family}{trade}{}.com", agent % 97)
    }

    /// Adds a mobile number and says whether it is the person's own and right.
    fn mobile(&self, person: &Person, member: usize, haste: f64, seen: &mut Seen, rng: &mut Rng) -> bool {
        let fate = rng.unit();
        if fate < 0.006 {
            seen.mobile = rng.pick(JUNK_PHONES).to_owned();
            return false;
        }
        if fate < 0.014 {
            // The number was somebody's before: networks hand it out again.
            let other = self.world.household(rng.below(self.plan.households.max(1) as usize) as u32);
            if other.country == self.household.country
                && let Some(other) = other.people.first()
            {
                seen.mobile = self.phone(other.former_mobile, rng);
                return false;
            }
        }
        if fate < 0.05 && self.household.people.len() > 1 {
            let number = rng.below(self.household.people.len());
            if number != member
                && let Some(other) = self.household.people.get(number)
            {
                seen.mobile = self.phone(other.mobile, rng);
                return false;
            }
        }
        seen.mobile = self.phone(self.mobile_number(person), rng);
        if rng.chance(0.015 * haste) {
            digit_slip(&mut seen.mobile, rng);
            return false;
        }
        true
    }

    fn mobile_number(&self, person: &Person) -> u64 {
        if self.day >= person.mobile_since { person.mobile } else { person.former_mobile }
    }

    fn landline(&self, seen: &mut Seen, rng: &mut Rng) {
        if let Some(number) = self.household.landline.filter(|_| self.day >= self.household.moved_on) {
            seen.landline = self.phone(number, rng);
        }
    }

    /// Writes a number as this system's users do. Systems that know no country see more of them written in full.
    fn phone(&self, number: u64, rng: &mut Rng) -> String {
        use PhoneStyle::{Digits, DoubleZero, E164, International, National, Punctuated};
        let country = self.household.country;
        let home = country == Country::Gb;
        let styles: &[PhoneStyle] = match (self.source, home) {
            (Source::Crm, true) => &[National, National, National, Digits, International],
            (Source::Crm, false) => &[International, International, National, DoubleZero, E164],
            (Source::Shop, _) => &[E164, E164, Digits, National],
            (Source::Billing, _) => &[Digits, Digits, E164, National],
            (Source::Support, true) => &[National, Digits, Punctuated, E164, International],
            (Source::Support, false) => &[E164, International, International, DoubleZero, National],
            (Source::Loyalty, true) => &[Digits, National, E164],
            (Source::Loyalty, false) => &[E164, International, E164, DoubleZero],
        };
        let mut out = String::with_capacity(20);
        places::write_phone(country, number, rng.pick(styles), &mut out);
        out
    }

    fn address(&self, address: &Address, haste: f64, rng: &mut Rng) -> SeenAddress {
        let stock = self.world.stock.places(address.country);
        let city = &stock.cities[usize::from(address.city)];
        let (long, short) = &stock.streets[usize::from(address.street)];
        let mut seen = SeenAddress {
            house: String::with_capacity(5),
            street: if rng.chance(0.4) { short.clone() } else { long.clone() },
            unit: if rng.chance(0.85) { address.unit } else { 0 },
            city: city.name.clone(),
            region: city.region,
            postcode: String::with_capacity(10),
        };
        push_number(address.house.into(), 1, &mut seen.house);
        if !rng.chance(0.05) {
            places::postcode(stock, address, &mut seen.postcode);
            if rng.chance(0.015 * haste) {
                digit_slip(&mut seen.postcode, rng);
            } else if rng.chance(0.06) {
                seen.postcode = seen.postcode.replace(' ', "").to_lowercase();
            }
        }
        if rng.chance(0.03 * haste) {
            typo(&mut seen.street, rng);
        } else if rng.chance(0.004) {
            seen.street = rng.pick(JUNK_WORDS).to_owned();
            seen.house.clear();
        }
        if rng.chance(0.015 * haste) {
            typo(&mut seen.city, rng);
        }
        if rng.chance(self.habits.upper) {
            seen.street = seen.street.to_uppercase();
            seen.city = seen.city.to_uppercase();
        }
        seen
    }

    fn see_organisation(&self, organisation: &Organisation, rng: Rng) -> Seen {
        let mut seen = self.blank(rng);
        let rng = &mut seen.rng.clone();
        let mut name = organisation.name.base.clone();
        if rng.chance(0.14)
            && let Some((long, short)) = ABBREVIATIONS.iter().find(|(long, _)| name.contains(long))
        {
            name = name.replace(long, short);
        }
        if rng.chance(0.03) {
            typo(&mut name, rng);
        }
        let form = &organisation.name.form;
        match rng.below(20) {
            0..=2 => {}
            3..=9 => name = format!("{name} {}", form.long),
            _ => name = format!("{name} {}", form.short),
        }
        if rng.chance(0.08) {
            name = name.to_uppercase();
        } else if rng.chance(0.1) {
            name = script::ascii(&name);
        }
        let billing = self.source == Source::Billing;
        let mut identifier = |value: &str, share: f64| match rng.chance(share) {
            true => value.to_owned(),
            false => String::new(),
        };
        let registration = identifier(&organisation.registration, if billing { 0.72 } else { 0.0 });
        let tax_id = identifier(&organisation.tax_id, if billing { 0.6 } else { 0.0 });
        seen.organisation = Some(SeenOrganisation { name, registration, tax_id });
        if rng.chance(0.8) {
            let desk = if rng.chance(0.5) { "info" } else { rng.pick(&["accounts", "office", "sales", "hello"]) };
            seen.emails.push(format!("{desk}@{}", organisation.domain));
        }
        if seen.emails.is_empty() || rng.chance(0.7) {
            let number = match self.household.landline {
                Some(switchboard) if rng.chance(0.7) => switchboard,
                _ => organisation.direct_line,
            };
            seen.landline = self.phone(number, rng);
        }
        seen.address = Some(self.address(&self.household.address_on(self.day), 1.0, rng));
        seen.rng = rng.clone();
        seen
    }
}

fn abbreviate(name: &mut String) {
    let cut = name.chars().next().map_or(0, char::len_utf8);
    name.truncate(cut);
}

/// Day and month swapped where that is a date, else a wrong digit.
fn mistaken_birth(birth: Day, rng: &mut Rng) -> Day {
    let (year, month, day) = calendar::civil(birth);
    let (year, month, day) = match rng.below(3) {
        0 => (year, day, month),
        1 => (year, month, 1 + (day + 9) % 28),
        _ => (year + rng.pick(&[-10, -1, 1, 10]), month, day),
    };
    calendar::day_of(year, month, day).unwrap_or(birth + 1)
}
