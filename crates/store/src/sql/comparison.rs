//! The comparison of one value in SQL.

use rollcall_scim::condition::{Operand, Operator};

use super::super::dialect::{POSITION, push_end};
use super::Statement;

/// Writes a comparison of one value; it is NULL where the value is, but for `ne`.
pub(super) fn push_comparison(
    query: &mut Statement,
    value: &dyn Fn(&mut Statement),
    operator: Operator,
    operand: &Operand,
) {
    match (operator, operand) {
        (Operator::Co | Operator::Sw | Operator::Ew, Operand::Text(text)) if text.is_empty() => {
            value(query);
            query.push(" IS NOT NULL");
        }
        (Operator::Co, Operand::Text(text)) => {
            query.push(POSITION).push("(");
            value(query);
            query.push(", ").push_bind(text.clone()).push(") > 0");
        }
        (Operator::Sw, Operand::Text(text)) => push_prefix(query, value, text),
        (Operator::Ew, Operand::Text(text)) => {
            push_end(query, value, text);
            query.push(" = ").push_bind(text.clone());
        }
        _ => {
            value(query);
            query.push(match operator {
                Operator::Eq | Operator::Co | Operator::Sw | Operator::Ew => " = ",
                Operator::Ne => " IS DISTINCT FROM ",
                Operator::Gt => " > ",
                Operator::Ge => " >= ",
                Operator::Lt => " < ",
                Operator::Le => " <= ",
            });
            push_operand(query, operand);
        }
    }
}

/// A text begins so when it lies between the prefix and the next text that does not, which an index can find.
pub(super) fn push_prefix(query: &mut Statement, value: &dyn Fn(&mut Statement), prefix: &str) {
    value(query);
    query.push(" >= ").push_bind(prefix.to_owned());
    if let Some(end) = successor(prefix) {
        query.push(" AND ");
        value(query);
        query.push(" < ").push_bind(end);
    }
}

/// The least text in byte order that is greater than every text with this prefix; `None` where there is none.
pub(super) fn successor(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        let next = match last {
            // Surrogates are no characters: UTF-8 goes on behind them.
            '\u{D7FF}' => Some('\u{E000}'),
            _ => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

pub(super) fn push_operand(query: &mut Statement, operand: &Operand) {
    match operand {
        Operand::Text(text) => query.push_bind(text.clone()),
        Operand::Boolean(value) => query.push(if *value { "TRUE" } else { "FALSE" }),
        Operand::Integer(value) | Operand::Instant(value) => query.push_bind(*value),
        Operand::Decimal(value) => query.push_bind(*value),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_successor_of_a_prefix_ends_its_range() {
        assert_eq!(successor("ab").as_deref(), Some("ac"));
        assert_eq!(successor("a\u{D7FF}").as_deref(), Some("a\u{E000}"));
        assert_eq!(successor("a\u{10FFFF}").as_deref(), Some("b"));
        assert_eq!(successor("\u{10FFFF}"), None);
        assert!("aé\u{10FFFF}z" < successor("aé").unwrap().as_str());
    }
}
