//! What customers are made of: names, places and companies, the same for every seed.

pub(crate) mod companies;
mod given;
pub(crate) mod names;
pub(crate) mod places;

pub(crate) use given::GivenNames;
use names::{NameStock, Origin};
use places::{Country, PlaceStock};

/// Everything that is drawn from.
pub(crate) struct Stock {
    names: Vec<NameStock>,
    places: Vec<PlaceStock>,
}

impl Stock {
    pub(crate) fn new() -> Self {
        Self {
            names: Origin::ALL.into_iter().map(NameStock::of).collect(),
            places: Country::ALL.into_iter().map(PlaceStock::of).collect(),
        }
    }

    pub(crate) fn names(&self, origin: Origin) -> &NameStock {
        &self.names[origin as usize]
    }

    pub(crate) fn places(&self, country: Country) -> &PlaceStock {
        &self.places[country as usize]
    }
}
