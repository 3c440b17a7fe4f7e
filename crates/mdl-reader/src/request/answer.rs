use std::fmt;

use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::data_elements::age_over::{self, AgeAnswer};
use mdl_mdoc::device_request::{DeviceRequest, RequestedElement};

use crate::{Conditions, Report, Verdict, VerifiedDocument, Verifier};

/// A verified response, held against the request that it answers.
#[derive(Debug)]
pub struct Answer<'a> {
    report: Report<'a>,
    documents: Vec<DocumentAnswer>,
    missing_documents: Vec<String>,
}

/// What one valid document says of what was asked for. Documents that are not valid say nothing, and have none of these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DocumentAnswer {
    /// Position of the document in the report.
    pub index: usize,
    /// Whether a document of its type was asked for.
    pub is_requested: bool,
    /// Asked for and not returned, in the order of the request.
    pub missing: Vec<ElementName>,
    /// Returned and not asked for, in the order of the response.
    pub not_requested: Vec<ElementName>,
    /// Returned, and the reader has said that it will keep it. It has promised to forget all else, digests and
    /// signatures included, when the transaction is over.
    pub retained: Vec<ElementName>,
    /// The ages that were asked for, with what the returned statements prove, whichever age these name.
    pub ages: Vec<(u8, AgeAnswer)>,
}

/// Name space and identifier of an element.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ElementName {
    /// The name space.
    pub name_space: String,
    /// The element identifier.
    pub element_identifier: String,
}

impl ElementName {
    fn new(name_space: &str, element_identifier: &str) -> Self {
        Self {
            name_space: name_space.to_owned(),
            element_identifier: element_identifier.to_owned(),
        }
    }
}

impl fmt::Display for ElementName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.name_space, self.element_identifier)
    }
}

impl Verifier {
    /// Verifies a `DeviceResponse` and holds it against `request`, the reader's own of this session.
    ///
    /// Where the request is for one document type, a document of another is rejected, as if
    /// [`Conditions::doc_type`] said so.
    pub fn verify_answer<'a>(
        &self,
        request: &DeviceRequest<'_>,
        response: &'a [u8],
        conditions: &Conditions<'_>,
    ) -> Answer<'a> {
        let mut doc_types = doc_types(request);
        let only = match doc_types.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
        let conditions = Conditions {
            doc_type: conditions.doc_type.or(only),
            ..*conditions
        };
        let report = self.verify(response, &conditions);
        let documents: Vec<_> = (0..report.documents().len())
            .filter_map(|index| Some(compare(request, index, &report.verified(index)?)))
            .collect();
        let verified = documents
            .iter()
            .filter_map(|answer| report.documents().get(answer.index));
        let returned: Vec<_> = verified.map(|document| document.doc_type()).collect();
        doc_types.retain(|doc_type| !returned.contains(doc_type));
        Answer {
            missing_documents: doc_types.into_iter().map(str::to_owned).collect(),
            report,
            documents,
        }
    }
}

impl<'a> Answer<'a> {
    /// Every check, whatever was asked for.
    #[must_use]
    pub const fn report(&self) -> &Report<'a> {
        &self.report
    }

    /// What each valid document says of what was asked for.
    #[must_use]
    pub fn documents(&self) -> &[DocumentAnswer] {
        &self.documents
    }

    /// Document types that were asked for, and of which there is no valid document.
    #[must_use]
    pub fn missing_documents(&self) -> &[String] {
        &self.missing_documents
    }

    /// Whether everything in the response is valid, of a type that was asked for, and nothing of the request is missing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.report.verdict() == Verdict::Valid
            && self.missing_documents.is_empty()
            && self
                .documents
                .iter()
                .all(|document| document.is_requested && document.missing.is_empty())
    }

    /// Document number `index`, if it is valid and of a type that was asked for.
    #[must_use]
    pub fn verified(&self, index: usize) -> Option<VerifiedDocument<'_>> {
        let mut documents = self.documents.iter();
        documents.find(|document| document.index == index && document.is_requested)?;
        self.report.verified(index)
    }
}

/// The document types of a request, each once.
fn doc_types<'r>(request: &DeviceRequest<'r>) -> Vec<&'r str> {
    let mut doc_types = Vec::new();
    for doc_request in &request.doc_requests {
        let doc_type = doc_request.items_request.doc_type;
        if !doc_types.contains(&doc_type) {
            doc_types.push(doc_type);
        }
    }
    doc_types
}

fn compare(
    request: &DeviceRequest<'_>,
    index: usize,
    document: &VerifiedDocument<'_>,
) -> DocumentAnswer {
    let requests = request
        .doc_requests
        .iter()
        .map(|request| &request.items_request);
    let requests: Vec<_> = requests
        .filter(|items_request| items_request.doc_type == document.doc_type())
        .collect();
    let asked: Vec<_> = requests
        .iter()
        .flat_map(|items_request| items_request.elements())
        .collect();
    let returned: Vec<_> = document
        .elements()
        .chain(document.device_signed_elements())
        .collect();
    let statements: Vec<_> = returned
        .iter()
        .filter(|(name_space, _, _)| *name_space == MDL_NAME_SPACE)
        .filter_map(|(_, identifier, value)| {
            Some((age_over::years_of(identifier)?, value.as_bool()?))
        })
        .collect();
    let is_returned = |name_space: &str, identifier: &str| {
        returned
            .iter()
            .any(|(space, name, _)| *space == name_space && *name == identifier)
    };

    let mut answer = DocumentAnswer {
        index,
        is_requested: !requests.is_empty(),
        missing: Vec::new(),
        not_requested: Vec::new(),
        retained: Vec::new(),
        ages: Vec::new(),
    };
    for (name_space, element) in &asked {
        let identifier = element.element_identifier;
        let is_answered = match asked_age(name_space, element) {
            None => is_returned(name_space, identifier),
            Some(years) => {
                let proven = age_over::proven(years, statements.iter().copied());
                answer.ages.push((years, proven));
                matches!(proven, AgeAnswer::Reached | AgeAnswer::NotReached)
            }
        };
        if !is_answered {
            answer
                .missing
                .push(ElementName::new(name_space, identifier));
        }
    }
    for (name_space, identifier, value) in &returned {
        let statement = age_over::years_of(identifier).zip(value.as_bool());
        let answers = |(asked_space, asked): &(&str, RequestedElement<'_>)| {
            let same = *asked_space == *name_space && asked.element_identifier == *identifier;
            let decides = asked_age(asked_space, asked)
                .filter(|_| *name_space == MDL_NAME_SPACE)
                .zip(statement)
                .is_some_and(|(years, statement)| {
                    age_over::proven(years, [statement]) != AgeAnswer::Undecided
                });
            same || decides
        };
        let mut asked_by = asked.iter().filter(|asked| answers(asked)).peekable();
        let name = ElementName::new(name_space, identifier);
        if asked_by.peek().is_none() {
            answer.not_requested.push(name);
        } else if asked_by.any(|(_, element)| element.intent_to_retain) {
            answer.retained.push(name);
        }
    }
    answer
}

fn asked_age(name_space: &str, element: &RequestedElement<'_>) -> Option<u8> {
    age_over::years_of(element.element_identifier).filter(|_| name_space == MDL_NAME_SPACE)
}
