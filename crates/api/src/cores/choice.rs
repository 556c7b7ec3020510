//! Which core gets a call.

use std::sync::Arc;

use super::replica::{Place, Replica};

/// A place at the core with the fewest calls under way, of those that serve; where none does, of all. Of equals it is each one's
/// turn after the other's. The core at which the call has failed is the last to get it again: behind its address there may be
/// another one by now. `None`: there is no core, or none has a place left.
pub(super) fn choose(cores: &[Arc<Replica>], turn: usize, failed: Option<&Arc<Replica>>) -> Option<Place> {
    let (later, first) = cores.split_at(turn.checked_rem(cores.len())?);
    let others = || {
        let is_another = |core: &&Arc<Replica>| failed.is_none_or(|failed| !Arc::ptr_eq(core, failed));
        first.iter().chain(later).filter(is_another)
    };
    let serving = others().filter(|core| core.serves()).min_by_key(|core| core.under_way());
    serving.or_else(|| others().min_by_key(|core| core.under_way())).or(failed)?.place()
}

#[cfg(test)]
mod tests {
    use tonic::transport::Endpoint;

    use super::*;
    use crate::hop::CALLS_AT_ONCE;

    /// Cores of which these serve.
    fn cores(serving: &[bool]) -> Vec<Arc<Replica>> {
        let core = |(number, serves): (u16, &bool)| {
            let channel = Endpoint::from_static("http://127.0.0.1:1").connect_lazy();
            let core = Replica::new(([127, 0, 0, 1], number).into(), channel);
            core.says(*serves);
            Arc::new(core)
        };
        (0..).zip(serving).map(core).collect()
    }

    fn chosen(cores: &[Arc<Replica>], turn: usize, failed: Option<usize>) -> Option<u16> {
        let place = choose(cores, turn, failed.map(|number| &cores[number]))?;
        Some(place.core().address().port())
    }

    #[tokio::test]
    async fn equals_take_turns() {
        let cores = cores(&[true, true, true]);
        let order: Vec<_> = (0..4).map(|turn| chosen(&cores, turn, None).unwrap()).collect();
        assert_eq!(order, [0, 1, 2, 0]);
    }

    #[tokio::test]
    async fn the_one_with_the_fewest_calls_is_next_if_it_serves() {
        let cores = cores(&[true, true, false]);
        let busy = [cores[0].place().unwrap(), cores[0].place().unwrap(), cores[1].place().unwrap()];
        for turn in 0..3 {
            assert_eq!(chosen(&cores, turn, None), Some(1));
        }
        drop(busy);
        cores[0].says(false);
        assert_eq!(chosen(&cores, 0, None), Some(1));
    }

    #[tokio::test]
    async fn where_none_serves_any_is_better_than_none() {
        assert_eq!(chosen(&cores(&[false, false]), 1, None), Some(1));
        assert_eq!(chosen(&[], 0, None), None);
    }

    #[tokio::test]
    async fn a_call_that_failed_goes_elsewhere_where_there_is_an_elsewhere() {
        assert_eq!(chosen(&cores(&[true, true]), 0, Some(0)), Some(1));
        assert_eq!(chosen(&cores(&[true, false]), 0, Some(0)), Some(1));
        assert_eq!(chosen(&cores(&[true]), 0, Some(0)), Some(0));
    }

    #[tokio::test]
    async fn a_core_takes_so_many_calls_and_no_more() {
        let cores = cores(&[true, false]);
        let mut places: Vec<_> = (0..CALLS_AT_ONCE).map(|turn| choose(&cores, turn as usize, None)).collect();
        assert!(places.iter().all(Option::is_some));
        assert_eq!(chosen(&cores, 0, None), None, "one that does not serve is no way out");
        places.pop();
        assert_eq!(chosen(&cores, 0, None), Some(0));
    }
}
