//! How many stores may be open at once.

use super::connection::CACHE_KIB;

/// What an open store takes of memory beside its pages, about.
const BESIDE: u64 = 192 << 10;
/// How many descriptors it takes: its file and the log of it.
const DESCRIPTORS: u64 = 2;
/// How many may be open whatever the limits say.
const LEAST: u64 = 8;

/// How many stores may be open at once: as many as memory allows, and as half of the file
/// descriptors of the process do, of which the other half is for connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    stores: u64,
}

impl Budget {
    pub(super) fn new(memory: u64) -> Self {
        Self::within(memory, descriptors())
    }

    fn within(memory: u64, descriptors: u64) -> Self {
        let by_memory = memory / (CACHE_KIB * 1024 + BESIDE);
        let by_descriptors = descriptors / 2 / DESCRIPTORS;
        Self {
            stores: by_memory.min(by_descriptors).max(LEAST),
        }
    }

    pub(super) fn stores(self) -> usize {
        usize::try_from(self.stores).unwrap_or(usize::MAX)
    }
}

#[cfg(unix)]
fn descriptors() -> u64 {
    use rustix::process::{Resource, getrlimit};

    // No limit at all is more than memory allows.
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(not(unix))]
fn descriptors() -> u64 {
    // The system does not say.
    1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whichever_is_less_decides() {
        let one = CACHE_KIB * 1024 + BESIDE;
        assert_eq!(Budget::within(100 * one, 1024).stores(), 100);
        assert_eq!(Budget::within(1000 * one, 1024).stores(), 256);
        assert_eq!(Budget::within(0, 0).stores(), 8);
    }
}
