//! The one parser of filters (RFC 7644 §3.4.2.2, figure 1) and of PATCH paths (§3.5.2, figure 7), which share their rules.
//!
//! It reads the text once from left to right, in a depth that is bounded. Every mistake is told with its column.

use serde_json::Number;

use crate::condition::Operator;
use crate::error::{Error, Result, ScimType};
use crate::expression::{Expression, Literal, Test};
use crate::profile::Rules;

/// The longest filter or path in bytes.
pub const LONGEST: usize = 16 * 1024;
/// How deep parentheses, `not` and brackets may nest.
pub const DEEPEST: usize = 64;
/// How many comparisons a filter may have.
pub const MOST_TERMS: usize = 256;

/// What ends a name or an unquoted value.
const DELIMITERS: [char; 5] = ['(', ')', '[', ']', '"'];

pub(crate) struct Parser<'t> {
    text: &'t str,
    /// In bytes.
    position: usize,
    terms: usize,
    rules: Rules,
    kind: ScimType,
}

impl<'t> Parser<'t> {
    /// A parser of `text` whose errors are of the given type.
    pub(crate) fn new(text: &'t str, rules: Rules, kind: ScimType) -> Result<Self> {
        let parser = Self { text, position: 0, terms: 0, rules, kind };
        if text.len() > LONGEST {
            return Err(Error::new(kind, format!("{}: longer than {LONGEST} bytes", parser.what())));
        }
        if let Some(position) = text.find('\0') {
            return Err(Self { position, ..parser }.null_character());
        }
        Ok(parser)
    }

    /// Reads a whole filter.
    pub(crate) fn filter(mut self) -> Result<Expression> {
        let filter = self.or(0, false)?;
        self.skip_spaces();
        if self.rest().is_empty() {
            return Ok(filter);
        }
        Err(self.error("expected \"and\", \"or\" or the end"))
    }

    /// Reads a whole PATCH path: an attribute, the condition on its elements, and the sub-attribute behind it.
    pub(crate) fn path(mut self) -> Result<(String, Option<Expression>, Option<String>)> {
        let name = self.name()?.to_owned();
        if !self.eat("[") {
            self.end_of_path()?;
            return Ok((name, None, None));
        }
        let condition = self.bracketed(0)?;
        let sub_attribute = if self.eat(".") { Some(self.name()?.to_owned()) } else { None };
        self.end_of_path()?;
        Ok((name, Some(condition), sub_attribute))
    }

    fn end_of_path(&mut self) -> Result<()> {
        self.skip_spaces();
        if self.rest().is_empty() { Ok(()) } else { Err(self.error("expected the end of the path")) }
    }

    fn or(&mut self, depth: usize, bracketed: bool) -> Result<Expression> {
        let mut parts = vec![self.and(depth, bracketed)?];
        while self.keyword("or") {
            parts.push(self.and(depth, bracketed)?);
        }
        Ok(one_or(parts, Expression::Or))
    }

    fn and(&mut self, depth: usize, bracketed: bool) -> Result<Expression> {
        let mut parts = vec![self.term(depth, bracketed)?];
        while self.keyword("and") {
            parts.push(self.term(depth, bracketed)?);
        }
        Ok(one_or(parts, Expression::And))
    }

    fn term(&mut self, depth: usize, bracketed: bool) -> Result<Expression> {
        self.skip_spaces();
        if self.eat("(") {
            return self.grouped(depth, bracketed);
        }
        let before = self.position;
        if self.keyword("not") {
            self.skip_spaces();
            if self.eat("(") {
                return Ok(Expression::Not(Box::new(self.grouped(depth, bracketed)?)));
            }
            self.position = before;
        }
        self.skip_spaces();
        let attribute = self.name()?.to_owned();
        if !bracketed && self.eat("[") {
            let condition = Box::new(self.bracketed(depth)?);
            let then = if self.eat(".") {
                let sub_attribute = self.name()?.to_owned();
                Some((sub_attribute, self.test()?))
            } else {
                None
            };
            return Ok(Expression::Element { attribute, condition, then });
        }
        Ok(Expression::Attribute { attribute, test: self.test()? })
    }

    /// What follows an opening parenthesis.
    fn grouped(&mut self, depth: usize, bracketed: bool) -> Result<Expression> {
        let inner = self.or(self.deeper(depth)?, bracketed)?;
        self.skip_spaces();
        if self.eat(")") { Ok(inner) } else { Err(self.error("expected \")\"")) }
    }

