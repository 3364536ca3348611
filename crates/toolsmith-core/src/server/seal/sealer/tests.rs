use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const BOUND: &[u8] = b"tenant and tool";

fn key(byte: u8) -> StateKey {
    StateKey::from_bytes([byte; 32])
}

fn sealer() -> Sealer {
    Sealer::new(key(1), Vec::new())
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_790_000_000)
}

fn later() -> SystemTime {
    now() + Duration::from_secs(60)
}

fn raw(sealed: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD
        .decode(sealed)
        .expect("what is sealed is Base64")
}

#[test]
fn every_flip_of_a_bit_of_the_text_is_refused() {
    // Three lengths: Base64 ends in one, two or no loose characters.
    for plain in ["", "a", "ab"] {
        let sealed = sealer().seal(BOUND, later(), plain.as_bytes()).unwrap();
        for at in 0..sealed.len() {
            for bit in 0..8 {
                let mut altered = sealed.clone().into_bytes();
                altered[at] ^= 1 << bit;
                // The eighth bit makes something that is not text and cannot come in.
                let Ok(altered) = String::from_utf8(altered) else {
                    continue;
                };
                let opened = sealer().open(BOUND, now(), &altered);
                assert!(
                    opened.is_err(),
                    "bit {bit} of character {at} of {sealed}: {opened:?}"
                );
            }
        }
    }
}

