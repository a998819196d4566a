//! The customers themselves, as they truly are. A household is a pure function of the seed and its number, so nothing
//! of it is kept: each record makes its household anew, and memory does not grow with strings.

use std::fmt::Write;

use crate::digits::push_number;
use crate::rng::{Rng, Skew, Stream, mix};
use crate::script;
use crate::stock::companies::{self, CompanyName};
use crate::stock::names::{self, Name, Origin};
use crate::stock::places::{Address, Country};
use crate::stock::{GivenNames, Stock};

/// Days since 1970-01-01.
pub(crate) type Day = i32;

/// Records fall between 2014-01-01 and 2025-12-31.
pub(crate) const FIRST_DAY: Day = 16_071;
pub(crate) const LAST_DAY: Day = 20_453;
const LONG_AGO: Day = Day::MIN;

/// The arguments of a run with all that is drawn from.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) stock: Stock,
    countries: Skew,
    household_sizes: Skew,
}

/// People at one address who are customers, or one organisation with its affiliates.
pub(crate) struct Household {
    pub(crate) number: u32,
    pub(crate) country: Country,
    pub(crate) home: Address,
    /// Where they lived until [`Self::moved_on`].
    pub(crate) former_home: Address,
    pub(crate) moved_on: Day,
    /// National significant number of a shared land line (a switchboard for organisations).
    pub(crate) landline: Option<u64>,
    /// Whether the household has a mailbox that several members give.
    pub(crate) family_mailbox: bool,
    /// One of these two is empty; a customer's place in the other is its number in the household.
    pub(crate) people: Vec<Person>,
    pub(crate) organisations: Vec<Organisation>,
}

/// A family name: its place in the stock of its language.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct FamilyName {
    pub(crate) origin: Origin,
    pub(crate) index: u32,
}

#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) origin: Origin,
    pub(crate) female: bool,
    pub(crate) given: usize,
    pub(crate) middle: Option<usize>,
    pub(crate) family: FamilyName,
    pub(crate) birth_family: FamilyName,
    /// Bears both names with a hyphen, at least on paper.
    pub(crate) double_barrelled: bool,
    /// From when on [`Self::family`] is the name.
    pub(crate) renamed_on: Day,
    pub(crate) suffix: &'static str,
    pub(crate) birth: Day,
    /// National significant numbers.
    pub(crate) mobile: u64,
    pub(crate) former_mobile: u64,
    pub(crate) mobile_since: Day,
    /// Left the household for an address of one's own.
    pub(crate) moved_out: Option<(Day, Address)>,
    /// The first one is the main one.
    pub(crate) mailboxes: Mailboxes,
    /// Somebody in the household has the same name or the same birth date.
    pub(crate) namesake: bool,
    pub(crate) doctor: bool,
}

#[derive(Clone)]
pub(crate) struct Organisation {
    pub(crate) name: CompanyName,
    pub(crate) registration: String,
    pub(crate) tax_id: String,
    pub(crate) domain: String,
    pub(crate) direct_line: u64,
}

/// Up to three, the absent ones last.
pub(crate) type Mailboxes = [Option<Mailbox>; 3];

