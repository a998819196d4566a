//! Countries: their cities, streets, postcodes and telephone numbers.

use std::fmt::Write;

use crate::digits::push_number;
use crate::rng::{Rng, Skew, Stream, mix};

use super::names::Origin;

/// A country customers live in. The discriminants number the tables below.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Country {
    Gb,
    Us,
    De,
    Fr,
    Es,
    Ie,
    Pl,
    It,
}

impl Country {
    pub(crate) const ALL: [Self; 8] = [Self::Gb, Self::Us, Self::De, Self::Fr, Self::Es, Self::Ie, Self::Pl, Self::It];

    /// Share of the households, in the order of [`Self::ALL`].
    pub(crate) const SHARES: [f64; 8] = [0.48, 0.16, 0.10, 0.08, 0.06, 0.04, 0.04, 0.04];

    /// ISO 3166-1 alpha-2.
    pub(crate) fn code(self) -> &'static str {
        ["GB", "US", "DE", "FR", "ES", "IE", "PL", "IT"][self as usize]
    }

    pub(crate) fn name(self) -> &'static str {
        ["United Kingdom", "United States", "Germany", "France", "Spain", "Ireland", "Poland", "Italy"][self as usize]
    }

    pub(crate) fn calling_code(self) -> &'static str {
        ["44", "1", "49", "33", "34", "353", "48", "39"][self as usize]
    }

    pub(crate) fn locale(self) -> &'static str {
        ["en-GB", "en-US", "de-DE", "fr-FR", "es-ES", "en-IE", "pl-PL", "it-IT"][self as usize]
    }

    pub(crate) fn currency(self) -> &'static str {
        ["GBP", "USD", "EUR", "EUR", "EUR", "EUR", "PLN", "EUR"][self as usize]
    }

    /// Where the names of the country's people come from.
    pub(crate) fn origins(self) -> &'static [(Origin, f64)] {
        use Origin::*;
        match self {
            Self::Gb => &[
                (English, 0.845),
                (Polish, 0.035),
                (Irish, 0.05),
                (German, 0.01),
                (French, 0.01),
                (Spanish, 0.01),
                (Italian, 0.015),
                (Greek, 0.015),
                (Bulgarian, 0.01),
            ],
            Self::Us => &[
                (English, 0.70),
                (Spanish, 0.14),
                (German, 0.05),
                (Irish, 0.04),
                (Italian, 0.035),
                (Polish, 0.02),
                (Greek, 0.01),
                (Bulgarian, 0.005),
            ],
            Self::De => &[(German, 0.88), (Polish, 0.04), (Italian, 0.03), (Greek, 0.03), (Bulgarian, 0.02)],
            Self::Fr => &[(French, 0.9), (Spanish, 0.04), (Italian, 0.03), (Polish, 0.02), (Bulgarian, 0.01)],
            Self::Es => &[(Spanish, 0.94), (Bulgarian, 0.03), (French, 0.03)],
            Self::Ie => &[(Irish, 0.78), (English, 0.14), (Polish, 0.08)],
            Self::Pl => &[(Polish, 0.97), (Bulgarian, 0.03)],
            Self::It => &[(Italian, 0.96), (Greek, 0.02), (Bulgarian, 0.02)],
        }
    }
}

/// A city with what depends on it.
pub(crate) struct City {
    pub(crate) name: String,
    pub(crate) region: &'static str,
    /// Area code of its land lines, without a leading zero.
    area: &'static str,
    /// What its postcodes begin with.
    post: &'static str,
}

/// Where one country's people live.
pub(crate) struct PlaceStock {
    pub(crate) cities: Vec<City>,
    city_skew: Skew,
    /// Street names, long form and short form.
    pub(crate) streets: Vec<(String, String)>,
    street_skew: Skew,
}

/// A dwelling. Names are places in the country's stock; `unit` 0 is a whole house.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) country: Country,
    pub(crate) city: u16,
    pub(crate) street: u16,
    pub(crate) house: u16,
    pub(crate) unit: u16,
}

