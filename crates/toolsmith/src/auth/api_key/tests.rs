//! Keys in a file, made, presented, changed and taken back while a server has it.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::manage::{self, NewApiKey};
use super::{ApiKeys, text};
use crate::auth::clock::Clock;
use crate::auth::options::ApiKeyOptions;
use crate::ports::{Credentials, Refusal, Verdict, Verified};

struct Scene {
    _folder: TempDir,
    file: PathBuf,
    clock: Clock,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("keys.toml");
        Self {
            file,
            _folder: folder,
            clock: Clock::default(),
        }
    }

    fn make(&self, new: NewApiKey) -> manage::CreatedApiKey {
        manage::create(&self.file, new).unwrap()
    }

    fn open(&self) -> crate::Result<ApiKeys> {
        ApiKeys::open(&ApiKeyOptions::new(&self.file), Arc::default(), &self.clock)
    }

    /// Until it is time to look at the file again.
    fn wait(&self) {
        self.clock.advance(Duration::from_secs(2));
    }
}

async fn ask(keys: &ApiKeys, key: &str) -> Result<Arc<Verified>, Option<Refusal>> {
    let none: [(&str, &[u8]); 0] = [];
    let verdict = keys.verify(&Credentials::new(&none).with_bearer(key)).await;
    match verdict {
        Verdict::Accepted(verified) => Ok(verified),
        Verdict::Refused(refused) => Err(Some(refused.reason)),
        Verdict::NotMine => Err(None),
        Verdict::Unavailable { .. } => panic!("a file is always there"),
    }
}

#[tokio::test]
async fn a_key_says_whose_it_is_until_it_ends() {
    let scene = Scene::new();
    let new = NewApiKey::new("ci")
        .scope("files:read")
        .scope("files:write");
    let made = scene.make(new.tenant("acme").lifetime(Duration::from_secs(3600)));
    let keys = scene.open().unwrap();
    let verified = ask(&keys, made.key()).await.unwrap();
    assert_eq!(*verified.principal, *format!("api-key#{}", made.info.id));
    assert_eq!(verified.tenant.as_deref(), Some("acme"));
    assert!(verified.has_scope("files:read") && verified.has_scope("files:write"));
    assert_eq!(verified.claims["name"], "ci");
    scene.clock.advance(Duration::from_secs(3601));
    assert_eq!(ask(&keys, made.key()).await, Err(Some(Refusal::Expired)));
}

#[tokio::test]
async fn a_key_is_taken_from_its_own_field_too_and_only_once() {
    let scene = Scene::new();
    let made = scene.make(NewApiKey::new("ci"));
    let keys = scene.open().unwrap();
    let key = made.key().as_bytes();
    let one = [("x-api-key", key)];
    let verdict = keys.verify(&Credentials::new(&one)).await;
    assert!(matches!(verdict, Verdict::Accepted(_)), "{verdict:?}");
    let two = [("x-api-key", key), ("x-api-key", key)];
    let verdict = keys.verify(&Credentials::new(&two)).await;
    assert!(matches!(verdict, Verdict::Refused(_)), "{verdict:?}");
    for other in [&b"\xff"[..], b"other"] {
        let fields = [("x-api-key", other)];
        let verdict = keys.verify(&Credentials::new(&fields)).await;
        assert!(matches!(verdict, Verdict::NotMine), "{verdict:?}");
    }
}

/// An id that nobody has and a secret that is wrong are told apart by nothing: both are
/// compared with something, and answered alike.
#[tokio::test]
async fn a_wrong_key_is_refused_and_nobody_learns_which_half_was_wrong() {
    let scene = Scene::new();
    let made = scene.make(NewApiKey::new("ci"));
    let other = scene.make(NewApiKey::new("other"));
    let keys = scene.open().unwrap();
    let secret = made.key().rsplit('_').next().unwrap();
    for wrong in [
        text::whole("aaaaaaaaaa", secret),
        text::whole(&made.info.id, &"a".repeat(52)),
        text::whole(&other.info.id, secret),
    ] {
        assert_eq!(
            ask(&keys, &wrong).await,
            Err(Some(Refusal::Unknown)),
            "{wrong}"
        );
    }
    assert_eq!(ask(&keys, "tsk_a").await, Err(Some(Refusal::Malformed)));
    assert_eq!(ask(&keys, "other").await, Err(None));
    // Not even the digest of nothing opens anything.
    assert_eq!(keys.file.table().await.len(), 2);
}

#[tokio::test]
async fn a_change_is_seen_within_a_second() {
    let scene = Scene::new();
    let first = scene.make(NewApiKey::new("first"));
    let keys = scene.open().unwrap();
    let second = scene.make(NewApiKey::new("second"));
    scene.wait();
    assert!(
        ask(&keys, second.key()).await.is_ok(),
        "it was not read again"
    );
    assert!(manage::revoke(&scene.file, &first.info.id).unwrap());
    scene.wait();
    assert_eq!(ask(&keys, first.key()).await, Err(Some(Refusal::Unknown)));
    assert!(ask(&keys, second.key()).await.is_ok());
    assert!(!manage::revoke(&scene.file, &first.info.id).unwrap());
    assert!(!manage::revoke(&scene.file, "other").unwrap());
}