/// A personal e-mail address before it is known to be nobody else's.
#[derive(Clone, Copy)]
pub(crate) struct Mailbox {
    pattern: u8,
    domain: u16,
    number: u16,
    /// Opened before the marriage, under the birth name.
    birth_name: bool,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            stock: Stock::new(),
            countries: Skew::new(Country::SHARES),
            household_sizes: Skew::new([0.44, 0.28, 0.13, 0.10, 0.04, 0.01]),
        }
    }

    /// The household of a number.
    pub(crate) fn household(&self, number: u32) -> Household {
        let mut rng = Rng::of(self.seed, Stream::Household, u64::from(number));
        let rng = &mut rng;
        let country = Country::ALL[self.countries.draw(rng)];
        let places = self.stock.places(country);
        let city = places.draw_city(rng);
        let home = places.draw_address(country, city, rng);
        let former_city = if rng.chance(0.6) { city } else { places.draw_city(rng) };
        let mut household = Household {
            number,
            country,
            home,
            former_home: places.draw_address(country, former_city, rng),
            moved_on: if rng.chance(0.3) { rng.between(FIRST_DAY + 200, LAST_DAY) } else { LONG_AGO },
            landline: rng.chance(0.68).then(|| places.draw_landline(country, city, rng)),
            family_mailbox: rng.chance(0.12),
            people: Vec::new(),
            organisations: Vec::new(),
        };
        if rng.chance(0.154) {
            self.add_organisations(&mut household, rng);
        } else {
            self.add_people(&mut household, rng);
        }
        household
    }

    fn add_people(&self, household: &mut Household, rng: &mut Rng) {
        let size = 1 + self.household_sizes.draw(rng);
        let strangers = rng.chance(0.05);
        let origin = draw_origin(household.country, rng);
        let shared = self.draw_family(origin, rng);
        let mut head_age = 0;
        let mut people: Vec<Person> = Vec::with_capacity(size);
        for place in 0..size {
            let spouse = place == 1 && !strangers && rng.chance(0.8);
            let child = place > 0 && !spouse && !strangers;
            let age = match (place, spouse, child) {
                (0, ..) => 22 + rng.below(64) as i32,
                (_, true, _) => (head_age + rng.between(-7, 7)).clamp(20, 95),
                (_, _, true) if head_age >= 38 => (head_age - rng.between(20, 36)).max(16),
                _ => 18 + rng.below(40) as i32,
            };
            if place == 0 {
                head_age = age;
            }
            let female = match people.first() {
                Some(head) if spouse => head.female != rng.chance(0.96),
                _ => rng.chance(0.5),
            };
            let foreign = (strangers || spouse) && place > 0 && rng.chance(0.15);
            let origin = if foreign { draw_origin(household.country, rng) } else { origin };
            let mut person = self.person(household, origin, female, age, rng);
            let own = if place == 0 { shared } else { self.draw_family(origin, rng) };
            (person.family, person.birth_family) = (own, own);
            if (spouse && rng.chance(0.82)) || (child && rng.chance(0.94)) {
                person.family = shared;
                if spouse && person.female {
                    person.renamed_on = if rng.chance(0.4) { rng.between(FIRST_DAY + 300, LAST_DAY) } else { LONG_AGO };
                    person.double_barrelled = rng.chance(0.08);
                } else {
                    person.birth_family = shared;
                }
            }
            // Two of one name in one family are father and son; that comes next, and not by chance.
            while people.iter().any(|other| (other.female, other.given) == (person.female, person.given)) {
                person.given = (person.given + 1) % self.given_names(&person).names.len();
            }
            if child {
                self.relate_child(&mut person, &mut people, household.country, rng);
            }
            let leaves = if child { 0.4 } else { 0.12 };
            if rng.chance(leaves) {
                let places = self.stock.places(household.country);
                let city = if rng.chance(0.5) { household.home.city } else { places.draw_city(rng) };
                let day = rng.between(FIRST_DAY + 200, LAST_DAY);
                person.moved_out = Some((day, places.draw_address(household.country, city, rng)));
            }
            people.push(person);
        }
        household.people = people;
    }

    fn person(&self, household: &Household, origin: Origin, female: bool, age: i32, rng: &mut Rng) -> Person {
        let stock = self.stock.names(origin);
        let given_names = if female { &stock.women } else { &stock.men };
        let places = self.stock.places(household.country);
        let city = household.home.city;
        let mobile = places.draw_mobile(household.country, city, rng);
        let count = [0, 1, 1, 1, 1, 1, 2, 2, 2, 3][rng.below(10)];
        let birth = LAST_DAY - age * 365 - age / 4 - rng.below(365) as i32;
        let mut mailboxes = Mailboxes::default();
        for (nth, mailbox) in mailboxes.iter_mut().enumerate().take(count) {
            *mailbox = Some(Mailbox::draw(birth, female && nth > 0, rng));
        }
        let changed = rng.chance(0.22);
        Person {
            origin,
            female,
            given: given_names.draw(rng),
            middle: rng.chance(0.6).then(|| given_names.draw(rng)),
            family: FamilyName { origin, index: 0 },
            birth_family: FamilyName { origin, index: 0 },
            double_barrelled: false,
            renamed_on: LONG_AGO,
            suffix: "",
            birth,
            mobile,
            former_mobile: if changed { places.draw_mobile(household.country, city, rng) } else { mobile },
            mobile_since: if changed { rng.between(FIRST_DAY + 200, LAST_DAY) } else { LONG_AGO },
            moved_out: None,
            mailboxes,
            namesake: false,
            doctor: rng.chance(0.02),
        }
    }

    /// Sons called after their fathers, and twins.
    fn relate_child(&self, child: &mut Person, people: &mut [Person], country: Country, rng: &mut Rng) {
        if let Some(father) = people.first_mut()
            && !father.female
            && !child.female
            && !father.namesake
            && child.family == father.family
            && child.birth - father.birth > 6000
            && rng.chance(0.12)
        {
            (child.given, child.origin) = (father.given, father.origin);
            if rng.chance(0.6) {
                child.middle = father.middle;
            }
            if rng.chance(if country == Country::Us { 0.8 } else { 0.3 }) {
                (father.suffix, child.suffix) = ("Sr", "Jr");
            }
            (father.namesake, child.namesake) = (true, true);
        } else if people.len() > 1
            && let Some(sibling) = people.last_mut()
            && sibling.birth_family == child.birth_family
            && sibling.given != child.given
            && !sibling.namesake
            && rng.chance(0.08)
        {
            child.birth = sibling.birth;
            (sibling.namesake, child.namesake) = (true, true);
        }
    }

    fn add_organisations(&self, household: &mut Household, rng: &mut Rng) {
        let country = household.country;
        let places = self.stock.places(country);
        let origin = country.origins()[0].0;
        let name = companies::draw(country, rng, |rng| {
            let families = self.stock.names(origin);
            script::romanise(&families.families[families.draw_family(rng)].text)
        });
        if household.landline.is_none() {
            household.landline = Some(places.draw_landline(country, household.home.city, rng));
        }
        let affiliates = 1 + usize::from(rng.chance(0.08));
        for nth in 0..affiliates {
            let mut name = name.clone();
            if nth > 0 {
                name.base.push_str(rng.pick(&[" Holdings", " Group", " Finance", " Property"]));
            }
            let digits = |length: u32, rng: &mut Rng| {
                let number = rng.below(10usize.pow(length) - 1) + 1;
                format!("{number:0width$}", width = length as usize)
            };
            let (registration, tax_id) = match country {
                Country::Gb => (digits(8, rng), format!("GB{}", digits(9, rng))),
                Country::Us => (digits(7, rng), format!("{}-{}", digits(2, rng), digits(7, rng))),
                Country::De => (format!("HRB {}", digits(5, rng)), format!("DE{}", digits(9, rng))),
                Country::Fr => (digits(9, rng), format!("FR{}", digits(11, rng))),
                Country::Es => (format!("B{}", digits(8, rng)), format!("ESB{}", digits(8, rng))),
                Country::Ie => (digits(6, rng), format!("IE{}W", digits(7, rng))),
                Country::Pl => (digits(10, rng), format!("PL{}", digits(10, rng))),
                Country::It => (format!("RM{}", digits(7, rng)), format!("IT{}", digits(11, rng))),
            };
            let mut domain: String =
                script::ascii(&name.base).to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
            domain.truncate(18);
            let _ = match rng.below(3) {
                0 => write!(domain, "-{}", household.number % 1000),
                _ => Ok(()),
            };
            domain.push_str(match country {
                Country::Gb => rng.pick(&[".co.uk", ".com", ".uk"]),
                Country::Us => ".com",
                Country::De => ".de",
                Country::Fr => ".fr",
                Country::Es => ".es",
                Country::Ie => ".ie",
                Country::Pl => ".pl",
                Country::It => ".it",
            });
            let direct_line = places.draw_landline(country, household.home.city, rng);
            let organisation = Organisation { name, registration, tax_id, domain, direct_line };
            household.organisations.push(organisation);
        }
    }

    fn draw_family(&self, origin: Origin, rng: &mut Rng) -> FamilyName {
        FamilyName { origin, index: self.stock.names(origin).draw_family(rng) as u32 }
    }

    pub(crate) fn given_names(&self, person: &Person) -> &GivenNames {
        let stock = self.stock.names(person.origin);
        if person.female { &stock.women } else { &stock.men }
    }

    pub(crate) fn given(&self, person: &Person) -> String {
        self.given_names(person).names[person.given].text.clone()
    }

    pub(crate) fn middle(&self, person: &Person) -> Option<String> {
        let names = &self.given_names(person).names;
        person.middle.map(|middle| names[middle].text.clone())
    }

    fn family_name(&self, family: FamilyName) -> &Name {
        &self.stock.names(family.origin).families[family.index as usize]
    }

    /// A family name in its own script, as a person of that sex bears it.
    pub(crate) fn family(&self, family: FamilyName, female: bool) -> String {
        let name = &self.family_name(family).text;
        let own = if female { names::feminine(family.origin, name) } else { None };
        own.unwrap_or_else(|| name.clone())
    }

    /// A person's own e-mail address. Where it is somebody else's already, a higher `variant` gives the next try.
    pub(crate) fn email(&self, person: &Person, nth: usize, customer: u32, variant: u8) -> Option<String> {
        let mailbox = (*person.mailboxes.get(nth)?)?;
        let family = if mailbox.birth_name { person.birth_family } else { person.family };
        let given = self.given_names(person).names[person.given].letters.as_str();
        let family = self.family_name(family).letters.as_str();
        let (first, last) = (&given[..given.len().min(1)], &family[..family.len().min(1)]);
        let mut email = String::with_capacity(32);
        let parts = match mailbox.pattern {
            0..=2 => [given, ".", family],
            3 | 4 => [given, "", family],
            5 => [first, "", family],
            6 => [given, "_", family],
            7 => [first, ".", family],
            8 => [given, "", last],
            _ => [family, ".", given],
        };
        parts.into_iter().for_each(|part| email.push_str(part));
        let number = match variant {
            0 => u64::from(mailbox.number),
            1 => (1970 + i64::from(person.birth) * 100 / 36525).unsigned_abs(),
            2..=5 => 10 + mix(u64::from(customer) * 8 + u64::from(variant)) % 990,
            _ => 10_000 + u64::from(customer),
        };
        if number > 0 {
            push_number(number, 1, &mut email);
        }
        email.push('@');
        push_domain(mailbox.domain, &mut email);
        Some(email)
    }
}

