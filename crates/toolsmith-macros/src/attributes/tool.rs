//! The arguments that only a tool has.

use proc_macro2::{Span, TokenStream};
use syn::Ident;

use super::Table;
use super::entry::Entry;
use crate::errors::Errors;

pub(super) const KNOWN: &Table<ToolArguments> = &[
    ("read_only", ToolArguments::set_hint),
    ("destructive", ToolArguments::set_hint),
    ("idempotent", ToolArguments::set_hint),
    ("open_world", ToolArguments::set_hint),
    ("task", ToolArguments::set_task),
];

/// What an author wrote of a tool and could write of nothing else.
#[derive(Default)]
pub(crate) struct ToolArguments {
    pub(crate) hints: Vec<(Ident, bool)>,
    pub(crate) task: Option<Task>,
}

/// Whether a call may become a task.
pub(crate) struct Task {
    pub(crate) support: Support,
    /// The argument as it was written.
    pub(crate) written: TokenStream,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Support {
    Optional,
    Required,
    Decided,
}

impl ToolArguments {
    fn set_hint(&mut self, entry: &Entry, _: TokenStream, errors: &mut Errors) {
        let hint = Ident::new(&entry.key.name(), Span::mixed_site());
        self.hints
            .extend(errors.keep(entry.flag()).map(|flag| (hint, flag)));
    }

    fn set_task(&mut self, entry: &Entry, written: TokenStream, errors: &mut Errors) {
        let support = errors.keep(Support::parse(entry));
        self.task = support.map(|support| Task { support, written });
    }
}

impl Support {
    /// `task`, which is `task = "optional"`, or one of the other words.
    fn parse(entry: &Entry) -> syn::Result<Self> {
        if entry.word().is_ok() {
            return Ok(Self::Optional);
        }
        match entry.string().map(|text| text.value()).as_deref() {
            Ok("optional") => Ok(Self::Optional),
            Ok("required") => Ok(Self::Required),
            Ok("decided") => Ok(Self::Decided),
            _ => Err(entry.error(
                "write `task`, which is `task = \"optional\"`, or `task = \"required\"` or \
                 `task = \"decided\"`",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_alone_is_optional_and_unknown_words_are_refused() {
        let read = |text| Support::parse(&syn::parse_str(text).unwrap());
        assert_eq!(read("task").unwrap(), Support::Optional);
        assert_eq!(read("task = \"optional\"").unwrap(), Support::Optional);
        assert_eq!(read("task = \"required\"").unwrap(), Support::Required);
        assert_eq!(read("task = \"decided\"").unwrap(), Support::Decided);
        for wrong in [
            "task = \"forbidden\"",
            "task = true",
            "task()",
            "task(\"required\")",
        ] {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.starts_with("write `task`"), "{wrong}: {error}");
        }
    }
}
