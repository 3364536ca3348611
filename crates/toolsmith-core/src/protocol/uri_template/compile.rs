//! From the parts of a template to the pieces that a URI is matched against.

use super::Variable;
use super::operator::Operator;
use super::parse::Part;
use super::take::Take;
use super::units::Unit;

/// A stretch of a URI.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    /// Exactly this.
    Literal(Vec<Unit>),
    /// What variables take.
    Run(Run),
}

/// A stretch that variables take.
#[derive(Clone, Debug)]
pub(super) struct Run {
    /// The operator that put it there. With a lead, it may be missing, and nothing need
    /// follow the lead; without one, there is at least one character.
    pub(super) operator: Operator,
    /// The delimiters that end it.
    pub(super) stops: String,
    /// How long it can be, the lead not counted.
    pub(super) longest: Option<u16>,
    /// Whether it is as long as it can be, or as short as it can be.
    pub(super) greedy: bool,
    /// What becomes of it.
    pub(super) take: Take,
}

pub(super) fn compile(parts: &[Part], variables: &[Variable]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut in_query = false;
    for (index, part) in parts.iter().enumerate() {
        match part {
            Part::Literal { units, .. } => pieces.push(Piece::Literal(units.clone())),
            Part::Expression {
                operator,
                variables: range,
            } => {
                let surroundings = Surroundings {
                    in_query,
                    rest: &parts[index + 1..],
                };
                let expression = Expression {
                    operator: *operator,
                    start: range.start,
                    variables: &variables[range.clone()],
                };
                expression.add_to(&mut pieces, &surroundings);
            }
        }
        in_query = (in_query || has(part, '?')) && !has(part, '#');
    }
    settle_lengths(&mut pieces);
    pieces
}

/// Says which runs are as long as they can be.
///
/// Those before an expression are not: the expression may be missing and would never be
/// found. Nor are those before a delimiter that their values have only encoded: its first
/// place is the right one.
fn settle_lengths(pieces: &mut [Piece]) {
    let mut next = None;
    for piece in pieces.iter_mut().rev() {
        let first = match piece {
            Piece::Literal(literal) => literal.first().copied(),
            Piece::Run(_) => None,
        };
        if let Piece::Run(run) = piece {
            run.greedy = match next {
                None => true,
                Some(None) => false,
                Some(Some(unit)) => !run.operator.encodes(unit),
            };
        }
        next = Some(first);
    }
}

/// Whether a part of the template brings this delimiter into the URI.
fn has(part: &Part, delimiter: char) -> bool {
    match part {
        Part::Literal { units, .. } => units.iter().any(|unit| unit.is(delimiter)),
        Part::Expression { operator, .. } => operator.lead() == Some(delimiter),
    }
}

/// Where an expression stands.
struct Surroundings<'a> {
    in_query: bool,
    rest: &'a [Part],
}

/// An expression, and where its variables begin among the template's.
struct Expression<'a> {
    operator: Operator,
    start: usize,
    variables: &'a [Variable],
}

impl Expression<'_> {
    fn add_to(&self, pieces: &mut Vec<Piece>, surroundings: &Surroundings<'_>) {
        let range = self.start..self.start + self.variables.len();
        if self.operator.is_named() {
            if !self.joins(pieces.last_mut()) {
                self.push(pieces, self.named_stops(), Take::Pairs(range));
            }
        } else if self.operator == Operator::Fragment && range.len() > 1 {
            self.push(pieces, "", Take::Spread(range));
        } else {
            for index in 0..self.variables.len() {
                if index > 0 && self.operator.lead().is_none() {
                    pieces.push(Piece::Literal(vec![Unit {
                        ch: self.operator.separator(),
                        encoded: false,
                    }]));
                }
                pieces.push(Piece::Run(self.value(index, surroundings)));
            }
        }
    }

    fn push(&self, pieces: &mut Vec<Piece>, stops: &str, take: Take) {
        pieces.push(Piece::Run(Run {
            operator: self.operator,
            stops: stops.to_owned(),
            longest: None,
            greedy: true,
            take,
        }));
    }

    /// Joins the expression before, where both are one list of pairs: `{?a}{&b}`. Apart, the
    /// first would take the pairs of the second.
    fn joins(&self, before: Option<&mut Piece>) -> bool {
        let Some(Piece::Run(Run {
            operator,
            take: Take::Pairs(variables),
            ..
        })) = before
        else {
            return false;
        };
        let joins = self.operator.lead() == Some(operator.separator());
        if joins {
            variables.end += self.variables.len();
        }
        joins
    }

    fn named_stops(&self) -> &'static str {
        match self.operator {
            Operator::Parameters => "/?#",
            _ => "#",
        }
    }

    /// The stretch of one variable.
    fn value(&self, index: usize, surroundings: &Surroundings<'_>) -> Run {
        let variable = &self.variables[index];
        let separator = self.operator.separator();
        let mut stops = match self.operator {
            Operator::Reserved => {
                let follows = |d: &char| surroundings.rest.iter().any(|part| has(part, *d));
                ['?', '#'].into_iter().filter(follows).collect()
            }
            Operator::Fragment => String::new(),
            Operator::Simple if surroundings.in_query => "/?#&".to_owned(),
            Operator::Path => "?#".to_owned(),
            _ => "/?#".to_owned(),
        };
        let is_last = index + 1 == self.variables.len();
        let takes_rest = is_last
            && self.operator != Operator::Path
            && !self.variables.iter().any(|other| other.explode);
        if !variable.explode && !takes_rest {
            stops.push(separator);
        }
        let place = self.start + index;
        Run {
            operator: self.operator,
            stops,
            longest: variable.prefix,
            greedy: true,
            take: match variable.explode {
                true => Take::Items(place),
                false => Take::One(place),
            },
        }
    }
}