#[tokio::test]
async fn a_file_that_is_no_good_any_more_keeps_its_keys() {
    let scene = Scene::new();
    let made = scene.make(NewApiKey::new("ci"));
    let keys = scene.open().unwrap();
    let good = fs::read_to_string(&scene.file).unwrap();
    fs::write(&scene.file, "[[key]]\nid = 7\n").unwrap();
    scene.wait();
    assert!(ask(&keys, made.key()).await.is_ok());
    fs::remove_file(&scene.file).unwrap();
    scene.wait();
    assert!(ask(&keys, made.key()).await.is_ok());
    fs::write(&scene.file, good.replace("\"ci\"", "\"renamed\"")).unwrap();
    private(&scene.file);
    scene.wait();
    let verified = ask(&keys, made.key()).await.unwrap();
    assert_eq!(verified.claims["name"], "renamed");
}

fn private(_file: &std::path::Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(_file, fs::Permissions::from_mode(0o600)).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_file_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    let made = scene.make(NewApiKey::new("ci"));
    let mode = || fs::metadata(&scene.file).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    for (mode, good) in [(0o644, true), (0o440, true), (0o664, false), (0o602, false)] {
        fs::set_permissions(&scene.file, fs::Permissions::from_mode(mode)).unwrap();
        let opened = scene.open();
        assert_eq!(opened.is_ok(), good, "{mode:o}: {opened:?}");
        if let Err(error) = opened {
            assert!(error.to_string().contains("chmod go-w"), "{error}");
        }
    }
    private(&scene.file);
    let text = fs::read_to_string(&scene.file).unwrap();
    let secret = made.key().rsplit('_').next().unwrap();
    assert!(!text.contains(secret), "{text}");
}

#[cfg(unix)]
#[test]
fn a_link_to_a_file_stays_a_link() {
    let scene = Scene::new();
    scene.make(NewApiKey::new("first"));
    let link = scene.file.with_file_name("link.toml");
    std::os::unix::fs::symlink(&scene.file, &link).unwrap();
    manage::create(&link, NewApiKey::new("second")).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(manage::list(&scene.file).unwrap().len(), 2);
}

#[test]
fn those_who_change_a_file_at_the_same_time_lose_nothing() {
    let scene = Scene::new();
    std::thread::scope(|scope| {
        for n in 0..8 {
            let file = &scene.file;
            scope.spawn(move || manage::create(file, NewApiKey::new(format!("k{n}"))).unwrap());
        }
    });
    assert_eq!(manage::list(&scene.file).unwrap().len(), 8);
}

#[test]
fn a_file_that_is_wrong_is_refused_with_the_line_and_without_digests() {
    let scene = Scene::new();
    scene.make(NewApiKey::new("ci"));
    let good = fs::read_to_string(&scene.file).unwrap();
    let id = &manage::list(&scene.file).unwrap()[0].id;
    let hash = good.lines().find(|line| line.starts_with("hash")).unwrap();
    let digest = hash
        .trim_start_matches("hash = \"sha256:")
        .trim_end_matches('"');
    for (text, says) in [
        (good.replace("sha256:", "md5:"), "line 7"),
        (good.replace(digest, &digest[1..]), "64 hexadecimal digits"),
        (
            good.replace("created = \"", "created = \"x"),
            "a time is like",
        ),
        (good.replace("name =", "nmae ="), "unknown field"),
        (good.replace(id.as_str(), "short"), "not the id"),
        (format!("{good}\n{good}"), "two keys with the id"),
        ("[[key]".to_owned(), "line 1"),
        ("#".repeat(9 * 1024 * 1024), "is longer than"),
    ] {
        fs::write(&scene.file, &text).unwrap();
        let error = scene.open().unwrap_err().to_string();
        assert!(error.contains(says), "{says}: {error}");
        assert!(!error.contains(&digest[1..20]), "{error}");
    }
    fs::remove_file(&scene.file).unwrap();
    let error = format!("{:?}", scene.open().unwrap_err());
    assert!(error.contains("toolsmith key create"), "{error}");
}

#[test]
fn what_makes_no_sense_is_not_made() {
    let scene = Scene::new();
    for (new, says) in [
        (NewApiKey::new(""), "name"),
        (NewApiKey::new("a\nb"), "name"),
        (NewApiKey::new("a".repeat(300)), "name"),
        (NewApiKey::new("a").scope("b c"), "scope"),
        (NewApiKey::new("a").tenant(""), "tenant"),
        (NewApiKey::new("a").lifetime(Duration::MAX), "too long"),
    ] {
        let error = manage::create(&scene.file, new).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    assert!(!scene.file.exists());
    let nowhere = scene.file.join("keys.toml");
    let error = manage::create(&nowhere, NewApiKey::new("a"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("keys.toml"), "{error}");
}
