//! What was found out about tokens, for a while.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use lru::LruCache;
use sha2::{Digest as _, Sha256};

/// What a token is kept under: who reads the memory of the cache finds no token.
pub(super) type Digest = [u8; 32];

/// The digest of a token or of a secret.
pub(super) fn digest(text: &str) -> Digest {
    Sha256::digest(text.as_bytes()).into()
}

/// So many that requests seldom wait for each other.
const SHARDS: usize = 16;

/// Values by digest, each until its time. When there is no room the one goes that was not
/// used for longest.
pub(super) struct Cache<T> {
    shards: [Mutex<LruCache<Digest, Entry<T>>>; SHARDS],
}

struct Entry<T> {
    value: T,
    until: SystemTime,
}

impl<T: Clone> Cache<T> {
    /// Room for about so many.
    pub(super) fn new(capacity: usize) -> Self {
        let each = NonZeroUsize::new(capacity.div_ceil(SHARDS)).unwrap_or(NonZeroUsize::MIN);
        Self {
            shards: std::array::from_fn(|_| Mutex::new(LruCache::new(each))),
        }
    }

    /// What is kept, if its time has not come.
    pub(super) fn get(&self, digest: &Digest, now: SystemTime) -> Option<T> {
        let mut shard = self.shard(digest).lock();
        let shard = shard.as_mut().unwrap_or_else(|poisoned| poisoned.get_mut());
        match shard.get(digest) {
            Some(entry) if now < entry.until => Some(entry.value.clone()),
            Some(_) => {
                shard.pop(digest);
                None
            }
            None => None,
        }
    }

    /// Keeps a value until then.
    pub(super) fn put(&self, digest: Digest, value: T, until: SystemTime) {
        let shard = self.shard(&digest).lock();
        let mut shard = shard.unwrap_or_else(PoisonError::into_inner);
        shard.put(digest, Entry { value, until });
    }

    fn shard(&self, digest: &Digest) -> &Mutex<LruCache<Digest, Entry<T>>> {
        &self.shards[usize::from(digest[0]) % SHARDS]
    }
}

impl<T> fmt::Debug for Cache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_value_is_kept_until_its_time_and_while_there_is_room() {
        let cache = Cache::new(32);
        let now = SystemTime::UNIX_EPOCH;
        let until = now + Duration::from_secs(10);
        let names: Vec<_> = (0..1000).map(|n| digest(&n.to_string())).collect();
        for (n, name) in names.iter().enumerate() {
            cache.put(*name, n, until);
        }
        let kept = names.iter().filter_map(|it| cache.get(it, now)).count();
        assert!((16..=32).contains(&kept), "{kept}");
        assert_eq!(cache.get(&names[999], now), Some(999));
        assert_eq!(cache.get(&names[999], until), None);
        assert_eq!(cache.get(&names[999], now), None, "it was forgotten");
    }
}
