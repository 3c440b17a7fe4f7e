//! A licence that breaks no rule, to be changed one element at a time.

use mdl_mdoc::MDL_DOC_TYPE;
use mdl_mdoc::cbor::Value;
use mdl_mdoc::data_elements::{
    DataElement, DocumentSignerName, ElementGate, GateContext, GateReport, Rule, aamva_name_space,
    iso_name_space,
};
use time::macros::datetime;

pub(crate) const ISO: &str = iso_name_space::NAME_SPACE;
pub(crate) const AAMVA: &str = aamva_name_space::NAME_SPACE;

/// The smallest JPEG that passes: a frame of 1 by 1, a scan with a stuffed byte and a restart marker.
pub(crate) const JPEG: &[u8] =
    b"\xff\xd8\xff\xe0\x00\x04JF\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\
    \xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x12\xff\x00\x34\xff\xd0\x56\xff\xd9";

/// The same with Exif instead of JFIF.
pub(crate) const EXIF: &[u8] =
    b"\xff\xd8\xff\xe1\x00\x04Ex\xff\xc0\x00\x0b\x08\x00\x01\x00\x01\x01\x01\x11\x00\
    \xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x12\xff\xd9";

/// The smallest bare JPEG 2000 codestream that passes.
pub(crate) const CODESTREAM: &[u8] =
    b"\xff\x4f\xff\x51\x00\x29\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01\
    \x00\x00\x00\x00\x00\x00\x00\x00\xff\xd9";

pub(crate) const TEMPLATE: &[u8] = &[0x7f, 0x61, 0x02, 0x02, 0x00];

