//! A little colour, where a person looks at it.

/// What text says by its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Something that works, or is new.
    Good,
    /// Something to look at, or that changes.
    Doubtful,
    /// Something that does not work, or goes away.
    Bad,
    /// Something beside the point.
    Faint,
}

impl Paint {
    /// The text in its colour, where there is to be any.
    pub(crate) fn on(self, text: &str, is_coloured: bool) -> String {
        let code = match self {
            Self::Good => 32,
            Self::Doubtful => 33,
            Self::Bad => 31,
            Self::Faint => 2,
        };
        if is_coloured { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_gets_the_text_alone() {
        assert_eq!(Paint::Bad.on("wrong", false), "wrong");
        assert_eq!(Paint::Bad.on("wrong", true), "\u{1b}[31mwrong\u{1b}[0m");
    }
}
