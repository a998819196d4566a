//! The dictionary of column names: what is said of a customer in English, German, French, Spanish, a little Italian and
//! Dutch, and what exports abbreviate it to.

use super::column_name::{Part, Role};

/// What a column called `name` may hold, and what that is for; `name` is words joined by `_`, folded.
#[rustfmt::skip]
pub(super) fn look_up(name: &str) -> Option<(Role, Option<&'static str>)> {
    let role = match name {
        "full_name" | "fullname" | "display_name" | "person_name" | "complete_name" | "holder" | "account_holder"
        | "holder_name" | "cardholder" | "contact_name" | "contact_person" | "ansprechpartner" | "customer_name"
        | "apellidos_y_nombre" | "apellidos_nombre" | "nombre_apellidos" | "nom_complet" | "nombre_completo" | "vollstandiger_name" | "nome_completo" | "name_full"
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
        | "date_de_naissance" | "date_naissance" | "naissance" | "fecha_de_nacimiento" | "fec_nac" | "fecha_nac" | "f_nac" | "fecha_nacimiento"
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
        | "rufnummer" | "tfno" | "tlf" | "tlfno" | "tlf_contacto" | "tel_contacto" | "telefono_contacto" | "contact_number" | "contact_no" | "telefoon" | "numero_de_telephone" | "ph" | "msisdn"
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
        | "postleitzahl" | "code_postal" | "codepostal" | "cp" | "codigo_postal" | "cod_postal" | "cap" | "postcd" | "zip_postal_code"
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
        "mrn" | "medical_record_number" | "medical_record_no" => Role::Identifier("medical_record"),
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