impl PlaceStock {
    pub(crate) fn of(country: Country) -> Self {
        let words = place_words(country);
        let mut cities: Vec<City> = words
            .cities
            .iter()
            .map(|&(name, region, area, post)| City { name: name.to_owned(), region, area, post })
            .collect();
        // Small towns lie around the cities and share their codes.
        let mut rng = Rng::of(0, Stream::Stock, 100 + country as u64);
        let mut towns = Vec::new();
        for stem in words.town_stems.split_whitespace() {
            for ending in words.town_endings.split_whitespace() {
                towns.push(format!("{stem}{}", ending.replace('_', " ")));
            }
        }
        rng.shuffle(&mut towns);
        for name in towns {
            let (_, region, area, post) = rng.pick(words.cities);
            cities.push(City { name, region, area, post });
        }
        let mut streets = Vec::new();
        for name in words.street_names {
            for (long, short) in words.street_types {
                streets.push((long.replace('*', name), short.replace('*', name)));
            }
        }
        let fixed = words.street_types.len() * 4;
        if let Some(rest) = streets.get_mut(fixed..) {
            rng.shuffle(rest);
        }
        let city_skew = Skew::zipf(cities.len(), 3.0, 0.9);
        let street_skew = Skew::zipf(streets.len(), 10.0, 0.6);
        Self { cities, city_skew, streets, street_skew }
    }

    pub(crate) fn draw_city(&self, rng: &mut Rng) -> u16 {
        self.city_skew.draw(rng) as u16
    }

    /// A dwelling in a city.
    pub(crate) fn draw_address(&self, country: Country, city: u16, rng: &mut Rng) -> Address {
        let street = self.street_skew.draw(rng) as u16;
        let longest = if country == Country::Us { 2400 } else { 180 };
        let house = 1 + (rng.below(longest) * rng.below(longest) / longest) as u16;
        let unit = if rng.chance(0.24) { 1 + rng.below(40) as u16 } else { 0 };
        Address { country, city, street, house, unit }
    }

    /// The national significant number of a land line in a city.
    pub(crate) fn draw_landline(&self, country: Country, city: u16, rng: &mut Rng) -> u64 {
        let area = self.cities[usize::from(city)].area;
        let length = match country {
            Country::Gb | Country::Us | Country::De => 10 - area.len(),
            Country::Ie => 7,
            Country::Fr | Country::Es | Country::Pl | Country::It => 9 - area.len(),
        };
        let local = 10u64.pow(length as u32 - 1);
        let code = area.bytes().fold(0, |code, digit| code * 10 + u64::from(digit - b'0'));
        // A subscriber's number begins with 2 to 8.
        code * 10 * local + 2 * local + rng.below(7 * local as usize) as u64
    }

    /// The national significant number of a mobile.
    pub(crate) fn draw_mobile(&self, country: Country, city: u16, rng: &mut Rng) -> u64 {
        if country == Country::Us {
            return self.draw_landline(country, city, rng);
        }
        let (prefixes, more): (&[u64], u32) = match country {
            Country::De => (&[1511, 1512, 1514, 1515, 1516, 1517, 1520, 1522, 1523, 1525, 1573, 1575, 1577, 1578], 7),
            Country::Fr => (&[61, 62, 63, 64, 66, 67, 68, 69, 75, 76, 77, 78], 7),
            Country::Es => (&[60, 61, 62, 63, 64, 65, 66, 67, 68, 69], 7),
            Country::Ie => (&[83, 85, 86, 87, 89], 7),
            Country::Pl => (&[50, 51, 53, 60, 66, 69, 72, 78, 79, 88], 7),
            Country::It => (&[320, 328, 329, 333, 335, 338, 339, 340, 347, 348, 349, 366, 388, 389, 392], 7),
            Country::Gb | Country::Us => (&[74, 75, 77, 78, 79], 8),
        };
        rng.pick(prefixes) * 10u64.pow(more) + rng.below(10usize.pow(more)) as u64
    }
}

