use crate::MDL_NAME_SPACE;
use crate::cbor::Writer;

/// What the device key of a new MSO may sign (9.1.2.4): name spaces as a whole, or single elements.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct DeviceKeyAuthorizations {
    name_spaces: Vec<String>,
    data_elements: Vec<(String, Vec<String>)>,
}

/// Why an authorisation cannot be given.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyAuthorizationsError {
    /// A device key must never vouch for the elements of a licence: a cloned wallet could assert any of them.
    #[error("{MDL_NAME_SPACE} must not be authorised for the device key")]
    LicenceNameSpace,
    /// The name space is authorised as a whole and by elements.
    #[error("{0} is authorised twice")]
    Twice(String),
    /// An empty name.
    #[error("name space and element identifier must not be empty")]
    EmptyName,
}

impl DeviceKeyAuthorizations {
    /// No authorisation yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Authorises every element of `name_space`.
    ///
    /// # Errors
    /// The licence's own name space, an empty name, or a name space authorised already.
    pub fn name_space(mut self, name_space: &str) -> Result<Self, KeyAuthorizationsError> {
        self.check(name_space)?;
        if self
            .data_elements
            .iter()
            .any(|(name, _)| name == name_space)
            || self.name_spaces.iter().any(|name| name == name_space)
        {
            return Err(KeyAuthorizationsError::Twice(name_space.to_owned()));
        }
        self.name_spaces.push(name_space.to_owned());
        Ok(self)
    }

    /// Authorises one element.
    ///
    /// # Errors
    /// The licence's own name space, an empty name, or something authorised already.
    pub fn element(
        mut self,
        name_space: &str,
        element_identifier: &str,
    ) -> Result<Self, KeyAuthorizationsError> {
        self.check(name_space)?;
        if element_identifier.is_empty() {
            return Err(KeyAuthorizationsError::EmptyName);
        }
        if self.name_spaces.iter().any(|name| name == name_space) {
            return Err(KeyAuthorizationsError::Twice(name_space.to_owned()));
        }
        let at = match self
            .data_elements
            .iter()
            .position(|(name, _)| name == name_space)
        {
            Some(at) => at,
            None => {
                self.data_elements.push((name_space.to_owned(), Vec::new()));
                self.data_elements.len() - 1
            }
        };
        let identifiers = &mut self.data_elements[at].1;
        if identifiers
            .iter()
            .any(|identifier| identifier == element_identifier)
        {
            return Err(KeyAuthorizationsError::Twice(format!(
                "{name_space} {element_identifier}"
            )));
        }
        identifiers.push(element_identifier.to_owned());
        Ok(self)
    }

    fn check(&self, name_space: &str) -> Result<(), KeyAuthorizationsError> {
        match name_space {
            "" => Err(KeyAuthorizationsError::EmptyName),
            MDL_NAME_SPACE => Err(KeyAuthorizationsError::LicenceNameSpace),
            _ => Ok(()),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.name_spaces.is_empty() && self.data_elements.is_empty()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let members =
            usize::from(!self.name_spaces.is_empty()) + usize::from(!self.data_elements.is_empty());
        writer.map(members);
        if !self.name_spaces.is_empty() {
            writer.text("nameSpaces").array(self.name_spaces.len());
            for name_space in &self.name_spaces {
                writer.text(name_space);
            }
        }
        if !self.data_elements.is_empty() {
            writer.text("dataElements").map(self.data_elements.len());
            for (name_space, identifiers) in &self.data_elements {
                writer.text(name_space).array(identifiers.len());
                for identifier in identifiers {
                    writer.text(identifier);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_licence_name_space_is_never_authorised() {
        let refused = Err(KeyAuthorizationsError::LicenceNameSpace);
        assert_eq!(
            DeviceKeyAuthorizations::new().name_space(MDL_NAME_SPACE),
            refused
        );
        assert_eq!(
            DeviceKeyAuthorizations::new().element(MDL_NAME_SPACE, "age_over_18"),
            refused
        );
    }

    #[test]
    fn a_name_space_is_authorised_as_a_whole_or_by_elements() {
        let whole = DeviceKeyAuthorizations::new()
            .name_space("example")
            .unwrap();
        assert_eq!(
            whole.clone().element("example", "a"),
            Err(KeyAuthorizationsError::Twice("example".into()))
        );
        assert_eq!(
            whole.name_space("example"),
            Err(KeyAuthorizationsError::Twice("example".into()))
        );
        let single = DeviceKeyAuthorizations::new()
            .element("example", "a")
            .unwrap();
        assert_eq!(
            single.clone().name_space("example"),
            Err(KeyAuthorizationsError::Twice("example".into()))
        );
        assert_eq!(
            single.element("example", "a"),
            Err(KeyAuthorizationsError::Twice("example a".into()))
        );
    }
}
