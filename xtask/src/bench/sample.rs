//! What several measurements of one thing come to.

/// The middle of some values, and their spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Nothing, where nothing was measured.
    pub(super) fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = match sorted.len() {
            0 => return None,
            odd if odd % 2 == 1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        };
        Some(Self {
            median,
            min: sorted[0],
            max: sorted[sorted.len() - 1],
        })
    }

    /// The ratios of values and those of the floor in the same round.
    pub(super) fn of_ratios(values: &[f64], floor: &[f64]) -> Option<Self> {
        Self::of_pairs(values, floor, |value, floor| value / floor)
    }

    /// How much values are above those of the floor in the same round.
    pub(super) fn of_differences(values: &[f64], floor: &[f64]) -> Option<Self> {
        Self::of_pairs(values, floor, |value, floor| value - floor)
    }

    fn of_pairs(values: &[f64], floor: &[f64], what: fn(f64, f64) -> f64) -> Option<Self> {
        let pairs = values.iter().zip(floor);
        let pairs: Vec<f64> = pairs.map(|(value, floor)| what(*value, *floor)).collect();
        Self::of(&pairs)
    }
}

/// The value that so many percent of all do not exceed.
pub(super) fn percentile(values: &[f64], percent: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_the_spread_around_it() {
        let spread = Spread::of(&[3.0, 9.0, 1.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (3.0, 1.0, 9.0));
        assert_eq!(Spread::of(&[4.0, 2.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of(&[]), None);
    }

    #[test]
    fn a_ratio_is_to_the_floor_of_the_same_round() {
        // The machine was half as fast in the second round, for both.
        let spread = Spread::of_ratios(&[80.0, 40.0, 90.0], &[100.0, 50.0, 100.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (0.8, 0.8, 0.9));
        let more = Spread::of_differences(&[5.0], &[2.0]).unwrap();
        assert_eq!(more.median, 3.0);
        assert_eq!(Spread::of_ratios(&[1.0], &[]), None);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&values, 99.0), Some(99.0));
        assert_eq!(percentile(&values, 50.0), Some(50.0));
        assert_eq!(percentile(&[7.0], 99.0), Some(7.0));
        assert_eq!(percentile(&[], 99.0), None);
    }
}
