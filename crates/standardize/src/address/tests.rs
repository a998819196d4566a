use proptest::prelude::*;

use super::*;

/// One line with the parts that are there: line1 | line2 | locality | region | postcode.
fn show(address: &Address) -> String {
    let parts = [&address.line1, &address.line2, &address.locality, &address.region, &address.postal_code];
    parts.map(|part| part.as_deref().unwrap_or("-")).join(" | ")
}

#[test]
fn one_line() {
    fn check(line: &str, country: &str, expected: &str) {
        let input = AddressInput { line1: Some(line), ..AddressInput::default() };
        assert_eq!(show(&parse(&input, country).expect(line)), expected, "{line}");
    }
    check("12 Main St, Springfield, IL 62704", "US", "12 Main Street | - | Springfield | IL | 62704");
    check(
        "12 Main St Apt 4, Springfield, Illinois, 62704-1234",
        "US",
        "12 Main Street | Apt 4 | Springfield | IL | 62704-1234",
    );
    check("12 MAIN ST SPRINGFIELD IL 62704", "US", "12 Main Street | - | Springfield | IL | 62704");
    check("12 Main St, New York, NY 10001, USA", "DE", "12 Main Street | - | New York | NY | 10001");
    check("10 Downing Street, London SW1A 2AA", "GB", "10 Downing Street | - | London | - | SW1A 2AA");
    check("Flat 3, 12 High St, Leeds, LS1 4AP", "GB", "12 High Street | Flat 3 | Leeds | - | LS1 4AP");
    check("Hauptstr. 5, 10115 Berlin", "DE", "Hauptstraße 5 | - | Berlin | - | 10115");
    check("Hauptstr. 5 10115 Berlin", "DE", "Hauptstraße 5 | - | Berlin | - | 10115");
    check("12, rue de Rivoli, 75001 Paris", "FR", "12 Rue de Rivoli | - | Paris | - | 75001");
    check("Via Roma, 12, 00184 Roma", "IT", "Via Roma 12 | - | Roma | - | 00184");
    check("ul. Długa 12/3, 00-950 Warszawa", "PL", "ulica Długa 12 | 3 | Warszawa | - | 00-950");
    check("Kerkstraat 12a, 1017 GP Amsterdam", "NL", "Kerkstraat 12a | - | Amsterdam | - | 1017 GP");
    check("3/12 Smith St, Parramatta NSW 2150", "AU", "12 Smith Street | Unit 3 | Parramatta | NSW | 2150");
    check("PO Box 12, Springfield, IL 62704", "US", "PO Box 12 | - | Springfield | IL | 62704");
    check("12 Main St", "US", "12 Main Street | - | - | - | -");
}

#[test]
fn street_lines() {
    fn check(line: &str, country: &str, expected: &str) {
        let input = AddressInput { line1: Some(line), locality: Some("X-Town"), ..AddressInput::default() };
        let address = parse(&input, country).expect(line);
        let parts = [&address.house_number, &address.street, &address.street_type, &address.unit];
        assert_eq!(parts.map(|part| part.as_deref().unwrap_or("-")).join(" | "), expected, "{line}");
    }
    check("12 main street", "US", "12 | Main Street | Street | -");
    check("12 N. Main St. #4b", "US", "12 | North Main Street | Street | Unit 4B");
    check("123 5th Ave NW Ste 300", "US", "123 | 5th Avenue Northwest | Avenue | Suite 300");
    check("12A St. James's Place", "GB", "12a | St. James's Place | Place | -");
    check("5 W 42ND ST FL 3", "US", "5 | West 42nd Street | Street | Floor 3");
    check("174 Swanto N Street", "US", "174 | Swanto N Street | Street | -");
    check("115, Woodleigh", "AU", "115 | Woodleigh | - | -");
    check("US Highway 50", "US", "- | US Highway 50 | - | -");
    check("Avenue de la République 12", "FR", "12 | Avenue de la République | Avenue | -");
    check("12 bis av. Foch", "FR", "12 bis | Avenue Foch | Avenue | -");
    check("C/ Mayor 7", "ES", "7 | Calle Mayor | Calle | -");
    check("Lange Str. 5 a", "DE", "5a | Lange Straße | Straße | -");
    check("HAUPTSTRASSE 5", "DE", "5 | Hauptstraße | straße | -");
    check("Bahnhofstr. 7", "CH", "7 | Bahnhofstrasse | strasse | -");
    check("Straße des 17. Juni 135", "DE", "135 | Straße des 17. Juni | straße | -");
    check("Am Weg 3", "DE", "3 | Am Weg | Weg | -");
    check("Damrak 12", "NL", "12 | Damrak | - | -");
    check("Rose Cottage", "GB", "- | Rose Cottage | - | -");
}