    /// What follows an opening bracket.
    fn bracketed(&mut self, depth: usize) -> Result<Expression> {
        let inner = self.or(self.deeper(depth)?, true)?;
        self.skip_spaces();
        if self.eat("]") { Ok(inner) } else { Err(self.error("expected \"]\"")) }
    }

    fn deeper(&self, depth: usize) -> Result<usize> {
        if depth < DEEPEST {
            Ok(depth + 1)
        } else {
            Err(self.error(&format!("nested deeper than {DEEPEST} levels")))
        }
    }

    fn test(&mut self) -> Result<Test> {
        self.terms += 1;
        if self.terms > MOST_TERMS {
            return Err(self.error(&format!("more than {MOST_TERMS} comparisons")));
        }
        self.skip_spaces();
        let start = self.position;
        let word = self.word();
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Test::Present);
        }
        let Some(operator) = operator(word) else {
            self.position = start;
            return Err(self.error("expected one of eq, ne, co, sw, ew, gt, ge, lt, le and pr"));
        };
        self.skip_spaces();
        Ok(Test::Compare(operator, self.literal()?))
    }

    fn literal(&mut self) -> Result<Literal> {
        if self.rest().starts_with('"') {
            return self.quoted().map(Literal::String);
        }
        let start = self.position;
        let word = self.word();
        let literal = match word {
            "" => return Err(self.error("expected a value")),
            _ if word.eq_ignore_ascii_case("true") => Literal::Boolean(true),
            _ if word.eq_ignore_ascii_case("false") => Literal::Boolean(false),
            _ if word.eq_ignore_ascii_case("null") => Literal::Null,
            _ => match word.parse::<Number>() {
                Ok(number) => Literal::Number(number),
                Err(_) if self.rules.unquoted_filter_strings && !word.starts_with('\'') => {
                    Literal::String(word.to_owned())
                }
                Err(_) => {
                    self.position = start;
                    return Err(self.error("expected a value: a text stands in double quotes"));
                }
            },
        };
        Ok(literal)
    }

    /// Reads a JSON string, its escapes included.
    fn quoted(&mut self) -> Result<String> {
        let rest = self.rest();
        let mut escaped = false;
        let end = rest.char_indices().skip(1).find(|(_, character)| {
            let ends = *character == '"' && !escaped;
            escaped = *character == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            return Err(self.error("the text that begins here has no closing quote"));
        };
        let token = rest.get(..=end).unwrap_or_default();
        let text: String =
            serde_json::from_str(token).map_err(|_| self.error("this is no text as JSON writes it"))?;
        if text.contains('\0') {
            return Err(self.null_character());
        }
        self.position += token.len();
        Ok(text)
    }

    fn name(&mut self) -> Result<&'t str> {
        let start = self.position;
        let word = self.word();
        let first = word.trim_start_matches('$').chars().next();
        if first.is_some_and(char::is_alphabetic) {
            return Ok(word);
        }
        self.position = start;
        Err(self.error("expected the name of an attribute"))
    }

    /// Reads up to the next space or delimiter.
    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let end = rest
            .find(|character: char| character.is_whitespace() || DELIMITERS.contains(&character))
            .unwrap_or(rest.len());
        self.position += end;
        rest.get(..end).unwrap_or_default()
    }

    /// Reads the keyword if it comes next, whatever its case.
    fn keyword(&mut self, keyword: &str) -> bool {
        let before = self.position;
        self.skip_spaces();
        if self.word().eq_ignore_ascii_case(keyword) {
            return true;
        }
        self.position = before;
        false
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.position += token.len();
        }
        found
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start().len();
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    fn what(&self) -> &'static str {
        if self.kind == ScimType::InvalidPath { "path" } else { "filter" }
    }

    /// No database holds U+0000 in a text: what has one is no value of anything.
    fn null_character(&self) -> Error {
        Error { scim_type: ScimType::InvalidValue, ..self.error("a text cannot hold the character U+0000") }
    }

    /// A mistake at the place that the parser has reached.
    fn error(&self, expected: &str) -> Error {
        let column = self.text.get(..self.position).unwrap_or_default().chars().count() + 1;
        Error::new(self.kind, format!("{}, column {column}: {expected}", self.what()))
    }
}

fn one_or(mut parts: Vec<Expression>, several: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            several(parts)
        }
        None => several(parts),
    }
}

fn operator(word: &str) -> Option<Operator> {
    Operator::ALL.into_iter().find(|operator| word.eq_ignore_ascii_case(operator.as_str()))
}
