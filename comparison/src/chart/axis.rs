//! Where a value is on a picture, and which values are written beside it.

use super::markup::{Markup, Px};

/// A mapping of values to places, evenly or by their logarithms.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    values: (f64, f64),
    places: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    pub(crate) fn even(values: (f64, f64), places: (f64, f64)) -> Self {
        Self {
            values,
            places,
            logarithmic: false,
        }
    }

    /// `values` above 0.
    pub(crate) fn logarithmic(values: (f64, f64), places: (f64, f64)) -> Self {
        Self {
            values,
            places,
            logarithmic: true,
        }
    }

    pub(crate) fn place(&self, value: f64) -> f64 {
        let ((from, to), (low, high)) = (self.values, self.places);
        let share = if self.logarithmic {
            (value.max(f64::MIN_POSITIVE) / from).ln() / (to / from).ln()
        } else {
            (value - from) / (to - from)
        };
        low + share * (high - low)
    }
}

/// Values and how they are written.
pub(crate) type Ticks = Vec<(f64, String)>;

/// Draws an axis at the bottom of what it measures, with a line up to the top from each tick.
pub(crate) fn draw_along_bottom(
    scale: Scale,
    (top, bottom): (f64, f64),
    ticks: &Ticks,
    caption: &str,
    markup: &mut Markup,
) {
    let (left, right) = scale.places;
    for (value, label) in ticks {
        let x = scale.place(*value);
        markup.path(
            "grid",
            &format!("M{} {}V{}", Px(x), Px(top), Px(bottom + 4.0)),
        );
        markup.words("tick middle", (x, bottom + 18.0), label);
    }
    markup.path(
        "axis",
        &format!("M{} {}H{}", Px(left), Px(bottom), Px(right)),
    );
    markup.words("tick end", (right, bottom + 35.0), caption);
    markup.line_break();
}

/// Returns round values from `from` to `to`, in steps of 1, 2 or 5 times a power of ten: `at_most` and one more.
pub(crate) fn ticks(from: f64, to: f64, at_most: usize) -> Vec<f64> {
    let rough = (to - from) / at_most as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    // The last one is large enough but for rounding.
    let step = steps
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(10.0 * power);
    let (first, last) = (
        (from / step - 1e-6).ceil() as i64,
        (to / step + 1e-6).floor() as i64,
    );
    (first..=last).map(|i| i as f64 * step).collect()
}

/// Returns 1, 2 and 5 times each power of ten, in these bounds.
pub(crate) fn logarithmic_ticks(from: f64, to: f64) -> Vec<f64> {
    let powers = (from.log10().floor() as i32)..=(to.log10().ceil() as i32);
    let values = powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power)));
    values
        .filter(|value| (from * 0.999..=to * 1.001).contains(value))
        .collect()
}

/// The unit of the times on one axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeUnit {
    pub(crate) name: &'static str,
    ms: f64,
}

impl TimeUnit {
    pub(crate) fn fitting(longest_ms: f64) -> Self {
        if longest_ms >= 1500.0 {
            Self {
                name: "s",
                ms: 1000.0,
            }
        } else {
            Self {
                name: "ms",
                ms: 1.0,
            }
        }
    }

    /// Returns these times as they stand beside an axis.
    pub(crate) fn ticks(self, times_ms: Vec<f64>) -> Ticks {
        times_ms
            .into_iter()
            .map(|ms| (ms, self.label(ms)))
            .collect()
    }

    /// Writes a time without the unit.
    fn label(self, ms: f64) -> String {
        let hundredths = (ms / self.ms * 100.0).round() + 0.0;
        (hundredths / 100.0).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(
            ticks(0.0, 13_052.0, 8),
            [0, 2, 4, 6, 8, 10, 12].map(|s| f64::from(s) * 1000.0)
        );
        assert_eq!(ticks(500.0, 520.0, 5), [500.0, 505.0, 510.0, 515.0, 520.0]);
        assert_eq!(
            ticks(0.0, 1.0, 5),
            [0.0, 0.2, 0.4, 0.600_000_000_000_000_1, 0.8, 1.0]
        );
        assert_eq!(
            logarithmic_ticks(400.0, 14_000.0),
            [500.0, 1000.0, 2000.0, 5000.0, 10_000.0]
        );
    }

    #[test]
    fn values_have_their_places() {
        let even = Scale::even((0.0, 10.0), (100.0, 0.0));
        assert_eq!(
            [even.place(0.0), even.place(2.5), even.place(10.0)],
            [100.0, 75.0, 0.0]
        );
        let logarithmic = Scale::logarithmic((1.0, 100.0), (0.0, 10.0));
        assert_eq!(
            [logarithmic.place(1.0), logarithmic.place(10.0)],
            [0.0, 5.0]
        );
    }

    #[test]
    fn times_have_a_unit_that_fits() {
        let (s, ms) = (TimeUnit::fitting(13_000.0), TimeUnit::fitting(500.0));
        assert_eq!([s.label(2500.0), ms.label(250.0)], ["2.5", "250"]);
        assert_eq!([s.name, ms.name], ["s", "ms"]);
    }
}
