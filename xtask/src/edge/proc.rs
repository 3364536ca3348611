//! What the system knows of a server under test.

use anyhow::{Context as _, Result};

pub(super) const MIB: u64 = 1 << 20;

/// The resident memory of a process, in bytes.
pub(super) fn memory(id: u32) -> Result<u64> {
    status(id, "VmRSS:")
}

/// The most resident memory that a process ever had, in bytes.
pub(super) fn peak(id: u32) -> Result<u64> {
    status(id, "VmHWM:")
}

/// How many file descriptors a process has.
pub(super) fn descriptors(id: u32) -> Result<usize> {
    let all = std::fs::read_dir(format!("/proc/{id}/fd"));
    Ok(all
        .with_context(|| format!("process {id} is gone"))?
        .count())
}

fn status(id: u32, name: &str) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))
        .with_context(|| format!("process {id} is gone"))?;
    kib(&status, name)
        .map(|kib| kib * 1024)
        .with_context(|| format!("/proc has no {name} of the process"))
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_by_its_name() {
        let status = "VmHWM:\t  9 kB\nVmRSS:\t   5120 kB\n";
        assert_eq!(kib(status, "VmRSS:"), Some(5120));
        assert_eq!(kib(status, "VmHWM:"), Some(9));
        assert_eq!(kib(status, "VmSwap:"), None);
    }

    #[test]
    fn we_ourselves_have_memory_and_files() {
        let id = std::process::id();
        assert!(memory(id).unwrap() <= peak(id).unwrap());
        assert!(descriptors(id).unwrap() > 2);
    }
}
