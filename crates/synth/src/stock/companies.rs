//! Names of organisations: words, trades and legal forms.

use std::fmt::Write;

use crate::rng::Rng;

use super::places::Country;

/// An organisation's name in parts, so that each source can write it its own way.
#[derive(Clone)]
pub(crate) struct CompanyName {
    /// The name without the legal form.
    pub(crate) base: String,
    pub(crate) form: LegalForm,
}

/// A legal form, long and short.
#[derive(Clone, Copy)]
pub(crate) struct LegalForm {
    pub(crate) long: &'static str,
    pub(crate) short: &'static str,
}

/// Puts a name together. `family` gives a family name of the country for firms called after their owners.
pub(crate) fn draw(country: Country, rng: &mut Rng, mut family: impl FnMut(&mut Rng) -> String) -> CompanyName {
    let trades = trades(country);
    let mut base = String::new();
    let _ = match rng.below(10) {
        0..=2 => write!(base, "{} {}", family(rng), rng.pick(trades)),
        3 => write!(base, "{} & {}", family(rng), family(rng)),
        4 => write!(base, "{} & {} {}", family(rng), family(rng), rng.pick(trades)),
        5 => write!(base, "{} {} {}", rng.pick(WORDS), rng.pick(WORDS), rng.pick(trades)),
        6 | 7 => {
            let (front, back) = (rng.pick(FRONTS), rng.pick(BACKS));
            write!(base, "{front}{back} {}", rng.pick(trades))
        }
        _ => {
            let (front, back) = (rng.pick(FRONTS), rng.pick(BACKS));
            write!(base, "{front}{back} {}", rng.pick(WORDS))
        }
    };
    CompanyName { base, form: rng.pick(forms(country)) }
}

/// How people shorten words of a company's name.
pub(crate) const ABBREVIATIONS: &[(&str, &str)] = &[
    ("Services", "Svcs"),
    ("International", "Intl"),
    ("Associates", "Assoc"),
    ("Engineering", "Eng"),
    ("Technologies", "Tech"),
    ("Manufacturing", "Mfg"),
    ("Company", "Co"),
    ("Brothers", "Bros"),
    (" & ", " and "),
];

const WORDS: &[&str] = &[
    "Northern",
    "Atlas",
    "Summit",
    "Pioneer",
    "Global",
    "Metro",
    "Crown",
    "Phoenix",
    "Delta",
    "Apex",
    "Vertex",
    "Harbour",
    "Central",
    "Premier",
    "Royal",
    "Silver",
    "Golden",
    "Blue",
    "Evergreen",
    "Horizon",
    "Beacon",
    "Compass",
    "Sterling",
    "Falcon",
    "Eagle",
    "Orion",
    "Nova",
    "Prime",
    "Unity",
    "Heritage",
    "Riverside",
    "Highland",
    "Coastal",
    "Capital",
    "Liberty",
    "Polar",
    "Solar",
    "Quantum",
    "Zenith",
    "Cobalt",
];
const FRONTS: &[&str] = &[
    "Aero", "Agri", "Bio", "Brit", "Calder", "Dyna", "Eco", "Euro", "Fin", "Geo", "Hydro", "Inno", "Kel", "Lumi",
    "Mari", "Medi", "Nex", "Omni", "Petro", "Quanti", "Rega", "Sola", "Tele", "Trans", "Uni", "Vali", "Vita", "Xeno",
    "Zephy", "Alto", "Bel", "Cori", "Delfi", "Elva", "Fero", "Gala", "Helio", "Ivo", "Juno", "Krono",
];
const BACKS: &[&str] = &[
    "tech", "gen", "dyne", "corp", "line", "max", "core", "link", "soft", "scape", "trade", "works", "nova", "plex",
    "tron", "via", "form", "logic", "source", "wave", "mark", "path", "rise", "stone", "cast", "field", "port", "ware",
    "zon", "dor", "tis", "ris",
];

fn trades(country: Country) -> &'static [&'static str] {
    match country {
        Country::Gb | Country::Us | Country::Ie => &[
            "Services",
            "Engineering",
            "Plumbing",
            "Electrical",
            "Construction",
            "Consulting",
            "Associates",
            "Logistics",
            "Transport",
            "Catering",
            "Foods",
            "Bakery",
            "Motors",
            "Properties",
            "Lettings",
            "Design",
            "Media",
            "Systems",
            "Technologies",
            "Software",
            "Solutions",
            "Supplies",
            "Timber",
            "Joinery",
            "Roofing",
            "Farms",
            "Dental Care",
            "Pharmacy",
            "Care Home",
            "Holdings",
            "International",
            "Manufacturing",
            "Textiles",
            "Printing",
            "Brothers",
            "Trading Company",
        ],
        Country::De => &[
            "Bau",
            "Elektrotechnik",
            "Maschinenbau",
            "Logistik",
            "Metallbau",
            "Software",
            "Beratung",
            "Immobilien",
            "Autohaus",
            "Druckerei",
            "Gartenbau",
            "Haustechnik",
            "Bäckerei",
            "Spedition",
            "Handel",
            "Möbel",
        ],
        Country::Fr => &[
            "Bâtiment",
            "Électricité",
            "Plomberie",
            "Transports",
            "Conseil",
            "Immobilier",
            "Boulangerie",
            "Logistique",
            "Informatique",
            "Menuiserie",
            "Services",
            "Restauration",
            "Automobiles",
            "Paysage",
        ],
        Country::Es => &[
            "Construcciones",
            "Transportes",
            "Inversiones",
            "Servicios",
            "Instalaciones",
            "Alimentación",
            "Consultores",
            "Informática",
            "Muebles",
            "Logística",
            "Hostelería",
            "Inmobiliaria",
        ],
        Country::Pl => &[
            "Usługi",
            "Transport",
            "Budownictwo",
            "Handel",
            "Instalacje",
            "Logistyka",
            "Meble",
            "Doradztwo",
            "Piekarnia",
            "Elektronika",
        ],
        Country::It => &[
            "Costruzioni",
            "Trasporti",
            "Servizi",
            "Impianti",
            "Immobiliare",
            "Consulenza",
            "Alimentari",
            "Logistica",
            "Informatica",
            "Arredamenti",
            "Meccanica",
        ],
    }
}

fn forms(country: Country) -> &'static [LegalForm] {
    const fn form(long: &'static str, short: &'static str) -> LegalForm {
        LegalForm { long, short }
    }
    match country {
        Country::Gb => {
            const {
                &[
                    form("Limited", "Ltd"),
                    form("Limited", "Ltd."),
                    form("Public Limited Company", "PLC"),
                    form("LLP", "LLP"),
                ]
            }
        }
        Country::Us => const { &[form("Incorporated", "Inc."), form("LLC", "L.L.C."), form("Corporation", "Corp.")] },
        Country::De => {
            const { &[form("GmbH", "Gesellschaft mbH"), form("AG", "AG"), form("GmbH & Co. KG", "GmbH & Co KG")] }
        }
        Country::Fr => const { &[form("SARL", "S.A.R.L."), form("SAS", "S.A.S."), form("SA", "S.A.")] },
        Country::Es => const { &[form("S.L.", "SL"), form("S.A.", "SA"), form("S.L.U.", "SLU")] },
        Country::Ie => const { &[form("Limited", "Ltd"), form("Designated Activity Company", "DAC")] },
        Country::Pl => const { &[form("Sp. z o.o.", "Spółka z o.o."), form("S.A.", "SA")] },
        Country::It => const { &[form("S.r.l.", "Srl"), form("S.p.A.", "SpA")] },
    }
}