#[test]
fn parts_given_apart() {
    let input = AddressInput {
        house_number: Some("117.0"),
        street: Some("jacobs street"),
        line2: Some("blue hills"),
        locality: Some("frankston"),
        postcode: Some("2198"),
        region: Some("nsw"),
        ..AddressInput::default()
    };
    assert_eq!(show(&parse(&input, "AU").unwrap()), "117 Jacobs Street | Blue Hills | Frankston | NSW | 2198");
    let input =
        AddressInput { locality: Some("Springfield, IL 62704"), line1: Some("12 Main St"), ..AddressInput::default() };
    assert_eq!(show(&parse(&input, "US").unwrap()), "12 Main Street | - | Springfield | IL | 62704");
    let input = AddressInput { locality: Some("n/a"), line1: Some("-"), ..AddressInput::default() };
    assert_eq!(parse(&input, "US"), None);
    let of = |country| {
        let input = AddressInput { line1: Some("12 Main St"), country: Some(country), ..AddressInput::default() };
        parse(&input, "US").and_then(|address| address.country)
    };
    assert_eq!(["Narnia", "F", " ", "n/a"].map(of), [None, Some("FR".into()), Some("US".into()), Some("US".into())]);
    let input = AddressInput { country: Some("Deutschland"), postcode: Some("1067"), ..AddressInput::default() };
    assert_eq!(parse(&input, "US").and_then(|a| a.postal_code).as_deref(), Some("01067"));
}

#[test]
fn spellings_of_one_address_share_their_key() {
    fn check(country: &str, a: &str, b: &str) {
        let key = |line| {
            match_key(&parse(&AddressInput { line1: Some(line), ..AddressInput::default() }, country).expect(line))
        };
        assert_eq!(key(a), key(b), "{a} {b}");
    }
    check("US", "12 N Main St, Springfield, IL 62704", "12 North Main Street, SPRINGFIELD IL 62704");
    check("DE", "Hauptstr. 5, 10115 Berlin", "HAUPTSTRASSE 5, 10115 BERLIN");
    check("PL", "ul. Długa 12", "Dluga 12");
    check("US", "1 Elm Ave Apt 4", "1 Elm Avenue #4");
}

#[test]
fn postcodes() {
    fn check(raw: &str, country: &str, expected: Option<&str>) {
        assert_eq!(postcode(raw, country).as_deref(), expected, "{raw} {country}");
    }
    check("62704.0", "US", Some("62704"));
    check("k1a0b6", "CA", Some("K1A 0B6"));
    check("800", "AU", Some("0800"));
    check("CH-8001", "CH", Some("8001"));
    check("A-1010", "AT", Some("1010"));
    check("1234-567", "PT", Some("1234-567"));
    check("11122", "SE", Some("111 22"));
    check("d02af30", "IE", Some("D02 AF30"));
    check("wrong", "US", Some("WRONG"));
    check("12345", "ZZ", Some("12345"));
    check(" - ", "US", None);
}

proptest! {
    #[test]
    fn never_panics(line in ".{0,60}", words in "((12|a|Apt|#|St|N|,|Str\\.|PO|Box|C/|10115|IL|½|é) ?){0,8}", country in "US|DE|GB|FR|AU|PL|NL|ES||XX") {
        for line in [line.as_str(), words.as_str()] {
            for input in [
                AddressInput { line1: Some(line), ..AddressInput::default() },
                AddressInput { street: Some(line), house_number: Some(line), unit: Some(line), locality: Some("X"), postcode: Some(line), ..AddressInput::default() },
                AddressInput { locality: Some(line), region: Some(line), country: Some(line), ..AddressInput::default() },
            ] {
                if let Some(address) = parse(&input, &country) {
                    let _ = match_key(&address);
                }
            }
        }
    }

    #[test]
    fn postcodes_are_idempotent(raw in "[A-Za-z0-9 .-]{0,10}|.{0,10}", country in "US|DE|GB|FR|AU|PL|NL|ES|CA|CH|SE|BR|BE|XX") {
        let once = postcode(&raw, &country);
        prop_assert_eq!(once.as_deref().and_then(|code| postcode(code, &country)), once);
    }
}
