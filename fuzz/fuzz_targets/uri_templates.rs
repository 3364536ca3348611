//! Fuzzes [`toolsmith_fuzz::uri_templates`]; without a fuzzer, runs the files that are named.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| toolsmith_fuzz::uri_templates(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    toolsmith_fuzz::run_files(toolsmith_fuzz::uri_templates)
}
