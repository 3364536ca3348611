//! The page `docs/deploy/README.md` shows the files that are tested.

const PAGE: &str = include_str!("../../../docs/deploy/README.md");

#[test]
fn the_page_shows_the_files_that_are_tested() {
    for (name, text) in [
        (
            "nginx.conf",
            include_str!("../../../docs/deploy/nginx.conf"),
        ),
        ("Caddyfile", include_str!("../../../docs/deploy/Caddyfile")),
        (
            "haproxy.cfg",
            include_str!("../../../docs/deploy/haproxy.cfg"),
        ),
        (
            "toolsmith@.socket",
            include_str!("../../../docs/deploy/toolsmith@.socket"),
        ),
        (
            "toolsmith@.service",
            include_str!("../../../docs/deploy/toolsmith@.service"),
        ),
        (
            "Dockerfile",
            include_str!("../../../docs/deploy/Dockerfile"),
        ),
    ] {
        assert!(
            PAGE.contains(&format!("\n{text}```\n")),
            "docs/deploy/README.md does not show {name} as it is"
        );
    }
}
