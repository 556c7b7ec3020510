//! Events are read here: which there are, and a part of them at a time.

use rollcall_api::v1::ErrorReason;
use rollcall_store::{EventKind, EventQuery, EventRange, NumberedEvent};
use uuid::Uuid;

use crate::Core;
use crate::caller::Caller;
use crate::error::{Error, Result};
use crate::resources::Retries;

/// How many bytes of changes one message holds, more or less. Many clients refuse messages of more than 4 MiB, and a single
/// event may have half of that.
const LARGEST_PART: usize = 512 * 1024;

/// What somebody reads.
#[derive(Debug, Clone)]
pub(super) struct Selection {
    /// `None`: what belongs to no directory.
    pub(super) directory: Option<Uuid>,
    /// Empty: all.
    pub(super) kinds: Vec<EventKind>,
    /// What they are about; `None`, whatever it is.
    pub(super) subject: Option<Uuid>,
}

/// Some events in order.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) events: Vec<NumberedEvent>,
    /// Up to this number there are no others; of those that were read from the end, down to this number.
    pub(super) position: i64,
}

impl Core {
    /// The directory whose events a request is about; `None`, what belongs to none.
    ///
    /// Errors: `NOT_FOUND`, `FORBIDDEN` for what belongs to no directory to a bound credential, and `INVALID_VALUE` for both at once.
    pub(super) async fn directory_of_events(
        &self,
        caller: &Caller,
        name: &str,
        outside: bool,
    ) -> Result<Option<Uuid>> {
        if !outside {
            return Ok(Some(caller.directory(&*self.store, name).await?.id));
        }
        caller.require_all_directories()?;
        if name.is_empty() {
            return Ok(None);
        }
        Err(Error::value("outside_directories: it stands instead of a directory; give one of them"))
    }

    /// Which events of a directory there are. What was committed before is among them.
    pub(super) async fn event_range(&self, directory: Option<Uuid>) -> Result<EventRange> {
        let range = self.store.event_range(directory).await?;
        if !range.pending {
            return Ok(range);
        }
        self.number_events(directory).await?;
        Ok(self.store.event_range(directory).await?)
    }

    /// Numbers the events of a directory that are committed.
    pub(super) async fn number_events(&self, directory: Option<Uuid>) -> Result<()> {
        let mut retries = Retries::default();
        loop {
            match self.store.number_events(directory).await {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => retries.again(error.into())?,
            }
        }
    }

    /// The next events after a number, and which there are by now. `range` is what there was before.
    ///
    /// Errors: `EVENTS_EXPIRED` where some of them have just been deleted.
    pub(super) async fn part(
        &self,
        selection: &Selection,
        after: i64,
        range: EventRange,
        limit: u32,
    ) -> Result<(Part, EventRange)> {
        let query = EventQuery { after, until: range.newest, limit, ..selection.query() };
        let mut events = self.store.events(&query).await?;
        let now = self.event_range(selection.directory).await?;
        require_kept(after, now)?;
        let is_cut = cut(&mut events) || events.len() >= limit as usize;
        let last = events.last().filter(|_| is_cut);
        let position = last.map_or(range.newest, |event| event.number).max(after);
        Ok((Part { events, position }, now))
    }
}

impl Core {
    /// The events before a number, the newest first, as far as they are kept.
    pub(super) async fn part_before(
        &self,
        selection: &Selection,
        before: i64,
        range: EventRange,
        limit: u32,
    ) -> Result<Part> {
        let query = EventQuery {
            after: range.expired,
            until: before - 1,
            newest_first: true,
            limit,
            ..selection.query()
        };
        let mut events = self.store.events(&query).await?;
        let is_cut = cut(&mut events) || events.len() >= limit as usize;
        let last = events.last().filter(|_| is_cut);
        let position = last.map_or(range.expired + 1, |event| event.number);
        Ok(Part { events, position })
    }
}

impl Selection {
    fn query(&self) -> EventQuery<'_> {
        let Self { directory, kinds, subject } = self;
        EventQuery { directory: *directory, kinds, subject: *subject, ..EventQuery::default() }
    }
}

/// Where a reader begins who reads the newest event first. Errors: `INVALID_VALUE`.
pub(super) fn end(before: Option<i64>, range: EventRange) -> Result<i64> {
    match before {
        None => Ok(range.newest + 1),
        Some(before) if before < 1 => {
            Err(Error::value("before: it is less than 1, and no event has a lesser number"))
        }
        Some(before) => Ok(before.min(range.newest + 1)),
    }
}

