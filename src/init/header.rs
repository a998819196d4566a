//! What the name of a column says it holds, in English, German, French, Spanish and a little Italian and Dutch.
//!
//! A name is taken apart into words (`BillTo_ZipCode2` → bill, to, zip, code, 2), the words that say whose or which one
//! it is are set aside, and what remains is looked up.

use goldsmith_standardize::text;

/// What a column may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A person's whole name; `weak` where the word is also said of things (`name`).
    FullName {
        weak: bool,
    },
    Title,
    Given,
    Middle,
    Family,
    PreviousFamily,
    Suffix,
    Organisation,
    BirthDate,
    BirthYear,
    BirthMonth,
    BirthDay,
    Gender,
    Language,
    Lifecycle,
    Website,
    Email,
    Phone,
    Fax,
    Address(Part),
    /// A number somebody issued, with its type.
    Identifier(&'static str),
    /// When the record changed; the smaller the rank, the better it says so.
    Updated(u8),
    Consent,
    /// A kind of customer: person or company.
    CustomerType,
    ValidFrom,
    ValidTo,
    /// Where a merged file took the row from.
    Origin,
}

/// A part of a postal address, by its name in a pipeline file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Line1,
    Line2,
    HouseNumber,
    Street,
    Unit,
    Locality,
    Region,
    Postcode,
    Country,
}

impl Part {
    /// The name in a pipeline file.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Line1 => "line1",
            Self::Line2 => "line2",
            Self::HouseNumber => "house_number",
            Self::Street => "street",
            Self::Unit => "unit",
            Self::Locality => "locality",
            Self::Region => "region",
            Self::Postcode => "postcode",
            Self::Country => "country",
        }
    }
}

/// What a column's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Header {
    Known(Known),
    /// It is about somebody else: a spouse, a dependent, the employer's street.
    SomebodyElse,
    Unknown,
}

/// A name that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) role: Role,
    /// What it is for: `billing`, `mobile`, `work`.
    pub(super) purpose: Option<&'static str>,
    /// The 2 of `email_2`.
    pub(super) number: Option<u32>,
    /// An unknown word before it was passed over.
    pub(super) guessed: bool,
}

/// The words of a name, folded, with numbers apart.
pub(super) fn words(path: &[String]) -> Vec<String> {
    let mut spaced = String::new();
    for name in path {
        let mut last = ' ';
        for letter in name.chars() {
            let camel = last.is_lowercase() && letter.is_uppercase();
            let number = last.is_ascii_digit() != letter.is_ascii_digit() && last.is_alphanumeric();
            if camel || number {
                spaced.push(' ');
            }
            // The fold drops apostrophes and would glue what they part.
            spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
            last = letter;
        }
        spaced.push(' ');
    }
    text::fold(&spaced).split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Reads the name of a column, given with the names of the objects around it.
pub(super) fn read(path: &[String]) -> Header {
    let words = words(path);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    if is_consent(&words) {
        return known(Role::Consent, None, None, false);
    }
    if let Some(at) = words.iter().position(|word| SOMEBODY_ELSE.contains(word)) {
        let employer = matches!(words.get(at..), Some(["employer"] | ["employer", "name"]));
        return if employer { known(Role::Organisation, Some("employer"), None, false) } else { Header::SomebodyElse };
    }
    if let Some((role, purpose)) = resolve(&words) {
        return known(role, purpose, None, false);
    }
    let (number, bare) = match words.split_last() {
        Some((last, rest)) if !rest.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()) => {
            (last.parse().ok(), rest)
        }
        _ => (None, words.as_slice()),
    };
    if let Some((role, purpose)) = resolve(bare) {
        return match (role, number) {
            (Role::Address(Part::Line1), Some(2)) => known(Role::Address(Part::Line2), purpose, None, false),
            (Role::Address(Part::Line1), Some(3..)) => Header::Unknown,
            (Role::Address(Part::Line1), _) => known(role, purpose, None, false),
            _ => known(role, purpose, number, false),
        };
    }
    // An unknown first word is often the system's own prefix; what is said of things as well is not guessed at.
    for start in 1..bare.len() {
        if let Some((role, purpose)) = bare.get(start..).and_then(resolve)
            && !matches!(
                role,
                Role::FullName { weak: true } | Role::Title | Role::Organisation | Role::Origin | Role::Lifecycle
            )
        {
            return known(role, purpose, number, true);
        }
    }
    Header::Unknown
}

