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
        Rules {
            replace_creates_missing_element: tolerant,
            unquoted_filter_strings: tolerant,
            unknown_members_are_skipped: tolerant,
            put_without_members_keeps_them: tolerant,
            group_names_are_unique: tolerant,
            returning_users_are_restored: tolerant,
            external_ids_are_stable: self == Self::Okta,
            schemas_are_implied: true,
        }
    }

    /// Whether a directory of this profile has groups unless told otherwise.
    pub fn groups_at_first(self) -> bool {
        self != Self::Entra
    }
}

/// The rules in which profiles differ when a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a rule of its own")]
pub struct Rules {
    /// `replace` on a value path that selects nothing creates the element (Entra's habit) instead of failing
    /// with `noTarget` (RFC 7644 §3.5.2.3).
    pub replace_creates_missing_element: bool,
    /// A bare word where a filter wants a value is a string instead of `invalidFilter`.
    pub unquoted_filter_strings: bool,
    /// A member of a group that is no resource of the directory is skipped, since Okta does not repeat a push of which one
    /// member was refused, instead of `invalidValue`.
    pub unknown_members_are_skipped: bool,
    /// A PUT of a group that does not mention `members` keeps them instead of clearing them.
    pub put_without_members_keeps_them: bool,
    /// No two groups have the same `displayName`, whatever its case.
    pub group_names_are_unique: bool,
    /// A POST of a user who was deleted or is inactive restores that user, with the same `id`, instead of making another
    /// one or refusing it.
    pub returning_users_are_restored: bool,
    /// The identity provider gives an `externalId` to one person only and for good, so that it alone says which deleted user
    /// returns. Otherwise the `userName` or the primary work address must agree, too.
    pub external_ids_are_stable: bool,
    /// A body whose `schemas` are absent, null or an empty list has the one that its endpoint implies, instead of
    /// `invalidValue`.
    pub schemas_are_implied: bool,
}

/// One of the [`Rules`], by which a directory says that it wants it otherwise than its profile has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// [`Rules::replace_creates_missing_element`].
    ReplaceCreatesMissing,
    /// [`Rules::unquoted_filter_strings`].
    UnquotedFilterValues,
    /// [`Rules::unknown_members_are_skipped`].
    SkipUnknownMembers,
    /// [`Rules::put_without_members_keeps_them`].
    PutKeepsMembers,
    /// [`Rules::group_names_are_unique`].
    UniqueGroupNames,
    /// [`Rules::returning_users_are_restored`].
    RestoreReturningUsers,
    /// [`Rules::external_ids_are_stable`].
    StableExternalIds,
    /// [`Rules::schemas_are_implied`].
    ImpliedSchemas,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 8] = [
        Self::ReplaceCreatesMissing,
        Self::UnquotedFilterValues,
        Self::SkipUnknownMembers,
        Self::PutKeepsMembers,
        Self::UniqueGroupNames,
        Self::RestoreReturningUsers,
        Self::StableExternalIds,
        Self::ImpliedSchemas,
    ];

    /// The rule's name as it is written in settings and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReplaceCreatesMissing => "replace-creates-missing",
            Self::UnquotedFilterValues => "unquoted-filter-values",
            Self::SkipUnknownMembers => "skip-unknown-members",
            Self::PutKeepsMembers => "put-keeps-members",
            Self::UniqueGroupNames => "unique-group-names",
            Self::RestoreReturningUsers => "restore-returning-users",
            Self::StableExternalIds => "stable-external-ids",
            Self::ImpliedSchemas => "implied-schemas",
        }
    }

    /// The rule of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == name)
    }
}

impl Rules {
    /// Whether a rule is on.
    pub fn is_on(mut self, rule: Rule) -> bool {
        *self.switch(rule)
    }

    /// The same rules, but for one.
    #[must_use]
    pub fn with(mut self, rule: Rule, on: bool) -> Self {
        *self.switch(rule) = on;
        self
    }

    fn switch(&mut self, rule: Rule) -> &mut bool {
        match rule {
            Rule::ReplaceCreatesMissing => &mut self.replace_creates_missing_element,
            Rule::UnquotedFilterValues => &mut self.unquoted_filter_strings,
            Rule::SkipUnknownMembers => &mut self.unknown_members_are_skipped,
            Rule::PutKeepsMembers => &mut self.put_without_members_keeps_them,
            Rule::UniqueGroupNames => &mut self.group_names_are_unique,
            Rule::RestoreReturningUsers => &mut self.returning_users_are_restored,
            Rule::StableExternalIds => &mut self.external_ids_are_stable,
            Rule::ImpliedSchemas => &mut self.schemas_are_implied,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_a_switch_of_its_own_with_a_name_of_its_own() {
        for rule in Rule::ALL {
            assert_eq!(Rule::from_name(rule.as_str()), Some(rule));
            let before = Profile::Generic.rules();
            let changed = before.with(rule, !before.is_on(rule));
            let other = |other: &Rule| changed.is_on(*other) != before.is_on(*other);
            assert_eq!(Rule::ALL.into_iter().filter(other).collect::<Vec<_>>(), [rule]);
            assert_eq!(changed.with(rule, before.is_on(rule)), before);
        }
    }

    #[test]
    fn a_profile_has_the_name_of_its_identity_provider() {
        for (profile, name) in
            [(Profile::Generic, "generic"), (Profile::Okta, "okta"), (Profile::Entra, "entra")]
        {
            assert_eq!(profile.as_str(), name);
            assert_eq!(Profile::from_name(name), Some(profile));
        }
        for unknown in ["", "Okta", "entra-id"] {
            assert_eq!(Profile::from_name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_rule_that_nothing_is_called_is_none() {
        for unknown in ["", "Unique-Group-Names", "unique_group_names"] {
            assert_eq!(Rule::from_name(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn only_a_directory_of_entra_begins_without_groups() {
        let groups = [Profile::Generic, Profile::Okta, Profile::Entra].map(Profile::groups_at_first);
        assert_eq!(groups, [true, true, false]);
    }

    #[test]
    fn the_rfc_s_letter_has_rules_off_that_identity_providers_have_on() {
        let on =
            |profile: Profile| Rule::ALL.into_iter().filter(|rule| profile.rules().is_on(*rule)).collect();
        let (generic, okta, entra): (Vec<Rule>, Vec<Rule>, Vec<Rule>) =
            (on(Profile::Generic), on(Profile::Okta), on(Profile::Entra));
        assert_eq!(generic, [Rule::ImpliedSchemas]);
        assert_eq!(okta, Rule::ALL);
        let all_but_one: Vec<Rule> =
            Rule::ALL.into_iter().filter(|rule| *rule != Rule::StableExternalIds).collect();
        assert_eq!(entra, all_but_one);
    }
}
