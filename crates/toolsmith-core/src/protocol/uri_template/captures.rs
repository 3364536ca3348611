//! The values of variables, by name.

/// The values of a template's variables: what a URI was found to hold, or what to make a
/// URI of. In the order of the template, or in that in which they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures(Vec<(String, Captured)>);

/// The value of one variable, percent-decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Captured {
    /// One text.
    One(String),
    /// A list: what an exploded variable has, or a key that is repeated.
    Many(Vec<String>),
}

impl Captures {
    /// The first value of a variable.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_slice().first().map(String::as_str)
    }

    /// The value of a variable; `None` when there is none. The first, if there are several.
    pub fn get(&self, name: &str) -> Option<&Captured> {
        let entry = self.0.iter().find(|(known, _)| known == name);
        entry.map(|(_, value)| value)
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Captured)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// How many variables have a value.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no variable has a value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<N: Into<String>, V: Into<Captured>> FromIterator<(N, V)> for Captures {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(entries: I) -> Self {
        let entries = entries.into_iter();
        Self(entries.map(|(n, v)| (n.into(), v.into())).collect())
    }
}

impl Captured {
    /// The one text, or each of the list.
    pub fn as_slice(&self) -> &[String] {
        match self {
            Captured::One(value) => std::slice::from_ref(value),
            Captured::Many(values) => values,
        }
    }
}

impl From<&str> for Captured {
    fn from(value: &str) -> Self {
        Captured::One(value.to_owned())
    }
}

impl From<String> for Captured {
    fn from(value: String) -> Self {
        Captured::One(value)
    }
}

impl From<Vec<String>> for Captured {
    fn from(values: Vec<String>) -> Self {
        Captured::Many(values)
    }
}

impl<const N: usize> From<[&str; N]> for Captured {
    fn from(values: [&str; N]) -> Self {
        Captured::Many(values.map(str::to_owned).to_vec())
    }
}