/// Elements of a document that is about to be signed, and what they are signed with.
#[derive(Clone)]
pub(crate) struct Licence {
    pub(crate) elements: Vec<(&'static str, &'static str, Value<'static>)>,
    pub(crate) context: GateContext<'static>,
}

pub(crate) fn full_date(text: &'static str) -> Value<'static> {
    Value::Tag(1004, Box::new(Value::Text(text)))
}

pub(crate) fn tdate(text: &'static str) -> Value<'static> {
    Value::Tag(0, Box::new(Value::Text(text)))
}

pub(crate) fn map(members: &[(&'static str, Value<'static>)]) -> Value<'static> {
    Value::Map(
        members
            .iter()
            .map(|(name, value)| (Value::Text(name), value.clone()))
            .collect(),
    )
}

/// Every element of both tables, `age_over_NN` and `biometric_template_xx` once each.
pub(crate) fn complete() -> Licence {
    let text = Value::Text;
    let number = Value::Unsigned;
    let privilege = map(&[
        ("vehicle_category_code", text("B")),
        ("issue_date", full_date("2017-02-23")),
        ("expiry_date", full_date("2034-10-20")),
        (
            "codes",
            Value::Array(vec![map(&[
                ("code", text("S01")),
                ("sign", text("<=")),
                ("value", text("2500")),
            ])]),
        ),
    ]);
    let domestic = map(&[
        (
            "domestic_vehicle_class",
            map(&[
                ("domestic_vehicle_class_code", text("C")),
                ("domestic_vehicle_class_description", text("standard")),
                ("issue_date", full_date("2017-02-23")),
                ("expiry_date", full_date("2034-10-20")),
            ]),
        ),
        (
            "domestic_vehicle_restrictions",
            Value::Array(vec![map(&[(
                "domestic_vehicle_restriction_description",
                text("corrective lenses"),
            )])]),
        ),
        (
            "domestic_vehicle_endorsements",
            Value::Array(vec![map(&[
                ("domestic_vehicle_endorsement_code", text("M")),
                (
                    "domestic_vehicle_endorsement_description",
                    text("motorcycle"),
                ),
            ])]),
        ),
    ]);
    let elements = vec![
        (ISO, "family_name", text("Mustermann")),
        (ISO, "given_name", text("Erika")),
        (ISO, "birth_date", full_date("1990-06-15")),
        (ISO, "issue_date", full_date("2024-10-20")),
        (ISO, "expiry_date", tdate("2034-10-20T00:00:00Z")),
        (ISO, "issuing_country", text("US")),
        (
            ISO,
            "issuing_authority",
            text("Department of Motor Vehicles"),
        ),
        (ISO, "document_number", text("I1234568")),
        (ISO, "portrait", Value::Bytes(JPEG)),
        (ISO, "driving_privileges", Value::Array(vec![privilege])),
        (ISO, "un_distinguishing_sign", text("USA")),
        (ISO, "administrative_number", text("A-77")),
        (ISO, "sex", number(2)),
        (ISO, "height", number(176)),
        (ISO, "weight", number(68)),
        (ISO, "eye_colour", text("green")),
        (ISO, "hair_colour", text("auburn")),
        (ISO, "birth_place", text("München")),
        (ISO, "resident_address", text("1 Main Street")),
        (ISO, "portrait_capture_date", tdate("2024-09-01T10:00:00Z")),
        (ISO, "age_in_years", number(35)),
        (ISO, "age_birth_year", number(1990)),
        (ISO, "age_over_18", Value::Bool(true)),
        (ISO, "issuing_jurisdiction", text("US-CA")),
        (ISO, "nationality", text("DE")),
        (ISO, "resident_street", text("Main Street")),
        (ISO, "resident_city", text("Sacramento")),
        (ISO, "resident_state", text("California")),
        (ISO, "resident_postal_code", text("95814")),
        (ISO, "resident_country", text("US")),
        (ISO, "biometric_template_face", Value::Bytes(TEMPLATE)),
        (ISO, "family_name_national_character", text("Мустерман")),
        (ISO, "given_name_national_character", text("エリカ")),
        (ISO, "signature_usual_mark", Value::Bytes(EXIF)),
        (
            AAMVA,
            "domestic_driving_privileges",
            Value::Array(vec![domestic]),
        ),
        (AAMVA, "name_suffix", text("VIII")),
        (AAMVA, "organ_donor", number(1)),
        (AAMVA, "veteran", number(1)),
        (AAMVA, "family_name_truncation", text("N")),
        (AAMVA, "given_name_truncation", text("N")),
        (AAMVA, "aka_family_name.v2", text("Musterfrau")),
        (AAMVA, "aka_family_name", text("Musterfrau")),
        (AAMVA, "aka_given_name.v2", text("Rike")),
        (AAMVA, "aka_given_name", text("Rike")),
        (AAMVA, "aka_suffix", text("JR")),
        (AAMVA, "weight_range", number(3)),
        (AAMVA, "race_ethnicity", text("W")),
        (AAMVA, "EDL_credential", number(1)),
        (AAMVA, "sex", number(2)),
        (AAMVA, "DHS_compliance", text("F")),
        (AAMVA, "DHS_compliance_text", text("agreed text")),
        (AAMVA, "DHS_temporary_lawful_status", number(1)),
        (AAMVA, "resident_county", text("067")),
        (
            AAMVA,
            "hazmat_endorsement_expiration_date",
            full_date("2034-10-20"),
        ),
        (AAMVA, "CDL_indicator", number(1)),
        (AAMVA, "audit_information", text("station 4")),
        (AAMVA, "aamva_version", number(2)),
    ];
    let valid_from = datetime!(2026-01-10 00:00 UTC);
    let mut context = GateContext::new(MDL_DOC_TYPE, valid_from, datetime!(2026-02-10 00:00 UTC));
    context.document_signer = Some(DocumentSignerName {
        country: "US",
        state: Some("US-CA"),
    });
    Licence { elements, context }
}

impl Licence {
    /// The value of an element, to be changed.
    pub(crate) fn value(&mut self, name_space: &str, identifier: &str) -> &mut Value<'static> {
        let of_name = |(ns, id, _): &&mut (&str, &str, Value<'static>)| {
            *ns == name_space && *id == identifier
        };
        &mut self
            .elements
            .iter_mut()
            .find(of_name)
            .expect("the complete licence has it")
            .2
    }

    pub(crate) fn set(&mut self, identifier: &'static str, value: Value<'static>) {
        match self
            .elements
            .iter_mut()
            .find(|(ns, id, _)| *ns == ISO && *id == identifier)
        {
            Some((_, _, old)) => *old = value,
            None => self.elements.push((ISO, identifier, value)),
        }
    }

    pub(crate) fn set_aamva(&mut self, identifier: &str, value: Value<'static>) {
        *self.value(AAMVA, identifier) = value;
    }

    pub(crate) fn remove(&mut self, name_space: &str, identifier: &str) {
        self.elements
            .retain(|(ns, id, _)| *ns != name_space || *id != identifier);
    }

    pub(crate) fn data_elements(&self) -> Vec<DataElement<'_>> {
        self.elements
            .iter()
            .map(|(ns, id, value)| DataElement::new(ns, id, value))
            .collect()
    }

    pub(crate) fn examine(&self) -> GateReport {
        ElementGate::mdl().examine(&self.data_elements(), &self.context)
    }

    pub(crate) fn disclosed(&self) -> GateReport {
        ElementGate::mdl().examine_disclosed(&self.data_elements())
    }
}

/// The rules that a report names, in its order.
pub(crate) fn rules(report: &GateReport) -> Vec<Rule> {
    report
        .violations()
        .iter()
        .map(|violation| violation.rule)
        .collect()
}
