//! Scales map values to positions on a picture; ticks are the values written along an axis.

use super::markup::{Markup, Px};

/// A linear or logarithmic mapping from values to positions.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    domain: (f64, f64),
    range: (f64, f64),
    logarithmic: bool,
}

impl Scale {
    /// Creates a linear scale.
    pub(crate) fn linear(domain: (f64, f64), range: (f64, f64)) -> Self {
        Self {
            domain,
            range,
            logarithmic: false,
        }
    }

    /// Creates a logarithmic scale. `domain` must be above 0.
    pub(crate) fn logarithmic(domain: (f64, f64), range: (f64, f64)) -> Self {
        Self {
            domain,
            range,
            logarithmic: true,
        }
    }

    /// Returns the position of a value.
    pub(crate) fn position(&self, value: f64) -> f64 {
        let ((from, to), (low, high)) = (self.domain, self.range);
        let share = if self.logarithmic {
            (value.max(f64::MIN_POSITIVE) / from).ln() / (to / from).ln()
        } else {
            (value - from) / (to - from)
        };
        low + share * (high - low)
    }
}

/// The values marked on an axis, with their labels.
pub(crate) type Ticks = Vec<(f64, String)>;

/// Draws a horizontal axis at `bottom`, with a grid line from each tick up to `top`.
pub(crate) fn draw_x_axis(
    scale: Scale,
    (top, bottom): (f64, f64),
    ticks: &Ticks,
    caption: &str,
    markup: &mut Markup,
) {
    let (left, right) = scale.range;
    for (value, label) in ticks {
        let x = scale.position(*value);
        markup.path(
            "grid",
            &format!("M{} {}V{}", Px(x), Px(top), Px(bottom + 4.0)),
        );
        markup.label("tick middle", (x, bottom + 18.0), label);
    }
    markup.path(
        "axis",
        &format!("M{} {}H{}", Px(left), Px(bottom), Px(right)),
    );
    markup.label("tick end", (right, bottom + 35.0), caption);
    markup.line_break();
}

/// Returns round values from `from` to `to`, in steps of 1, 2 or 5 times a power of ten. There are at most `at_most`
/// steps.
pub(crate) fn ticks(from: f64, to: f64, at_most: usize) -> Vec<f64> {
    let rough = (to - from) / at_most as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    // Except for rounding errors, the last step is always large enough.
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

/// Returns the values from `from` to `to` that are 1, 2 or 5 times a power of ten.
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
    /// Returns seconds if `longest_ms` is at least 1.5 s, milliseconds otherwise.
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

    /// Returns ticks for these times, labelled in this unit.
    pub(crate) fn ticks(self, times_ms: Vec<f64>) -> Ticks {
        times_ms
            .into_iter()
            .map(|ms| (ms, self.label(ms)))
            .collect()
    }

    /// Formats a time without the unit.
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
    fn scales_map_values_to_positions() {
        let linear = Scale::linear((0.0, 10.0), (100.0, 0.0));
        assert_eq!(
            [
                linear.position(0.0),
                linear.position(2.5),
                linear.position(10.0)
            ],
            [100.0, 75.0, 0.0]
        );
        let logarithmic = Scale::logarithmic((1.0, 100.0), (0.0, 10.0));
        assert_eq!(
            [logarithmic.position(1.0), logarithmic.position(10.0)],
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
