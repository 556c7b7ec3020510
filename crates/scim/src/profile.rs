//! What differs between directories of different identity providers, and nothing else.

/// Which identity provider a directory talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// The RFC's letter.
    Generic,
    /// Okta.
    Okta,
    /// Microsoft Entra ID.
    Entra,
}

impl Profile {
    /// The profile's name as it is written in settings and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Okta => "okta",
            Self::Entra => "entra",
        }
    }

    /// The profile of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Generic, Self::Okta, Self::Entra].into_iter().find(|profile| profile.as_str() == name)
    }

    /// How requests of a directory with this profile are read.
    pub fn rules(self) -> Rules {
        let tolerant = self != Self::Generic;
        Rules { replace_creates_missing_element: tolerant, unquoted_filter_strings: tolerant }
    }

    /// Whether a directory of this profile has groups unless told otherwise.
    pub fn groups_at_first(self) -> bool {
        self != Self::Entra
    }
}

/// The rules in which profiles differ when a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// `replace` on a value path that selects nothing creates the element (Entra's habit) instead of failing
    /// with `noTarget` (RFC 7644 §3.5.2.3).
    pub replace_creates_missing_element: bool,
    /// A bare word where a filter wants a value is a string instead of `invalidFilter`.
    pub unquoted_filter_strings: bool,
}
