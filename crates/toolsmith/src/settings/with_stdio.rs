//! The settings of the stdio transport.

use super::kinds;
use super::values::Values;
use crate::Result;
use crate::stdio::Stdio;

/// The transport.
pub(super) type Chosen = Stdio;

/// Reads the settings.
pub(super) fn read(values: &Values) -> Result<Chosen> {
    let max_line = values.read::<kinds::Size>("max_line")?;
    Ok(Stdio::new().max_line(max_line))
}
