//! Street types and their spellings, by language.

use std::sync::LazyLock;

use hashbrown::HashMap;

/// The language a country writes its street types in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    English,
    German,
    Dutch,
    French,
    Spanish,
    Italian,
    Polish,
    Portuguese,
}

impl Language {
    pub(super) fn of(country: &str) -> Self {
        match country {
            "DE" | "AT" | "CH" | "LI" => Self::German,
            "NL" | "BE" => Self::Dutch,
            "FR" | "LU" | "MC" => Self::French,
            "ES" | "MX" | "AR" | "CO" | "CL" | "PE" => Self::Spanish,
            "IT" => Self::Italian,
            "PL" => Self::Polish,
            "PT" | "BR" => Self::Portuguese,
            _ => Self::English,
        }
    }

    pub(super) fn type_first(self) -> bool {
        matches!(self, Self::French | Self::Spanish | Self::Italian | Self::Polish | Self::Portuguese)
    }
}

/// The types a folded word may mean.
pub(super) static TYPES: LazyLock<HashMap<&'static str, Vec<(Language, &'static str)>>> = LazyLock::new(|| {
    let mut types: HashMap<&'static str, Vec<(Language, &'static str)>> = HashMap::new();
    for (language, name, spellings) in STREET_TYPES {
        for spelling in spellings.split(' ') {
            types.entry(spelling).or_default().push((*language, name));
        }
    }
    types
});

/// Language, name written out, folded spellings. The English ones are the common ones of USPS Publication 28, C1.
const STREET_TYPES: &[(Language, &str, &str)] = &[
    (Language::English, "Street", "street st str strt"),
    (Language::English, "Avenue", "avenue ave av aven avn"),
    (Language::English, "Boulevard", "boulevard blvd boul bvd"),
    (Language::English, "Road", "road rd"),
    (Language::English, "Drive", "drive dr drv driv"),
    (Language::English, "Lane", "lane ln la"),
    (Language::English, "Court", "court ct crt"),
    (Language::English, "Place", "place pl"),
    (Language::English, "Circle", "circle cir circ crcle"),
    (Language::English, "Terrace", "terrace ter terr tce"),
    (Language::English, "Parkway", "parkway pkwy pky pkway"),
    (Language::English, "Highway", "highway hwy hiway"),
    (Language::English, "Square", "square sq sqr"),
    (Language::English, "Trail", "trail trl tr"),
    (Language::English, "Way", "way wy"),
    (Language::English, "Crescent", "crescent cres crescnt crs cr"),
    (Language::English, "Close", "close cl"),
    (Language::English, "Grove", "grove gr grv gro"),
    (Language::English, "Gardens", "gardens gdns grdns"),
    (Language::English, "Mews", "mews"),
    (Language::English, "Parade", "parade pde"),
    (Language::English, "Alley", "alley aly ally"),
    (Language::English, "Loop", "loop lp"),
    (Language::English, "Pike", "pike pk"),
    (Language::English, "Plaza", "plaza plz plza"),
    (Language::English, "Point", "point pt"),
    (Language::English, "Ridge", "ridge rdg"),
    (Language::English, "Run", "run"),
    (Language::English, "Row", "row"),
    (Language::English, "Walk", "walk wlk"),
    (Language::English, "Hill", "hill hl"),
    (Language::English, "Heights", "heights hts"),
    (Language::English, "Cove", "cove cv"),
    (Language::English, "Crossing", "crossing xing crssng"),
    (Language::English, "Expressway", "expressway expy"),
    (Language::English, "Freeway", "freeway fwy"),
    (Language::English, "Turnpike", "turnpike tpke"),
    (Language::English, "Esplanade", "esplanade esp"),
    (Language::English, "Circuit", "circuit cct cct"),
    (Language::English, "Green", "green grn"),
    (Language::English, "View", "view vw"),
    (Language::English, "Valley", "valley vly"),
    (Language::English, "Station", "station stn"),
    (Language::English, "Park", "park"),
    (Language::German, "Straße", "strasse str"),
    (Language::German, "Platz", "platz pl"),
    (Language::German, "Weg", "weg"),
    (Language::German, "Allee", "allee"),
    (Language::German, "Gasse", "gasse"),
    (Language::German, "Ring", "ring"),
    (Language::German, "Ufer", "ufer"),
    (Language::German, "Damm", "damm"),
    (Language::Dutch, "Straat", "straat str"),
    (Language::Dutch, "Laan", "laan"),
    (Language::Dutch, "Plein", "plein pln"),
    (Language::Dutch, "Weg", "weg"),
    (Language::French, "Rue", "rue r"),
    (Language::French, "Avenue", "avenue av ave"),
    (Language::French, "Boulevard", "boulevard bd blvd boul bld"),
    (Language::French, "Place", "place pl"),
    (Language::French, "Chemin", "chemin che ch chem"),
    (Language::French, "Impasse", "impasse imp"),
    (Language::French, "Allée", "allee all"),
    (Language::French, "Allées", "allees"),
    (Language::French, "Route", "route rte"),
    (Language::French, "Faubourg", "faubourg fg fbg"),
    (Language::French, "Square", "square sq"),
    (Language::French, "Quai", "quai"),
    (Language::French, "Cours", "cours crs"),
    (Language::French, "Passage", "passage pass"),
    (Language::Spanish, "Calle", "calle c cl"),
    (Language::Spanish, "Avenida", "avenida av avda avd ave"),
    (Language::Spanish, "Plaza", "plaza pza pl plza"),
    (Language::Spanish, "Paseo", "paseo ps po pso"),
    (Language::Spanish, "Carretera", "carretera ctra"),
    (Language::Spanish, "Camino", "camino cmno cno"),
    (Language::Spanish, "Ronda", "ronda rda"),
    (Language::Spanish, "Travesía", "travesia trv"),
    (Language::Italian, "Via", "via v"),
    (Language::Italian, "Viale", "viale vle"),
    (Language::Italian, "Piazza", "piazza pza pzza"),
    (Language::Italian, "Piazzale", "piazzale ple"),
    (Language::Italian, "Corso", "corso cso"),
    (Language::Italian, "Largo", "largo lgo"),
    (Language::Italian, "Vicolo", "vicolo vlo"),
    (Language::Italian, "Strada", "strada str"),
    (Language::Polish, "ulica", "ulica ul"),
    (Language::Polish, "aleja", "aleja al"),
    (Language::Polish, "aleje", "aleje"),
    (Language::Polish, "plac", "plac pl"),
    (Language::Polish, "osiedle", "osiedle os"),
    (Language::Portuguese, "Rua", "rua r"),
    (Language::Portuguese, "Avenida", "avenida av"),
    (Language::Portuguese, "Praça", "praca pca"),
    (Language::Portuguese, "Travessa", "travessa tv"),
];
