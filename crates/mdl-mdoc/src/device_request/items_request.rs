use crate::cbor::{Checker, DecodeError, DecodeErrorKind, RawItem, Reader, Writer};
use crate::issuer_signed::member_name;

/// Nesting at which `ItemsRequest` starts: a map, an array, a map and a tag around it.
const LEVEL: u8 = 5;

/// `ItemsRequest`: the elements of one document type that are asked for.
#[derive(Clone, Debug)]
pub struct ItemsRequest<'a> {
    /// `ItemsRequestBytes`, `#6.24(bstr)`, as received: what the reader signs.
    pub encoded: RawItem<'a>,
    /// `docType`.
    pub doc_type: &'a str,
    /// `nameSpaces`: elements by name space, in the order received; at least one of each.
    pub name_spaces: Vec<(&'a str, Vec<RequestedElement<'a>>)>,
    /// `requestInfo`: additional information, whose members the second edition gives a meaning.
    pub request_info: Option<RawItem<'a>>,
}

/// One element that is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RequestedElement<'a> {
    /// The element.
    pub element_identifier: &'a str,
    /// Whether the reader means to keep it longer than it needs for the transaction; digests and signatures count as
    /// the element (8.3.2.1.2.1).
    pub intent_to_retain: bool,
}

impl<'a> ItemsRequest<'a> {
    /// The elements with their name spaces, in the order received.
    pub fn elements(&self) -> impl Iterator<Item = (&'a str, RequestedElement<'a>)> + '_ {
        self.name_spaces.iter().flat_map(|(name_space, elements)| {
            elements.iter().map(move |element| (*name_space, *element))
        })
    }

    pub(super) fn read(
        reader: &mut Reader<'a>,
        checker: &mut Checker<'a>,
    ) -> Result<Self, DecodeError> {
        let (content, encoded) = reader.encoded_cbor("ItemsRequestBytes")?;
        checker.check_embedded(content, LEVEL)?;
        let mut reader = Reader::new(content, checker.offset_of(content));
        let start = reader.clone();
        let missing = |member| start.error(DecodeErrorKind::Missing { member });
        let (mut doc_type, mut name_spaces, mut request_info) = (None, None, None);
        let mut entries = reader.map("ItemsRequest")?;
        while reader.has_entry(&mut entries) {
            match member_name(&mut reader)? {
                Some(b"docType") => doc_type = Some(reader.text("docType")?),
                Some(b"nameSpaces") => name_spaces = Some(read_name_spaces(&mut reader)?),
                Some(b"requestInfo") => {
                    let info = reader.clone();
                    reader.map("requestInfo")?;
                    reader = info;
                    request_info = Some(reader.raw()?);
                }
                _ => reader.skip()?,
            }
        }
        Ok(Self {
            encoded,
            doc_type: doc_type.ok_or_else(|| missing("docType"))?,
            name_spaces: name_spaces.ok_or_else(|| missing("nameSpaces"))?,
            request_info,
        })
    }
}

type NameSpaces<'a> = Vec<(&'a str, Vec<RequestedElement<'a>>)>;

fn read_name_spaces<'a>(reader: &mut Reader<'a>) -> Result<NameSpaces<'a>, DecodeError> {
    let start = reader.clone();
    let mut name_spaces = Vec::new();
    let mut entries = reader.map("nameSpaces")?;
    while reader.has_entry(&mut entries) {
        let name_space = reader.text("name space")?;
        let of_name_space = reader.clone();
        let mut elements = Vec::new();
        let mut data_elements = reader.map("DataElements")?;
        while reader.has_entry(&mut data_elements) {
            elements.push(RequestedElement {
                element_identifier: reader.text("element identifier")?,
                intent_to_retain: reader.boolean("intentToRetain")?,
            });
        }
        if elements.is_empty() {
            return Err(of_name_space.error(EMPTY));
        }
        name_spaces.push((name_space, elements));
    }
    if name_spaces.is_empty() {
        return Err(start.error(EMPTY));
    }
    Ok(name_spaces)
}

const EMPTY: DecodeErrorKind = DecodeErrorKind::OutOfRange {
    member: "nameSpaces",
    rule: "at least one element",
};

/// An `ItemsRequest` being put together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnsignedItemsRequest {
    doc_type: String,
    name_spaces: Vec<(String, Vec<(String, bool)>)>,
}

impl UnsignedItemsRequest {
    /// Asks for nothing yet of a document of this type.
    #[must_use]
    pub fn new(doc_type: &str) -> Self {
        Self {
            doc_type: doc_type.to_owned(),
            name_spaces: Vec::new(),
        }
    }

    /// Asks for one element, not to be kept.
    #[must_use]
    pub fn element(self, name_space: &str, element_identifier: &str) -> Self {
        self.ask(name_space, element_identifier, false)
    }

    /// Asks for one element, and says that it will be kept ([`RequestedElement::intent_to_retain`]).
    #[must_use]
    pub fn retained_element(self, name_space: &str, element_identifier: &str) -> Self {
        self.ask(name_space, element_identifier, true)
    }

    /// An element that was asked for before is not asked for twice, but may have to be kept now.
    fn ask(mut self, name_space: &str, element_identifier: &str, intent_to_retain: bool) -> Self {
        let mut name_spaces = self.name_spaces.iter();
        let at = name_spaces.position(|(name, _)| name == name_space);
        let at = at.unwrap_or(self.name_spaces.len());
        if at == self.name_spaces.len() {
            self.name_spaces.push((name_space.to_owned(), Vec::new()));
        }
        if let Some((_, elements)) = self.name_spaces.get_mut(at) {
            match elements
                .iter_mut()
                .find(|(name, _)| name == element_identifier)
            {
                Some((_, retain)) => *retain |= intent_to_retain,
                None => elements.push((element_identifier.to_owned(), intent_to_retain)),
            }
        }
        self
    }

    /// The document type.
    #[must_use]
    pub fn doc_type(&self) -> &str {
        &self.doc_type
    }

    /// The elements: name space, identifier, whether it is to be kept.
    pub fn elements(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.name_spaces.iter().flat_map(|(name_space, elements)| {
            elements.iter().map(move |(identifier, retain)| {
                (name_space.as_str(), identifier.as_str(), *retain)
            })
        })
    }

    /// `ItemsRequestBytes`.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.map(2).text("docType").text(&self.doc_type);
        writer.text("nameSpaces").map(self.name_spaces.len());
        for (name_space, elements) in &self.name_spaces {
            writer.text(name_space).map(elements.len());
            for (identifier, intent_to_retain) in elements {
                writer.text(identifier).boolean(*intent_to_retain);
            }
        }
        let mut tagged = Writer::with_capacity(writer.len() + 8);
        tagged.encoded_cbor(writer.as_slice());
        tagged.into_bytes()
    }
}