/// The postcode of a dwelling: one for a stretch of a street, as the post has it.
pub(crate) fn postcode(stock: &PlaceStock, address: &Address, out: &mut String) {
    let post = stock.cities[usize::from(address.city)].post;
    let stretch = u64::from(address.house) / 24;
    let hash = mix(u64::from(address.city) << 40 ^ u64::from(address.street) << 16 ^ stretch ^ 0x51ed);
    let digits = |n: u64, salt: u64| mix(hash ^ salt) % n;
    let letter = |salt: u64, from: &'static [u8]| char::from(from[(mix(hash ^ salt) % from.len() as u64) as usize]);
    out.push_str(post);
    match address.country {
        Country::Gb => {
            const INWARD: &[u8] = b"ABDEFGHJLNPQRSTUWXYZ";
            push_number(1 + digits(18, 1), 1, out);
            out.push(' ');
            push_number(digits(10, 2), 1, out);
            out.extend([letter(3, INWARD), letter(4, INWARD)]);
        }
        Country::Us | Country::It => push_number(digits(100, 1), 2, out),
        Country::De | Country::Es => push_number(digits(1000, 1), 3, out),
        Country::Fr => push_number(digits(90, 1) * 10, 3, out),
        Country::Pl => {
            out.push('-');
            push_number(digits(1000, 1), 3, out);
        }
        Country::Ie => {
            const EIR: &[u8] = b"ACDEFHKNPRTVWXY";
            out.extend([' ', letter(5, EIR)]);
            push_number(digits(10, 6), 1, out);
            out.push(letter(7, EIR));
            push_number(digits(10, 8), 1, out);
        }
    }
}

/// How somebody writes a telephone number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PhoneStyle {
    /// As one dials it at home, in groups: `07700 900123`.
    National,
    /// The same digits in one go: `07700900123`.
    Digits,
    /// `+447700900123`
    E164,
    /// `+44 7700 900123`
    International,
    /// `0044 7700 900123`
    DoubleZero,
    /// National with hyphens, dots or brackets.
    Punctuated,
}

/// Writes a number, which is its national significant digits, in a style.
pub(crate) fn write_phone(country: Country, number: u64, style: PhoneStyle, out: &mut String) {
    // An Italian land line keeps its leading zero abroad; it is not part of the number stored here.
    let kept_zero = country == Country::It && !(3_000_000_000..4_000_000_000).contains(&number);
    let trunk = match country {
        Country::Us | Country::Es | Country::Pl => "",
        Country::It => {
            if kept_zero {
                "0"
            } else {
                ""
            }
        }
        _ => "0",
    };
    let mut digits = String::with_capacity(12);
    push_number(number, 1, &mut digits);
    let digits = digits.as_str();
    let groups: &[usize] = match country {
        Country::Gb => {
            if digits.starts_with('7') {
                &[4, 6]
            } else {
                &[3, 3, 4]
            }
        }
        Country::Us => &[3, 3, 4],
        Country::De => {
            if digits.starts_with('1') {
                &[4, 7]
            } else {
                &[3, 4, 4]
            }
        }
        Country::Fr => &[1, 2, 2, 2, 2],
        Country::Es | Country::Pl | Country::It => &[3, 3, 4],
        Country::Ie => &[2, 3, 4],
    };
    let spaced = |separator: char, out: &mut String| {
        let mut rest = digits;
        for &size in groups {
            let (group, after) = rest.split_at(size.min(rest.len()));
            out.push_str(group);
            if after.is_empty() {
                return;
            }
            out.push(separator);
            rest = after;
        }
        if rest.is_empty() {
            out.pop();
        }
        out.push_str(rest);
    };
    let abroad = if kept_zero { "0" } else { "" };
    match style {
        PhoneStyle::National => {
            out.push_str(trunk);
            spaced(' ', out);
        }
        PhoneStyle::Digits => {
            out.push_str(trunk);
            out.push_str(digits);
        }
        PhoneStyle::E164 => {
            out.push('+');
            out.push_str(country.calling_code());
            out.push_str(abroad);
            out.push_str(digits);
        }
        PhoneStyle::International | PhoneStyle::DoubleZero => {
            out.push_str(if style == PhoneStyle::International { "+" } else { "00" });
            out.push_str(country.calling_code());
            out.push(' ');
            out.push_str(abroad);
            spaced(' ', out);
        }
        PhoneStyle::Punctuated if country == Country::Us => {
            let (area, rest) = digits.split_at(3.min(digits.len()));
            let (exchange, line) = rest.split_at(3.min(rest.len()));
            let _ = write!(out, "({area}) {exchange}-{line}");
        }
        PhoneStyle::Punctuated => {
            out.push_str(trunk);
            spaced('-', out);
        }
    }
}