impl Household {
    pub(crate) fn size(&self) -> usize {
        self.people.len() + self.organisations.len()
    }

    /// Where a person lived on a day.
    pub(crate) fn address_of(&self, person: &Person, day: Day) -> Address {
        match person.moved_out {
            Some((left, own)) if day >= left => own,
            _ => self.address_on(day),
        }
    }

    pub(crate) fn address_on(&self, day: Day) -> Address {
        if day >= self.moved_on { self.home } else { self.former_home }
    }

    /// The mailbox the household shares.
    pub(crate) fn mailbox(&self, world: &World) -> Option<String> {
        let person = self.people.first()?;
        let name = &world.family_name(person.family).letters;
        let number = mix(u64::from(self.number)) % 10_000;
        let mut email = match number % 3 {
            0 => format!("the{name}s{number}@"),
            1 => format!("family.{name}{number}@"),
            _ => format!("{name}.home{number}@"),
        };
        push_domain((number % 6) as u16, &mut email);
        Some(email)
    }
}

impl Mailbox {
    fn draw(birth: Day, birth_name: bool, rng: &mut Rng) -> Self {
        let year = 1970 + i64::from(birth) * 100 / 36525;
        let number = match rng.below(10) {
            0..=5 => 0,
            6 | 7 => year.rem_euclid(100).max(1) as u16,
            8 => year as u16,
            _ => 1 + rng.below(999) as u16,
        };
        let domain = if rng.chance(0.86) {
            (rng.below(FREE_MAIL.len()) * rng.below(FREE_MAIL.len()) / FREE_MAIL.len()) as u16
        } else {
            FREE_MAIL.len() as u16 + rng.below(4000) as u16
        };
        Self { pattern: rng.below(10) as u8, domain, number, birth_name }
    }
}