fn known(role: Role, purpose: Option<&'static str>, number: Option<u32>, guessed: bool) -> Header {
    Header::Known(Known { role, purpose, number, guessed })
}

/// Looks the words up, without those at the front that say whose or which one it is.
fn resolve(words: &[&str]) -> Option<(Role, Option<&'static str>)> {
    if words.is_empty() {
        return None;
    }
    if let Some((role, purpose)) = look_up(&words.join("_")) {
        return Some((role, purpose));
    }
    let (first, rest) = words.split_first()?;
    if OWNER.contains(first) {
        return resolve(rest);
    }
    if let Some((_, purpose)) = PURPOSES.iter().find(|(word, _)| word == first) {
        let rest = rest.strip_prefix(&["to"]).unwrap_or(rest);
        return resolve(rest).map(|(role, inner)| (role, inner.or(Some(purpose))));
    }
    let (role, purpose) = match *first {
        "address" | "addr" | "adresse" | "anschrift" | "direccion" | "location" => resolve(rest)?,
        "name" if matches!(rest, ["first" | "last" | "given" | "family" | "middle" | "prefix" | "suffix" | "full"]) => {
            resolve(rest)?
        }
        _ => return None,
    };
    let inside = matches!(role, Role::Address(_)) || *first == "name";
    inside.then_some((role, purpose))
}

/// Whether a column holds a yes or no about being contacted.
fn is_consent(words: &[&str]) -> bool {
    const SAYS_SO: [&str; 13] = [
        "consent",
        "consents",
        "optin",
        "optout",
        "opted",
        "newsletter",
        "subscribed",
        "permission",
        "einwilligung",
        "werbeerlaubnis",
        "unsubscribed",
        "consentement",
        "consentimiento",
    ];
    words.iter().any(|word| SAYS_SO.contains(word))
        || words.windows(2).any(|pair| matches!(pair, ["opt", "in" | "out"] | ["do", "not"]))
}

/// Words that say whose column it is, where it is the customer's own.
const OWNER: [&str; 27] = [
    "customer",
    "customers",
    "cust",
    "client",
    "contact",
    "person",
    "personal",
    "member",
    "patient",
    "user",
    "account",
    "acct",
    "subscriber",
    "applicant",
    "kunde",
    "kunden",
    "klient",
    "mitglied",
    "persona",
    "cliente",
    "socio",
    "main",
    "primary",
    "profile",
    "guest",
    "buyer",
    "holder",
];

/// Words that say it is about somebody else.
const SOMEBODY_ELSE: [&str; 36] = [
    "spouse",
    "partner",
    "dependent",
    "dependant",
    "father",
    "mother",
    "parent",
    "child",
    "husband",
    "wife",
    "emergency",
    "employer",
    "guardian",
    "kin",
    "referrer",
    "referred",
    "agent",
    "manager",
    "doctor",
    "physician",
    "sender",
    "author",
    "authors",
    "editor",
    "assigned",
    "salesperson",
    "staff",
    "director",
    "executive",
    "beneficiary",
    "landlord",
    "witness",
    "sibling",
    "advisor",
    "vater",
    "mutter",
];

/// Words that say what an address, e-mail or phone is for.
const PURPOSES: [(&str, &str); 27] = [
    ("billing", "billing"),
    ("bill", "billing"),
    ("invoice", "billing"),
    ("rechnung", "billing"),
    ("rechnungs", "billing"),
    ("facturation", "billing"),
    ("shipping", "delivery"),
    ("ship", "delivery"),
    ("delivery", "delivery"),
    ("lieferung", "delivery"),
    ("liefer", "delivery"),
    ("livraison", "delivery"),
    ("mailing", "mailing"),
    ("postal", "mailing"),
    ("correspondence", "mailing"),
    ("home", "home"),
    ("private", "home"),
    ("privat", "home"),
    ("residential", "home"),
    ("residence", "home"),
    ("permanent", "home"),
    ("current", "home"),
    ("work", "work"),
    ("office", "work"),
    ("business", "work"),
    ("registered", "registered"),
    ("legal", "registered"),
];

