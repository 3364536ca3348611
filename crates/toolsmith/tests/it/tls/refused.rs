//! Settings of TLS that cannot be.

use std::path::Path;

use toolsmith::Http;

use super::pairs::Pairs;

fn wrong(http: Http, words: &[&str]) {
    let error = http.listen().expect_err("it is wrong");
    assert!(error.is_setting(), "{error}");
    let said = format!("{error:?}");
    for word in words {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
    assert!(!said.contains("PRIVATE KEY-----"), "the key is in: {said}");
}

fn http() -> Http {
    Http::bind("127.0.0.1:0")
}

#[test]
fn files_that_cannot_be_used_are_refused_by_name() {
    let pairs = Pairs::new();
    let (cert, key) = (pairs.cert(), pairs.key());
    let name = |path: &Path| path.to_str().unwrap().to_owned();
    let (cert_name, key_name) = (name(&cert), name(&key));
    let both = || http().tls_cert(&cert).tls_key(&key);
    assert!(both().listen().is_ok());

    let missing = "/nowhere/cert.pem";
    wrong(
        http().tls_cert(missing).tls_key(&key),
        &["--tls-cert", missing, "cannot be read"],
    );
    wrong(
        http().tls_cert(&cert).tls_key(missing),
        &["--tls-key", missing, "cannot be read"],
    );
    wrong(
        http().tls_cert(&key).tls_key(&key),
        &["--tls-cert", &key_name, "no certificate"],
    );
    wrong(
        http().tls_cert(&cert).tls_key(&cert),
        &["--tls-key", &cert_name, "no private key"],
    );

    let other = pairs.make();
    std::fs::write(&key, &other.key).unwrap();
    wrong(both(), &["--tls-key", &cert_name, &key_name, "not the one"]);
    let broken = other.key.replace("MIG", "!!!");
    std::fs::write(&key, broken).unwrap();
    wrong(both(), &["--tls-key", &key_name, "no private key"]);
    std::fs::write(&cert, vec![b'x'; (1 << 20) + 1]).unwrap();
    wrong(both(), &["--tls-cert", &cert_name, "1048576 bytes"]);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let pairs = Pairs::new();
    let cert = || http().tls_cert(pairs.cert());
    let both = || cert().tls_key(pairs.key());
    wrong(cert(), &["--tls-cert", "--tls-key"]);
    wrong(
        http().tls_key(pairs.key()),
        &["--tls-key", "without --tls-cert"],
    );
    wrong(
        both().unix_socket("/tmp/s"),
        &["--tls-cert", "--unix-socket"],
    );
    wrong(
        both().acme_domain("a.example"),
        &["--tls-cert", "--acme-domain"],
    );
    wrong(http().acme_domain("a.example"), &["--acme-cache"]);
    wrong(
        http().acme_cache("/tmp/acme"),
        &["--acme-cache", "--acme-domain"],
    );
    let ordered = |domain: &str| http().acme_cache("/tmp/acme").acme_domain(domain);
    for domain in [
        "*.a.example",
        "https://a.example",
        "10.0.0.1",
        "a..b",
        "a.example:443",
        "",
    ] {
        wrong(ordered(domain), &["--acme-domain", &format!("'{domain}'")]);
    }
    wrong(
        ordered("a.example").acme_email("ops"),
        &["--acme-email", "ops@example.com"],
    );
    wrong(
        ordered("a.example").acme_directory("http://acme.example/dir"),
        &["--acme-directory", "https://"],
    );
    wrong(
        ordered("a.example").unix_socket("/tmp/s"),
        &["--acme-domain", "--unix-socket"],
    );
}