struct PlaceWords {
    /// Name, region, area code, beginning of the postcode.
    cities: &'static [(&'static str, &'static str, &'static str, &'static str)],
    town_stems: &'static str,
    town_endings: &'static str,
    street_names: &'static [&'static str],
    /// Long and short way of writing the street; `*` is the name.
    street_types: &'static [(&'static str, &'static str)],
}

#[rustfmt::skip]
fn place_words(country: Country) -> PlaceWords {
    const ENGLISH_STREETS: &[&str] = &[
        "High", "Station", "Church", "Victoria", "Park", "London", "Main", "Green", "Manor", "Kings", "Queens", "New",
        "Grange", "North", "South", "West", "Mill", "School", "York", "Springfield", "George", "Albert", "Alexandra",
        "Stanley", "Windsor", "Richmond", "Grove", "Chester", "Broad", "Hill", "Meadow", "Orchard", "Chapel", "Cromwell",
        "Oak", "Beech", "Elm", "Ash", "Maple", "Cedar", "Willow", "Hawthorn", "Lime", "Holly", "Birch", "Rowan",
        "Highfield", "Oakfield", "Ashfield", "Bridge", "Castle", "Market", "Union", "Wellington", "Nelson", "Clarence",
        "Cambridge", "Oxford", "Kent", "Devon", "Somerset", "Gloucester", "Salisbury", "Winchester", "Waverley",
        "Balmoral", "Sandringham", "Lansdowne", "Belmont", "Clifton", "Woodland", "Riverside", "Lakeside", "Hillside",
        "Fairfield", "Westfield", "Northfield", "Eastfield", "Southfield", "Mayfield", "Linden", "Laburnum", "Poplar",
        "Priory", "Abbey", "Vicarage", "Rectory", "Tennyson", "Byron", "Shelley", "Milton", "Wordsworth", "Kingsway",
    ];
    match country {
        Country::Gb => PlaceWords {
            cities: &[
                ("London", "Greater London", "20", "SE"), ("Birmingham", "West Midlands", "121", "B"),
                ("Manchester", "Greater Manchester", "161", "M"), ("Leeds", "West Yorkshire", "113", "LS"),
                ("Glasgow", "Lanarkshire", "141", "G"), ("Sheffield", "South Yorkshire", "114", "S"),
                ("Liverpool", "Merseyside", "151", "L"), ("Bristol", "Avon", "117", "BS"),
                ("Edinburgh", "Midlothian", "131", "EH"), ("Leicester", "Leicestershire", "116", "LE"),
                ("Cardiff", "South Glamorgan", "29", "CF"), ("Nottingham", "Nottinghamshire", "115", "NG"),
                ("Newcastle upon Tyne", "Tyne and Wear", "191", "NE"), ("Coventry", "West Midlands", "247", "CV"),
                ("Reading", "Berkshire", "118", "RG"), ("Belfast", "County Antrim", "289", "BT"),
                ("Brighton", "East Sussex", "127", "BN"), ("Plymouth", "Devon", "175", "PL"),
                ("Derby", "Derbyshire", "133", "DE"), ("Southampton", "Hampshire", "238", "SO"),
                ("Norwich", "Norfolk", "160", "NR"), ("Aberdeen", "Aberdeenshire", "122", "AB"),
                ("Swansea", "West Glamorgan", "179", "SA"), ("York", "North Yorkshire", "190", "YO"),
                ("Exeter", "Devon", "139", "EX"), ("Oxford", "Oxfordshire", "186", "OX"),
                ("Cambridge", "Cambridgeshire", "122", "CB"), ("Bath", "Somerset", "122", "BA"),
                ("Wolverhampton", "West Midlands", "190", "WV"), ("Stoke-on-Trent", "Staffordshire", "178", "ST"),
                ("Kingston upon Hull", "East Riding", "148", "HU"), ("Dundee", "Angus", "138", "DD"),
            ],
            town_stems: "Ash Bram Brack Chelt Chip Crow Dun El Farn Glad Had Hart Hen Ket Lang Mar Mel Nor Otter Pen Ray Sand Stan Thorn Wal Wen",
            town_endings: "ton ham bury ford ley wick _Magna worth",
            street_names: ENGLISH_STREETS,
            street_types: &[("* Street", "* St"), ("* Road", "* Rd"), ("* Lane", "* Ln"), ("* Avenue", "* Ave"), ("* Close", "* Cl"), ("* Drive", "* Dr"), ("* Crescent", "* Cres"), ("* Gardens", "* Gdns"), ("* Court", "* Ct"), ("* Way", "* Way")],
        },
        Country::Us => PlaceWords {
            cities: &[
                ("New York", "NY", "212", "100"), ("Los Angeles", "CA", "213", "900"), ("Chicago", "IL", "312", "606"),
                ("Houston", "TX", "713", "770"), ("Phoenix", "AZ", "602", "850"), ("Philadelphia", "PA", "215", "191"),
                ("San Antonio", "TX", "210", "782"), ("San Diego", "CA", "619", "921"), ("Dallas", "TX", "214", "752"),
                ("Austin", "TX", "512", "787"), ("Columbus", "OH", "614", "432"), ("Charlotte", "NC", "704", "282"),
                ("Seattle", "WA", "206", "981"), ("Denver", "CO", "303", "802"), ("Boston", "MA", "617", "021"),
                ("Portland", "OR", "503", "972"), ("Atlanta", "GA", "404", "303"), ("Miami", "FL", "305", "331"),
                ("Minneapolis", "MN", "612", "554"), ("St. Louis", "MO", "314", "631"), ("Omaha", "NE", "402", "681"),
            ],
            town_stems: "Cedar Clay Fair Frank George Green Harris Jackson Lake Mill Oak Pine River Salem Spring Union Wood",
            town_endings: "ville ton field burg _Falls _Heights wood port",
            street_names: &[
                "Main", "Oak", "Maple", "Washington", "Park", "Elm", "Lincoln", "Cedar", "Lake", "Hill", "Walnut",
                "Jefferson", "Church", "Pine", "Jackson", "Madison", "Sunset", "Franklin", "Highland", "Chestnut",
                "River", "Spruce", "Spring", "Adams", "Forest", "Ridge", "Willow", "Cherry", "Center", "Dogwood",
                "1st", "2nd", "3rd", "4th", "5th", "6th", "7th", "8th", "9th", "10th", "11th", "12th", "14th", "21st",
                "Meadow", "Monroe", "Cleveland", "Grant", "Magnolia", "Hickory", "Sycamore", "Birch", "Poplar", "Laurel",
                "Valley", "Mill", "College", "Railroad", "Prospect", "Liberty", "Orchard", "Colonial", "Juniper",
            ],
            street_types: &[("* Street", "* St"), ("* Avenue", "* Ave"), ("* Road", "* Rd"), ("* Drive", "* Dr"), ("* Lane", "* Ln"), ("* Boulevard", "* Blvd"), ("* Court", "* Ct"), ("* Circle", "* Cir"), ("* Place", "* Pl"), ("* Terrace", "* Ter")],
        },
        Country::De => PlaceWords {
            cities: &[
                ("Berlin", "Berlin", "30", "10"), ("Hamburg", "Hamburg", "40", "20"), ("München", "Bayern", "89", "80"),
                ("Köln", "Nordrhein-Westfalen", "221", "50"), ("Frankfurt am Main", "Hessen", "69", "60"),
                ("Stuttgart", "Baden-Württemberg", "711", "70"), ("Düsseldorf", "Nordrhein-Westfalen", "211", "40"),
                ("Leipzig", "Sachsen", "341", "04"), ("Dortmund", "Nordrhein-Westfalen", "231", "44"),
                ("Bremen", "Bremen", "421", "28"), ("Dresden", "Sachsen", "351", "01"), ("Hannover", "Niedersachsen", "511", "30"),
                ("Nürnberg", "Bayern", "911", "90"), ("Mainz", "Rheinland-Pfalz", "6131", "55"), ("Freiburg", "Baden-Württemberg", "761", "79"),
            ],
            town_stems: "Alten Birken Eber Falken Grün Hohen Königs Neu Ober Rosen Unter Wald",
            town_endings: "burg dorf feld hausen heim stadt",
            street_names: &[
                "Haupt", "Schul", "Garten", "Bahnhof", "Dorf", "Berg", "Birken", "Linden", "Kirch", "Wald", "Ring",
                "Schiller", "Goethe", "Mozart", "Beethoven", "Wiesen", "Rosen", "Mühlen", "Feld", "Amsel", "Buchen",
                "Eichen", "Tannen", "Ahorn", "Fichten", "Lerchen", "Jahn", "Uhland", "Mittel", "Post", "Hof", "Markt",
                "Friedhof", "Kastanien", "König", "Kaiser", "Römer", "Süd", "Nord", "Brunnen", "Schloss", "Burg",
            ],
            street_types: &[("*straße", "*str."), ("*weg", "*weg"), ("*gasse", "*gasse"), ("*allee", "*allee"), ("*platz", "*pl.")],
        },
        Country::Fr => PlaceWords {
            cities: &[
                ("Paris", "Île-de-France", "1", "75"), ("Marseille", "Provence-Alpes-Côte d'Azur", "4", "13"),
                ("Lyon", "Auvergne-Rhône-Alpes", "4", "69"), ("Toulouse", "Occitanie", "5", "31"), ("Nice", "Provence-Alpes-Côte d'Azur", "4", "06"),
                ("Nantes", "Pays de la Loire", "2", "44"), ("Strasbourg", "Grand Est", "3", "67"), ("Montpellier", "Occitanie", "4", "34"),
                ("Bordeaux", "Nouvelle-Aquitaine", "5", "33"), ("Lille", "Hauts-de-France", "3", "59"), ("Rennes", "Bretagne", "2", "35"),
                ("Saint-Étienne", "Auvergne-Rhône-Alpes", "4", "42"), ("Besançon", "Bourgogne-Franche-Comté", "3", "25"),
            ],
            town_stems: "Beau Bel Château Clair Haute Mont Neuf Vau Ville",
            town_endings: "mont ville fort bois court val",
            street_names: &[
                "de l'Église", "de la République", "Victor Hugo", "du Général de Gaulle", "Jean Jaurès", "Pasteur",
                "de la Gare", "de la Mairie", "des Écoles", "du Moulin", "Jules Ferry", "Gambetta", "de la Paix",
                "des Lilas", "des Roses", "du Château", "Saint-Michel", "de Verdun", "du 8 Mai 1945", "Émile Zola",
                "Voltaire", "de la Liberté", "des Acacias", "Pierre Curie", "Anatole France", "de Provence", "du Stade",
                "des Tilleuls", "Molière", "de Bretagne", "du Lavoir", "Notre-Dame",
            ],
            street_types: &[("rue *", "r. *"), ("avenue *", "av. *"), ("place *", "pl. *"), ("boulevard *", "bd *"), ("impasse *", "imp. *"), ("chemin *", "ch. *")],
        },
        Country::Es => PlaceWords {
            cities: &[
                ("Madrid", "Madrid", "91", "28"), ("Barcelona", "Cataluña", "93", "08"), ("Valencia", "Comunidad Valenciana", "96", "46"),
                ("Sevilla", "Andalucía", "954", "41"), ("Zaragoza", "Aragón", "976", "50"), ("Málaga", "Andalucía", "952", "29"),
                ("Murcia", "Murcia", "968", "30"), ("Bilbao", "País Vasco", "944", "48"), ("Córdoba", "Andalucía", "957", "14"),
                ("A Coruña", "Galicia", "981", "15"), ("Logroño", "La Rioja", "941", "26"),
            ],
            town_stems: "Al Bena Casa Monte Torre Valde Villa",
            town_endings: "mayor seca verde nueva real blanca",
            street_names: &[
                "Mayor", "Real", "de la Constitución", "de España", "San José", "San Juan", "del Sol", "Nueva", "Cervantes",
                "de la Iglesia", "de Cádiz", "Miguel Hernández", "Federico García Lorca", "de Andalucía", "Velázquez", "Goya",
                "Colón", "de la Paz", "del Carmen", "Santa María", "de los Reyes Católicos", "Alcalá", "del Pilar",
                "Antonio Machado", "Picasso", "de la Fuente", "de Madrid", "Rosalía de Castro",
            ],
            street_types: &[("Calle *", "C/ *"), ("Avenida *", "Avda. *"), ("Plaza *", "Pza. *"), ("Paseo *", "Pº *"), ("Camino *", "Cno. *")],
        },
        Country::Ie => PlaceWords {
            cities: &[
                ("Dublin", "County Dublin", "1", "D08"), ("Cork", "County Cork", "21", "T12"), ("Limerick", "County Limerick", "61", "V94"),
                ("Galway", "County Galway", "91", "H91"), ("Waterford", "County Waterford", "51", "X91"), ("Drogheda", "County Louth", "41", "A92"),
                ("Kilkenny", "County Kilkenny", "56", "R95"), ("Dún Laoghaire", "County Dublin", "1", "A96"), ("Sligo", "County Sligo", "71", "F91"),
            ],
            town_stems: "Bally Kil Carrick Clon Dun Rath",
            town_endings: "more bawn kenny duff _Cross lara",
            street_names: ENGLISH_STREETS,
            street_types: &[("* Street", "* St"), ("* Road", "* Rd"), ("* Park", "* Pk"), ("* Avenue", "* Ave"), ("* Terrace", "* Tce"), ("* Drive", "* Dr")],
        },
        Country::Pl => PlaceWords {
            cities: &[
                ("Warszawa", "mazowieckie", "22", "00"), ("Kraków", "małopolskie", "12", "30"), ("Łódź", "łódzkie", "42", "90"),
                ("Wrocław", "dolnośląskie", "71", "50"), ("Poznań", "wielkopolskie", "61", "60"), ("Gdańsk", "pomorskie", "58", "80"),
                ("Szczecin", "zachodniopomorskie", "91", "70"), ("Lublin", "lubelskie", "81", "20"), ("Białystok", "podlaskie", "85", "15"),
                ("Częstochowa", "śląskie", "34", "42"), ("Rzeszów", "podkarpackie", "17", "35"),
            ],
            town_stems: "Biało Czarno Nowy_ Jasien Kamien Sosno Wielko",
            town_endings: "brzeg wiec pol góra staw",
            street_names: &[
                "Polna", "Leśna", "Słoneczna", "Krótka", "Szkolna", "Ogrodowa", "Lipowa", "Brzozowa", "Łąkowa", "Kwiatowa",
                "Kościelna", "Sosnowa", "Zielona", "Parkowa", "Akacjowa", "Kolejowa", "Mickiewicza", "Słowackiego",
                "Kościuszki", "Sienkiewicza", "Piłsudskiego", "Długa", "Wąska", "Żeromskiego", "Świerkowa", "Jana Pawła II",
            ],
            street_types: &[("ulica *", "ul. *"), ("aleja *", "al. *"), ("plac *", "pl. *"), ("osiedle *", "os. *")],
        },
        Country::It => PlaceWords {
            cities: &[
                ("Roma", "Lazio", "6", "001"), ("Milano", "Lombardia", "2", "201"), ("Napoli", "Campania", "81", "801"), ("Torino", "Piemonte", "11", "101"),
                ("Palermo", "Sicilia", "91", "901"), ("Genova", "Liguria", "10", "161"), ("Bologna", "Emilia-Romagna", "51", "401"),
                ("Firenze", "Toscana", "55", "501"), ("Forlì", "Emilia-Romagna", "543", "471"), ("Cefalù", "Sicilia", "921", "900"),
            ],
            town_stems: "Castel Monte Villa Torre Ponte Borgo",
            town_endings: "franco verde nuovo rosso lungo alto",
            street_names: &[
                "Roma", "Garibaldi", "Mazzini", "Dante Alighieri", "Cavour", "Marconi", "Verdi", "IV Novembre", "Matteotti",
                "della Libertà", "XX Settembre", "Vittorio Emanuele", "Leonardo da Vinci", "Galileo Galilei", "San Martino",
                "dei Mille", "della Repubblica", "Trieste", "Trento", "Piave", "Gramsci", "Aldo Moro", "Michelangelo", "Puccini",
            ],
            street_types: &[("Via *", "V. *"), ("Viale *", "V.le *"), ("Piazza *", "P.za *"), ("Corso *", "C.so *"), ("Vicolo *", "Vic. *")],
        },
    }
}
