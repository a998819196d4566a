//! Which customer is in which system, how often and in which order: a few bytes a record.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use crate::digits::push_number;
use crate::rng::{Rng, Skew, Stream, mix};
use crate::world::{Person, World};

/// The five systems, in the order they are reported.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    Crm,
    Shop,
    Billing,
    Support,
    Loyalty,
}

impl Source {
    pub(crate) const ALL: [Self; 5] = [Self::Crm, Self::Shop, Self::Billing, Self::Support, Self::Loyalty];

    /// The name of the source in the truth.
    pub(crate) fn name(self) -> &'static str {
        ["crm", "shop", "billing", "support", "loyalty"][self as usize]
    }

    /// The key of a source's row. All but the shop's running number scatter, so that a key says nothing about its row's
    /// place or age.
    pub(crate) fn key(self, row: usize) -> String {
        // 99,999,989 is prime, so that multiplying within it gives every row another number.
        let scattered = (row as u64 + 17) * (48_271 + 2 * self as u64) % 99_999_989;
        let (prefix, number, width) = match self {
            Self::Crm => ("C", scattered, 8),
            Self::Shop => ("", row as u64 + 1, 1),
            Self::Billing => ("10", scattered, 8),
            Self::Support => ("con_", scattered, 8),
            Self::Loyalty => ("LM", scattered, 8),
        };
        let mut key = String::with_capacity(12);
        key.push_str(prefix);
        push_number(number, width, &mut key);
        key
    }
}

/// One record: whose it is, and which of that customer's sightings it shows. Two rows of one sighting are exact
/// duplicates.
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) household: u32,
    pub(crate) member: u8,
    pub(crate) sighting: u8,
}

pub(crate) struct Plan {
    /// By [`Source`]; the order is that of the rows.
    pub(crate) slots: [Vec<Slot>; 5],
    pub(crate) households: u32,
    /// The number of a household's first customer, and at the end the number of customers.
    first_customer: Vec<u32>,
    /// By customer and mailbox, which try at an address was nobody else's.
    email_variants: Vec<[u8; 3]>,
}

impl Plan {
    /// Plans `records` records.
    pub(crate) fn new(world: &World, records: u64) -> Self {
        let mut plan =
            Self { slots: Default::default(), households: 0, first_customer: vec![0], email_variants: Vec::new() };
        let sizes = Skew::new(SIZES.iter().map(|&(_, share)| share));
        let mut taken = Hashes::with_capacity_and_hasher(records as usize / 2, Default::default());
        let mut left = records;
        while left > 0 {
            let household = world.household(plan.households);
            for member in 0..household.size() {
                if left == 0 {
                    break;
                }
                let number = plan.email_variants.len() as u32;
                let person = household.people.get(member);
                let variants = person.map(|person| choose_variants(world, person, number, &mut taken));
                plan.email_variants.push(variants.unwrap_or_default());
                let mut rng = Rng::of(world.seed, Stream::Plan, u64::from(plan.households) * 16 + member as u64);
                let count = (SIZES[sizes.draw(&mut rng)].0).min(left);
                left -= count;
                plan.place(person.is_some(), member as u8, count, &mut rng);
            }
            plan.households += 1;
            plan.first_customer.push(plan.email_variants.len() as u32);
        }
        for source in Source::ALL {
            Rng::of(world.seed, Stream::Order, source as u64).shuffle(&mut plan.slots[source as usize]);
        }
        plan
    }

    pub(crate) fn customers(&self) -> u64 {
        self.email_variants.len() as u64
    }

    /// The customers of a household that have records, as numbers.
    pub(crate) fn customers_of(&self, household: u32) -> std::ops::Range<u32> {
        let at = household as usize;
        self.first_customer[at]..self.first_customer[at + 1]
    }

    pub(crate) fn customer(&self, slot: &Slot) -> u32 {
        self.first_customer[slot.household as usize] + u32::from(slot.member)
    }

    /// A person's own e-mail address, which nobody else has.
    pub(crate) fn email(&self, world: &World, person: &Person, customer: u32, nth: usize) -> Option<String> {
        let variant = self.email_variants.get(customer as usize)?.get(nth)?;
        world.email(person, nth, customer, *variant)
    }

    /// Spreads a customer's sightings over the sources, first over different ones, then more often within one.
    fn place(&mut self, person: bool, member: u8, count: u64, rng: &mut Rng) {
        let shares: [f64; 5] = match person {
            true => [0.28, 0.25, 0.12, 0.19, 0.16],
            false => [0.0, 0.0, 0.62, 0.38, 0.0],
        };
        let mut last_in = [None; 5];
        for sighting in 0..count as u8 {
            let mut source = draw_source(&shares, rng);
            for _ in 0..4 {
                if last_in[source].is_none() || rng.chance(0.3) {
                    break;
                }
                source = draw_source(&shares, rng);
            }
            let sighting = match last_in[source] {
                Some(earlier) if rng.chance(0.15) => earlier,
                _ => sighting,
            };
            last_in[source] = Some(sighting);
            self.slots[source].push(Slot { household: self.households, member, sighting });
        }
    }
}

/// Records of a customer and how common that is; 2.5 on average.
const SIZES: &[(u64, f64)] = &[
    (1, 0.385),
    (2, 0.26),
    (3, 0.15),
    (4, 0.085),
    (5, 0.05),
    (6, 0.03),
    (7, 0.017),
    (8, 0.01),
    (10, 0.006),
    (12, 0.004),
    (16, 0.002),
    (22, 0.0006),
    (30, 0.0002),
];

fn draw_source(shares: &[f64; 5], rng: &mut Rng) -> usize {
    let mut at = rng.unit();
    for (source, share) in shares.iter().enumerate() {
        at -= share;
        if at < 0.0 {
            return source;
        }
    }
    Source::Billing as usize
}

fn choose_variants(world: &World, person: &Person, customer: u32, taken: &mut Hashes) -> [u8; 3] {
    let mut variants = [0; 3];
    for (nth, chosen) in variants.iter_mut().enumerate() {
        for variant in 0..=6 {
            *chosen = variant;
            let Some(email) = world.email(person, nth, customer, variant) else {
                break;
            };
            if taken.insert(hash(&email)) {
                break;
            }
        }
    }
    variants
}

/// Hashes as a set, which need no hashing again.
type Hashes = HashSet<u64, BuildHasherDefault<Hashed>>;

#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, &byte| mix(hash ^ u64::from(byte)));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// FNV-1a, finished by a mixer: the same on every machine.
fn hash(text: &str) -> u64 {
    mix(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
}
