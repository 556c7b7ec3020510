//! How many of what there is are wanted.

use clap::Args;

use crate::output;

/// The flags of a command that lists.
#[derive(Debug, Args)]
pub(super) struct Wanted {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..), conflicts_with = "all")]
    count: i64,

    /// All of them, however many
    #[arg(long)]
    all: bool,
}

impl Wanted {
    /// So many.
    pub(super) fn up_to(count: i64) -> Self {
        Self { count, all: false }
    }

    /// How many at most.
    pub(super) fn most(&self) -> usize {
        if self.all { usize::MAX } else { usize::try_from(self.count).unwrap_or(usize::MAX) }
    }

    /// How many to ask for at once, where so many may be.
    pub(super) fn page(&self, largest: i64) -> i64 {
        if self.all { largest } else { self.count.min(largest) }
    }

    /// Says that not all of them were shown, if so.
    pub(super) fn remark(shown: usize, total: i64, what: &str) {
        if let Some(remark) = not_all(shown, total, what) {
            output::remark(&remark);
        }
    }
}

fn not_all(shown: usize, total: i64, what: &str) -> Option<String> {
    let shown = i64::try_from(shown).unwrap_or(i64::MAX);
    (shown < total).then(|| format!("\n{shown} of {total} {what}; --all lists every one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_see_all_is_told_so() {
        assert_eq!(not_all(3, 3, "users"), None);
        assert_eq!(not_all(0, 0, "users"), None);
        assert!(not_all(100, 250, "groups").unwrap().contains("100 of 250 groups"));
    }

    #[test]
    fn a_page_is_no_larger_than_what_is_wanted() {
        assert_eq!((Wanted::up_to(3).page(500), Wanted::up_to(3).most()), (3, 3));
        assert_eq!(Wanted::up_to(5_000).page(500), 500);
        let all = Wanted { count: 100, all: true };
        assert_eq!((all.page(500), all.most()), (500, usize::MAX));
    }
}