/// Where a reader begins. Errors: `INVALID_VALUE`, `EVENTS_EXPIRED`, `EVENTS_AHEAD`.
pub(super) fn beginning(after: Option<i64>, range: EventRange) -> Result<i64> {
    let Some(after) = after else { return Ok(range.expired) };
    if after < 0 {
        return Err(Error::value("after: it is negative; numbers begin at 1, and 0 is before all of them"));
    }
    require_kept(after, range)?;
    if after > range.newest {
        return Err(Error::new(
            ErrorReason::EventsAhead,
            format!(
                "after: {after} is past the newest event, {}; was the database restored from a backup? read the \
                 resources anew, and follow from there",
                range.newest
            ),
        ));
    }
    Ok(after)
}

/// Refuses to go on after a number that others followed which are not kept any more.
fn require_kept(after: i64, range: EventRange) -> Result<()> {
    if after >= range.expired {
        return Ok(());
    }
    let oldest = range.expired + 1;
    Err(Error::new(
        ErrorReason::EventsExpired,
        format!(
            "after: events follow {after} that are not kept any more; the oldest that is kept has the number {oldest}: \
             read the resources anew, and follow after {}",
            range.expired
        ),
    ))
}

/// Cuts events that are too many for one message, and says whether it did.
fn cut(events: &mut Vec<NumberedEvent>) -> bool {
    let mut bytes = 0;
    let fitting = events
        .iter()
        .take_while(|event| {
            let fits = bytes < LARGEST_PART;
            bytes += event.event.changes.to_string().len();
            fits
        })
        .count();
    let is_cut = fitting < events.len();
    events.truncate(fitting);
    is_cut
}

#[cfg(test)]
mod tests {
    use rollcall_store::{Actor, Event};
    use serde_json::json;

    use super::*;

    const RANGE: EventRange = EventRange { expired: 10, newest: 20, pending: false };

    #[test]
    fn a_reader_begins_where_it_says_or_at_the_oldest() {
        assert_eq!(beginning(None, RANGE).unwrap(), 10);
        assert_eq!(beginning(Some(10), RANGE).unwrap(), 10);
        assert_eq!(beginning(Some(20), RANGE).unwrap(), 20);
    }

    #[test]
    fn a_reader_of_the_newest_begins_where_it_says_or_at_the_end() {
        assert_eq!(end(None, RANGE).unwrap(), 21);
        assert_eq!(end(Some(15), RANGE).unwrap(), 15);
        assert_eq!(end(Some(99), RANGE).unwrap(), 21);
        assert_eq!(end(Some(0), RANGE).unwrap_err().reason(), ErrorReason::InvalidValue);
    }

    #[test]
    fn who_was_away_too_long_or_is_ahead_is_told_so() {
        let refused = |after| beginning(Some(after), RANGE).unwrap_err();
        assert_eq!(refused(9).reason(), ErrorReason::EventsExpired);
        assert!(refused(9).to_string().contains("has the number 11"));
        assert_eq!(refused(21).reason(), ErrorReason::EventsAhead);
        assert_eq!(refused(-1).reason(), ErrorReason::InvalidValue);
    }

    #[test]
    fn a_message_holds_as_many_events_as_it_can_and_at_least_one() {
        let event = |size: usize| NumberedEvent {
            number: 1,
            event: Event {
                id: Uuid::nil(),
                directory: None,
                kind: EventKind::UserUpdated,
                subject: Uuid::nil(),
                version: None,
                time: 0,
                actor: Actor::System,
                person: None,
                request_id: String::new(),
                changes: json!("x".repeat(size)),
            },
            author: None,
        };
        let after = |sizes: &[usize]| {
            let mut events: Vec<_> = sizes.iter().map(|size| event(*size)).collect();
            let is_cut = cut(&mut events);
            (events.len(), is_cut)
        };
        assert_eq!(after(&[]), (0, false));
        assert_eq!(after(&[1, 2, 3]), (3, false));
        assert_eq!(after(&[LARGEST_PART * 3]), (1, false));
        assert_eq!(after(&[LARGEST_PART * 3, 1]), (1, true));
        assert_eq!(after(&[LARGEST_PART / 2, LARGEST_PART, 1]), (2, true));
    }
}
