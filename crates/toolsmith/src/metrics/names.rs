//! Names by which things are counted, of which there may be only so many.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

/// How many there may be.
const MOST: usize = 1000;
/// What the rest are counted as.
const OTHER: &str = "(other)";

/// The names that were counted so far.
#[derive(Debug, Default)]
pub(super) struct Names(RwLock<HashSet<Arc<str>>>);

impl Names {
    /// A name as it is counted.
    pub(super) fn counted(&self, name: &str) -> Arc<str> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(name).cloned();
        let is_full = known.len() >= MOST;
        drop(known);
        match found {
            Some(name) => name,
            None if is_full => OTHER.into(),
            None => {
                let name: Arc<str> = name.into();
                let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
                known.insert(Arc::clone(&name));
                name
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_so_many_names_the_rest_are_one() {
        let names = Names::default();
        for number in 0..MOST {
            let name = format!("tool_{number}");
            assert_eq!(&*names.counted(&name), name);
        }
        assert_eq!(&*names.counted("one_more"), OTHER);
        assert_eq!(&*names.counted("tool_7"), "tool_7");
    }
}