#[test]
fn every_flip_of_a_bit_of_the_bytes_is_refused() {
    let sealed = raw(&sealer().seal(BOUND, later(), b"state").unwrap());
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut altered = sealed.clone();
            altered[at] ^= 1 << bit;
            let opened = sealer().open(BOUND, now(), &URL_SAFE_NO_PAD.encode(altered));
            let why = if at == 0 {
                Unsealable::Malformed
            } else {
                Unsealable::Foreign
            };
            assert_eq!(opened, Err(why), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn every_shorter_text_is_refused() {
    let sealed = sealer().seal(BOUND, later(), b"state").unwrap();
    for len in 0..sealed.len() {
        let opened = sealer().open(BOUND, now(), &sealed[..len]);
        assert!(opened.is_err(), "{len} of {}: {opened:?}", sealed.len());
        let opened = sealer().open(BOUND, now(), &sealed[sealed.len() - len..]);
        assert!(opened.is_err(), "the last {len}: {opened:?}");
    }
    let longer = format!("{sealed}A");
    assert!(sealer().open(BOUND, now(), &longer).is_err());
}

#[test]
fn the_expiry_is_exact_to_the_millisecond() {
    let step = Duration::from_millis(1);
    let sealed = sealer().seal(BOUND, later(), b"state").unwrap();
    let open = |now| sealer().open(BOUND, now, &sealed);
    assert_eq!(open(later() - step), Ok(b"state".to_vec()));
    assert_eq!(open(later()), Err(Unsealable::Expired));
    assert_eq!(open(later() + step), Err(Unsealable::Expired));
}

#[test]
fn a_clock_before_1970_opens_nothing_and_seals_nothing_that_opens() {
    let before = UNIX_EPOCH - Duration::from_secs(1);
    let sealed = sealer().seal(BOUND, later(), b"state").unwrap();
    assert_eq!(
        sealer().open(BOUND, before, &sealed),
        Err(Unsealable::Expired)
    );
    let sealed = sealer().seal(BOUND, before, b"state").unwrap();
    assert_eq!(
        sealer().open(BOUND, UNIX_EPOCH, &sealed),
        Err(Unsealable::Expired)
    );
}

#[test]
fn the_reason_says_expired_only_to_who_may_open_it() {
    let sealed = sealer().seal(BOUND, now(), b"state").unwrap();
    assert_eq!(
        sealer().open(b"another", later(), &sealed),
        Err(Unsealable::Foreign)
    );
}

#[test]
fn keys_rotate() {
    let old = sealer();
    let both = Sealer::new(key(2), vec![key(3), key(1)]);
    let new = Sealer::new(key(2), Vec::new());

    let by_old = old.seal(BOUND, later(), b"state").unwrap();
    let by_both = both.seal(BOUND, later(), b"state").unwrap();
    assert_eq!(both.open(BOUND, now(), &by_old), Ok(b"state".to_vec()));
    assert_eq!(both.open(BOUND, now(), &by_both), Ok(b"state".to_vec()));
    assert_eq!(new.open(BOUND, now(), &by_both), Ok(b"state".to_vec()));
    assert_eq!(new.open(BOUND, now(), &by_old), Err(Unsealable::Foreign));
    assert_eq!(old.open(BOUND, now(), &by_both), Err(Unsealable::Foreign));
}

#[test]
fn keys_whose_ids_are_the_same_are_all_tried() {
    let mut both = Sealer::new(key(1), vec![key(2)]);
    both.first.id = both.also[0].id;
    let by_second = Sealer::new(key(2), Vec::new())
        .seal(BOUND, later(), b"state")
        .unwrap();
    assert_eq!(both.open(BOUND, now(), &by_second), Ok(b"state".to_vec()));
}

#[test]
fn the_bound_is_exact_both_ways() {
    let sealed = sealer().seal(BOUND, later(), &vec![7; MAX_PLAIN]).unwrap();
    assert_eq!(sealed.len(), MAX_SEALED);
    let opened = sealer().open(BOUND, now(), &sealed);
    assert_eq!(opened.map(|plain| plain.len()), Ok(MAX_PLAIN));

    let refused = sealer().seal(BOUND, later(), &vec![7; MAX_PLAIN + 1]);
    assert_eq!(refused, Err(SealError::TooLong { len: MAX_PLAIN + 1 }));

    // What would open, were it not too long.
    let first = sealer().first;
    let nonce = [0; NONCE_LEN];
    let mut body = vec![7; MAX_PLAIN + 1];
    body.extend_from_slice(&u64::MAX.to_le_bytes());
    let tag = first
        .cipher
        .encrypt_in_place_detached(
            XNonce::from_slice(&nonce),
            &first.associated(BOUND),
            &mut body,
        )
        .unwrap();
    let long = [&[VERSION], &first.id[..], &nonce, &body, &tag].concat();
    let parts = Parts::split(&long).expect("all parts are there");
    assert!(
        first.open(BOUND, &parts).is_some(),
        "the test's own sealing"
    );
    let long = URL_SAFE_NO_PAD.encode(&long);
    assert_eq!(
        sealer().open(BOUND, now(), &long),
        Err(Unsealable::Malformed)
    );
}

#[test]
fn state_that_a_former_build_sealed_is_opened() {
    // Builds live side by side while one replaces another. Should this text have to change,
    // raise VERSION.
    let sealed = "AV5w5KS19wgtpT5Y3WfTqoRSF8HiRRQ_RyK0ssxPQPlFcMlXtoepbRmZc0lEQZmLB3KFIPHX_Eu1Mw";
    assert_eq!(sealer().open(BOUND, now(), sealed), Ok(b"state".to_vec()));
}

#[test]
fn debug_shows_no_key() {
    let shown = format!("{:?}", Sealer::new(key(7), vec![key(8)]));
    assert!(!shown.contains("0707"), "{shown}");
    assert!(!shown.contains("7, 7"), "{shown}");
}

proptest! {
    #[test]
    fn what_is_sealed_opens_and_is_not_in_the_text(
        plain in vec(any::<u8>(), 0..300),
        bound in vec(any::<u8>(), 0..64),
    ) {
        let sealed = sealer().seal(&bound, later(), &plain).unwrap();
        let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        prop_assert!(sealed.bytes().all(safe), "{}", sealed);
        let bytes = raw(&sealed);
        prop_assert!(
            plain.len() < 8 || !bytes.windows(plain.len()).any(|part| part == plain),
            "{} is readable in {}", URL_SAFE_NO_PAD.encode(&plain), sealed
        );
        prop_assert_eq!(sealer().open(&bound, now(), &sealed), Ok(plain));
    }

    #[test]
    fn two_seals_of_the_same_differ(plain in vec(any::<u8>(), 0..100)) {
        let one = sealer().seal(BOUND, later(), &plain).unwrap();
        let other = sealer().seal(BOUND, later(), &plain).unwrap();
        prop_assert_ne!(one, other);
    }

    #[test]
    fn one_altered_character_is_refused(
        plain in vec(any::<u8>(), 0..300),
        at: prop::sample::Index,
        by in "[A-Za-z0-9_-]",
    ) {
        let sealed = sealer().seal(BOUND, later(), &plain).unwrap();
        let at = at.index(sealed.len());
        prop_assume!(sealed[at..=at] != by);
        let altered = format!("{}{by}{}", &sealed[..at], &sealed[at + 1..]);
        prop_assert!(sealer().open(BOUND, now(), &altered).is_err(), "{}", altered);
    }

    #[test]
    fn another_binding_is_refused(
        one in vec(any::<u8>(), 0..40),
        other in vec(any::<u8>(), 0..40),
    ) {
        prop_assume!(one != other);
        let sealed = sealer().seal(&one, later(), b"state").unwrap();
        let longer = [one.as_slice(), &other].concat();
        for bound in [other, longer, one[1.min(one.len())..].to_vec()] {
            prop_assume!(bound != one);
            prop_assert_eq!(sealer().open(&bound, now(), &sealed), Err(Unsealable::Foreign));
        }
    }

    #[test]
    fn it_is_open_before_its_expiry_and_never_after(
        expires in 0u64..1 << 50,
        at in 0u64..1 << 50,
    ) {
        let time = |ms| UNIX_EPOCH + Duration::from_millis(ms);
        let sealed = sealer().seal(BOUND, time(expires), b"state").unwrap();
        for at in [at, expires.saturating_sub(1), expires, expires + 1] {
            let opened = sealer().open(BOUND, time(at), &sealed);
            let expected = if at < expires {
                Ok(b"state".to_vec())
            } else {
                Err(Unsealable::Expired)
            };
            prop_assert_eq!(opened, expected, "sealed until {}, opened at {}", expires, at);
        }
    }

    #[test]
    fn another_key_does_not_open(one: [u8; 32], other: [u8; 32]) {
        prop_assume!(one != other);
        let by_one = Sealer::new(StateKey::from_bytes(one), Vec::new());
        let mut by_other = Sealer::new(StateKey::from_bytes(other), Vec::new());
        let sealed = by_one.seal(BOUND, later(), b"state").unwrap();
        prop_assert_eq!(by_other.open(BOUND, now(), &sealed), Err(Unsealable::Foreign));
        // The id of a key is a hint: the cipher decides.
        by_other.first.id = by_one.first.id;
        prop_assert_eq!(by_other.open(BOUND, now(), &sealed), Err(Unsealable::Foreign));
    }

    #[test]
    fn arbitrary_text_is_refused(text: String) {
        prop_assert!(sealer().open(BOUND, now(), &text).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in vec(any::<u8>(), 0..200), known: bool) {
        let mut bytes = bytes;
        if known {
            let id = sealer().first.id;
            bytes.splice(0..0, std::iter::once(VERSION).chain(id));
        }
        let text = URL_SAFE_NO_PAD.encode(&bytes);
        prop_assert!(sealer().open(BOUND, now(), &text).is_err(), "{}", text);
    }
}
