//! `toolsmith key`: keys are made, listed and taken back.

use std::fs;

use crate::support::{Ran, toolsmith};

fn key(file: &std::path::Path, args: &[&str]) -> Ran {
    let file = file.to_str().unwrap();
    toolsmith(["key"].iter().chain(args).chain(&["--file", file]))
}

#[test]
fn a_key_is_printed_once_and_kept_as_a_digest() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let args = [
        "create",
        "--name",
        "ci",
        "--scope",
        "files:read",
        "--scope",
        "a",
    ];
    let made = key(
        &file,
        &[&args[..], &["--tenant", "acme", "--expires", "90d"]].concat(),
    )
    .ok();
    let made = made.strip_suffix('\n').expect("a line");
    assert!(made.starts_with("tsk_") && !made.contains('\n'), "{made}");
    let parts: Vec<_> = made.split('_').collect();
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.contains(parts[1]) && !text.contains(parts[2]),
        "{text}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    key(&file, &["create", "--name", "other"]).ok();
    let listed = key(&file, &["list"]).ok();
    let lines: Vec<_> = listed.lines().collect();
    assert_eq!(lines.len(), 2, "{listed}");
    for part in [parts[1], "ci", "[files:read a]", "tenant acme", "until 2"] {
        assert!(lines[0].contains(part), "{listed}");
    }
    assert!(lines[1].contains("no scopes") && lines[1].contains("until it is revoked"));
    assert!(!listed.contains(parts[2]), "{listed}");
    let json: serde_json::Value =
        serde_json::from_str(&key(&file, &["list", "--json"]).ok()).unwrap();
    assert_eq!(json[0]["id"], parts[1]);
    assert_eq!(json[0]["scopes"], serde_json::json!(["files:read", "a"]));

    assert_eq!(key(&file, &["revoke", parts[1]]).ok(), "");
    assert_eq!(key(&file, &["list"]).ok().lines().count(), 1);
    let stderr = key(&file, &["revoke", parts[1]]).failed(2);
    assert!(stderr.contains("no key with the id"), "{stderr}");
    assert!(stderr.contains("toolsmith key list"), "{stderr}");
}

#[test]
fn what_cannot_be_done_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let stderr = key(&file, &["list"]).failed(5);
    assert!(stderr.contains("keys.toml"), "{stderr}");
    let stderr = key(&file, &["create", "--name", "a", "--scope", "b c"]).failed(2);
    assert!(stderr.contains("'b c' is no scope"), "{stderr}");
    for bad in [
        &["create"][..],
        &["create", "--name", "a", "--expires", "0"],
        &["revoke"],
    ] {
        key(&file, bad).failed(2);
    }
    assert!(!file.exists());
}
