//! Work stays bounded where everything hangs together.

use goldsmith_resolve::{ColumnBuilder, ColumnKind, Decisions, EntityType, Options, RecordId, Records, resolve};

use crate::people::{Random, word};

/// A chain: each record shares one mailbox with the record before it and another with the one after it.
fn chain(length: usize) -> Records {
    let mut random = Random(3);
    let names: Vec<String> = (0..400).map(|_| word(&mut random, 2)).collect();
    let mut given = ColumnBuilder::new("given_name", ColumnKind::GivenName);
    let mut family = ColumnBuilder::new("family_name", ColumnKind::FamilyName);
    let mut email = ColumnBuilder::new("email", ColumnKind::Email);
    for link in 0..length {
        given.push_record([names[random.below(40)].as_str()]);
        family.push_record([names[random.below(400)].as_str()]);
        email.push_record([format!("box{link}@example.org").as_str(), format!("box{}@example.org", link + 1).as_str()]);
    }
    Records {
        ids: (0..length).map(|link| RecordId::of("test", &link.to_string())).collect(),
        source: vec![0; length],
        columns: vec![given.finish(), family.finish(), email.finish()],
        entity: EntityType::Person,
        duplicates_none: vec![false],
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn a_chain_of_two_hundred_thousand_records_ends() {
    let length = 200_000;
    let found =
        resolve(&mut chain(length), &Options::default(), None, &Decisions::default(), &()).expect("well formed");
    // Every link is met, and of all other pairs only those of namesakes: nothing compares the square of a component.
    assert!(found.candidates >= length as u64 - 1, "{}", found.candidates);
    assert!(found.candidates < 20 * length as u64, "{}", found.candidates);
    let mut sizes = vec![0u32; length];
    for &cluster in &found.cluster_of {
        sizes[cluster as usize] += 1;
    }
    let largest = sizes.iter().max().copied().unwrap_or_default();
    assert!(largest < 50, "strangers in a chain of shared mailboxes became one person of {largest} records");
}