fn draw_origin(country: Country, rng: &mut Rng) -> Origin {
    let mut at = rng.unit();
    let origins = country.origins();
    for &(origin, share) in origins {
        at -= share;
        if at < 0.0 {
            return origin;
        }
    }
    origins[0].0
}

const FREE_MAIL: &[&str] = &[
    "gmail.com",
    "hotmail.com",
    "yahoo.com",
    "outlook.com",
    "icloud.com",
    "hotmail.co.uk",
    "btinternet.com",
    "live.com",
    "yahoo.co.uk",
    "gmx.de",
    "web.de",
    "orange.fr",
    "aol.com",
    "googlemail.com",
    "sky.com",
    "me.com",
    "msn.com",
    "libero.it",
    "wp.pl",
    "protonmail.com",
    "virginmedia.com",
    "comcast.net",
    "eircom.net",
    "mail.com",
];

/// Free providers first, then 4,000 employers.
fn push_domain(domain: u16, out: &mut String) {
    if let Some(free) = FREE_MAIL.get(usize::from(domain)) {
        out.push_str(free);
        return;
    }
    const FRONT: &[&str] = &[
        "north", "bridge", "river", "stone", "crown", "harbour", "summit", "clear", "bright", "oak", "silver", "metro",
        "delta", "apex", "union", "prime", "iron", "green", "swift", "royal",
    ];
    const BACK: &[&str] = &[
        "works", "tech", "group", "partners", "health", "media", "bank", "foods", "legal", "energy", "build", "design",
        "trade", "labs", "care", "retail", "motors", "college", "council", "press",
    ];
    let number = usize::from(domain);
    let tail = [".com", ".co.uk", ".org", ".net", ".eu", ".de", ".fr", ".io", ".info", ".biz"][number / 400 % 10];
    [FRONT[number % 20], BACK[number / 20 % 20], tail].into_iter().for_each(|part| out.push_str(part));
}
