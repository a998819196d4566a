//! Given and family names by language. The common ones are written out from general knowledge, most frequent first;
//! the long tail of family names is put together from stems and endings, so there are several thousand.

use std::collections::HashSet;

use crate::rng::{Rng, Skew, Stream};
use crate::script;

use super::given::{self, GivenNames};

/// The language a name comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    English,
    German,
    French,
    Spanish,
    Polish,
    Irish,
    Italian,
    Greek,
    Bulgarian,
}

impl Origin {
    pub(crate) const ALL: [Self; 9] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Polish,
        Self::Irish,
        Self::Italian,
        Self::Greek,
        Self::Bulgarian,
    ];
}

/// A name, and what is left of it in an e-mail address.
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) letters: String,
}

impl Name {
    /// A name of one word; an underscore in it is a space.
    pub(crate) fn new(word: &str) -> Self {
        let text = word.replace('_', " ");
        let latin = script::ascii(&script::romanise(&text)).to_lowercase();
        let letters = latin.chars().filter(char::is_ascii_lowercase).collect();
        Self { text, letters }
    }
}

/// The names of one language.
pub(crate) struct NameStock {
    pub(crate) men: GivenNames,
    pub(crate) women: GivenNames,
    pub(crate) families: Vec<Name>,
    family_skew: Skew,
}

impl NameStock {
    pub(crate) fn of(origin: Origin) -> Self {
        let words = family_words(origin);
        let mut tail = Vec::new();
        for stem in words.stems.split_whitespace() {
            for ending in words.endings.split_whitespace() {
                tail.push(format!("{stem}{ending}"));
            }
        }
        Rng::of(0, Stream::Stock, origin as u64).shuffle(&mut tail);
        let mut known = HashSet::new();
        let all = words.common.split_whitespace().chain(tail.iter().map(String::as_str));
        let families: Vec<Name> = all.filter(|word| known.insert(*word)).map(Name::new).collect();
        let family_skew = Skew::zipf(families.len(), 12.0, 0.95);
        let (men, women) = given::names(origin);
        Self { men, women, families, family_skew }
    }

    pub(crate) fn draw_family(&self, rng: &mut Rng) -> usize {
        self.family_skew.draw(rng)
    }
}

/// A family name as a woman bears it, where the language makes that difference.
pub(crate) fn feminine(origin: Origin, name: &str) -> Option<String> {
    let swap = |from: &str, to: &str| name.strip_suffix(from).map(|stem| format!("{stem}{to}"));
    match origin {
        Origin::Polish => swap("ski", "ska").or_else(|| swap("cki", "cka")).or_else(|| swap("dzki", "dzka")),
        Origin::Bulgarian => swap("ов", "ова").or_else(|| swap("ев", "ева")).or_else(|| swap("ски", "ска")),
        Origin::Greek => swap("πουλος", "πούλου").or_else(|| swap("ίδης", "ίδη")).or_else(|| swap("άκης", "άκη")),
        _ => None,
    }
}

struct FamilyWords {
    common: &'static str,
    stems: &'static str,
    endings: &'static str,
}

