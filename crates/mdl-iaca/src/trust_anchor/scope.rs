//! For what an anchor is trusted.

/// For which document types an anchor is trusted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum DocTypeScope {
    /// For every document type.
    #[default]
    Any,
    /// Only for these, as a VICAL entry lists them.
    Only(Vec<String>),
}

impl DocTypeScope {
    /// Whether a document of this type is in scope.
    pub fn contains(&self, doc_type: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(doc_types) => doc_types.iter().any(|listed| listed == doc_type),
        }
    }
}

/// Of which country, and which state or province, document signers must be for an anchor to be trusted.
///
/// An IACA and its document signers name the same country and state anyway. This says in addition which ones the
/// reader expects of this anchor: whoever is trusted as the authority of one state vouches for no other.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RegionScope {
    /// countryName of the document signer; `None`: any.
    pub country: Option<String>,
    /// stateOrProvinceName of the document signer; `None`: any.
    pub state: Option<String>,
}

impl RegionScope {
    /// Whether a document signer that names this country and state is in scope.
    pub fn contains(&self, country: Option<&str>, state: Option<&str>) -> bool {
        let fits = |limit: &Option<String>, named: Option<&str>| {
            limit.as_deref().is_none_or(|limit| named == Some(limit))
        };
        fits(&self.country, country) && fits(&self.state, state)
    }

    /// Whether it leaves anything out.
    pub fn is_limited(&self) -> bool {
        self.country.is_some() || self.state.is_some()
    }
}

/// An unambiguous text for both scopes: lengths keep neighbouring names apart.
pub(super) fn scope_key(doc_types: &DocTypeScope, region: &RegionScope) -> String {
    let named = |name: &String| format!("{}:{name};", name.len());
    let mut key = match doc_types {
        DocTypeScope::Any => "*".to_owned(),
        DocTypeScope::Only(doc_types) => doc_types.iter().map(named).collect(),
    };
    for (label, limit) in [("C", &region.country), ("S", &region.state)] {
        if let Some(limit) = limit {
            key.push_str(label);
            key.push_str(&named(limit));
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_scopes_have_different_keys() {
        let only = |names: &[&str]| {
            DocTypeScope::Only(names.iter().map(|&name| name.to_owned()).collect())
        };
        let region = |country: Option<&str>, state: Option<&str>| RegionScope {
            country: country.map(str::to_owned),
            state: state.map(str::to_owned),
        };
        let mut keys = Vec::new();
        for doc_types in [
            DocTypeScope::Any,
            only(&[]),
            only(&["a", "b"]),
            only(&["ab"]),
        ] {
            for region in [
                region(None, None),
                region(Some("a"), None),
                region(None, Some("a")),
                region(Some("a"), Some("a")),
            ] {
                keys.push(scope_key(&doc_types, &region));
            }
        }
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), keys.len(), "{keys:?}");
    }
}
