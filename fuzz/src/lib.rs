//! What is fuzzed, as plain functions: each takes any bytes and panics when what must hold
//! for all of them does not.
//!
//! `fuzz_targets/` gives them to libFuzzer, and a test here runs the inputs in `corpus/`.
//! An input that was found to break something is put there, so that it stays mended. The
//! forms of the inputs are text where they can be, so that a person can write one.
#![expect(
    clippy::expect_used,
    reason = "a target says by panicking that something does not hold"
)]

mod answers;
mod cursors;
mod decode;
mod edits;
mod headers;
mod resume_ids;
mod sealed_state;
mod serve;
mod uri_templates;

pub use cursors::cursors;
pub use decode::decode;
pub use headers::headers;
pub use resume_ids::resume_ids;
pub use sealed_state::sealed_state;
pub use uri_templates::uri_templates;

/// A target: what it does with an input.
pub type Target = fn(&[u8]);

/// Every target, by the name of its program and of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 6] = [
    ("decode", decode),
    ("headers", headers),
    ("resume_ids", resume_ids),
    ("uri_templates", uri_templates),
    ("cursors", cursors),
    ("sealed_state", sealed_state),
];

/// Runs a target on the files that the command line names.
///
/// # Errors
///
/// When a file cannot be read.
pub fn run_files(target: Target) -> std::io::Result<()> {
    for file in std::env::args_os().skip(1) {
        target(&std::fs::read(file)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_input_that_was_kept_runs() {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        for (name, target) in TARGETS {
            let files = std::fs::read_dir(corpus.join(name)).unwrap();
            let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
            assert!(files.len() > 3, "{name} has {} inputs", files.len());
            for file in files {
                let input = std::fs::read(&file).unwrap();
                let held = catch_unwind(|| target(&input));
                assert!(held.is_ok(), "{} breaks it; see above", file.display());
            }
        }
    }

    #[test]
    fn nothing_and_all_bytes_run() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        for (_, target) in TARGETS {
            target(b"");
            target(&all);
        }
    }
}