fn family_words(origin: Origin) -> FamilyWords {
    match origin {
        Origin::English => FamilyWords {
            common: "Smith Jones Williams Taylor Brown Davies Johnson Evans Wilson Thomas Roberts Walker Wright \
                Robinson Thompson White Hughes Edwards Green Hall Wood Harris Lewis Martin Jackson Clarke Clark Turner \
                Hill Scott Cooper Morris Ward Moore King Watson Baker Harrison Morgan Patel Young Allen Mitchell James \
                Anderson Phillips Lee Bell Parker Davis Bennett Miller Cook Shaw Cox Richardson Carter Collins \
                Marshall Bailey Gray Adams Ahmed Khan Singh Begum Hussain Ali Kaur Simpson Ellis Foster Mason Chapman \
                Webb Rogers Gibson Hunt Mills Holmes Palmer Matthews Lloyd Barnes Knight Butler Barker Powell Stevens \
                Jenkins Fisher Reid Murray Fox Pearson Graham Fletcher Dixon Howard Andrews Harvey Reynolds Elliott \
                Stewart Campbell Robertson MacDonald Hamilton Wallace Grant Ross Henderson Paterson Ferguson Johnston \
                Sutherland McKenzie MacLeod McLean Cameron Burns Kerr Garcia Martinez Rodriguez Hernandez Gonzalez \
                Lopez Perez Sanchez Ramirez Torres Nguyen Kim Chen Wang Washington Jefferson Coleman Perry Long Hughes \
                Price Brooks Sanders Ford Wells Tucker Hicks Crawford Boyd Dunn Armstrong Lawrence Gordon Lane Arnold \
                Riley Carpenter Duncan Hudson Berry Stone Dean Burton Lynch Spencer Warren Hawkins Day Rose Newman \
                Oliver Jordan Payne Saunders Pearce Bird Barrett Nicholson Francis Goodwin Todd Curtis Sharp Atkinson \
                Frost Hart Dawson Walsh Cole Bradley Kay Perkins Hayes Gill Owen Rowe Pope Bishop Abbott Marsh Booth \
                Lowe Holland Poole Hooper Parsons Potter Wheeler Nash Norris Barton Swift Bates Read Reed Hardy Steele \
                St._John de_Souza Okafor Adeyemi Osei Chukwu O'Connor O'Brien D'Souza van_der_Merwe Al-Hassan",
            stems: "Ash Bald Barns Beck Birch Black Brad Bram Brans Broad Brough Burn Cald Carl Chad Chat Clay Cliff \
                Cot Craw Crom Cul Dal Dar Den Ding Dray East Edge Ed El Fair Farn Fen Fern Gat Glad Green Had Hal Ham \
                Harts Hath Haw Hazel Hether High Hol Horn Kel Ken Kings Kirk Lang Leigh Lind Lock Long Mar Mel Mid \
                Mill Nor North Oak Old Pem Pen Pres Rad Ray Red Rock Row Rush Sel Shel Ship Sin Stan Staple Stock Sut \
                Swin Thorn Tin Tun Wad Wake Wal War Water Wen West Whit Wick Win Wol Wood Wyn",
            endings: "ford ley ton wood worth field ham by well bourne combe croft stead more shaw wick land man er son \
                s bridge cliffe den ridge gate",
        },
        Origin::German => FamilyWords {
            common: "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer Koch Bauer \
                Richter Klein Wolf Schröder Neumann Schwarz Zimmermann Braun Krüger Hofmann Hartmann Lange Schmitt \
                Werner Schmitz Krause Meier Lehmann Schmid Schulze Maier Köhler Herrmann König Walter Mayer Huber \
                Kaiser Fuchs Peters Lang Scholz Möller Weiß Jung Hahn Schubert Vogel Friedrich Keller Günther Frank \
                Berger Winkler Roth Beck Lorenz Baumann Franke Albrecht Schuster Simon Ludwig Böhm Winter Kraus Martin \
                Schumacher Krämer Vogt Stein Jäger Otto Sommer Groß Seidel Heinrich Brandt Haas Schreiber Graf Yılmaz \
                Öztürk Kaya Demir von_Bergen von_der_Heide Strauß Voß",
            stems: "Acker Alt Am Bach Berg Birken Blum Bruck Buch Dorn Eber Eich Engel Erl Falken Feld Fried Gold Grün \
                Hagen Hain Hart Hasel Heid Hinter Hoch Holz Kalt Kirch Kling Kron Lang Lauter Linden Loh Mitter Moos \
                Neu Nieder Ober Rauch Rosen Sand Schön Schwarz Silber Stein Stock Tann Thal Unter Wald Wein Weiden \
                Wester Wild Wies",
            endings: "mann er bauer berger hofer feld meier brand stein bach inger hardt eder huber müller heim hauser",
        },
        Origin::French => FamilyWords {
            common: "Martin Bernard Thomas Petit Robert Richard Durand Dubois Moreau Laurent Simon Michel Lefebvre Leroy \
                Roux David Bertrand Morel Fournier Girard Bonnet Dupont Lambert Fontaine Rousseau Vincent Muller \
                Lefèvre Faure André Mercier Blanc Guérin Boyer Garnier Chevalier François Legrand Gauthier Garcia \
                Perrin Robin Clément Morin Nicolas Henry Roussel Mathieu Gautier Masson Marchand Duval Denis Dumont \
                Marie Lemaire Noël Meyer Dufour Meunier Brun Blanchard Giraud Joly Rivière Lucas Brunet Gaillard \
                Barbier Arnaud Martínez Gérard Roche Renard Schmitt Roy Leroux Colin Vidal Caron Picard Benali Diallo \
                Traoré de_La_Tour Le_Goff D'Almeida",
            stems: "Ant Aub Bar Ber Bess Bill Blanch Bois Bonn Bord Bour Brid Brill Cab Carr Chab Chap Chast Clav Cord \
                Coul Dauph Del Desm Doss Faul Flor Font Gag Gall Gir Gou Guib Jacq Jol Lab Lam Maill March Marm Mich \
                Moul Nav Paill Pell Perr Pich Poul Rag Rich Rob Roch Sab Sauv Tess Tour Vall Vern Vill",
            endings: "ard eau ier et in on ot el aud ault ois ette elin iard illon",
        },
        Origin::Spanish => FamilyWords {
            common: "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Martín Jiménez Hernández \
                Ruiz Díaz Moreno Muñoz Álvarez Romero Gutiérrez Alonso Navarro Torres Domínguez Ramos Vázquez Ramírez \
                Gil Serrano Morales Molina Blanco Suárez Castro Ortega Delgado Ortiz Marín Rubio Núñez Medina Sanz \
                Castillo Iglesias Cortés Garrido Santos Guerrero Lozano Cano Cruz Méndez Flores Prieto Herrera Peña \
                León Márquez Cabrera Gallego Calvo Vidal Campos Reyes Vega Fuentes Carrasco Díez Aguilar Caballero \
                Nieto Santana Vargas Pascual Giménez Herrero Hidalgo Montero Lorenzo Ibáñez de_la_Fuente del_Río",
            stems: "Ab Agu Alb Alc Alm And Ar Arr Bal Barr Ben Bern Bol Cab Cald Cand Carr Cas Cort Esc Esp Est Fer \
                Gal Gall Garr Gran Guer Her Izqu Jim Lag Land Lar Lob Luj Mald Manr Mar Mart Mend Mont Mor Nav Oliv \
                Ord Pal Pard Pen Quint Rob Sal Salg Sant Sor Tej Vald Vill",
            endings: "ero al illo ano ado arro ales era eda osa ente anza uela",
        },
        Origin::Polish => FamilyWords {
            common: "Nowak Kowalski Wiśniewski Wójcik Kowalczyk Kamiński Lewandowski Zieliński Szymański Woźniak \
                Dąbrowski Kozłowski Jankowski Mazur Wojciechowski Kwiatkowski Krawczyk Kaczmarek Piotrowski Grabowski \
                Zając Pawłowski Michalski Król Wieczorek Jabłoński Wróbel Nowakowski Majewski Olszewski Stępień \
                Malinowski Jaworski Adamczyk Dudek Nowicki Pawlak Górski Witkowski Walczak Sikora Baran Rutkowski \
                Michalak Szewczyk Ostrowski Tomaszewski Pietrzak Zalewski Wróblewski Marciniak Jasiński Zawadzki Bąk \
                Jakubowski Sadowski Duda Włodarczyk Chmielewski Borkowski Sokołowski Szczepański Sawicki Kucharski",
            stems: "Adam Bart Białk Bogd Bor Brzez Chmiel Ciesl Czarn Dobr Domań Dziub Filip Gaj Gał Gąsior Grzel Jak \
                Janisz Jarosz Jasień Kalin Kasprz Klim Kociół Kostrz Kul Lipiń Łukasz Maj Marcz Matus Mik Młyn Owczar \
                Pałk Piasec Pilar Prus Rad Rog Rybic Sitar Skib Sobcz Stań Szul Śliw Tom Urban Wasił Wilcz Wit Zarem \
                Zych Żuk",
            endings: "owski ewski ak czyk ek owicz iak icki yński arz",
        },
        Origin::Irish => FamilyWords {
            common: "Murphy Kelly O'Sullivan Walsh O'Brien Byrne Ryan O'Connor O'Neill O'Reilly Doyle McCarthy Gallagher \
                Doherty Kennedy Lynch Murray Quinn Moore McLoughlin O'Carroll Connolly Daly O'Connell Wilson Dunne \
                Brennan Burke Collins Campbell Clarke Johnston Hughes O'Farrell Fitzgerald Brown Martin Maguire Nolan \
                Flynn Thompson O'Callaghan O'Donnell Duffy O'Mahony Boyle Healy O'Shea White Sweeney Hayes Kavanagh \
                Power McGrath Moran Brady Stewart Casey Foley Fitzpatrick O'Leary McDonnell MacMahon Ó_Súilleabháin \
                Ní_Dhónaill Ó_Briain",
            stems: "O'Don O'Mul O'Har McGil McCart McDon McNam McGen McKil Don Mul Cal Fin Fitz Hal Ken Kil Lon Mad Mal \
                Mol Mor Rear Ros Shan Tier Tul",
            endings: "agh an ane ahan aghty igan ley ney oy rick more van erty lan",
        },
        Origin::Italian => FamilyWords {
            common: "Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Bruno Gallo Conti De_Luca \
                Mancini Costa Giordano Rizzo Lombardi Moretti Barbieri Fontana Santoro Mariani Rinaldi Caruso Ferrara \
                Galli Martini Leone Longo Gentile Martinelli Vitale Lombardo Serra Coppola De_Santis D'Angelo Marchetti \
                Parisi Villa Conte Ferraro Ferri Fabbri Bianco Marini Grasso Valentini Messina Sala De_Angelis Gatti \
                Pellegrini Palumbo Sanna Farina Rizzi Monti Cattaneo Morelli Amato Silvestri Mazza Testa Grassi \
                D'Amico Nicolò Papalìa",
            stems: "Al Ang Bald Bar Bass Bell Ben Berg Bert Bon Borg Brun Cald Camp Cap Card Cas Cast Cav Cer Cor Fal \
                Fer Fior Fran Gal Ghez Giov Grand Guid Lan Lucch Mag Mal Manc March Marz Mes Mont Mor Neg Pal Pan Pas \
                Pel Pic Raff San Sal Sart Scar Tav Tor Ven Vis Zan",
            endings: "ini etti ella oni ucci acci aro ari ino elli asso otti ese",
        },
        Origin::Greek => FamilyWords {
            common: "Παπαδόπουλος Βλάχος Αγγελόπουλος Νικολαΐδης Γεωργίου Δημητρίου Ιωάννου Κωνσταντίνου Παπαγεωργίου \
                Παππάς Οικονόμου Καραγιάννης Μακρής Αθανασίου Αντωνίου Χριστοδούλου Βασιλείου Ζαφειρίου Σαμαράς \
                Λαμπρόπουλος Θεοδωρόπουλος Κωστόπουλος",
            stems: "Αγγελ Αλεξ Αναγνωστ Ανδρικ Γιανν Δημητρ Ζαχαρ Θεοδωρ Καλογερ Κοντ Λαμπρ Μανωλ Μιχαηλ Νικολ \
                Παναγιωτ Πετρ Σταυρ Στεφαν Τριανταφυλλ Χριστ",
            endings: "όπουλος ίδης άκης ιάδης άτος έας",
        },
        Origin::Bulgarian => FamilyWords {
            common: "Иванов Георгиев Димитров Петров Николов Христов Стоянов Тодоров Илиев Василев Атанасов Петков \
                Ангелов Колев Йорданов Маринов Попов Цветков Кузнецов Волков Соколов Михайлов",
            stems: "Андре Боян Велик Владимир Генч Драган Захари Костадин Лазар Любен Методи Момчил Недял Пав Радосла \
                Сав Симеон Спас Стефан Тимофе",
            endings: "ов ев ски ковски чев",
        },
    }
}
