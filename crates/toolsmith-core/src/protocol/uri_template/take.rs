//! What becomes of a stretch of a URI: values of variables.

use std::ops::Range;

use super::compile::Run;
use super::units::{self, Unit};
use super::{Captured, Variable};

/// How variables share a stretch.
#[derive(Clone, Debug)]
pub(super) enum Take {
    /// One has it all.
    One(usize),
    /// An exploded one has it as a list.
    Items(usize),
    /// Several have a value each, between commas.
    Spread(Range<usize>),
    /// They have the pairs with their names.
    Pairs(Range<usize>),
}

impl Run {
    /// Puts the values where they belong. `None` when one is longer than its variable has it.
    pub(super) fn capture(
        &self,
        units: &[Unit],
        variables: &[Variable],
        found: &mut [Option<Captured>],
    ) -> Option<()> {
        let separator = self.operator.separator();
        match &self.take {
            Take::One(index) => found[*index] = Some(Captured::One(units::text(units))),
            Take::Items(index) => {
                found[*index] = Some(Captured::Many(items(units, separator)));
            }
            Take::Spread(range) => spread(units, range.clone(), variables, found)?,
            Take::Pairs(range) => {
                for pair in units.split(|unit| unit.is(separator)) {
                    let equals = pair.iter().position(|unit| unit.is('='));
                    let (key, value) = match equals {
                        Some(at) => (&pair[..at], &pair[at + 1..]),
                        None => (pair, &[][..]),
                    };
                    if let Some(index) = range.clone().find(|i| variables[*i].is_keyed(key)) {
                        add(&variables[index], value, &mut found[index])?;
                    }
                }
            }
        }
        Some(())
    }
}

fn items(units: &[Unit], separator: char) -> Vec<String> {
    let items = units.split(|unit| unit.is(separator));
    items.map(units::text).collect()
}

/// Gives each variable a value; an exploded one takes what the ones after it leave over, and
/// the last one takes the rest.
fn spread(
    mut units: &[Unit],
    range: Range<usize>,
    variables: &[Variable],
    found: &mut [Option<Captured>],
) -> Option<()> {
    let commas: usize = units.iter().filter(|unit| unit.is(',')).count();
    let mut left = commas + 1;
    for index in range.clone() {
        let after = range.end - index - 1;
        let count = match (variables[index].explode, after) {
            (true, _) => left.saturating_sub(after),
            (false, 0) => left,
            (false, _) => left.min(1),
        };
        if count == 0 {
            continue;
        }
        let mut ends = units.iter().enumerate().filter(|(_, unit)| unit.is(','));
        let end = ends.nth(count - 1).map_or(units.len(), |(at, _)| at);
        let value = &units[..end];
        if !variables[index].admits(value) {
            return None;
        }
        found[index] = Some(match variables[index].explode {
            true => Captured::Many(items(value, ',')),
            false => Captured::One(units::text(value)),
        });
        units = units.get(end + 1..).unwrap_or_default();
        left -= count;
    }
    Some(())
}

/// Adds the value of a pair to those that its variable has.
fn add(variable: &Variable, value: &[Unit], found: &mut Option<Captured>) -> Option<()> {
    if !variable.admits(value) {
        return None;
    }
    let mut values = match variable.explode {
        true => items(value, ','),
        false => vec![units::text(value)],
    };
    *found = Some(match found.take() {
        None if variable.explode => Captured::Many(values),
        None => Captured::One(values.swap_remove(0)),
        Some(Captured::One(first)) => {
            values.insert(0, first);
            Captured::Many(values)
        }
        Some(Captured::Many(mut all)) => {
            all.append(&mut values);
            Captured::Many(all)
        }
    });
    Some(())
}
