//! The small XML documents object stores answer with.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

/// An element that ended.
pub(crate) struct Element<'a> {
    /// The names of the elements it lies in, and its own, without namespaces.
    pub(crate) path: &'a [String],
    pub(crate) text: &'a str,
    /// It has the attribute `Encoded="true"`: its text is percent-encoded.
    pub(crate) encoded: bool,
}

/// Calls `see` for every element of `document` at its end; `None` where the document is broken.
pub(crate) fn walk(document: &str, mut see: impl FnMut(Element<'_>)) -> Option<()> {
    let mut reader = Reader::from_str(document);
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<String> = Vec::new();
    let (mut text, mut encoded) = (String::new(), false);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(start.local_name().as_ref().to_owned());
                text.clear();
                encoded = start.try_get_attribute("Encoded").ok()?.is_some_and(|found| &*found.value == "true");
            }
            Event::End(_) => {
                see(Element { path: &path, text: &text, encoded });
                path.pop();
                text.clear();
                encoded = false;
            }
            Event::Text(part) => text.push_str(&part.xml10_content()),
            Event::CData(part) => text.push_str(&part.xml10_content()),
            Event::GeneralRef(reference) => match reference.resolve_char_ref().ok()? {
                Some(character) => text.push(character),
                None => text.push_str(resolve_predefined_entity(&reference)?),
            },
            Event::Eof => return path.is_empty().then_some(()),
            _ => {}
        }
    }
}

/// The text of the first element called `name`, wherever it lies.
pub(crate) fn first(document: &str, name: &str) -> Option<String> {
    let mut found = None;
    walk(document, |element| {
        if found.is_none() && element.path.last().is_some_and(|last| last == name) {
            found = Some(element.text.to_owned());
        }
    })?;
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_put_together_from_their_parts() {
        let document =
            "<?xml version=\"1.0\"?><E xmlns=\"x\"><Code>A&amp;&#233;<![CDATA[<]]></Code><Code>B</Code><N/></E>";
        assert_eq!(first(document, "Code").as_deref(), Some("A&é<"));
        assert_eq!(first(document, "N").as_deref(), Some(""));
        assert_eq!(first("<E><Code>A</Code>", "Code"), None, "cut short");
        assert_eq!(first("no XML", "Code"), None);
    }
}