/// The dictionary: words joined by `_`.
#[rustfmt::skip]
fn look_up(name: &str) -> Option<(Role, Option<&'static str>)> {
    let role = match name {
        "full_name" | "fullname" | "display_name" | "person_name" | "complete_name" | "holder" | "account_holder"
        | "holder_name" | "cardholder" | "contact_name" | "contact_person" | "ansprechpartner" | "customer_name"
        | "nom_complet" | "nombre_completo" | "vollstandiger_name" | "nome_completo" | "name_full"
            => Role::FullName { weak: false },
        "name" | "names" | "naam" | "nom" | "contact" | "customer" | "client" | "kunde" | "full" | "nombre_y_apellidos"
            => Role::FullName { weak: true },
        "title" | "salutation" | "anrede" | "titel" | "civilite" | "tratamiento" | "name_prefix" | "prefix" | "honorific"
            => Role::Title,
        "given_name" | "given_names" | "given" | "first_name" | "first" | "firstname" | "forename" | "forenames" | "fname"
        | "vorname" | "vornamen" | "prenom" | "prenoms" | "nombre" | "nombres" | "voornaam" | "nome" | "christian_name"
        | "fname_c" | "f_name" | "rufname"
            => Role::Given,
        "middle_name" | "middle_names" | "middle" | "middlename" | "mname" | "middle_initial" | "mi" | "second_name"
        | "zweiter_vorname" | "deuxieme_prenom" | "segundo_nombre" | "initials" => Role::Middle,
        "family_name" | "family" | "surname" | "surnames" | "last_name" | "last" | "lastname" | "lname" | "nachname"
        | "familienname" | "zuname" | "nom_de_famille" | "nom_famille" | "apellido" | "apellidos" | "cognome"
        | "achternaam" | "sobrenome" | "lname_c" | "l_name" | "sname" => Role::Family,
        "maiden_name" | "birth_name" | "previous_name" | "former_name" | "previous_surname" | "former_surname"
        | "previous_last_name" | "geburtsname" | "nom_de_jeune_fille" | "nom_de_naissance" | "nee"
        | "previous_family_name" => Role::PreviousFamily,
        "suffix" | "name_suffix" | "generation" | "namenszusatz" => Role::Suffix,
        "company" | "company_name" | "companyname" | "organisation" | "organization" | "organisation_name"
        | "organization_name" | "org" | "org_name" | "business_name" | "businessname" | "firm" | "firm_name" | "firma"
        | "firmenname" | "firmenbezeichnung" | "unternehmen" | "unternehmensname" | "societe" | "raison_sociale"
        | "empresa" | "razon_social" | "ragione_sociale" | "denominazione" | "legal_name" | "trading_name" | "bedrijf"
        | "bedrijfsnaam" | "entreprise" | "legal_entity" | "corporation" => Role::Organisation,
        "dob" | "d_o_b" | "birth_date" | "birthdate" | "date_of_birth" | "dateofbirth" | "birthday" | "bday" | "born"
        | "born_on" | "birth_dt" | "geburtsdatum" | "geb_datum" | "geb_dat" | "gebdat" | "geburtstag"
        | "date_de_naissance" | "date_naissance" | "naissance" | "fecha_de_nacimiento" | "fecha_nacimiento"
        | "nacimiento" | "data_di_nascita" | "data_nascita" | "geboortedatum" | "birth" => Role::BirthDate,
        "birth_year" | "year_of_birth" | "yob" | "by" | "geburtsjahr" | "annee_de_naissance" => Role::BirthYear,
        "birth_month" | "month_of_birth" | "mob" | "bm" | "geburtsmonat" => Role::BirthMonth,
        "birth_day" | "day_of_birth" | "bd" => Role::BirthDay,
        "gender" | "sex" | "geschlecht" | "sexe" | "sexo" | "sesso" | "geslacht" => Role::Gender,
        "language" | "lang" | "locale" | "preferred_language" | "sprache" | "langue" | "idioma" | "lingua"
        | "language_code" => Role::Language,
        "lifecycle" | "lifecycle_stage" | "status" | "state_of_customer" | "statut" | "kundenstatus" | "account_status"
        | "customer_status" => Role::Lifecycle,
        "website" | "web_site" | "url" | "homepage" | "web" | "webseite" | "site_web" => Role::Website,
        "email" | "emails" | "e_mail" | "e_mails" | "mail" | "email_address" | "email_addresses" | "e_mail_address"
        | "mail_address" | "emailaddress" | "email_addr" | "emailadresse" | "e_mail_adresse" | "email_adresse"
        | "mailadresse" | "courriel" | "adresse_mail" | "adresse_email" | "correo" | "correo_electronico" | "e_mail_id"
        | "email_id" => Role::Email,
        "mobile" | "mobile_phone" | "mobile_number" | "mobile_no" | "mobilephone" | "cell" | "cell_phone" | "cellphone"
        | "cell_number" | "handy" | "handynummer" | "mobil" | "mobiltelefon" | "mobilnummer" | "portable"
        | "telephone_portable" | "movil" | "celular" | "telefono_movil" | "cellulare" | "gsm"
            => return Some((Role::Phone, Some("mobile"))),
        "landline" | "home_phone" | "home_number" | "home_telephone" | "festnetz" | "telefon_privat" | "telephone_fixe"
        | "fixe" | "telefono_fijo" | "land_line" | "phone_home" | "fixed_line"
            => return Some((Role::Phone, Some("home"))),
        "work_phone" | "office_phone" | "business_phone" | "work_number" | "telefon_geschaftlich" | "phone_work"
        | "daytime_phone" => return Some((Role::Phone, Some("work"))),
        "phone" | "phones" | "phone_number" | "phone_numbers" | "phone_no" | "phonenumber" | "telephone" | "telephones"
        | "telephone_number" | "telephone_no" | "tel" | "tel_no" | "tel_nr" | "telefon" | "telefonnummer" | "telefono"
        | "rufnummer" | "contact_number" | "contact_no" | "telefoon" | "numero_de_telephone" | "ph" | "msisdn"
            => Role::Phone,
        "fax" | "fax_number" | "fax_no" | "telefax" | "telecopie" => Role::Fax,
        "address" | "addr" | "address_line" | "addressline" | "line" | "street_address" | "streetaddress" | "adresse"
        | "anschrift" | "direccion" | "indirizzo" | "adres" | "addresses" | "postal_address" | "domicilio"
        | "strasse_hausnummer" | "strasse_und_hausnummer" | "adresszeile" | "address_text" | "full_address"
        | "voie" | "street_line" => Role::Address(Part::Line1),
        "address_complement" | "complement_adresse" | "complement_d_adresse" | "complement" | "adresszusatz" | "building"
        | "building_name" | "care_of" | "adresszusatzzeile" => Role::Address(Part::Line2),
        "street_number" | "street_no" | "house_number" | "house_no" | "houseno" | "house_nr" | "house_num" | "hausnummer"
        | "haus_nr" | "hausnr" | "hnr" | "house" | "numero_de_rue" | "numero_rue" | "numero" | "numero_de_voie"
        | "street_num" | "civic_number" | "huisnummer" | "civico" => Role::Address(Part::HouseNumber),
        "street" | "street_name" | "streetname" | "strasse" | "strassenname" | "str" | "rue" | "calle" | "via" | "straat"
        | "road" | "road_name" | "nom_de_rue" => Role::Address(Part::Street),
        "unit" | "unit_number" | "unit_no" | "apartment" | "apartment_number" | "apt" | "apt_no" | "flat" | "flat_number"
        | "suite" | "suite_number" | "wohnung" | "appartement" | "piso" | "unit_designator" => Role::Address(Part::Unit),
        "city" | "city_name" | "town" | "suburb" | "locality" | "ort" | "stadt" | "wohnort" | "ville" | "commune"
        | "ciudad" | "localidad" | "poblacion" | "municipio" | "plaats" | "woonplaats" | "citta" | "comune" | "post_town"
        | "posttown" | "village" | "place" | "town_city" | "city_town" | "localite" => Role::Address(Part::Locality),
        "state" | "region" | "county" | "province" | "prov" | "bundesland" | "departement" | "provincia" | "kanton"
        | "canton" | "prefecture" | "state_province" | "state_code" | "region_name" | "comunidad" | "state_name"
            => Role::Address(Part::Region),
        "postcode" | "post_code" | "zip" | "zip_code" | "zipcode" | "postal_code" | "postalcode" | "plz"
        | "postleitzahl" | "code_postal" | "codepostal" | "cp" | "codigo_postal" | "cap" | "postcd" | "zip_postal_code"
        | "eircode" => Role::Address(Part::Postcode),
        "country" | "country_code" | "country_name" | "countrycode" | "country_iso" | "land" | "pays" | "pais" | "paese"
        | "nation" | "staat" | "laendercode" | "landercode" => Role::Address(Part::Country),
        "ssn" | "soc_sec_id" | "soc_sec_no" | "social_security" | "social_security_number" | "social_security_no"
        | "sozialversicherungsnummer" | "sv_nummer" | "social_insurance_number" | "numero_de_securite_sociale" | "nir"
            => Role::Identifier("social_security"),
        "national_id" | "national_id_number" | "nationalid" | "national_identifier" | "id_card" | "id_card_number"
        | "personalausweisnummer" | "dni" | "nie" | "curp" | "cpf" | "nhs_number" | "nhs_no" | "nino" | "personnummer"
        | "national_insurance_number" | "ni_number" | "codice_fiscale" => Role::Identifier("national_id"),
        "tax_id" | "tax_number" | "taxid" | "tax_no" | "tin" | "ein" | "vat" | "vat_id" | "vat_number" | "vat_no"
        | "vatin" | "ust_id" | "ustid" | "ust_id_nr" | "ustidnr" | "steuernummer" | "steuer_id" | "steuer_nr" | "nif"
        | "cif" | "numero_de_tva" | "numero_tva" | "tva" | "abn" | "partita_iva" | "gstin" => Role::Identifier("tax_id"),
        "company_reg_no" | "company_number" | "company_no" | "company_registration_number" | "registration_number"
        | "registration_no" | "reg_no" | "company_registration" | "handelsregisternummer" | "hrb" | "siret" | "siren"
        | "crn" | "acn" | "kvk" | "kvk_nummer" => Role::Identifier("company_registration"),
        "duns" | "duns_number" | "duns_no" => Role::Identifier("duns"),
        "lei" => Role::Identifier("lei"),
        "passport" | "passport_number" | "passport_no" | "passnummer" | "reisepass" => Role::Identifier("passport"),
        "driving_licence" | "drivers_license" | "driver_license" | "driving_licence_number" | "licence_number"
        | "drivers_license_number" => Role::Identifier("driving_licence"),
        "loyalty_id" | "loyalty_no" | "loyalty_number" | "loyalty_card" | "membership_no" | "membership_number"
        | "card_number" | "bonus_card" => Role::Identifier("loyalty"),
        "iban" => Role::Identifier("iban"),
        "updated_at" | "modified_at" | "last_modified" | "last_modified_at" | "last_modified_date" | "lastmodified"
        | "last_updated" | "last_updated_at" | "last_update" | "modified" | "updated" | "changed_at" | "last_changed"
        | "last_change" | "modification_date" | "modified_on" | "updated_on" | "date_modified" | "date_updated"
        | "modified_date" | "updated_date" | "update_date" | "geandert_am" | "geaendert_am" | "aenderungsdatum"
        | "anderungsdatum" | "letzte_anderung" | "letzte_aenderung" | "modifie_le" | "date_modification"
        | "date_de_modification" | "fecha_modificacion" | "fecha_de_modificacion" | "system_modstamp" | "changed_on"
            => Role::Updated(0),
        "last_seen" | "last_seen_at" | "last_login" | "last_login_at" | "last_activity" | "last_activity_at"
        | "last_active_at" | "last_contact" | "last_contact_at" | "last_order_at" | "last_purchase" | "last_visit"
        | "letzter_kontakt" => Role::Updated(1),
        "account_type" | "customer_type" | "client_type" | "party_type" | "entity_type" | "person_type" | "kundentyp"
        | "kundenart" | "type_client" | "tipo_cliente" | "tipo_de_cliente" | "legal_type" | "type" | "record_type"
        | "is_company" | "is_business" | "is_organisation" | "is_organization" | "is_person" => Role::CustomerType,
        "valid_from" | "since" | "gueltig_ab" | "gultig_ab" | "from_date" => Role::ValidFrom,
        "valid_to" | "valid_until" | "until" | "gueltig_bis" | "gultig_bis" | "to_date" => Role::ValidTo,
        "source" | "source_system" | "source_file" | "data_source" | "origin" => Role::Origin,
        _ if name.starts_with("last_") && (name.ends_with("_at") || name.ends_with("_on")) => Role::Updated(2),
        _ => return None,
    };
    Some((role, None))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Header {
        read(&name.split('>').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn words_of_every_notation() {
        for (name, expected) in [
            ("BillTo_ZipCode2", vec!["bill", "to", "zip", "code", "2"]),
            ("Email Address", vec!["email", "address"]),
            ("line1", vec!["line", "1"]),
            ("Geb.-Datum", vec!["geb", "datum"]),
            ("PRÉNOM", vec!["prenom"]),
            ("CustomerID", vec!["customer", "id"]),
            ("Straße", vec!["strasse"]),
            ("n°", vec!["n"]),
        ] {
            assert_eq!(words(&[name.to_owned()]), expected, "{name}");
        }
    }

    #[test]
    fn names_in_several_languages() {
        for (name, role) in [
            ("first_name", Role::Given),
            ("Vorname", Role::Given),
            ("Prénom", Role::Given),
            ("name>first", Role::Given),
            ("fname_c1", Role::Given),
            ("cust_surname", Role::Family),
            ("Nachname", Role::Family),
            ("apellidos", Role::Family),
            ("lastName", Role::Family),
            ("holder", Role::FullName { weak: false }),
            ("contact>name", Role::FullName { weak: true }),
            ("Geburtsdatum", Role::BirthDate),
            ("DOB", Role::BirthDate),
            ("by", Role::BirthYear),
            ("E-Mail", Role::Email),
            ("contact>emails", Role::Email),
            ("guest_email", Role::Email),
            ("Telefon", Role::Phone),
            ("address_1", Role::Address(Part::Line1)),
            ("address_2", Role::Address(Part::Line2)),
            ("addressLine1", Role::Address(Part::Line1)),
            ("bill_to_line2", Role::Address(Part::Line2)),
            ("house_no", Role::Address(Part::HouseNumber)),
            ("mailing_address_street_number", Role::Address(Part::HouseNumber)),
            ("mailing_address_street_name", Role::Address(Part::Street)),
            ("address>zip", Role::Address(Part::Postcode)),
            ("PLZ", Role::Address(Part::Postcode)),
            ("suburb", Role::Address(Part::Locality)),
            ("soc_sec_id", Role::Identifier("social_security")),
            ("company_reg_no", Role::Identifier("company_registration")),
            ("Firma", Role::Organisation),
            ("employer_name", Role::Organisation),
            ("last_ticket_at", Role::Updated(2)),
            ("Last Modified", Role::Updated(0)),
            ("consent>marketing_email", Role::Consent),
            ("marketing opt-in", Role::Consent),
            ("account_type", Role::CustomerType),
            ("Source", Role::Origin),
        ] {
            assert!(matches!(of(name), Header::Known(known) if known.role == role), "{name}: {:?}", of(name));
        }
    }

    #[test]
    fn purposes_and_numbers() {
        for (name, purpose, number) in [
            ("email_2", None, Some(2)),
            ("work_email", Some("work"), None),
            ("mobile", Some("mobile"), None),
            ("landline", Some("home"), None),
            ("bill_to_city", Some("billing"), None),
            ("shipping_zip", Some("delivery"), None),
            ("postal_code", None, None),
        ] {
            let Header::Known(known) = of(name) else { panic!("{name} is not known") };
            assert_eq!((known.purpose, known.number), (purpose, number), "{name}");
        }
    }

    #[test]
    fn others_and_things_are_not_the_customer() {
        for name in ["spouse_first_name", "dependent_1_ssn", "employer_zipcode", "Executive Director", "parent_email"] {
            assert_eq!(of(name), Header::SomebodyElse, "{name}");
        }
        for name in ["Site name", "Program Name", "album_title", "points", "tier", "balance", "", "Length of Day"] {
            assert_eq!(of(name), Header::Unknown, "{name}");
        }
    }
}
