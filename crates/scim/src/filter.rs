//! Filters (RFC 7644 §3.4.2.2) as clients write them: a tree of names and values that nobody has looked up yet.

use std::fmt;

use crate::error::{Result, ScimType};
use crate::expression::Expression;
use crate::grammar::Parser;
use crate::profile::Rules;

/// A filter that follows the grammar.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// The tree.
    pub expression: Expression,
    /// The rules it was read by.
    pub rules: Rules,
}

impl Filter {
    /// Reads a filter.
    ///
    /// Errors: `invalidFilter`, with the column of the mistake; also for one that is longer than
    /// [`LONGEST`](crate::grammar::LONGEST), deeper than [`DEEPEST`](crate::grammar::DEEPEST) or has more than
    /// [`MOST_TERMS`](crate::grammar::MOST_TERMS) comparisons.
    pub fn parse(text: &str, rules: Rules) -> Result<Self> {
        let expression = Parser::new(text, rules, ScimType::InvalidFilter)?.filter()?;
        Ok(Self { expression, rules })
    }
}

/// The filter in the RFC's own spelling; read again it is the same filter.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::profile::Profile;

    fn parsed(text: &str) -> String {
        Filter::parse(text, Profile::Generic.rules())
            .unwrap_or_else(|error| panic!("{text}: {error}"))
            .to_string()
    }

    fn refused(text: &str) -> Error {
        Filter::parse(text, Profile::Generic.rules()).expect_err(text)
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        for text in [
            "userName eq \"bjensen\"",
            "name.familyName co \"O'Malley\"",
            "userName sw \"J\"",
            "urn:ietf:params:scim:schemas:core:2.0:User:userName sw \"J\"",
            "title pr",
            "meta.lastModified gt \"2011-05-13T04:42:34Z\"",
            "title pr and userType eq \"Employee\"",
            "title pr or userType eq \"Intern\"",
            "schemas eq \"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\"",
            "userType eq \"Employee\" and (emails co \"example.com\" or emails.value co \"example.org\")",
            "userType ne \"Employee\" and not (emails co \"example.com\" or emails.value co \"example.org\")",
            "userType eq \"Employee\" and (emails.type eq \"work\")",
            "userType eq \"Employee\" and emails[type eq \"work\" and value co \"@example.com\"]",
            "emails[type eq \"work\" and value co \"@example.com\"] or ims[type eq \"xmpp\" and value co \"@foo.com\"]",
        ] {
            let printed = parsed(text);
            assert_eq!(parsed(&printed), printed);
        }
    }

    #[test]
    fn and_binds_tighter_than_or_and_not_tightest() {
        assert_eq!(parsed("a pr or b pr and c pr"), "a pr or b pr and c pr");
        assert_eq!(parsed("(a pr or b pr) and c pr"), "(a pr or b pr) and c pr");
        assert_eq!(parsed("not(a pr) and b pr"), "not (a pr) and b pr");
        assert_eq!(parsed("NOT ( a PR )"), "not (a pr)");
    }

    #[test]
    fn operators_and_keywords_have_no_case_and_spaces_do_not_count() {
        assert_eq!(
            parsed("  userName   EQ  \"a\"  AND\tactive Eq TRUE "),
            "userName eq \"a\" and active eq true"
        );
        assert_eq!(
            parsed("emails[ type eq \"work\" ].value Co \"x\""),
            "emails[type eq \"work\"].value co \"x\""
        );
    }

    #[test]
    fn values_are_those_of_json() {
        assert_eq!(parsed(r#"a eq "\u00e9\"\\\n""#), r#"a eq "é\"\\\n""#);
        assert_eq!(parsed("a eq -1.50e3 or a eq null"), "a eq -1.50e+3 or a eq null");
        assert_eq!(parsed(r#"a eq ") or (b pr""#), r#"a eq ") or (b pr""#);
    }

    #[test]
    fn names_may_be_called_like_keywords() {
        assert_eq!(parsed("not pr and and pr"), "not pr and and pr");
    }

    #[test]
    fn mistakes_are_told_with_their_column() {
        for (text, column) in [
            ("", 1),
            ("userName", 9),
            ("userName eq", 12),
            ("userName eq abc", 13),
            ("userName eq 'abc'", 13),
            ("userName eq \"abc", 13),
            ("userName like \"abc\"", 10),
            ("(userName eq \"abc\"", 19),
            ("userName eq \"abc\")", 18),
            ("userName eq \"abc\" xyz", 19),
            ("userName eq \"a\" and", 20),
            ("é eq \"\u{e9}\" xyz", 10),
            ("emails[type eq \"work\"", 22),
            ("emails[type eq \"work\"].", 24),
            ("emails[a[b pr]]", 9),
            ("a eq \"\\x\"", 6),
            ("\"a\" eq \"b\"", 1),
            ("1a pr", 1),
        ] {
            let error = refused(text);
            assert_eq!(error.scim_type, ScimType::InvalidFilter);
            assert!(error.detail.starts_with(&format!("filter, column {column}:")), "{text}: {error}");
        }
    }

    #[test]
    fn no_text_holds_a_null_character() {
        for text in ["a eq \"\\u0000\"", "a eq \"x\0\"", "a eq x\0", "a\0 pr"] {
            for profile in [Profile::Generic, Profile::Okta] {
                let error = Filter::parse(text, profile.rules()).expect_err(text);
                assert_eq!(error.scim_type, ScimType::InvalidValue);
                assert!(error.detail.starts_with("filter, column "), "{error}");
            }
        }
    }

    #[test]
    fn an_unquoted_text_is_read_where_the_directory_allows_it() {
        let rules = Profile::Entra.rules();
        let filter = Filter::parse("externalId eq jyoung and emails.Value co example.com", rules).unwrap();
        assert_eq!(filter.to_string(), "externalId eq \"jyoung\" and emails.Value co \"example.com\"");
        assert!(Filter::parse("userName eq 'abc'", rules).is_err());
    }

    #[test]
    fn a_filter_is_bounded() {
        let nested = format!("{}a pr{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(refused(&nested).detail.contains("longer than"));
        let deep = format!("{}a pr{}", "not(".repeat(65), ")".repeat(65));
        assert!(refused(&deep).detail.contains("nested deeper than 64"));
        assert!(
            Filter::parse(&format!("{}a pr{}", "(".repeat(64), ")".repeat(64)), Profile::Generic.rules())
                .is_ok()
        );
        let widest = vec!["a pr"; 256].join(" or ");
        assert_eq!(parsed(&widest), widest);
        let longest = format!("a eq \"{}\"", "x".repeat(16 * 1024 - 7));
        assert_eq!(parsed(&longest), longest);
        assert!(refused(&format!("{longest} ")).detail.contains("longer than 16384 bytes"));
        let wide = vec!["a pr"; 257].join(" or ");
        assert!(refused(&wide).detail.contains("more than 256 comparisons"));
    }
}
